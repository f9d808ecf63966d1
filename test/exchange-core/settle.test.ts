import { describe, expect, test } from "vitest";
import type { Desired } from "../../src/calls/desired.ts";
import { giveUpAfterMs } from "../../src/exchange/backoff.ts";
import {
  absent,
  askAfterMs,
  askAgainMs,
  createAgainMs,
  sayAgainMs,
  sayLastMs,
  settlesAt,
  there,
} from "../../src/exchange/belief.ts";
import { blockMs } from "../../src/exchange/governor.ts";
import { classes, type Step, served } from "../../src/exchange/outbox.ts";
import type { RecordingRow } from "../../src/exchange/recording-row.ts";
import { inDoubt, maxBlindAttaches, maxLostAttaches, maxRefusals } from "../../src/exchange/settle.ts";
import { afresh, never, revived, type Told, untold } from "../../src/exchange/told.ts";
import type { Outcome } from "../../src/system/outcome.ts";
import {
  answered,
  delivered,
  has,
  known,
  next,
  now,
  overtaken,
  ringing,
  sent,
  stored,
  talking,
  unknown,
  unsure,
} from "./steps.ts";

const over = has("answered", { assignee: { kind: "pbxUser", id: "101" }, comment: "talk 1:15" });

function step(found: Step | undefined, kind: Step["kind"]): Step {
  if (found?.kind !== kind) throw new Error(`the next step is ${found?.kind}, not ${kind}`);
  return found;
}

const create = step(next(ringing, untold), "create");
const createWithAudio = step(next(answered, untold, [stored], "final"), "create");
const ask = step(next(talking, unsure()), "ask");
const update = step(next(talking, has("ringing")), "update");
const attach = step(next(answered, over, [stored]), "attach");

const no = { kind: "refused", status: 422, why: "the system answered 422", answer: '{"error":"phone"}' } as const;
const notThere: Outcome = { kind: "refused", status: 404, why: "the system answered 404" };
const tooLarge: Outcome = { kind: "too-large", own: true, why: "the system answered 413" };
const limited: Outcome = { kind: "limited", own: true, why: "the system answered 429" };
const unwelcome: Outcome = { kind: "unwelcome", why: "the system answered 403" };

/** `told` after the next steps came to these outcomes, each at its time. */
function after(desired: Desired, told: Told, rows: readonly RecordingRow[], outcomes: readonly Outcome[]): Told {
  return outcomes.reduce((before, outcome) => {
    const found = next(desired, before, rows);
    if (!found) throw new Error("there is nothing to tell");
    return sent(before, found, outcome, { at: Math.max(now, found.notBefore ?? 0) }).told;
  }, told);
}

describe("a delivery that got through", () => {
  test.each<[string, Told, Step, Partial<Told>]>([
    ["makes the call known", untold, create, { belief: there, callId: "123", ticketId: "4567", status: "ringing" }],
    ["finds the call that was asked for", unsure(), ask, { belief: there, callId: "123", status: "in-progress" }],
    ["tells what it said", has("ringing"), update, { status: "in-progress", assignee: { kind: "pbxUser", id: "101" } }],
  ])("%s", (_, told, step, becomes) => {
    expect(sent(told, step, delivered)).toMatchObject({ told: becomes, consequence: "none" });
  });

  test("ends what failed before", () => {
    const failing = {
      attempt: 5,
      failingSince: 1,
      notBefore: 2,
      problem: "lost",
      answer: "<html>",
      refused: "{}",
      refusals: 3,
    };
    const { told } = sent(has("ringing", failing), update, delivered);
    expect(told).toEqual({ ...sent(has("ringing"), update, delivered).told, attempt: 0 });
  });

  test("keeps the ticket that is known where the answer names none", () => {
    const { told } = sent(has("ringing", { ticketId: "7" }), update, { ...delivered, ticketId: undefined });
    expect(told.ticketId).toBe("7");
  });

  test.each<[string, Told, Step]>([
    ["by itself", over, attach],
    ["along with the only create", untold, createWithAudio],
  ])("attaches the recording %s", (_, told, step) => {
    const { told: then, consequence } = sent(told, step, delivered);
    expect([then.belief, then.attaching, consequence]).toEqual([there, undefined, "attached"]);
  });
});

describe("while a form is on its way", () => {
  test("the call is as it would be if nothing were heard of it any more, so that a crash finds it so", () => {
    expect(inDoubt(untold, create, now + 30_000).belief).toEqual(unsure(now + 30_000).belief);
    expect(inDoubt(has("ringing"), update, now + 30_000)).toMatchObject({
      belief: overtaken(now + 30_000),
      status: undefined,
    });
    expect(inDoubt(over, attach, now + 600_000)).toMatchObject({ attaching: "r1#0" });
  });

  test("what the system itself then says no to was not told", () => {
    for (const outcome of [no, limited, tooLarge]) expect(sent(untold, create, outcome).told.belief).toEqual(absent);
    expect(sent(has("ringing"), update, limited).told).toMatchObject({ belief: there, status: "ringing" });
  });
});

describe("a create of which nothing is known", () => {
  test("is asked for half a minute after it was given up, and only created anew after two noes", () => {
    const { told } = sent(untold, create, unknown, { lateMs: 30_000 });
    const first = step(next(talking, told), "ask");
    expect(first.notBefore).toBe(now + 30_000 + askAfterMs);
    const once = sent(told, first, notThere, { at: first.notBefore }).told;
    const second = step(next(talking, once), "ask");
    expect(second.notBefore).toBe((first.notBefore ?? 0) + askAgainMs);
    const twice = sent(once, second, notThere, { at: second.notBefore }).told;
    expect(twice).toMatchObject({ belief: absent, notBefore: undefined });
    expect(next(talking, twice)).toMatchObject({ kind: "create", notBefore: 0 });
  });

  test.each<[string, Outcome]>([
    ["a page", { ...unknown, page: true }],
    ["a limit that somebody in front asks to heed", { ...limited, own: false }],
  ])("is no absent one by %s in answer to the ask", (_, outcome) => {
    const after = sent(sent(unsure(), ask, outcome).told, ask, outcome, { at: now + 300_000 }).told;
    expect(next(talking, after)?.kind).toBe("ask");
  });

  test.each([
    { ...limited, own: false },
    { ...tooLarge, own: false },
  ] as const)("is asked for too where somebody in front of the system said no ($why)", (outcome) => {
    const { told } = sent(untold, create, outcome);
    expect([told.belief.is, next(ringing, told)?.kind]).toEqual(["unsettled", "ask"]);
  });

  test("is still one after a replay: its times are as they were", () => {
    const open = sent(unsure(), ask, notThere).told;
    const replayed = afresh({ ...open, notBefore: never });
    expect(next(talking, replayed)).toMatchObject({ kind: "ask", notBefore: now + askAgainMs });
  });

  describe("at a system that never took an update", () => {
    const learnt = { updates: false, delivered: true, audio: true };

    test.each([400, 405, 422])(
      "and answers the ask %i, is made once more after a quarter of an hour, and says so",
      (status) => {
        const { told } = sent(unsure(), ask, { ...no, status }, { learnt });
        const again = step(next(missed, told), "create");
        expect(again.notBefore).toBe(now + createAgainMs);
        expect(again.form.comment).toContain("may be a second ticket");
      },
    );

    test("and knows 404, is absent by it like anywhere", () => {
      expect(sent(unsure(), ask, notThere, { learnt }).told.belief).toMatchObject({ create: { absentAt: now } });
    });

    test("waits for the operator once nothing is known of the second create either", () => {
      const { told } = sent(unsure(), ask, no, { learnt });
      const again = step(next(ringing, told), "create");
      expect(inDoubt(told, again, now).notBefore).toBe(never);
      const stuck = sent(told, again, unknown, { learnt, at: again.notBefore }).told;
      expect([stuck.notBefore, revived(stuck)]).toEqual([never, stuck]);
      const done = sent(told, again, delivered, { learnt, at: again.notBefore }).told;
      expect([done.belief, done.notBefore]).toEqual([there, undefined]);
    });
  });

  test.each([400, 405, 409, 422])("is absent by %i where the system took an update before", (status) => {
    expect(sent(unsure(), ask, { ...no, status }).told.belief).toMatchObject({ create: { absentAt: now } });
  });
});

const missed: Desired = { ...ringing, status: "missed", comment: "line 800" };

describe("an update of which nothing is known", () => {
  test("is followed by the last word, after a minute and after eleven, whatever was answered meanwhile", () => {
    const lost = sent(has("ringing"), update, unknown).told;
    const told = sent(lost, step(next(talking, lost), "update"), delivered).told;
    const first = step(next(talking, told), "repeat");
    expect(first).toMatchObject({
      notBefore: now + sayAgainMs,
      form: { call_status: "in-progress", pbx_user_id: "101" },
    });
    const second = step(next(talking, sent(told, first, delivered, { at: first.notBefore }).told), "repeat");
    expect(second.notBefore).toBe(now + sayLastMs);
    const settled = sent(told, second, delivered, { at: second.notBefore }).told;
    expect([settled.belief, next(talking, settled)]).toEqual([there, undefined]);
  });

  test("lets a call that goes on be told at once", () => {
    const lost = sent(has("ringing"), update, unknown).told;
    expect(next(answered, lost)).toMatchObject({ kind: "update", form: { call_status: "answered" } });
    expect(next(answered, lost)?.notBefore).toBeUndefined();
  });

  test("has nothing said again of a call that the system has not got any more", () => {
    const told = { ...over, belief: overtaken() };
    const { told: gone } = sent(told, step(next(answered, told), "repeat"), notThere, { at: now + sayAgainMs });
    expect([gone.belief, next(answered, gone)]).toEqual([there, undefined]);
  });

  test.each<Outcome>([no, unwelcome, tooLarge])(
    "has the last word said once more after eleven minutes, whatever the first was answered ($why)",
    (outcome) => {
      const told = { ...over, belief: overtaken() };
      const { told: once } = sent(told, step(next(answered, told), "repeat"), outcome, { at: now + sayAgainMs });
      expect(once.notBefore).toBeUndefined();
      expect(next(answered, once)).toMatchObject({ kind: "repeat", notBefore: now + sayLastMs });
    },
  );

  test("waits for the operator where the system does not take the last word again either", () => {
    const told = { ...over, belief: { is: "unsettled", word: { since: now, again: true } } } as const;
    const after = sent(told, step(next(answered, told), "repeat"), no, { at: now + sayLastMs }).told;
    expect([after.belief.is, next(answered, after)]).toEqual(["unsettled", undefined]);
  });

  test.each<[string, Outcome]>([
    ["lost", unknown],
    ["limited by somebody in front", { ...limited, own: false }],
  ])("had its comment said once: it is not said again where the form was %s", (_, outcome) => {
    const end = step(next(answered, has("ringing")), "update");
    expect(end.form.comment).toBe("talk 1:15");
    const { told } = sent(has("ringing"), end, outcome);
    const again = step(next(answered, told), "update");
    expect(again.form).toMatchObject({ call_status: "answered", pbx_user_id: "101" });
    expect(again.form.comment).toBeUndefined();
  });

  test("has its comment said again where the system itself said no", () => {
    const end = step(next(answered, has("ringing")), "update");
    expect(next(answered, sent(has("ringing"), end, limited).told)?.form.comment).toBe("talk 1:15");
  });

  test("as 405, which no installation that takes updates answers", () => {
    const { told } = sent(has("ringing"), update, { ...no, status: 405 });
    expect([told.refused, told.belief.is, told.attempt]).toEqual([undefined, "unsettled", 1]);
  });
});

describe("a recording of which it is unknown whether it was attached", () => {
  const lost = sent(over, attach, unknown).told;
  const probe = step(next(answered, lost, [stored]), "repeat");

  test("is remembered", () => expect(lost).toMatchObject({ attaching: "r1#0", attempt: 1 }));

  test("is attached where an answer says something new of the call's audio", () => {
    const settled = sent(lost, probe, { ...delivered, audio: "a1" }, { at: now + sayAgainMs });
    expect(settled).toMatchObject({ told: { audio: "a1" }, consequence: "attached" });
    expect(settled.told.attaching).toBeUndefined();
  });

  test("holds back the others, whose arrival would be taken for its own", () => {
    expect(next(answered, lost, [stored, { ...stored, id: "r2" }])).toMatchObject({ kind: "repeat" });
  });

  test("is not sent again before the system is surely done with it", () => {
    const early = sent(lost, probe, delivered, { at: now + sayAgainMs }).told;
    expect(next(answered, early, [stored])).toMatchObject({ kind: "repeat", notBefore: now + sayLastMs });
  });

  test.each([
    ["is sent once more where no answer ever showed a recording, then kept", false, maxBlindAttaches],
    ["is sent time and again to a system whose answers show recordings, then kept", true, maxLostAttaches],
  ])("%s", (_, audio, most) => {
    let [told, tries, at]: [Told, number, number] = [over, 0, now];
    const learnt = { ...known, audio };
    for (;;) {
      told = sent(told, step(next(answered, told, [stored]), "attach"), unknown, { at }).told;
      tries++;
      at += sayLastMs;
      const settled = sent(told, step(next(answered, told, [stored]), "repeat"), delivered, { at, learnt });
      told = settled.told;
      if (settled.consequence === "lost") break;
      expect([settled.consequence, told.lostAttaches]).toEqual(["none", tries]);
    }
    expect([tries, told.attaching, told.lostAttaches]).toEqual([most, undefined, undefined]);
  });

  test("is not given up for an outage of the system", () => {
    const outcomes = Array<Outcome>(12).fill(unknown);
    const told = after(answered, lost, [stored], outcomes);
    expect([told.attaching, told.lostAttaches]).toEqual(["r1#0", undefined]);
  });

  test("is remembered of the only create too, which the system may be found to have", () => {
    const { told } = sent(untold, createWithAudio, unknown);
    expect(told).toMatchObject({ belief: { is: "unsettled" }, attaching: "r1#0" });
    const asked = step(next(answered, told, [stored], "final"), "ask");
    expect(sent(told, asked, { ...delivered, audio: "a1" })).toMatchObject({
      told: { belief: there, audio: "a1" },
      consequence: "attached",
    });
  });

  test("is sent by an update, should the system be found to have the call without it", () => {
    const { told } = sent(untold, createWithAudio, unknown);
    const found = sent(told, step(next(answered, told, [stored], "final"), "ask"), delivered).told;
    const again = step(next(answered, found, [stored], "final"), "attach");
    expect(again).toMatchObject({ recording: stored, form: { action: "update_call", call_status: "answered" } });
    const done = sent(found, again, { ...delivered, audio: "a1" }).told;
    expect(next(answered, done, [{ ...stored, state: "attached" }], "final")).toBeUndefined();
  });

  test("is given up along with the only create that never has it, which then goes without", () => {
    let [told, tries, at]: [Told, number, number] = [untold, 0, now];
    let consequence = "none";
    while (consequence !== "lost") {
      told = sent(told, step(next(answered, told, [stored], "final"), "create"), unknown, { at }).told;
      tries++;
      for (let times = 0; times < 2; times++) {
        at = settlesAt(told.belief);
        const settled = sent(told, step(next(answered, told, [stored], "final"), "ask"), notThere, { at });
        ({ told, consequence } = settled);
      }
    }
    const kept = { ...stored, state: "kept", problem: "it did not get through" } as const;
    expect([tries, told.attaching]).toEqual([maxLostAttaches, undefined]);
    expect(next(answered, told, [kept], "final")).toMatchObject({
      kind: "create",
      recording: undefined,
      form: { comment: expect.stringContaining("Recording not attached: it did not get through") },
    });
  });
});

describe("a delivery that was refused", () => {
  test("is kept for the operator, with the system's words, and not sent again", () => {
    const { told } = sent(untold, create, no);
    expect(told).toMatchObject({ belief: absent, problem: "the system answered 422", answer: '{"error":"phone"}' });
    expect(next(ringing, told)).toBeUndefined();
  });

  test.each<Outcome>([tooLarge, no])("goes on without the recording that it carried ($why)", (outcome) => {
    expect(sent(over, attach, outcome)).toMatchObject({ told: over, consequence: "not-taken" });
    const { told, consequence } = sent(untold, createWithAudio, outcome);
    expect([told.belief, told.refused, consequence]).toEqual([absent, undefined, "not-taken"]);
    const kept = { ...stored, state: "kept", problem: "the system refused it" } as const;
    expect(next(answered, told, [kept], "final")).toMatchObject({
      kind: "create",
      recording: undefined,
      form: { comment: expect.stringContaining("Recording not attached: the system refused it") },
    });
  });

  test("goes on without the recording that somebody in front finds too large, and asks whether the call is there", () => {
    const { told, consequence } = sent(untold, createWithAudio, { ...tooLarge, own: false });
    expect([told.attaching, consequence]).toEqual([undefined, "not-taken"]);
    expect(next(answered, told, [{ ...stored, state: "kept" }], "final")?.kind).toBe("ask");
  });

  test("goes on without the assignee whom it named", () => {
    const { told, consequence } = sent(has("ringing"), update, no);
    expect([told.refused, consequence]).toEqual([undefined, "none"]);
    const again = step(next(talking, told), "update");
    expect(again.form).toMatchObject({ call_status: "in-progress" });
    expect(again.form).not.toHaveProperty("pbx_user_id");
    expect(next(answered, sent(told, again, delivered).told)?.form).not.toHaveProperty("pbx_user_id");
  });

  test("names the next assignee, though it goes on without one", () => {
    const { told } = sent(has("ringing"), update, no);
    const other = { ...talking, assignee: { kind: "pbxUser", id: "102" } } as const;
    expect(next(other, told)?.form).toMatchObject({ pbx_user_id: "102" });
  });

  test("goes on without whom the card was for, and is given up when that was not it", () => {
    const addressed = { ...ringing, audience: { kind: "pbxUsers", ids: ["101"] } } as const;
    const first = sent(untold, step(next(addressed, untold), "create"), no).told;
    expect(first).toMatchObject({ belief: absent, unaddressed: true });
    const again = step(next(addressed, first), "create");
    expect(again.form).toEqual(create.form);
    expect(again.tells.assignee).toBeUndefined();
    expect(next(addressed, sent(first, again, no).told)).toBeUndefined();
  });

  test.each<[string, string, Outcome, string[]]>([
    [
      "first whom it was for, then the recording",
      "refused",
      no,
      ["r1 for user_ids[]", "r1 for nobody", "none for nobody"],
    ],
    [
      "first the recording, then whom it was for",
      "too large",
      tooLarge,
      ["r1 for user_ids[]", "none for user_ids[]", "none for nobody"],
    ],
  ])("loses %s, before it is given up, where it is %s", (_, __, outcome, forms) => {
    const full = { ...answered, audience: { kind: "users", ids: ["1"] } } as const;
    let [told, rows]: [Told, RecordingRow[]] = [untold, [stored]];
    const sentForms: string[] = [];
    for (let found = next(full, told, rows, "final"); found; found = next(full, told, rows, "final")) {
      sentForms.push(
        `${found.recording?.id ?? "none"} for ${Object.keys(found.form).find((key) => /\[\]$/.test(key)) ?? "nobody"}`,
      );
      const settled = sent(told, found, outcome);
      if (settled.consequence === "not-taken") rows = [{ ...stored, state: "kept", problem: "the system refused it" }];
      told = settled.told;
    }
    expect(sentForms).toEqual(forms);
  });

  test("for its size, without a recording, is one that was refused", () => {
    expect(sent(untold, create, tooLarge)).toMatchObject({ told: { problem: tooLarge.why }, consequence: "none" });
    expect(next(ringing, sent(untold, create, tooLarge).told)).toBeUndefined();
  });

  test("as limited brings everything to rest and leaves the call as it was", () => {
    const consequence = "pause-system";
    expect(sent(untold, create, limited)).toMatchObject({ told: { belief: absent, attempt: 0 }, consequence });
    expect(sent(unsure(), ask, limited)).toMatchObject({ told: { belief: unsure().belief }, consequence });
    expect(sent(over, attach, limited)).toMatchObject({ told: { ...over, problem: limited.why }, consequence });
  });

  test("as limited each time goes after the others, and waits ever longer: it may be this call alone", () => {
    let told: Told = untold;
    const waits: number[] = [];
    for (let at = now; told.notBefore !== never; at = (told.notBefore ?? at + blockMs) + 1) {
      ({ told } = sent(told, create, { ...limited, own: true }, { at }));
      waits.push(((told.notBefore ?? at) - at) / blockMs);
      expect(served(create, told).class).toBe(classes.again);
    }
    expect(waits.slice(0, 5)).toEqual([0, 0, 2, 4, 8]);
    expect(waits.length).toBeLessThan(12);
    expect(sent({ ...told, notBefore: undefined }, create, delivered).told.limits).toBeUndefined();
  });

  test("as unwelcome rests by itself, twice as long each time, and waits for the operator after four times", () => {
    const rests: (number | undefined)[] = [];
    let told: Told = untold;
    for (let times = 0; times < maxRefusals; times++) {
      const settled = sent(told, create, unwelcome);
      expect(settled.consequence).toBe("pause-channel");
      told = settled.told;
      rests.push(told.notBefore);
    }
    expect(rests).toEqual([now + 30_000, now + 60_000, now + 120_000, never]);
    expect(told).toMatchObject({ belief: absent, problem: expect.stringContaining("answered 403, 4 times") });
    expect(sent(unsure(), ask, unwelcome).told.belief).toEqual(unsure().belief);
  });
});

describe("a no that asks to come again later", () => {
  const inTenMinutes = now + 600_000;

  test.each<Outcome>([no, { ...tooLarge, waitMs: 600_000 }])("is no refusal of the form ($why)", (outcome) => {
    const { told } = sent(has("ringing"), update, { ...outcome, waitMs: 600_000 } as Outcome);
    expect(told).toMatchObject({ belief: there, attempt: 1, failingSince: now, notBefore: inTenMinutes });
    expect(next(talking, told)?.form).toEqual(update.form);
  });

  test("is waited for by what asks, by what goes on without its file, and by what is not welcome", () => {
    const later = { waitMs: 600_000 };
    const asked = sent(unsure(), ask, { ...notThere, ...later } as Outcome).told;
    expect(asked).toMatchObject({ belief: { create: { absentAt: now } }, notBefore: inTenMinutes });
    for (const own of [true, false])
      expect(sent(over, attach, { ...tooLarge, ...later, own } as Outcome).told.notBefore).toBe(inTenMinutes);
    expect(sent(untold, create, { ...unwelcome, ...later } as Outcome).told.notBefore).toBe(inTenMinutes);
  });
});

describe("a recording that is not on its way any more", () => {
  test.each<Outcome>([
    no,
    tooLarge,
    unwelcome,
    limited,
    { kind: "no-file", why: "it is not there" },
    { kind: "unsent", why: "the archive failed" },
  ])("need not be asked for ($kind)", (outcome) => {
    expect(sent(over, attach, outcome).told.attaching).toBeUndefined();
    const { told } = sent(untold, createWithAudio, outcome);
    expect([told.belief, told.attaching]).toEqual([absent, undefined]);
  });

  test("since its file is gone lets the rest go on", () => {
    const outcome: Outcome = { kind: "no-file", why: "it is not there" };
    expect(sent(over, attach, outcome)).toMatchObject({ told: over, consequence: "no-file" });
    const { told } = sent(untold, createWithAudio, outcome);
    const gone = { ...stored, state: "gone", problem: "it is not in the archive any more" } as const;
    expect(next(answered, told, [gone], "final")).toMatchObject({
      kind: "create",
      recording: undefined,
      form: { comment: expect.stringContaining("Recording not available: it is not in the archive any more") },
    });
  });

  test("since R2 failed waits, ever longer, and is never given up for that", () => {
    const outcome: Outcome = { kind: "unsent", why: "the archive failed" };
    const { told, consequence } = sent(over, attach, outcome);
    expect([told.attempt, told.notBefore, told.failingSince, consequence]).toEqual([1, now + 1_000, undefined, "none"]);
    expect(next(answered, told, [stored])).toMatchObject({ kind: "attach" });
    expect(sent({ ...told, attempt: 3 }, attach, outcome).told.notBefore).toBe(now + 8_000);
  });
});

describe("a delivery of which nothing is known", () => {
  test.each<[string, Told, Outcome, number]>([
    ["waits a while", has("ringing"), unknown, 1_000],
    ["waits longer the more often it failed", has("ringing", { attempt: 3 }), unknown, 8_000],
    ["waits as long as the system asks", has("ringing"), { ...unknown, waitMs: 90_000 }, 90_000],
    [
      "waits no less than it would have, whatever the system asks",
      has("ringing", { attempt: 3 }),
      { ...unknown, waitMs: 0 },
      8_000,
    ],
  ])("%s", (_, told, outcome, wait) => expect(sent(told, update, outcome).told.notBefore).toBe(now + wait));

  test("is counted from its first failure on", () => {
    const first = sent(has("ringing"), update, unknown).told;
    expect(first).toMatchObject({ attempt: 1, failingSince: now, problem: "lost" });
    expect(sent(first, update, unknown, { at: now + 9 }).told).toMatchObject({ attempt: 2, failingSince: now });
  });

  test("is tried ever more seldom, and for three days, where the system says that it has no such call in between", () => {
    let [told, at, creates]: [Told, number, number] = [untold, now, 0];
    while (told.notBefore !== never && creates < 1000) {
      const found = next(ringing, told);
      at = Math.max(at, found?.notBefore ?? 0, told.notBefore ?? 0);
      creates += Number(found?.kind === "create");
      if (found) ({ told } = sent(told, found, found.kind === "create" ? unknown : notThere, { at }));
    }
    expect(at - now).toBeLessThan(giveUpAfterMs + 3 * 3_600_000);
    expect(creates).toBeLessThan(200);
  });

  test("may have been done: what it said is told again even where it is back to what was told before", () => {
    const { told } = sent(has("ringing"), update, unknown);
    expect(next(ringing, told)?.form).toMatchObject({ action: "update_call", call_status: "ringing" });
  });

  test("is tried for three days, then left to the operator", () => {
    const failing = has("ringing", { attempt: 80, failingSince: now - giveUpAfterMs });
    expect(sent(failing, update, unknown).told.notBefore).toBeLessThan(now + 3_600_001);
    const given = sent({ ...failing, failingSince: now - giveUpAfterMs - 1 }, update, unknown);
    expect(given.told.notBefore).toBe(never);
  });

  test("is shown as a refusal where a page says no and nothing of the channel was ever taken", () => {
    const page: Outcome = { kind: "unknown", page: true, why: "something in front of the system answered 404" };
    const never = { updates: false, delivered: false, audio: false };
    expect(sent(untold, create, page, { learnt: never }).told.problem).toContain("the channel key is wrong");
    expect(sent(untold, create, page, { learnt: known }).told.problem).toBe(page.why);
  });
});
