/** From what was heard of a call to what is next for it, written down in the tables. */
import { type Call, fold } from "../calls/call.ts";
import { type Desired, desiredOf } from "../calls/desired.ts";
import type { HeardEvent } from "../calls/event.ts";
import { audioExcepted, ignoredBecause } from "../calls/rules.ts";
import type { Channel } from "../config/channels.ts";
import { keyDigest } from "../config/keys.ts";
import { log } from "../log.ts";
import { askable, openIn } from "./belief.ts";
import { asideMs, type Desk } from "./desk.ts";
import { classes, nextStep, type Step, served } from "./outbox.ts";
import { announce, leaveAlone } from "./recording-row.ts";
import type { CallKey, CallRow, Mode } from "./rows.ts";
import { never, revived, type Told, untold } from "./told.ts";

/** A call as it now stands in the tables, and what is next for it. */
export interface Planned {
  readonly row: CallRow;
  readonly step: Step | undefined;
  /** Too little is heard of it for a verdict: the PBX may know more. */
  readonly doubtful: boolean;
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
    const mode = known?.mode ?? channel.delivery;
    const ignored = keptBecause(call, channel, mode);
    const excepted = (known?.audioExcepted ?? false) || audioExcepted(call, channel);
    if (channel.recordings.enabled) this.#announceRecordings(channel, call, now, excepted || ignored !== undefined);
    const desired = wantedOf(call, channel, mode, told);
    const step = desired && this.#stepOf(channel, call, desired, told, mode);
    const ours = this.#desk.isOurs(channel.name);
    const row: CallRow = {
      ...digestOf(key, call),
      ignored,
      told,
      class: step?.class,
      dueAt: step && dueAt(told, desired, step, known?.dueAt, now),
      owedSince: step && (known?.owedSince ?? now),
      audioExcepted: excepted,
      mode,
      keyDigest: known?.keyDigest ?? (ours ? keyDigest(channel) : undefined),
      untold: ignored === undefined && isUntold(call, told),
    };
    // One of another system's channel that was not begun here: that may change once this object knows the channel better.
    const kept = step && row.keyDigest === undefined ? { ...row, dueAt: now + asideMs } : row;
    this.#desk.store.putCall(kept);
    return { row: kept, step, doubtful: call.doubtful && ignored === undefined };
  }

  /** A call of a channel that is not known here, or not yet: what was heard of it is kept, and worked out once it is. */
  keepAside(key: CallKey, now: number): void {
    const call = fold(key.call, this.#desk.store.eventsOf(key));
    const known = this.#desk.store.call(key);
    this.#desk.store.putCall({
      ...{ audioExcepted: false, untold: false },
      ...known,
      ...digestOf(key, call),
      told: revived(known?.told) ?? untold,
      class: known?.class ?? classes.card,
      dueAt: Math.max(known?.dueAt ?? 0, now + asideMs),
      owedSince: known?.owedSince ?? now,
    });
  }

  /** The next form if `told` were what the system was told, and `more` were heard; nothing is written down. */
  preview(channel: Channel, key: CallKey, told: Told, more: readonly HeardEvent[] = []): Step | undefined {
    const call = this.fold(channel, key, more);
    const mode = this.#desk.store.call(key)?.mode ?? channel.delivery;
    const desired = wantedOf(call, channel, mode, told);
    return desired && this.#stepOf(channel, call, desired, told, mode);
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

  fold(channel: Channel | undefined, key: CallKey, more: readonly HeardEvent[] = []): Call {
    return fold(key.call, [...this.#desk.store.eventsOf(key), ...more], channel);
  }

  #stepOf(channel: Channel, call: Call, desired: Desired, told: Told, mode: Mode): Step | undefined {
    const recordings = this.#desk.store.recordingsOf({ channel: channel.name, call: call.id });
    const { create } = openIn(told.belief);
    const open = create?.mute && this.#desk.store.learnt().updates ? { ...told, belief: askable(told.belief) } : told;
    const step = nextStep(call, desired, open, recordings, telling(mode));
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

/** What lists say of a call, whatever is told of it. */
function digestOf({ channel, call: id }: CallKey, call: Call) {
  const { direction, phone, line, status, startedAt, endedAt, lastHeardAt: heardAt } = call;
  return { channel, call: id, direction, phone, line, status, startedAt, endedAt, heardAt };
}

/** Why the call is kept from the system: it began while nothing was to be sent, or a rule fits. */
function keptBecause(call: Call, channel: Channel, mode: Mode): string | undefined {
  return mode === "off" ? "off" : ignoredBecause(call, channel);
}

/** Nothing was told of the call, and nothing ever will be by what is known of it. */
function isUntold(call: Call, told: Told): boolean {
  return told.belief.is === "absent" && call.direction === undefined;
}

/** How a call is told that is told at all. */
function telling(mode: Mode): "live" | "final" {
  return mode === "final" ? "final" : "live";
}

/** A call that turns out to be one to ignore after its card popped is told to its end, or the card would stay. */
function wantedOf(call: Call, channel: Channel, mode: Mode, told: Told): Desired | undefined {
  const kept = keptBecause(call, channel, mode) !== undefined && told.belief.is === "absent";
  return kept ? undefined : desiredOf(call, { ...channel, delivery: telling(mode) });
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
  const earliest = (told.belief.is === "absent" ? desired.notBefore : desired.overNotBefore) ?? 0;
  return Math.max(told.notBefore ?? 0, step.notBefore ?? 0, earliest, Math.min(dueBefore ?? now, now));
}
