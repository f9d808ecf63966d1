import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Class, classes } from "../../src/exchange/outbox.ts";
import {
  answered,
  channelAfter,
  down,
  type Failure,
  failed,
  failureOf,
  isProven,
  type Kind,
  opensAt,
  probeMs,
  remembered,
  rest,
  systemAfter,
  type Trouble,
} from "../../src/exchange/whole.ts";
import type { Outcome } from "../../src/system/outcome.ts";
import { delivered, unknown } from "./steps.ts";

const { card, final, change, recording, again } = classes;

const now = Date.UTC(2026, 8, 1, 9, 0, 0);
const minuteMs = 60_000;

function fails(call: string, more: Partial<Failure> = {}): Failure {
  return { call, fresh: true, because: "the system answered 500", ...more };
}

/** After these calls failed, one after another. */
function after(failures: readonly Failure[], kind: Kind, trouble?: Trouble, at = now): Trouble | undefined {
  return failures.reduce<Trouble | undefined>((before, one) => failed(before, one, kind, at, 0.999_999), trouble);
}

const calls = (...ids: readonly string[]) => ids.map((id) => fails(id));

describe.each([
  ["a system is down", down, 5],
  ["a channel rests", rest, 3],
] as const)("%s", (_, kind, count) => {
  const different = Array.from({ length: count }, (_, i) => fails(`call ${i}`));

  test("once so many different calls failed for the first time", () => {
    expect(isProven(after(different.slice(1), kind))).toBe(false);
    expect(isProven(after(different, kind))).toBe(true);
  });

  test("not for fewer calls, however often they fail", () => {
    const few = different.slice(1);
    const failing = fc.array(fc.tuple(fc.constantFrom(...few), fc.boolean()), { maxLength: 100 });
    fc.assert(
      fc.property(failing, (sequence) => {
        const failures = sequence.map(([one, fresh]) => ({ ...one, fresh }));
        expect(isProven(after(failures, kind))).toBe(false);
      }),
    );
  });

  test("not for any number of calls that failed before", () => {
    const before = Array.from({ length: 50 }, (_, i) => fails(`call ${i}`, { fresh: false }));
    expect(after(before, kind)).toBeUndefined();
  });

  test("no more once something answered, and what waits is then still to be freed", () => {
    const trouble = after(different, kind);
    expect(isProven(answered(trouble))).toBe(false);
    expect(answered(trouble)).toMatchObject({ waits: true, since: now });
    expect(answered(after(different.slice(1), kind))).toMatchObject({ calls: [], waits: true, since: now });
  });

  test("for ever longer while calls fail that failed before, and not because of others", () => {
    let trouble = after(different, kind);
    const [least, most] = kind.waitMs;
    const waits: number[] = [(trouble?.until ?? 0) - now];
    for (let i = 0; i < 12; i++) {
      const at = trouble?.until ?? 0;
      expect(failed(trouble, fails(`fresh ${i}`), kind, at, 0.5)).toBe(trouble);
      expect(failed(trouble, fails("left before", { fresh: false }), kind, at - 1, 0.5)).toBe(trouble);
      trouble = after([fails("again", { fresh: false })], kind, trouble, at);
      waits.push((trouble?.until ?? 0) - at);
    }
    expect(waits.slice(0, 3)).toEqual([least, least * 2, least * 4]);
    expect(waits.at(-1)).toBe(most);
    expect(trouble?.calls).toHaveLength(count);
  });
});

const unwelcome: Outcome = { kind: "unwelcome", why: "403" };

/** The calls of which what became of their first forms is kept against the whole. */
function against(of: typeof systemAfter, outcome: Outcome, before?: Trouble, withFile = false): Trouble | undefined {
  return of(before, outcome, failureOf("f", 0, withFile, outcome), now, 0.5);
}

describe("what an outcome says of the system", () => {
  const isDown = after(calls("a", "b", "c", "d", "e"), down);

  test.each<[string, Outcome, readonly string[]]>([
    ["nothing known counts", unknown, ["f"]],
    ["a refusal of credentials is an answer", unwelcome, []],
    ["a refusal is one too", { kind: "refused", status: 422, why: "422" }, []],
    ["nothing sent is nothing", { kind: "unsent", why: "R2" }, []],
  ])("%s", (_, outcome, kept) => expect(against(systemAfter, outcome)?.calls ?? []).toEqual(kept));

  test("a file that does not get through is none of its business", () => {
    expect(against(systemAfter, unknown, undefined, true)).toBeUndefined();
    expect(against(systemAfter, { ...unknown, waitMs: 60 * minuteMs }, undefined, true)).toMatchObject({ calls: [] });
  });

  test.each<[string, Outcome, boolean, boolean]>([
    ["ends with a delivery", delivered, false, false],
    ["ends with a refusal, and what waits goes on waiting", { kind: "refused", status: 422, why: "422" }, false, true],
    ["ends with a refusal of credentials likewise", unwelcome, false, true],
    ["goes on where somebody says that the limit is reached", { kind: "limited", own: true, why: "429" }, true, true],
    ["goes on where a file is gone", { kind: "no-file", why: "gone" }, true, true],
    ["goes on where one is too large for somebody", { kind: "too-large", own: true, why: "413" }, true, true],
  ])("an outage %s", (_, outcome, proven, waits) => {
    const next = against(systemAfter, outcome, isDown);
    expect([isProven(next), next?.waits ?? false]).toEqual([proven, waits]);
  });
});

test("a no to a form that is to come again in an hour makes its call wait for the system", () => {
  const busy: Outcome = { kind: "refused", status: 409, why: "409", waitMs: 60 * minuteMs };
  expect(against(systemAfter, busy)).toMatchObject({ calls: [], waits: true, since: now });
});

describe("what an outcome says of the channel", () => {
  test.each<[string, Outcome, readonly string[]]>([
    ["a refusal of credentials counts", unwelcome, ["a", "f"]],
    ["a delivery ends it", delivered, []],
    ["nothing known is nothing", unknown, ["a"]],
    ["a refusal of the form is nothing", { kind: "refused", status: 422, why: "422" }, ["a"]],
  ])("%s", (_, outcome, kept) => {
    expect(against(channelAfter, outcome, after(calls("a"), rest))?.calls ?? []).toEqual(kept);
  });

  test("credentials count that are refused along with a file", () => {
    expect(against(channelAfter, unwelcome, undefined, true)?.calls).toEqual(["f"]);
  });
});

describe("a failure", () => {
  test("is fresh where it is the call's first", () => {
    expect(failureOf("f", 0, false, unknown).fresh).toBe(true);
    expect(failureOf("f", 1, false, unknown).fresh).toBe(false);
  });

  test("makes its call wait for the whole where it was told to wait for long, unless it failed often before", () => {
    const asked = (attempt: number, waitMs: number) => failureOf("f", attempt, false, { ...unknown, waitMs }).waits;
    expect([asked(0, 60 * minuteMs), asked(2, 60 * minuteMs)]).toEqual([true, true]);
    expect([asked(0, minuteMs), asked(3, 60 * minuteMs)]).toEqual([false, false]);
  });
});

test("a Retry-After is heeded for all calls of the whole, for so long as it is worth", () => {
  const asked = (waitMs: number) => after([...calls("a", "b", "c", "d"), fails("e", { waitMs })], down)?.until;
  expect(asked(5 * minuteMs)).toBe(now + 5 * minuteMs);
  expect(asked(24 * 60 * minuteMs)).toBe(now + 10 * minuteMs);
});

test("what makes calls wait for long is remembered, whoever failed", () => {
  expect(after([fails("a", { fresh: false, waits: true })], down)).toMatchObject({ calls: [], waits: true });
  expect(after([fails("a", { waits: true }), fails("b")], down)).toMatchObject({ calls: ["a", "b"], waits: true });
});

test("what changes nothing is the same value, so that it need not be written", () => {
  const trouble = after(calls("a", "b"), down);
  expect(failed(trouble, fails("a"), down, now, 0.5)).toBe(trouble);
  expect(failed(trouble, fails("c", { fresh: false }), down, now, 0.5)).toBe(trouble);
});

describe("while a whole is in trouble", () => {
  const trouble: Trouble = { calls: ["a", "b", "c"], times: 1, until: now + minuteMs, because: "403", waits: true };
  const never = Number.POSITIVE_INFINITY;

  test.each<[string, Class, readonly Class[], number]>([
    ["a card is tried at once", card, [], now + probeMs],
    ["a final status likewise, of a call that has not failed yet", final, [], now + probeMs],
    ["but one at a time", change, [card], never],
    ["beside those that failed before and files", card, [again, recording, recording], now + probeMs],
    ["what failed before waits for its time", again, [card, recording], now + minuteMs],
    ["and goes one at a time", again, [again], never],
    ["files go one at a time too", recording, [recording], never],
  ])("%s", (_, form, underWay, at) => {
    for (const kind of [down, rest])
      expect(opensAt(trouble, kind, form, { classes: underWay, probedAt: now })).toBe(at);
  });

  test("a file may be why a form fails, but not why credentials are refused", () => {
    const underWay = { classes: [card, again], probedAt: now };
    expect(opensAt(trouble, down, recording, underWay)).toBe(now + minuteMs);
    expect(opensAt(trouble, rest, recording, underWay)).toBe(now + probeMs);
  });

  test("nothing waits before that is proven", () => {
    const suspected: Trouble = { ...trouble, times: 0, until: 0 };
    for (const one of [undefined, suspected])
      expect(opensAt(one, down, again, { classes: [again, card], probedAt: now })).toBe(0);
  });
});

test("a rest that was stored by the version before is one", () => {
  const stored = { call: "in_1", until: now + minuteMs, times: 2, because: "the system answered 403" };
  expect(remembered(stored)).toEqual({
    calls: ["in_1"],
    until: now + minuteMs,
    times: 2,
    because: stored.because,
    waits: true,
  });
  expect(isProven(remembered({ ...stored, times: 0, until: now }))).toBe(false);
});
