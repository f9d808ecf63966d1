/** From what was heard of a call to what is next for it, written down in the tables. */
import { type Call, fold } from "../calls/call.ts";
import { type Desired, desiredOf } from "../calls/desired.ts";
import { audioExcepted, ignoredBecause } from "../calls/rules.ts";
import type { Channel } from "../config/channels.ts";
import { log } from "../log.ts";
import type { Desk } from "./desk.ts";
import { nextStep, type Step, served } from "./outbox.ts";
import { announce, leaveAlone } from "./recording-row.ts";
import type { CallKey, CallRow } from "./rows.ts";
import { never, type Told, untold } from "./told.ts";

/** A call as it now stands in the tables, and what is next for it. */
export interface Planned {
  readonly row: CallRow;
  readonly step: Step | undefined;
}

export class Planner {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Works out anew what the call is and what is next for it, and writes both down. */
  replan(channel: Channel, key: CallKey, now: number, newTold?: Told): Planned {
    const call = this.fold(channel, key);
    const known = this.#desk.store.call(key);
    const told = newTold ?? known?.told ?? untold;
    const ignored = ignoredBecause(call, channel);
    const excepted = (known?.audioExcepted ?? false) || audioExcepted(call, channel);
    if (channel.recordings.enabled) this.#announceRecordings(channel, call, now, excepted || ignored !== undefined);
    const desired = wantedOf(call, channel, told);
    const step = desired && this.#stepOf(channel, call, desired, told);
    const row: CallRow = {
      channel: key.channel,
      call: key.call,
      direction: call.direction,
      phone: call.phone,
      line: call.line,
      status: call.status,
      ignored,
      startedAt: call.startedAt,
      endedAt: call.endedAt,
      heardAt: call.lastHeardAt,
      told,
      class: step?.class,
      dueAt: step && dueAt(told, desired, step, known?.dueAt, now),
      owedSince: step && (known?.owedSince ?? now),
      audioExcepted: excepted,
    };
    this.#desk.store.putCall(row);
    return { row, step };
  }

  /** The next form if `told` were what the system was told; nothing is written down. */
  preview(channel: Channel, key: CallKey, told: Told): Step | undefined {
    const call = this.fold(channel, key);
    const desired = wantedOf(call, channel, told);
    return desired && this.#stepOf(channel, call, desired, told);
  }

  /** A call that we cannot work out must not keep the others waiting. */
  tryPlan(channel: Channel, key: CallKey, now: number): Planned | undefined {
    try {
      return this.replan(channel, key, now);
    } catch (error) {
      log("error", "plan", { channel: key.channel, call: key.call, error: String(error) });
      return undefined;
    }
  }

  fold(channel: Channel, { channel: name, call }: CallKey): Call {
    return fold(call, this.#desk.store.eventsOf({ channel: name, call }), channel);
  }

  #stepOf(channel: Channel, call: Call, desired: Desired, told: Told): Step | undefined {
    const recordings = this.#desk.store.recordingsOf({ channel: channel.name, call: call.id });
    const step = nextStep(call, desired, told, recordings, channel.delivery);
    return step && served(step, told);
  }

  #announceRecordings(channel: Channel, call: Call, now: number, alone: boolean): void {
    const source = channel.provider.recordings;
    if (!source) return;
    const known = this.#desk.store.recordingsOf({ channel: channel.name, call: call.id });
    if (alone) {
      for (const row of leaveAlone(known)) this.#desk.store.putRecording(row);
      return;
    }
    const changes = announce(channel.name, call, known, now, source.expectedAfterMs);
    for (const row of changes.put) this.#desk.store.putRecording(row);
    for (const row of changes.remove) this.#desk.store.removeRecording(row);
  }
}

/** A call that turns out to be one to ignore after its card popped is told to its end, or the card would stay. */
function wantedOf(call: Call, channel: Channel, told: Told): Desired | undefined {
  const kept = ignoredBecause(call, channel) !== undefined && told.belief.is === "absent";
  return kept ? undefined : desiredOf(call, channel);
}

/** A call that fails waits for its next try, whatever more is heard of it; given up on, it waits for the operator. */
function dueAt(
  told: Told,
  desired: Desired,
  step: Step,
  dueBefore: number | undefined,
  now: number,
): number | undefined {
  if (told.notBefore === never) return undefined;
  const earliest = told.belief.is === "absent" ? (desired.notBefore ?? 0) : 0;
  return Math.max(told.notBefore ?? 0, step.notBefore ?? 0, earliest, Math.min(dueBefore ?? now, now));
}
