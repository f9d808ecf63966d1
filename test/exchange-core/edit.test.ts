import { describe, expect, test } from "vitest";
import { absent, askAgainMs } from "../../src/exchange/belief.ts";
import { type Edit, edited, isNoEdit } from "../../src/exchange/edit.ts";
import type { Step } from "../../src/exchange/outbox.ts";
import { afresh, type Told, untold } from "../../src/exchange/told.ts";
import type { Form } from "../../src/system/forms.ts";
import { answered, delivered, has, next, now, ringing, sent, stored, unknown } from "./steps.ts";

const create: Form = {
  action: "create_call",
  direction: "incoming",
  phone: "+380441234567",
  call_status: "busy",
  pbx_call_id: "c1",
  "pbx_user_ids[]": ["101", "102"],
};
const update: Form = { action: "update_call", call_id: "123", call_status: "answered", pbx_user_id: "101" };
const no = { kind: "refused", status: 422, why: "the system answered 422" } as const;

describe("an edit", () => {
  test.each<[string, Form, Edit, object]>([
    ["gives a field another value", create, { phone: "+380501112233" }, { phone: "+380501112233" }],
    ["says another final status", create, { call_status: "missed" }, { call_status: "missed" }],
    ["names a group instead of extensions", create, { "group_ids[]": ["7"] }, { "group_ids[]": ["7"] }],
    ["assigns the ticket to a user instead", update, { user_id: "12" }, { user_id: "12" }],
    ["adds a comment", update, { comment: "by hand" }, { comment: "by hand" }],
  ])("%s", (_, form, edit, becomes) => expect(edited(form, edit)).toMatchObject(becomes));

  test("of who sees the card takes the place of what was said of that", () => {
    expect(edited(create, { "group_ids[]": ["7"] })).not.toHaveProperty("pbx_user_ids[]");
    expect(edited(update, { user_id: "12" })).not.toHaveProperty("pbx_user_id");
  });

  test("leaves a field out", () => {
    const form = edited(create, { "pbx_user_ids[]": null });
    expect(Object.entries(form).filter(([, value]) => value !== undefined)).toEqual(
      Object.entries(create).filter(([name]) => name !== "pbx_user_ids[]"),
    );
  });

  test.each<[string, Form, Edit, string]>([
    ["of which call it is", create, { pbx_call_id: "c2" }, "pbx_call_id"],
    ["of what is done", create, { action: "update_call" }, "action"],
    ["of a field that the form does not have", update, { phone: "+380501112233" }, "phone"],
    ["of a field that no form has", create, { constructor: "x" }, "constructor"],
    ["that reopens the call", create, { call_status: "ringing" }, "call_status"],
    ["that leaves the call without a status", create, { call_status: null }, "call_status"],
    ["that says what is no status", create, { call_status: "gone" }, "call_status"],
    ["without what the form needs", create, { phone: null }, "phone"],
    ["that names two", create, { "user_ids[]": ["1"], "group_ids[]": ["7"], phone: ["1", "2"] }, "phone"],
  ])("%s is not made, and says so", (_, form, edit, field) => {
    const result = edited(form, edit);
    expect(isNoEdit(result) && result.field).toContain(field);
  });
});

describe("a call that is replayed with an edit", () => {
  const edit: Edit = { phone: "+380501112233" };
  const refused: Told = { ...untold, refused: JSON.stringify(next(ringing, untold)?.form) };
  const told = afresh(refused, edit);
  const step = next(ringing, told) as Step;

  test("is sent as edited", () => expect(step.form).toMatchObject({ action: "create_call", ...edit }));

  test("forgets the edit once it is delivered", () => {
    expect(sent(told, step, delivered).told.edit).toBeUndefined();
  });

  test("is stuck again where that is refused too, and is not sent without the edit", () => {
    const after = sent(told, step, no).told;
    expect(after).toMatchObject({ belief: absent, edit, refused: JSON.stringify(step.form) });
    expect(next(ringing, after)).toBeUndefined();
  });

  test("is stuck, not sent again and again, where a create with a recording names somebody and is refused", () => {
    const named = afresh(untold, { "user_ids[]": ["7"] });
    const withAudio = next(answered, named, [stored], "final") as Step;
    const bare = sent(named, withAudio, no);
    expect(bare).toMatchObject({ consequence: "not-taken" });
    const after = sent(bare.told, next(answered, bare.told, [], "final") as Step, no);
    expect(next(answered, after.told, [], "final")).toBeUndefined();
  });

  test("keeps the edit while the outcome is unknown, and asks without it", () => {
    const after = sent(told, step, unknown).told;
    const ask = next(ringing, after) as Step;
    expect([ask.kind, "phone" in ask.form]).toEqual(["ask", false]);
    const notThere = { ...no, status: 404 };
    const once = sent(after, ask, notThere).told;
    const twice = sent(once, next(ringing, once) as Step, notThere, { at: now + askAgainMs }).told;
    expect(next(ringing, twice)?.form).toMatchObject(edit);
  });

  test("tells the rest unedited", () => {
    const stale = has("ringing", { edit });
    expect(next(answered, stale)?.form).toMatchObject({ action: "update_call", call_status: "answered" });
  });
});
