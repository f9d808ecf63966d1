/** What is believed of a call at the system: the table of docs/delivery.md, cell by cell, and its times. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  absent,
  askAfterMs,
  askAgainMs,
  askable,
  type Belief,
  confirmed,
  createAgainMs,
  denied,
  doubted,
  openIn,
  sayAgainMs,
  sayLastMs,
  settlesAt,
  there,
  unaskable,
} from "../../src/exchange/belief.ts";
import { afresh, untold } from "../../src/exchange/told.ts";

const since = Date.UTC(2026, 8, 1, 9, 0, 0);

const states: ReadonlyMap<string, Belief> = new Map<string, Belief>([
  ["absent", absent],
  ["unsettled: made?", { is: "unsettled", create: { since } }],
  ["unsettled: last word?", { is: "unsettled", word: { since } }],
  ["there", there],
]);

function named(belief: Belief): string {
  if (belief.is !== "unsettled") return belief.is;
  return openIn(belief).create ? "unsettled: made?" : "unsettled: last word?";
}

const soon = since + 40_000;
const happenings: ReadonlyMap<string, (belief: Belief) => Belief> = new Map<string, (belief: Belief) => Belief>([
  ["a create leaves, or nothing is known of it", (belief) => doubted(belief, "create", soon)],
  ["an update, ask or attach leaves, or nothing is known of it", (belief) => doubted(belief, "update", soon)],
  ["the system takes it", (belief) => confirmed(belief, soon)],
  [
    "the system takes it, eleven minutes after the open update was given up",
    (belief) => confirmed(belief, since + sayLastMs),
  ],
  ["the system itself says that it has no such call", (belief) => denied(belief, soon)],
  ["it says so again, 90 seconds later", (belief) => denied(denied(belief, soon), soon + askAgainMs)],
  [
    "its answer to an ask says nothing of the call, and it was never seen to take an update",
    (belief) => unaskable(belief),
  ],
  ["the system itself says no to a form", (belief) => belief],
  ["the operator replays the call", (belief) => afresh({ ...untold, belief }).belief],
]);

function cells(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

const page = readFileSync(join(import.meta.dirname, "../../docs/delivery.md"), "utf8");
const section = page.split("\n## ").find((text) => text.startsWith("What is believed")) ?? "";
const table = section.split("\n").filter((line) => line.startsWith("|"));
const [header = "", , ...lines] = table;
const columns = cells(header).slice(1);
const rows = lines.map(cells);

describe("the table of delivery.md", () => {
  test("has all that a call can be at the system, and all that can happen", () => {
    expect(columns).toEqual([...states.keys()]);
    expect(rows.map(([happening]) => happening)).toEqual([...happenings.keys()]);
  });

  test.each(
    rows.flatMap(([happening = "", ...becomes]) =>
      becomes.flatMap((what, i) => (what === "-" ? [] : [[happening, columns[i] ?? "", what]])),
    ),
  )("%s: %s becomes %s", (happening, from = "", to) => {
    const state = states.get(from);
    const happens = happenings.get(happening ?? "");
    expect(state && happens && named(happens(state))).toBe(to);
  });
});

describe("a create of which nothing is known", () => {
  const open = doubted(absent, "create", since);

  test("is asked for 30 seconds after it was given up, and again 90 seconds after the first no", () => {
    expect(settlesAt(open)).toBe(since + askAfterMs);
    expect(settlesAt(denied(open, soon))).toBe(soon + askAgainMs);
  });

  test("is not believed absent by two answers that came too close", () => {
    const twice = denied(denied(open, soon), soon + askAgainMs - 1);
    expect([named(twice), settlesAt(twice)]).toEqual(["unsettled: made?", soon + askAgainMs]);
  });

  test("is created anew within three minutes", () => {
    const first = settlesAt(open);
    expect(settlesAt(denied(open, first)) - since).toBeLessThanOrEqual(3 * 60_000);
  });

  test("is made once more after a quarter of an hour where the system cannot be asked", () => {
    expect(settlesAt(unaskable(open))).toBe(since + createAgainMs);
    expect(openIn(doubted(unaskable(open), "create", soon)).create).toEqual({
      since: soon,
      mute: true,
      again: true,
    });
  });

  test("is asked for after all, twice, where the system was seen to take updates since", () => {
    const found = askable(unaskable(open));
    expect(settlesAt(found)).toBe(since + askAfterMs);
    expect(settlesAt(askable(denied(unaskable(open), soon)))).toBe(soon + askAgainMs);
    expect(denied(denied(unaskable(open), soon), soon + askAgainMs).is).toBe("absent");
    expect(askable(there)).toBe(there);
  });

  test("and a later ask of which nothing is known either, may still change what is made then", () => {
    const asked = doubted(open, "update", soon);
    const gone = denied(denied(asked, soon), soon + askAgainMs);
    expect(gone).toEqual({ is: "absent", word: { since: soon } });
    expect(confirmed(doubted(gone, "create", soon), soon)).toEqual({ is: "unsettled", word: { since: soon } });
  });
});

describe("an update of which nothing is known", () => {
  const open = doubted(there, "update", since);

  test("has the last word said again after a minute, and once more after eleven", () => {
    expect(settlesAt(open)).toBe(since + sayAgainMs);
    const once = confirmed(open, since + sayAgainMs);
    expect(settlesAt(once)).toBe(since + sayLastMs);
    expect(confirmed(once, since + sayLastMs)).toEqual(there);
  });

  test("is not settled by whatever is answered before", () => {
    expect(confirmed(open, since + sayAgainMs - 1)).toEqual(open);
    expect(named(confirmed(confirmed(open, since + sayAgainMs), since + sayLastMs - 1))).toBe("unsettled: last word?");
  });
});

test("whatever happens, in whichever order, only the system makes a call absent or there", () => {
  const happening = fc.record({ what: fc.constantFrom(...happenings.keys()), at: fc.nat() });
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), (all) => {
      let belief: Belief = absent;
      for (const { what } of all) {
        const after = happenings.get(what)?.(belief) ?? belief;
        if (named(after) === "there" && named(belief) !== "there") expect(what).toContain("takes it");
        if (named(after) === "absent" && named(belief) !== "absent") expect(what).toContain("says so again");
        belief = after;
      }
    }),
  );
});
