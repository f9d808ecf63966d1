/** The two forms of the system API. A form that breaks a rule of the API cannot be built. */
import * as z from "zod";
import type { Assignee, Audience, Desired } from "../calls/desired.ts";

const status = z.enum(["ringing", "in-progress", "canceled", "missed", "failed", "answered", "busy"]);
const ids = z.array(z.string().min(1)).min(1);
const no = z.undefined().optional();

const createBase = {
  action: z.literal("create_call"),
  direction: z.enum(["incoming", "outgoing"]),
  phone: z.string().min(1),
  call_status: status.optional(),
  pbx_call_id: z.string().min(1).optional(),
  comment: z.string().min(1).optional(),
};

/** `action=create_call`: who sees the card is said in one way at most. */
export const createCall = z.union([
  z.strictObject({ ...createBase, "user_ids[]": ids, "group_ids[]": no, "pbx_user_ids[]": no }),
  z.strictObject({ ...createBase, "group_ids[]": ids, "user_ids[]": no, "pbx_user_ids[]": no }),
  z.strictObject({ ...createBase, "pbx_user_ids[]": ids, "user_ids[]": no, "group_ids[]": no }),
  z.strictObject({ ...createBase, "user_ids[]": no, "group_ids[]": no, "pbx_user_ids[]": no }),
]);
export type CreateCall = z.infer<typeof createCall>;

const which = z.union([
  z.object({ call_id: z.string().min(1), pbx_call_id: no }),
  z.object({ pbx_call_id: z.string().min(1), call_id: no }),
]);
const whose = z.union([
  z.object({ user_id: z.string().min(1), pbx_user_id: no }),
  z.object({ pbx_user_id: z.string().min(1), user_id: no }),
  z.object({ user_id: no, pbx_user_id: no }),
]);
const updateBase = z.object({
  action: z.literal("update_call"),
  call_status: status,
  comment: z.string().min(1).optional(),
});

/** `action=update_call`: names the call in one way, and one employee at most. */
export const updateCall = updateBase.and(which).and(whose);
export type UpdateCall = z.infer<typeof updateCall>;

/** A form on its way, still without its file. */
export type Form = CreateCall | UpdateCall;

/** The call as the system knows it: by its own id once it told us, by the PBX's until then. */
export interface Known {
  readonly callId?: string;
  readonly pbxCallId: string;
}

export function createForm(desired: Desired, pbxCallId: string, remark?: string): CreateCall {
  return createCall.parse({
    action: "create_call",
    direction: desired.direction,
    phone: desired.phone,
    call_status: desired.status,
    pbx_call_id: pbxCallId,
    ...audienceFields(desired.audience),
    comment: joined(desired.comment, remark),
  });
}

export function updateForm(
  known: Known,
  told: { status: Desired["status"]; assignee?: Assignee; comment?: string },
): UpdateCall {
  return updateCall.parse({
    action: "update_call",
    ...(known.callId === undefined ? { pbx_call_id: known.pbxCallId } : { call_id: known.callId }),
    call_status: told.status,
    ...(told.assignee && { [told.assignee.kind === "user" ? "user_id" : "pbx_user_id"]: told.assignee.id }),
    comment: told.comment,
  });
}

/** What stands between two remarks of one comment. */
export const sentenceEnd = ". ";

/** Remarks as one comment; undefined where there is none. */
export function joined(...remarks: (string | undefined)[]): string | undefined {
  return remarks.filter((remark) => remark !== undefined && remark !== "").join(sentenceEnd) || undefined;
}

const audienceField = { users: "user_ids[]", groups: "group_ids[]", pbxUsers: "pbx_user_ids[]" } as const;

function audienceFields(audience: Audience | undefined): Record<string, readonly string[]> {
  return audience ? { [audienceField[audience.kind]]: audience.ids } : {};
}

/** The form's fields in the order in which they are sent; `arrays` says how a list of ids is written. */
export function fieldsOf(form: Form, arrays: "repeat" | "comma"): [name: string, value: string][] {
  const entries: [string, string | readonly string[] | undefined][] = Object.entries(form);
  return entries.flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    if (typeof value === "string") return [[name, value]];
    return arrays === "comma" ? [[name, value.join(",")]] : value.map((id): [string, string] => [name, id]);
  });
}
