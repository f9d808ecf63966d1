import { describe, expect, test } from "vitest";
import type { Desired } from "../../src/calls/desired.ts";
import { classes } from "../../src/exchange/outbox.ts";
import type { RecordingRow } from "../../src/exchange/recording-row.ts";
import { type Told, untold } from "../../src/exchange/told.ts";
import { answered, has, missed, next, overtaken, ringing, row, stored, talking, unsure } from "./steps.ts";

const create = { action: "create_call", pbx_call_id: "c1" };
const update = { action: "update_call", call_id: "123" };

describe("a system that knows nothing is told", () => {
  test.each<[string, Desired, object]>([
    [
      "of a call that rings, first of all",
      ringing,
      { kind: "create", class: classes.card, form: { ...create, call_status: "ringing" } },
    ],
    [
      "of a call that is over by now, as such",
      missed,
      { kind: "create", class: classes.change, form: { ...create, call_status: "missed", comment: "line 800" } },
    ],
    ["what it then knows", answered, { tells: { status: "answered", comment: "talk 1:15" } }],
  ])("%s", (_, desired, step) => expect(next(desired, untold)).toMatchObject(step));

  test.each<[string, Desired["audience"], Told["assignee"]]>([
    ["the only employee", { kind: "users", ids: ["1"] }, { kind: "user", id: "1" }],
    ["the only extension", { kind: "pbxUsers", ids: ["101"] }, { kind: "pbxUser", id: "101" }],
    ["nobody of several", { kind: "pbxUsers", ids: ["101", "102"] }, undefined],
    ["nobody of a group", { kind: "groups", ids: ["7"] }, undefined],
    ["nobody where everybody sees the card", undefined, undefined],
  ])("and makes %s the assignee", (_, audience, assignee) =>
    expect(next({ ...ringing, audience }, untold)?.tells.assignee).toEqual(assignee),
  );
});

describe("a system that knows the call is told", () => {
  test.each<[string, Desired, Told, object]>([
    [
      "that somebody talks, and who",
      talking,
      has("ringing"),
      {
        kind: "update",
        class: classes.change,
        form: { ...update, call_status: "in-progress", pbx_user_id: "101" },
      },
    ],
    [
      "that it is over, before other changes",
      answered,
      has("in-progress", { assignee: { kind: "pbxUser", id: "101" } }),
      {
        class: classes.final,
        form: { ...update, call_status: "answered", comment: "talk 1:15" },
        tells: { status: "answered", comment: "talk 1:15" },
      },
    ],
    [
      "several things at once, after an outage",
      answered,
      has("ringing"),
      {
        form: { ...update, call_status: "answered", pbx_user_id: "101", comment: "talk 1:15" },
      },
    ],
    [
      "better, when a call it thinks missed was answered",
      answered,
      has("missed", { comment: "line 800" }),
      {
        form: { ...update, call_status: "answered", comment: "talk 1:15" },
      },
    ],
    [
      "whose it is now, when that is all",
      { ...answered, assignee: { kind: "user", id: "2" } },
      has("answered", { comment: "talk 1:15", assignee: { kind: "pbxUser", id: "101" } }),
      {
        class: classes.change,
        form: { ...update, call_status: "answered", user_id: "2" },
        tells: { assignee: { kind: "user", id: "2" } },
      },
    ],
    [
      "the comment that was not told yet",
      missed,
      has("missed"),
      { form: { ...update, comment: "line 800" }, tells: { comment: "line 800" } },
    ],
  ])("%s", (_, desired, told, step) => expect(next(desired, told)).toMatchObject(step));

  test("no more than what is new", () => {
    const told = has("in-progress", { assignee: { kind: "pbxUser", id: "101" } });
    expect(next({ ...answered, comment: undefined }, told)?.form).toEqual({ ...update, call_status: "answered" });
  });

  test("of a recording that it will not have, once", () => {
    const gone = { ...row, state: "gone", problem: "the PBX answered 404" } as const;
    const told = has("missed", { comment: "line 800" });
    const step = next(missed, told, [gone]);
    expect(step?.form).toMatchObject({ comment: "Recording not available: the PBX answered 404" });
    expect(next(missed, { ...told, ...step?.tells }, [gone])).toBeUndefined();
  });

  test("of a further recording that it will not have, without the first once more", () => {
    const [gone, other] = [
      { ...row, state: "gone", problem: "the PBX answered 404" },
      { ...row, id: "r2", state: "kept", problem: "it is too large for the system" },
    ] as const;
    const told = has("missed", { comment: "line 800" });
    const first = { ...told, ...next(missed, told, [gone])?.tells };
    const step = next(missed, first, [gone, other]);
    expect(step?.form.comment).toBe(
      "Recording not attached: it is too large for the system; it is kept in the archive",
    );
    expect(next(missed, { ...first, ...step?.tells }, [gone, other])).toBeUndefined();
  });
});

describe("a comment", () => {
  test("waits until a form that failed got through: where nothing is known of it, it is not said again", () => {
    const failing = has("in-progress", { attempt: 1, assignee: { kind: "pbxUser", id: "101" } });
    const first = next(answered, failing, [{ ...row, state: "gone" }]);
    expect(first?.form).toEqual({ ...update, call_status: "answered" });
    const told = { ...failing, ...first?.tells, attempt: 0 };
    expect(next(answered, told)?.form).toMatchObject({ comment: "talk 1:15" });
  });
});

describe("a system is told nothing", () => {
  test.each<[string, Desired, Told]>([
    ["where it knows all", talking, has("in-progress", { assignee: { kind: "pbxUser", id: "101" } })],
    ["where it thinks a call over that still rings for us", ringing, has("missed")],
    [
      "where nobody is better than somebody",
      { ...missed, comment: undefined },
      has("missed", { assignee: { kind: "user", id: "1" } }),
    ],
    ["of another wording of what was told", { ...missed, comment: "other" }, has("missed", { comment: "line 800" })],
  ])("%s", (_, desired, told) => expect(next(desired, told)).toBeUndefined());

  test("in a form that it refused, until there is more to say", () => {
    const refused = JSON.stringify(next(ringing, untold)?.form);
    expect(next(ringing, { ...untold, refused })).toBeUndefined();
    expect(next(missed, { ...untold, refused })).toMatchObject({ kind: "create" });
  });
});

describe("a create whose outcome is unknown", () => {
  const sent = unsure();

  test.each<[string, Desired, RecordingRow[], Told]>([
    ["an agent", talking, [], sent],
    ["a comment", answered, [], sent],
    ["a remark on a recording", missed, [{ ...row, state: "gone" }], sent],
    ["the system's id of another call", ringing, [], { ...sent, callId: "99" }],
  ])("is asked for by the PBX's id, without %s, which could be why it is refused", (_, desired, rows, told) => {
    const { status } = desired;
    const step = next(desired, told, rows);
    expect(step).toMatchObject({ kind: "ask", tells: { status } });
    expect(step?.form).toEqual({ action: "update_call", pbx_call_id: "c1", call_status: status });
    expect(step?.tells).toEqual({ status });
  });

  test("is asked for also where there is but one create a call", () => {
    expect(next(missed, sent, [], "final")).toMatchObject({ kind: "ask" });
  });

  test.each<[string, Desired, number]>([
    ["rings", ringing, classes.card],
    ["is talked on", talking, classes.card],
    ["is over", missed, classes.final],
  ])("is as urgent as the create while the call %s", (_, desired, urgency) => {
    expect(next(desired, sent)?.class).toBe(urgency);
    expect(next(desired, { ...sent, status: desired.status })?.class).toBeLessThanOrEqual(classes.final);
  });
});

describe("recordings", () => {
  const over = has("answered", { assignee: { kind: "pbxUser", id: "101" }, comment: "talk 1:15" });
  const two = { ...stored, id: "r2" };

  test("are attached last, one at a time", () => {
    const step = next(answered, over, [{ ...stored, state: "attached" }, stored, two]);
    expect(step).toMatchObject({ kind: "attach", class: classes.recording, recording: stored, tells: {} });
    expect(step?.form).toEqual({ ...update, call_status: "answered" });
  });

  test("wait for what the system must know before", () => {
    expect(next(answered, has("in-progress"), [stored])).toMatchObject({ kind: "update" });
    expect(next(answered, has("in-progress"), [stored])?.recording).toBeUndefined();
  });

  test("wait for the end of the call", () => {
    const told = has("in-progress", { assignee: { kind: "pbxUser", id: "101" } });
    expect(next(talking, told, [stored])).toBeUndefined();
  });

  test("are asked for where it is unknown whether one was attached", () => {
    const step = next(answered, { ...over, belief: overtaken(), attaching: "r1#0" }, [stored]);
    expect(step).toMatchObject({ kind: "repeat", class: classes.change, tells: {} });
    expect(step?.recording).toBeUndefined();
  });

  test.each(["waiting", "attached", "kept", "gone", "absent"] as const)("are not attached while %s", (state) => {
    const told = { ...over, remark: next(answered, over, [{ ...row, state }])?.tells.remark };
    expect(next(answered, told, [{ ...row, state }])).toBeUndefined();
  });
});

describe("with one create a call", () => {
  test("nothing is told while the call lives", () => {
    expect(next(ringing, untold, [], "final")).toBeUndefined();
    expect(next(talking, untold, [], "final")).toBeUndefined();
  });

  test("nothing is told while a recording may still come", () => {
    expect(next(answered, untold, [row], "final")).toBeUndefined();
  });

  test("all is told at once, with the recording, which holds up nothing else", () => {
    expect(next(answered, untold, [], "final")).toMatchObject({ kind: "create", class: classes.change });
    expect(next(answered, untold, [stored], "final")).toMatchObject({
      kind: "create",
      class: classes.recording,
      form: { ...create, call_status: "answered", comment: "talk 1:15" },
      recording: stored,
    });
  });

  test.each([
    [2, "talk 1:15. 1 more of its recordings is kept in the archive"],
    [3, "talk 1:15. 2 more of its recordings are kept in the archive"],
  ])("of %d recordings one goes along, and staff learn of the others", (count, comment) => {
    const several = Array.from({ length: count }, (_, i) => ({ ...stored, id: `r${i + 1}` }));
    expect(next(answered, untold, several, "final")).toMatchObject({ recording: several[0], form: { comment } });
  });

  test("why there is no recording is told instead of it", () => {
    const kept = { ...stored, state: "kept", problem: "it is too large for the system" } as const;
    const step = next(answered, untold, [kept], "final");
    expect(step?.recording).toBeUndefined();
    expect(step?.form.comment).toBe(
      "talk 1:15. Recording not attached: it is too large for the system; it is kept in the archive",
    );
  });

  test("nothing is told after it", () => {
    expect(next(answered, has("missed"), [stored], "final")).toBeUndefined();
  });
});
