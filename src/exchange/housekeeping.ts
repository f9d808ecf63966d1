/** What time does to calls: those whose end never came are asked after and taken for over, old ones are forgotten. */
import type { HeardEvent } from "../calls/event.ts";
import type { Channel } from "../config/channels.ts";
import { log } from "../log.ts";
import type { Desk } from "./desk.ts";
import type { Inquiries } from "./inquiries.ts";
import type { Planner } from "./planner.ts";
import type { CallKey, CallRow } from "./rows.ts";
import type { Store } from "./store.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** How many calls of a channel one round looks at to close, and forgets: the rest is for the next. */
export const maxRound = 200;
/** The least time between two rounds, in ms, and between those of which the first left old calls for the next. */
export const roundMs = 10 * minuteMs;
export const nextRoundMs = 10_000;

/** Objects that one request to R2 may delete. */
const maxDeleted = 1000;

export class Housekeeping {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #inquiries: Inquiries;
  /** When the next round is due, ms since the epoch: worked out in a round, since that reads many rows. */
  #nextAt = 0;

  constructor(desk: Desk, planner: Planner, inquiries: Inquiries) {
    this.#desk = desk;
    this.#planner = planner;
    this.#inquiries = inquiries;
  }

  /** A call of the channel was heard of: it may have to be closed once it was silent for long enough. */
  heard(channel: Channel, now: number): void {
    this.#nextAt = Math.min(this.#nextAt, now + channel.silence * minuteMs);
  }

  /** Asks after calls whose end never came, closes them and forgets old ones; returns when there is more to do. */
  round(now: number): number | undefined {
    if (now >= this.#nextAt) {
      const channels = this.#desk.channels();
      let more = false;
      for (const channel of channels) {
        const unasked = this.#inquiries.ask(channel, overdue(this.#desk.store, channel, now), now);
        for (const key of unasked) this.#close(channel, key, now);
        const old = expired(this.#desk.store, channel, now);
        if (old.length > 0) this.#desk.goOn(this.#forget(channel, old, now));
        more ||= old.length === maxRound;
      }
      const next = nextRound(this.#desk.store, channels, now) ?? Number.POSITIVE_INFINITY;
      this.#nextAt = more ? now + nextRoundMs : Math.max(next, now + roundMs);
    }
    return Number.isFinite(this.#nextAt) ? this.#nextAt : undefined;
  }

  /** What is in R2 goes first: a row that is gone could not lead to it any more. */
  async #forget(channel: Channel, calls: readonly CallKey[], now: number): Promise<void> {
    try {
      const keys = calls.flatMap((key) => this.#desk.store.recordingsOf(key).flatMap((row) => row.key ?? []));
      for (let i = 0; i < keys.length; i += maxDeleted)
        await this.#desk.env.RECORDINGS.delete(keys.slice(i, i + maxDeleted));
      const before = now - channel.recordings.retention * dayMs;
      const gone = this.#desk.together(() => {
        const rows = calls.flatMap((key) => this.#desk.store.call(key) ?? []);
        const still = rows.filter(({ heardAt, dueAt }) => heardAt < before && dueAt === undefined);
        const events = still.reduce((sum, key) => sum + this.#desk.store.forget(key), 0);
        this.#desk.store.forgetMalformed(channel.name, before);
        return { calls: still.length, events };
      });
      log("info", "retention", { channel: channel.name, ...gone, recordings: keys.length });
    } catch (error) {
      this.#nextAt = now + roundMs;
      log("error", "retention", { channel: channel.name, error: String(error) });
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

/** The event that stands for an end that was never heard of. */
function unheardEnd({ call }: CallKey, now: number): HeardEvent {
  const note = "the PBX never told how the call ended";
  return { call, id: "unheard", ended: "unheard", note, heardAt: now };
}

/** Calls of the channel that were silent for too long without an end. */
function overdue(store: Store, channel: Channel, now: number): CallRow[] {
  return store.overdueCalls(channel.name, now - channel.silence * minuteMs, now, maxRound);
}

/** Calls that are older than the channel keeps them and owe nothing any more. */
function expired(store: Store, channel: Channel, now: number): CallKey[] {
  return store.oldCalls(channel.name, now - channel.recordings.retention * dayMs, maxRound);
}

/** When the next round has something to do; undefined where no call is left. */
function nextRound(store: Store, channels: Iterable<Channel>, now: number): number | undefined {
  const times = [...channels].flatMap((channel) => {
    const oldest = store.oldestCall(channel.name);
    return [
      store.nextOverdue(channel.name, channel.silence * minuteMs, now) ?? [],
      oldest === undefined ? [] : oldest + channel.recordings.retention * dayMs,
    ].flat();
  });
  return times.length > 0 ? Math.min(...times) : undefined;
}
