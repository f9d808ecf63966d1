import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Desired } from "../../src/calls/desired.ts";
import { createCall, createForm, fieldsOf, joined, updateCall, updateForm } from "../../src/system/forms.ts";

const desired: Desired = { direction: "incoming", phone: "+380441234567", status: "ringing" };

describe("create_call", () => {
  const fields = (more: Partial<Desired>, remark?: string, arrays: "repeat" | "comma" = "repeat") =>
    fieldsOf(createForm({ ...desired, ...more }, "c1", remark), arrays).sort();

  test("says what is known of the call", () => {
    expect(fields({})).toEqual([
      ["action", "create_call"],
      ["call_status", "ringing"],
      ["direction", "incoming"],
      ["pbx_call_id", "c1"],
      ["phone", "+380441234567"],
    ]);
  });

  test.each([
    ["employees", "users", "user_ids[]"],
    ["groups", "groups", "group_ids[]"],
    ["extensions", "pbxUsers", "pbx_user_ids[]"],
  ] as const)("shows the card to %s in one way", (_, kind, field) => {
    const shown = (arrays: "repeat" | "comma") =>
      fields({ audience: { kind, ids: ["7", "8"] } }, undefined, arrays).filter(([name]) => name.endsWith("[]"));
    expect(shown("repeat")).toEqual([
      [field, "7"],
      [field, "8"],
    ]);
    expect(shown("comma")).toEqual([[field, "7,8"]]);
  });

  test("says the comment and what is to be remarked as one comment", () => {
    expect(fields({ comment: "line 800" }, "Recording not available")).toContainEqual([
      "comment",
      "line 800. Recording not available",
    ]);
  });

  const form = { action: "create_call", direction: "incoming", phone: "1" } as const;
  const [users, groups, pbxUsers] = [{ "user_ids[]": ["1"] }, { "group_ids[]": ["1"] }, { "pbx_user_ids[]": ["1"] }];

  test.each<[string, object]>([
    ["employees and groups", { ...form, ...users, ...groups }],
    ["employees and extensions", { ...form, ...users, ...pbxUsers }],
    ["groups and extensions", { ...form, ...groups, ...pbxUsers }],
    ["all three", { ...form, ...users, ...groups, ...pbxUsers }],
    ["an empty list", { ...form, "user_ids[]": [] }],
    ["an empty id", { ...form, "user_ids[]": [""] }],
    ["no phone", { ...form, phone: "" }],
    ["no direction", { ...form, direction: undefined }],
    ["an unknown status", { ...form, call_status: "unanswered" }],
    ["an empty id of the call", { ...form, pbx_call_id: "" }],
    ["a field that the API does not know", { ...form, user_id: "1" }],
  ])("cannot be built with %s", (_, broken) => expect(createCall.safeParse(broken).success).toBe(false));

  test("can be built with no more than the API demands", () => expect(createCall.safeParse(form).success).toBe(true));
});

describe("update_call", () => {
  const fields = (known: Parameters<typeof updateForm>[0], told: Parameters<typeof updateForm>[1]) =>
    fieldsOf(updateForm(known, told), "repeat").sort();

  test("names the call as the PBX does while the system's own id is not known", () => {
    expect(fields({ pbxCallId: "c1" }, { status: "busy" })).toEqual([
      ["action", "update_call"],
      ["call_status", "busy"],
      ["pbx_call_id", "c1"],
    ]);
  });

  test("names the call by the system's own id, and in no other way, once that is known", () => {
    expect(fields({ callId: "123", pbxCallId: "c1" }, { status: "busy" })).toEqual([
      ["action", "update_call"],
      ["call_id", "123"],
      ["call_status", "busy"],
    ]);
  });

  test.each([
    ["user", "user_id"],
    ["pbxUser", "pbx_user_id"],
  ] as const)("names the employee by one field: %s by %s", (kind, field) => {
    const named = fields({ callId: "123", pbxCallId: "c1" }, { status: "answered", assignee: { kind, id: "7" } });
    expect(named.filter(([name]) => name.endsWith("user_id"))).toEqual([[field, "7"]]);
  });

  const form = { action: "update_call", call_id: "123", call_status: "answered" } as const;

  test.each<[string, object]>([
    ["both ids of the call", { ...form, pbx_call_id: "c1" }],
    ["no id of the call", { ...form, call_id: undefined }],
    ["an empty id of the call", { ...form, call_id: "" }],
    ["two employees", { ...form, user_id: "1", pbx_user_id: "101" }],
    ["no status", { ...form, call_status: undefined }],
    ["an empty comment", { ...form, comment: "" }],
  ])("cannot be built with %s", (_, broken) => expect(updateCall.safeParse(broken).success).toBe(false));

  test("can be built with no more than the API demands", () => expect(updateCall.safeParse(form).success).toBe(true));
});

test("no ids that are wanted break the rule of at most one field", () => {
  const ids = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 });
  const kind = fc.constantFrom("users", "groups", "pbxUsers");
  fc.assert(
    fc.property(fc.record({ kind, ids }), (audience) => {
      const fields = fieldsOf(createForm({ ...desired, audience }, "c1"), "repeat");
      const lists = fields.filter(([name]) => name.endsWith("[]"));
      expect(lists.map(([, id]) => id)).toEqual(audience.ids);
      expect(new Set(lists.map(([name]) => name)).size).toBe(1);
    }),
  );
});

test.each([
  ["two remarks", ["a", "b"], "a. b"],
  ["one", [undefined, "b"], "b"],
  ["an empty one and one", ["", "b"], "b"],
  ["none", [undefined, ""], undefined],
])("joins %s", (_, remarks, comment) => expect(joined(...remarks)).toBe(comment));
