/**
 * What the system must still hear of a call: the difference between what it should know and what it was told. There is
 * no list of requests that could grow stale; a burst of events behind an outage becomes one form.
 */
import type { Call, CallStatus } from "../calls/call.ts";
import type { Assignee, Desired } from "../calls/desired.ts";
import { createForm, type Form, joined, updateForm } from "../system/forms.ts";
import { openIn, settlesAt } from "./belief.ts";
import { type Edit, edited, isNoEdit } from "./edit.ts";
import { attachable, pending, type RecordingRow, remarkOn } from "./recording-row.ts";
import type { Told } from "./told.ts";

/**
 * In the order in which the governor serves them: a card that pops up; the end of a call whose card staff see; what else
 * they read, such as the ticket of a call that was over before a card could pop up; recordings. What failed and is tried
 * again is of a class of its own, whatever it says, after cards and finals: it must not take the place of what never failed.
 */
export const classes = { card: 0, final: 1, change: 2, recording: 3, again: 4 } as const;
export type Class = (typeof classes)[keyof typeof classes];

export interface Step {
  /**
   * `ask`: an update that tells whether a create whose outcome is unknown was done. `repeat`: the last word once more, after
   * an update whose outcome is unknown.
   */
  readonly kind: "create" | "ask" | "update" | "attach" | "repeat";
  readonly class: Class;
  readonly form: Form;
  /** The recording that goes along. */
  readonly recording?: RecordingRow;
  /** What the system has been told once the form is delivered. */
  readonly tells: Partial<Told>;
  /** Not before then, ms since the epoch: what was sent before may still act. */
  readonly notBefore?: number;
}

const finals: ReadonlySet<CallStatus> = new Set<CallStatus>(["canceled", "missed", "failed", "answered", "busy"]);

/** The next form to send, or undefined where the system knows all that it should. */
export function nextStep(
  call: Call,
  desired: Desired,
  told: Told,
  recordings: readonly RecordingRow[],
  delivery: "live" | "final",
): Step | undefined {
  const { create } = openIn(told.belief);
  const step =
    create && !create.mute
      ? ask(call, desired, told)
      : create || told.belief.is === "absent"
        ? nextCreate(call, desired, told, recordings, delivery)
        : nextUpdate(call, desired, told, recordings, delivery);
  const next = step && asEdited(step, told.edit);
  return next && JSON.stringify(next.form) === told.refused ? undefined : next;
}

/** The step as it is served: a recording's upload waits for its turn with the others however often it failed. */
export function served(step: Step, { attempt, limits }: Told): Step {
  return (attempt > 0 || limits !== undefined) && !step.recording ? { ...step, class: classes.again } : step;
}

/** An edit that does not fit any more, since the call went on, is not made. */
function asEdited(step: Step, edit: Edit | undefined): Step {
  if (edit === undefined || (step.kind !== "create" && step.kind !== "update")) return step;
  const form = edited(step.form, edit);
  return isNoEdit(form) ? step : { ...step, form };
}

function nextCreate(
  call: Call,
  desired: Desired,
  told: Told,
  recordings: readonly RecordingRow[],
  delivery: "live" | "final",
): Step | undefined {
  if (delivery === "final" && (!finals.has(desired.status) || recordings.some(pending))) return undefined;
  const shown = told.unaddressed ? { ...desired, audience: undefined } : desired;
  const remark = finals.has(desired.status) ? remarkOn(recordings) : undefined;
  const recording = delivery === "final" ? recordings.find(attachable) : undefined;
  const twice = told.belief.is === "absent" ? undefined : maybeTwice;
  return {
    kind: "create",
    // One that carries a file takes as long as the file: it must not hold up cards.
    class: recording ? classes.recording : finals.has(desired.status) ? classes.change : classes.card,
    form: createForm(shown, call.id, joined(remark, moreKept(recordings, recording), twice)),
    recording,
    tells: { status: desired.status, assignee: soleEmployee(shown), comment: desired.comment, remark },
    notBefore: settlesAt(told.belief),
  };
}

/** The comment of a create that is made once more though it is not known what became of the first. */
const maybeTwice = "This may be a second ticket of this call: the helpdesk did not tell whether it made the first";

/** Says no more than it must: if the system refused it for anything else, we would take the call for absent. */
function ask(call: Call, { status }: Desired, { belief }: Told): Step {
  return {
    kind: "ask",
    class: finals.has(status) ? classes.final : classes.card,
    form: updateForm({ pbxCallId: call.id }, { status }),
    tells: { status },
    notBefore: settlesAt(belief),
  };
}

/** A create carries one recording; without update_call there is no way to bring another. */
function moreKept(recordings: readonly RecordingRow[], attached: RecordingRow | undefined): string | undefined {
  const more = attached === undefined ? 0 : recordings.filter(attachable).length - 1;
  return more > 0 ? `${more} more of its recordings ${more === 1 ? "is" : "are"} kept in the archive` : undefined;
}

function nextUpdate(
  call: Call,
  desired: Desired,
  told: Told,
  recordings: readonly RecordingRow[],
  delivery: "live" | "final",
): Step | undefined {
  const again = told.belief.is === "there" ? undefined : repeat(call, told);
  // The channel is configured to do without update_call, unless that is all that can still bring the recording.
  if (delivery === "final" && !told.updatable) return again;
  const wanted = delivery === "final" ? { ...desired, assignee: undefined, comment: undefined } : desired;
  const change = update(call, wanted, told, recordings);
  if (Object.keys(change.tells).length > 0) return change;
  const recording = finals.has(told.status ?? "ringing") ? recordings.find(attachable) : undefined;
  // While it is not known whether one is attached, another's arrival would be taken for its own.
  if (!recording || told.attaching !== undefined) return again;
  return { ...change, kind: "attach", class: classes.recording, recording };
}

/** The last word, in case an update of unknown outcome comes over it. Its comment was said once, and is not said again. */
function repeat(call: Call, { callId, status, assignee, belief }: Told): Step | undefined {
  if (status === undefined) return undefined;
  return {
    kind: "repeat",
    class: classes.change,
    form: updateForm({ callId, pbxCallId: call.id }, { status, assignee }),
    tells: {},
    notBefore: settlesAt(belief),
  };
}

/** An update that says all that is not told yet; its `tells` is empty where there is nothing. */
function update(call: Call, desired: Desired, told: Told, recordings: readonly RecordingRow[]): Step {
  const status = statusToTell(desired.status, told.status);
  const final = finals.has(status);
  const moved = status !== told.status;
  const settled = sameAssignee(desired.assignee, told.assignee) || sameAssignee(desired.assignee, told.declined);
  const assignee = settled ? undefined : desired.assignee;
  // What may be lost is not said along with it: a comment is said once, so that it goes to a system that answers.
  const later = told.attempt > 0 && (moved || assignee !== undefined);
  const comment =
    final && desired.comment !== told.comment ? commentNow(desired.comment, told, moved, later) : undefined;
  const remark = final ? remarkOn(recordings) : undefined;
  const newRemark = later || remark === told.remark ? undefined : remark;
  const form = updateForm(
    { callId: told.callId, pbxCallId: call.id },
    { status, assignee, comment: joined(comment, newRemark) },
  );
  return {
    kind: "update",
    class: final && moved ? classes.final : classes.change,
    form,
    tells: {
      ...(moved && { status }),
      ...(assignee && { assignee }),
      ...(comment !== undefined && { comment }),
      ...(newRemark !== undefined && { remark: newRemark }),
    },
  };
}

/** The first comment of a call, or another with another end. */
function commentNow(comment: string | undefined, told: Told, moved: boolean, later: boolean): string | undefined {
  return told.comment === undefined ? (later ? undefined : comment) : moved ? comment : undefined;
}

/** Final means final: a call that was told to be over is never told to be active again. */
function statusToTell(desired: CallStatus, told: CallStatus | undefined): CallStatus {
  return told !== undefined && finals.has(told) && !finals.has(desired) ? told : desired;
}

/** Who the system makes the assignee of a new call: the only employee it is created for. */
function soleEmployee({ audience }: Desired): Assignee | undefined {
  const [id, ...more] = audience?.ids ?? [];
  if (audience === undefined || id === undefined || more.length > 0 || audience.kind === "groups") return undefined;
  return { kind: audience.kind === "users" ? "user" : "pbxUser", id };
}

/** Nobody in particular is no reason to take the ticket from somebody. */
function sameAssignee(desired: Assignee | undefined, told: Assignee | undefined): boolean {
  return desired === undefined || (desired.kind === told?.kind && desired.id === told.id);
}
