import { describe, expect, test } from "vitest";
import { giveUpAfterMs } from "../../src/exchange/backoff.ts";
import type { Step } from "../../src/exchange/outbox.ts";
import type { RecordingRow } from "../../src/exchange/recording-row.ts";
import { maxLostAttaches, settle } from "../../src/exchange/settle.ts";
import { type Told, untold } from "../../src/exchange/told.ts";
import type { Outcome } from "../../src/system/outcome.ts";
import { answered, delivered, has, next, ringing, stored, talking, unknown } from "./steps.ts";

const now = Date.UTC(2026, 8, 1, 9, 0, 0);
const sent: Told = { ...untold, create: "sent" };
const over = has("answered", { assignee: { kind: "pbxUser", id: "101" }, comment: "talk 1:15" });

function step(found: Step | undefined, kind: Step["kind"]): Step {
  if (found?.kind !== kind) throw new Error(`the next step is ${found?.kind}, not ${kind}`);
  return found;
}

const create = step(next(ringing, untold), "create");
const createWithAudio = step(next(answered, untold, [stored], "final"), "create");
const ask = step(next(talking, sent), "ask");
const update = step(next(talking, has("ringing")), "update");
const attach = step(next(answered, over, [stored]), "attach");
const probe = step(next(answered, { ...over, attaching: "r1#0" }, [stored]), "update");

function settled(told: Told, step: Step, outcome: Outcome, random = 0.5) {
  return settle(told, step, outcome, now, random);
}

describe("a delivery that got through", () => {
  test.each<[string, Told, Step, Partial<Told>]>([
    ["makes the call known", sent, create, { create: "done", callId: "123", ticketId: "4567", status: "ringing" }],
    ["finds the call that was asked for", sent, ask, { create: "done", callId: "123", status: "in-progress" }],
    ["tells what it said", has("ringing"), update, { status: "in-progress", assignee: { kind: "pbxUser", id: "101" } }],
  ])("%s", (_, told, step, becomes) => {
    const after = settled(told, step, delivered);
    expect(after).toMatchObject({ told: becomes, consequence: "none" });
  });

  test("ends what failed before", () => {
    const failing = { attempt: 5, failingSince: 1, notBefore: 2, problem: "lost", answer: "<html>", refused: "{}" };
    const { told } = settled(has("ringing", failing), update, delivered);
    expect(told).toEqual({ ...settled(has("ringing"), update, delivered).told, attempt: 0 });
  });

  test("keeps the ticket that is known where the answer names none", () => {
    const after = settled(has("ringing", { ticketId: "7" }), update, { ...delivered, ticketId: undefined });
    expect(after.told.ticketId).toBe("7");
  });

  test.each<[string, Told, Step]>([
    ["by itself", over, attach],
    ["along with the only create", sent, createWithAudio],
  ])("attaches the recording %s", (_, told, step) => {
    expect(settled(told, step, delivered)).toMatchObject({
      told: { create: "done" },
      consequence: "attached",
    });
  });
});

describe("a recording of which it is unknown whether it was attached", () => {
  const lost = settled(over, attach, unknown).told;

  test("is remembered", () => expect(lost).toMatchObject({ attaching: "r1#0", attempt: 1 }));

  test("is remembered of the only create too, which the system may be found to have", () => {
    const told = settled(sent, createWithAudio, unknown).told;
    expect(told).toMatchObject({ create: "sent", attaching: "r1#0" });
    const asked = step(next(answered, told, [stored], "final"), "ask");
    expect(settled(told, asked, { ...delivered, audio: "a1" })).toMatchObject({
      told: { create: "done", audio: "a1" },
      consequence: "attached",
    });
  });

  test("is sent by an update, should the system be found to have the call without it", () => {
    const told = settled(sent, createWithAudio, unknown).told;
    const found = settled(told, step(next(answered, told, [stored], "final"), "ask"), delivered).told;
    const again = step(next(answered, found, [stored], "final"), "attach");
    expect(again).toMatchObject({ recording: stored, form: { action: "update_call", call_status: "answered" } });
    const done = settled(found, again, { ...delivered, audio: "a1" }).told;
    expect(next(answered, done, [{ ...stored, state: "attached" }], "final")).toBeUndefined();
  });

  test.each([
    ["its first", undefined],
    ["another than before", "a0"],
  ])("is attached where the system has %s", (_, audio) => {
    const after = settled({ ...lost, audio }, probe, { ...delivered, audio: "a1" });
    expect(after).toMatchObject({ told: { audio: "a1", attempt: 0 }, consequence: "attached" });
    expect(after.told.attaching).toBeUndefined();
  });

  test.each([
    ["has none", undefined, undefined],
    ["has the one that it had before", "a0", "a0"],
    ["says no more what it has", "a0", undefined],
  ])("is sent again where the system %s", (_, before, audio) => {
    const { told, consequence } = settled({ ...lost, audio: before }, probe, { ...delivered, audio });
    expect([told.attaching, told.audio, told.lostAttaches, consequence]).toEqual([undefined, before, 1, "none"]);
    expect(next(answered, told, [stored])).toMatchObject({ kind: "attach" });
  });

  test("is given up where the system is there and never has it", () => {
    let [told, tries]: [Told, number] = [over, 0];
    for (;;) {
      told = settled(told, step(next(answered, told, [stored]), "attach"), unknown).told;
      tries++;
      const after = settled(told, step(next(answered, told, [stored]), "update"), delivered);
      told = after.told;
      if (after.consequence === "lost") break;
      expect(after.consequence).toBe("none");
    }
    expect([tries, told.attaching, told.lostAttaches, told.attempt]).toEqual([
      maxLostAttaches,
      undefined,
      undefined,
      0,
    ]);
  });

  test("is given up along with the only create that never has it, which then goes without", () => {
    let [told, tries]: [Told, number] = [untold, 0];
    for (;;) {
      const found = step(next(answered, told, [stored], "final"), "create");
      told = settled({ ...told, create: "sent", attaching: "r1#0" }, found, unknown).told;
      tries++;
      const no: Outcome = { kind: "refused", why: "the system answered 404" };
      const after = settled(told, step(next(answered, told, [stored], "final"), "ask"), no);
      told = after.told;
      if (after.consequence === "lost") break;
    }
    const kept = { ...stored, state: "kept", problem: "it did not get through" } as const;
    expect([tries, told.attaching]).toEqual([maxLostAttaches, undefined]);
    expect(next(answered, told, [kept], "final")).toMatchObject({
      kind: "create",
      recording: undefined,
      form: { comment: expect.stringContaining("Recording not attached: it did not get through") },
    });
  });

  test("is not given up for an outage of the system", () => {
    let told = lost;
    for (let i = 0; i < 2 * maxLostAttaches; i++) {
      told = settled(told, probe, unknown).told;
      expect(next(answered, told, [stored])?.recording).toBeUndefined();
    }
    expect(settled(told, probe, delivered)).toMatchObject({ told: { lostAttaches: 1 }, consequence: "none" });
  });

  test("is sent ever later, though what is asked in between gets through", () => {
    const after = settled({ ...lost, attempt: 6 }, probe, delivered).told;
    expect(settled(after, attach, unknown).told).toMatchObject({ attempt: 7, notBefore: now + 64_000 });
  });
});

describe("a delivery that was refused", () => {
  const no: Outcome = { kind: "refused", why: "the system answered 400", answer: '{"error":"phone"}' };

  test("is kept for the operator, with the system's words, and not sent again", () => {
    const { told } = settled(sent, create, no);
    expect(told).toMatchObject({ create: "none", problem: "the system answered 400", answer: '{"error":"phone"}' });
    expect(next(ringing, told)).toBeUndefined();
  });

  test("says, of a call that was asked for, that it is not there: it is made", () => {
    const { told } = settled({ ...sent, notBefore: now + 5 }, ask, no);
    expect(told).toMatchObject({ create: "none", notBefore: undefined });
    expect(next(talking, told)).toMatchObject({ kind: "create" });
  });

  test.each<Outcome>([{ kind: "too-large", why: "the system answered 413" }, no])(
    "goes on without the recording that it carried ($why)",
    (outcome) => {
      expect(settled(over, attach, outcome)).toMatchObject({ told: over, consequence: "not-taken" });
      const { told, consequence } = settled(sent, createWithAudio, outcome);
      expect([told.create, told.refused, consequence]).toEqual(["none", undefined, "not-taken"]);
      const kept = { ...stored, state: "kept", problem: "the system refused it" } as const;
      expect(next(answered, told, [kept], "final")).toMatchObject({
        kind: "create",
        recording: undefined,
        form: { comment: expect.stringContaining("Recording not attached: the system refused it") },
      });
    },
  );

  test("goes on without the assignee whom it named", () => {
    const { told, consequence } = settled(has("ringing"), update, no);
    expect([told.refused, consequence]).toEqual([undefined, "none"]);
    const again = step(next(talking, told), "update");
    expect(again.form).toMatchObject({ call_status: "in-progress" });
    expect(again.form).not.toHaveProperty("pbx_user_id");
    expect(next(answered, settled(told, again, delivered).told)?.form).not.toHaveProperty("pbx_user_id");
  });

  test("names the next assignee, though it goes on without one", () => {
    const { told } = settled(has("ringing"), update, no);
    const other = { ...talking, assignee: { kind: "pbxUser", id: "102" } } as const;
    expect(next(other, told)?.form).toMatchObject({ pbx_user_id: "102" });
  });

  test("goes on without whom the card was for, and is given up when that was not it", () => {
    const addressed = { ...ringing, audience: { kind: "pbxUsers", ids: ["101"] } } as const;
    const first = settled(sent, step(next(addressed, untold), "create"), no).told;
    expect(first).toMatchObject({ create: "none", unaddressed: true });
    const again = step(next(addressed, first), "create");
    expect(again.form).toEqual(create.form);
    expect(again.tells.assignee).toBeUndefined();
    const second = settled({ ...first, create: "sent" }, again, no).told;
    expect(next(addressed, second)).toBeUndefined();
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
      { kind: "too-large", why: "the system answered 413" },
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
      const after = settled({ ...told, create: "sent" }, found, outcome);
      if (after.consequence === "not-taken") rows = [{ ...stored, state: "kept", problem: "the system refused it" }];
      told = after.told;
    }
    expect(sentForms).toEqual(forms);
  });

  test("for its size, without a recording, is one that was refused", () => {
    const large: Outcome = { kind: "too-large", why: "the system answered 413" };
    expect(settled(sent, create, large)).toMatchObject({ told: { problem: large.why }, consequence: "none" });
    expect(next(ringing, settled(sent, create, large).told)).toBeUndefined();
  });

  test("as limited brings everything to rest and leaves the call as it was", () => {
    const [outcome, consequence] = [{ kind: "limited", why: "no" }, "pause-system"] as const;
    expect(settled(sent, create, outcome)).toMatchObject({ told: { create: "none", attempt: 0 }, consequence });
    expect(settled(sent, ask, outcome)).toMatchObject({ told: { create: "sent" }, consequence });
    expect(settled(over, attach, outcome)).toEqual({ told: { ...over, problem: "no" }, consequence });
  });

  test("as unwelcome rests by itself besides, ever longer, and is never given up", () => {
    const [outcome, consequence] = [{ kind: "unwelcome", why: "no" }, "pause-channel"] as const;
    const first = settled(sent, create, outcome);
    expect(first).toMatchObject({ told: { create: "none", attempt: 1, notBefore: now + 31_000 }, consequence });
    expect(settled(first.told, create, outcome).told).toMatchObject({ attempt: 2, notBefore: now + 32_000 });
    expect(settled(sent, ask, outcome)).toMatchObject({ told: { create: "sent" }, consequence });
    const old = has("answered", { attempt: 80, failingSince: now - 2 * giveUpAfterMs });
    expect(settled(old, attach, outcome).told.notBefore).toBeLessThan(now + 3_630_001);
  });
});

describe("a recording that is not on its way any more", () => {
  const underway = { ...over, attaching: "r1#0" };

  test.each<Outcome>([
    { kind: "refused", why: "the system answered 422" },
    { kind: "too-large", why: "the system answered 413" },
    { kind: "unwelcome", why: "the system answered 403" },
    { kind: "limited", why: "the system answered 429" },
    { kind: "no-file", why: "it is not there" },
    { kind: "unsent", why: "the archive failed" },
  ])("need not be asked for ($kind)", (outcome) => {
    expect(settled(underway, attach, outcome).told.attaching).toBeUndefined();
    const started: Told = { ...sent, attaching: "r1#0" };
    const { told } = settled(started, createWithAudio, outcome);
    expect([told.create, told.attaching]).toEqual(["none", undefined]);
  });

  test("since its file is gone lets the rest go on", () => {
    const outcome: Outcome = { kind: "no-file", why: "it is not there" };
    expect(settled(underway, attach, outcome)).toEqual({
      told: { ...over, problem: "it is not there", answer: undefined },
      consequence: "no-file",
    });
    const { told } = settled({ ...sent, attaching: "r1#0" }, createWithAudio, outcome);
    const gone = { ...stored, state: "gone", problem: "it is not in the archive any more" } as const;
    expect(next(answered, told, [gone], "final")).toMatchObject({
      kind: "create",
      recording: undefined,
      form: { comment: expect.stringContaining("Recording not available: it is not in the archive any more") },
    });
  });

  test("since R2 failed waits, ever longer, and is never given up for that", () => {
    const outcome: Outcome = { kind: "unsent", why: "the archive failed" };
    const { told, consequence } = settled(underway, attach, outcome);
    expect([told.attempt, told.notBefore, told.failingSince, consequence]).toEqual([1, now + 1_000, undefined, "none"]);
    expect(next(answered, told, [stored])).toMatchObject({ kind: "attach" });
    expect(settled({ ...told, attempt: 3 }, attach, outcome).told.notBefore).toBe(now + 8_000);
  });

  test("stays to be asked for where only a plain update was not taken", () => {
    const { told } = settled(underway, probe, { kind: "limited", why: "the system answered 429" });
    expect(told.attaching).toBe("r1#0");
  });
});

describe("a delivery of which nothing is known", () => {
  test.each<[string, Told, Step, Outcome, number]>([
    ["waits a while", has("ringing"), update, unknown, 1_000],
    ["waits longer the more often it failed", has("ringing", { attempt: 3 }), update, unknown, 8_000],
    ["waits as long as the system asks", has("ringing"), update, { ...unknown, waitMs: 90_000 }, 90_000],
    [
      "waits no less than it would have, whatever the system asks",
      has("ringing", { attempt: 3 }),
      update,
      { ...unknown, waitMs: 0 },
      8_000,
    ],
    ["waits for a system that may still be at work on a create", sent, create, { ...unknown, slow: true }, 15_000],
    [
      "waits for it before an update too, which a late one would undo",
      has("ringing"),
      update,
      { ...unknown, slow: true },
      15_000,
    ],
  ])("%s", (_, told, step, outcome, wait) => expect(settled(told, step, outcome).told.notBefore).toBe(now + wait));

  test("is counted from its first failure on", () => {
    const first = settled(has("ringing"), update, unknown).told;
    expect(first).toMatchObject({ attempt: 1, failingSince: now, problem: "lost" });
    expect(settle(first, update, unknown, now + 9, 0).told).toMatchObject({ attempt: 2, failingSince: now });
  });

  test("may have been done: what it said is told again even where it is back to what was told before", () => {
    const { told } = settled(has("ringing"), update, unknown);
    expect(next(ringing, told)?.form).toMatchObject({ action: "update_call", call_status: "ringing" });
  });

  test("is tried for three days, then left to the operator", () => {
    const failing = has("ringing", { attempt: 80, failingSince: now - giveUpAfterMs });
    expect(settled(failing, update, unknown).told.notBefore).toBeLessThan(now + 3_600_001);
    const given = settled({ ...failing, failingSince: now - giveUpAfterMs - 1 }, update, unknown);
    expect(given.told.notBefore).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("leaves a create to be asked for", () => {
    expect(settled(sent, create, unknown).told.create).toBe("sent");
    expect(settled(sent, ask, unknown).told.create).toBe("sent");
  });
});
