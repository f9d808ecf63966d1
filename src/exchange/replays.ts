/**
 * Another try, when the operator says so: at once for whatever was refused or given up on, and for what waits. What a request
 * of unknown outcome asks for is not cut short: the system may still be at work on it.
 */
import type { HeardEvent } from "../calls/event.ts";
import type { Channel } from "../config/channels.ts";
import { absent, openIn } from "./belief.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Desk } from "./desk.ts";
import { type Edit, edited, isNoEdit, type NoEdit } from "./edit.ts";
import { unheardEnd } from "./housekeeping.ts";
import type { Step } from "./outbox.ts";
import type { Planner } from "./planner.ts";
import { pending, type RecordingRow, retried } from "./recording-row.ts";
import { type CallKey, type CallRow, isStuck } from "./rows.ts";
import { afresh, sooner, type Told } from "./told.ts";
import { hastened, isProven } from "./whole.ts";

/** What came of it. `nextTryAt`: ms since the epoch. */
export type Replayed = { readonly kind: "replayed"; readonly nextTryAt: number } | Nothing | Misfit;
/** Nothing is owed, or nothing can be sent. */
export type Nothing = { readonly kind: "nothing"; readonly because: string };
/** The edit does not fit the form. */
export type Misfit = { readonly kind: "misfit" } & NoEdit;

/** How many calls are replayed at once. */
export const maxReplayed = 1000;

export class Replays {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #deliveries: Deliveries;

  constructor(desk: Desk, planner: Planner, deliveries: Deliveries) {
    this.#desk = desk;
    this.#planner = planner;
    this.#deliveries = deliveries;
  }

  /** Makes the call due, `among` many others or as one; undefined where there is no such call. */
  begin(key: CallKey, among: "many" | "none", edit?: Edit): "begun" | Nothing | Misfit | undefined {
    const row = this.#desk.store.call(key);
    if (!row) return undefined;
    const channel = this.#desk.channel(key.channel);
    if (!channel)
      return { kind: "nothing", because: "its channel is not configured: mend that, and what is owed goes out" };
    // What is on its way is being tried.
    if (!edit && this.#deliveries.isUnderWay(key)) return "begun";
    const now = this.#desk.outside.now();
    const said = row.untold ? saidByOperator(row, edit, now) : [];
    const told = among === "many" ? this.#oneOfMany(row, edit) : { ...again(row, edit), attempt: 0 };
    const recordings = this.#retried(channel, row, now);
    const step = this.#nextForm(channel, row, told, said);
    if (!step && recordings.length === 0 && !(row.untold && edit)) return { kind: "nothing", because: whyNothing(row) };
    const misfit = edit && misfitOf(step, edit);
    if (misfit) return misfit;
    this.#desk.together(() => {
      for (const event of said) this.#desk.store.addEvent(key.channel, event);
      for (const recording of recordings) this.#desk.store.putRecording(recording);
      this.#planner.replan(channel, key, now, said.length > 0 ? { ...told, edit: besides(edit) } : told);
      if (among === "many") this.#hasten(key.channel, now);
    });
    return "begun";
  }

  /** Once what was begun had its turn. */
  outcome(key: CallKey): Replayed {
    const { store, outside } = this.#desk;
    const [row, now] = [store.call(key), outside.now()];
    if (row && isStuck(row)) return { kind: "nothing", because: row.told.problem ?? "it is stuck again" };
    if (row?.dueAt === undefined || this.#deliveries.isUnderWay(key)) return { kind: "replayed", nextTryAt: now };
    return { kind: "replayed", nextTryAt: Math.max(row.dueAt, this.#deliveries.opensAt(row, now)) };
  }

  /** The calls of a channel that are stuck, the newest first, and those that wait, the longest first. */
  candidates(channel: string, which: "stuck" | "owed", most = maxReplayed): readonly CallRow[] {
    const { finder, queue } = this.#desk;
    if (which === "stuck") return finder.page(channel, { delivery: "stuck" }, undefined, most).calls;
    return queue.waitingLong(channel, 0, most).slice(0, most);
  }

  /**
   * Where the whole is in trouble they are calls that failed before: one of them is tried, and the others wait for what comes
   * of it. A call by itself is tried as one that has not failed yet, whatever the whole does.
   */
  #oneOfMany(row: CallRow, edit: Edit | undefined): Told {
    const { store } = this.#desk;
    const told = again(row, edit);
    const troubled = isProven(store.outage()) || isProven(store.pauses().get(row.channel));
    return troubled ? { ...told, attempt: Math.max(1, told.attempt) } : told;
  }

  #retried({ recordings: { max_bytes } }: Channel, key: CallKey, now: number): RecordingRow[] {
    const rows = this.#desk.store.recordingsOf(key);
    return rows.flatMap((row) => retried(row, max_bytes, now) ?? awaited(row, now) ?? []);
  }

  /** What would be sent; of a call that is asked after first, the create behind that. */
  #nextForm(channel: Channel, row: CallRow, told: Told, said: readonly HeardEvent[]): Step | undefined {
    const belief = openIn(told.belief).create ? absent : told.belief;
    return this.#planner.preview(channel, row, { ...told, belief, edit: undefined }, said);
  }

  /** A rest of the channel, and the wait for a system that is down, end: one of its calls asks. */
  #hasten(channel: string, now: number): void {
    const { store } = this.#desk;
    const [outage, pauses] = [store.outage(), store.pauses()];
    const [sooner, rest] = [hastened(outage, now), hastened(pauses.get(channel), now)];
    if (sooner !== outage) store.keepOutage(sooner);
    if (rest && rest !== pauses.get(channel)) store.keepPauses(pauses.set(channel, rest));
  }
}

/** A recording that the PBX is asked for again later, asked for now. */
function awaited(row: RecordingRow, now: number): RecordingRow | undefined {
  return pending(row) && (row.dueAt ?? 0) > now ? { ...row, dueAt: now } : undefined;
}

/** What is owed needs no more than its time; what was refused or given up on is begun anew. */
function again({ dueAt, told }: CallRow, edit: Edit | undefined): Told {
  return dueAt === undefined || edit ? afresh(told, edit) : sooner(told);
}

function misfitOf(step: Step | undefined, edit: Edit): Misfit | undefined {
  if (!step || step.kind === "attach" || step.kind === "repeat")
    return { kind: "misfit", field: "form", problem: "there is no form to be sent for this call" };
  const form = edited(step.form, edit);
  return isNoEdit(form) ? { kind: "misfit", ...form } : undefined;
}

function whyNothing(row: CallRow): string {
  if (row.ignored !== undefined) return "the call is kept from the helpdesk";
  if (row.untold) return "too little is known of the call: say its direction, and its phone if you know it";
  if (row.told.belief.is === "absent") return "the call is told by itself, once it is over or more is heard of it";
  return "the helpdesk knows all that it should";
}

/** What the edit says beyond what is known of the call by now: a number that was written by hand goes out as it is read. */
function besides(edit: Edit | undefined): Edit | undefined {
  const { direction: _, phone: __, ...rest } = edit ?? {};
  return Object.keys(rest).length > 0 ? rest : undefined;
}

/**
 * What an operator tells of a call of which the PBX never told enough: it stays, like what a webhook tells. No card pops up
 * for it, since such a call is over.
 */
function saidByOperator(row: CallRow, edit: Edit | undefined, now: number): HeardEvent[] {
  const { direction, phone } = edit ?? {};
  if (direction !== "incoming" && direction !== "outgoing") return [];
  const number = typeof phone === "string" ? { phone, writing: "either" as const } : { withheld: true as const };
  const said: HeardEvent = { call: row.call, id: "operator", direction, ...number, heardAt: now };
  return row.endedAt === undefined ? [said, unheardEnd(row, now)] : [said];
}
