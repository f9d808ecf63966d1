/** What time does to calls: those whose end never came are asked after and taken for over, old ones are forgotten. */
import { recordingDefaults, silenceDefault } from "../config/channel.ts";
import type { Channel } from "../config/channels.ts";
import { log } from "../log.ts";
import { keysUnder, stemOf } from "../recordings/store.ts";
import { giveUpAfterMs } from "./backoff.ts";
import type { Desk } from "./desk.ts";
import type { Inquiries } from "./inquiries.ts";
import { askAfterMs } from "./inquiry.ts";
import type { Planner } from "./planner.ts";
import type { RecordingRow } from "./recording-row.ts";
import type { CallKey, CallRow } from "./rows.ts";
import type { LastDay, Living } from "./store.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** How many calls of a channel one round looks at to close, and forgets: the rest is for the next. */
export const maxRound = 200;
/** The least time between two rounds of closing, and between two of forgetting, in ms. */
export const closingMs = minuteMs;
export const roundMs = 10 * minuteMs;
/** The same where the first left old calls for the next. */
export const nextRoundMs = 10_000;
/** The longest time between two rounds of forgetting, as long as anything is kept. */
const maxRoundMs = dayMs;
/** How long what is still owed, or never ended, is kept beyond what it is waited for, in ms. */
export const graceMs = 7 * dayMs;

/** Objects that one request to R2 may delete. */
const maxDeleted = 1000;

export class Housekeeping {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #inquiries: Inquiries;
  /** When the next rounds are due, ms since the epoch: worked out in a round, since that reads many rows. */
  #closeAt = 0;
  #forgetAt: number;

  constructor(desk: Desk, planner: Planner, inquiries: Inquiries) {
    this.#desk = desk;
    this.#planner = planner;
    this.#inquiries = inquiries;
    this.#forgetAt = desk.store.noRoundBefore();
  }

  /** Something was kept, of a channel that is known or not: it may have to be closed, and once to be forgotten. */
  heard(channel: Channel | undefined, now: number): void {
    if (channel) this.#closeAt = Math.min(this.#closeAt, now + patienceMs(channel, "ringing"));
    this.#forgetAt = Math.min(this.#forgetAt, now + maxRoundMs);
  }

  /** Asks after calls whose end never came, closes them and forgets old ones; returns when there is more to do. */
  round(now: number): number | undefined {
    if (now >= this.#closeAt) this.#closeAt = this.#closeSilent(now);
    if (now >= this.#forgetAt) this.#forgetAt = this.#forgetOld(now);
    const next = Math.min(this.#closeAt, this.#forgetAt);
    return Number.isFinite(next) ? next : undefined;
  }

  /** Returns when the next call will have been silent for too long. */
  #closeSilent(now: number): number {
    const { store } = this.#desk;
    let next = Number.POSITIVE_INFINITY;
    for (const channel of this.#desk.channels()) {
      const states: Living[] = ["ringing", "in-progress"];
      const silent = states.flatMap((state) =>
        store.silentCalls(channel.name, state, now - patienceMs(channel, state), now, maxRound),
      );
      for (const key of this.#inquiries.ask(channel, silent, now)) this.#close(channel, key, now);
      for (const state of states)
        next = Math.min(next, store.nextSilent(channel.name, state, patienceMs(channel, state), now) ?? next);
    }
    return Math.max(next, now + closingMs);
  }

  /** Returns when the next round is due: infinitely far away where nothing is kept. */
  #forgetOld(now: number): number {
    const { store } = this.#desk;
    const malformed = store.oldestMalformed();
    const names = new Set([...store.channels(), ...malformed.keys()]);
    if (names.size === 0) return Number.POSITIVE_INFINITY;
    // Durable before anything is deleted: a round that cannot be finished is not begun again and again.
    store.keepNoRoundBefore(now + roundMs);
    let next = now + maxRoundMs;
    for (const name of names) {
      const lastDay = lastDayOf(this.#desk.channel(name), now);
      const old = store.oldCalls(name, lastDay, maxRound);
      if (old.length > 0) this.#desk.goOn(this.#forget(name, old, now));
      if (old.length === maxRound) next = now + nextRoundMs;
      if ((malformed.get(name) ?? now) < lastDay.heardBefore) store.forgetMalformed(name, lastDay.heardBefore);
      const oldest = Math.min(store.oldestCall(name) ?? now, malformed.get(name) ?? now);
      next = Math.min(next, Math.max(oldest + now - lastDay.heardBefore, now + roundMs));
    }
    return next;
  }

  /** What is in R2 goes first: a row that is gone could not lead to it any more. */
  async #forget(channel: string, calls: readonly CallRow[], now: number): Promise<void> {
    try {
      const keys = calls.flatMap((row) => this.#desk.store.recordingsOf(row).flatMap((of) => keysOf(row, of)));
      for (let i = 0; i < keys.length; i += maxDeleted)
        await this.#desk.env.RECORDINGS.delete(keys.slice(i, i + maxDeleted));
      const events = calls.flatMap((row) => this.#forgetOne(row) ?? []);
      const gone = { calls: events.length, events: events.reduce((sum, n) => sum + n, 0) };
      log("info", "retention", { channel, ...gone, recordings: keys.length });
    } catch (error) {
      this.#forgetAt = now + roundMs;
      log("error", "retention", { channel, error: String(error) });
    }
  }

  /** How many events that were; undefined where it goes on, or cannot be forgotten, which keeps no other. */
  #forgetOne(row: CallRow): number | undefined {
    try {
      return this.#desk.together(() =>
        isUntouched(row, this.#desk.store.call(row)) ? this.#desk.store.forget(row) : undefined,
      );
    } catch (error) {
      log("error", "retention", { channel: row.channel, call: row.call, error: String(error) });
      return undefined;
    }
  }

  /** A call that cannot be closed must not keep the others open. */
  #close(channel: Channel, key: CallKey, now: number): void {
    try {
      this.#desk.together(() => {
        this.#desk.store.addEvent(channel.name, unheardEnd(key, now));
        this.#planner.replan(channel, key, now);
      });
    } catch (error) {
      log("error", "unended call", { channel: channel.name, call: key.call, error: String(error) });
    }
  }
}

/** The event that stands for an end that was never heard of; one that is heard after all counts instead. */
export function unheardEnd({ call }: CallKey, now: number) {
  const note = "the PBX never told how the call ended";
  return { call, id: "unheard", ended: "unheard", note, heardAt: now } as const;
}

/** How long a call of the channel may be silent in that state until the PBX is asked, or the call is taken for over. */
function patienceMs({ silence, provider }: Channel, state: Living): number {
  const silenceMs = silence * minuteMs;
  return provider.state ? Math.min(silenceMs, askAfterMs[state]) : silenceMs;
}

/**
 * What was kept of a channel that is configured no more is kept as long as by default. A call that may live, and a recording
 * that may come, are left alone for as long as they are waited for, however short the retention.
 */
function lastDayOf(channel: Channel | undefined, now: number): LastDay {
  const { retention, wait } = channel?.recordings ?? recordingDefaults;
  const keptMs = retention * dayMs;
  const silenceMs = (channel?.silence ?? silenceDefault) * minuteMs;
  const waitMs = wait * 1000 + giveUpAfterMs;
  return {
    heardBefore: now - keptMs,
    owedBefore: now - graceMs,
    waitingBefore: now - Math.max(keptMs, waitMs) - graceMs,
    openBefore: now - Math.max(keptMs, silenceMs) - graceMs,
  };
}

/** Where its audio is in R2; where that is not known, wherever a crash may have left it before it was written down. */
function keysOf({ startedAt }: CallRow, { channel, call, id, part, key }: RecordingRow): readonly string[] {
  return key === undefined ? keysUnder(stemOf(channel, startedAt, call, id, part)) : [key];
}

/** Nothing was heard or made of it meanwhile. */
function isUntouched(before: CallRow, now: CallRow | undefined): boolean {
  return now !== undefined && now.heardAt === before.heardAt && now.dueAt === before.dueAt;
}
