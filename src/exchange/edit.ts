/** What the operator changes of a form before it is sent again. */
import { createCall, type Form, updateCall } from "../system/forms.ts";

/** New values by field; `null` leaves a field out. */
export type Edit = Readonly<Record<string, string | readonly string[] | null>>;

/** Why an edit cannot be made. */
export interface NoEdit {
  readonly field: string;
  readonly problem: string;
}

/** Fields of which a form has one at most: who sees the card, whose ticket it is. */
const alternatives = [
  ["user_ids[]", "group_ids[]", "pbx_user_ids[]"],
  ["user_id", "pbx_user_id"],
] as const;

/** Which call a form is about, and how far the call got, is not the operator's to say. */
const editable: Record<Form["action"], ReadonlySet<string>> = {
  create_call: new Set(["phone", "direction", "call_status", "comment", ...alternatives[0]]),
  update_call: new Set(["call_status", "comment", ...alternatives[1]]),
};

/** `form` with the edit made, or why that would be no form of the system's. */
export function edited(form: Form, edit: Edit): Form | NoEdit {
  const fields = new Map<string, unknown>(Object.entries(form));
  for (const [field, value] of Object.entries(edit)) {
    if (!editable[form.action].has(field)) return { field, problem: `is not to be changed in a ${form.action}` };
    const group = alternatives.find((names) => (names as readonly string[]).includes(field)) ?? [];
    if (value !== null) for (const other of group) fields.delete(other);
    fields.set(field, value ?? undefined);
  }
  if (phase(form.call_status) !== phase(fields.get("call_status")))
    return { field: "call_status", problem: "must not end or reopen the call" };
  const schema = form.action === "create_call" ? createCall : updateCall;
  const parsed = schema.safeParse(Object.fromEntries(fields));
  if (parsed.success) return parsed.data;
  return { field: Object.keys(edit).join(", "), problem: "gives no form that the system takes" };
}

export function isNoEdit(result: Form | NoEdit): result is NoEdit {
  return "problem" in result;
}

function phase(status: unknown): "untold" | "active" | "over" {
  if (status === undefined) return "untold";
  return status === "ringing" || status === "in-progress" ? "active" : "over";
}
