/** What time does to calls: those whose end never came are taken for over, old ones are forgotten. */
import type { HeardEvent } from "../calls/event.ts";
import type { Channel } from "../config/channels.ts";
import type { CallKey, Store } from "./store.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** How many calls of a channel one round closes, and forgets: the rest is for the next. */
export const maxRound = 200;
/** The least time between two rounds, in ms. */
export const roundMs = 10 * minuteMs;

/** The event that stands for an end that was never heard of. */
export function unheardEnd({ call }: CallKey, now: number): HeardEvent {
  const note = "the PBX never told how the call ended";
  return { call, id: "unheard", ended: "unheard", note, heardAt: now };
}

/** Calls of the channel that were silent for too long without an end. */
export function overdue(store: Store, channel: Channel, now: number): CallKey[] {
  return store.silentCalls(channel.name, now - channel.silence * minuteMs, true, maxRound);
}

/** Calls that are older than the channel keeps them and owe nothing any more. */
export function expired(store: Store, channel: Channel, now: number): CallKey[] {
  return store.silentCalls(channel.name, now - channel.recordings.retention * dayMs, false, maxRound);
}

/** When the next round has something to do; undefined where no call is left. */
export function nextRound(store: Store, channels: Iterable<Channel>): number | undefined {
  const times = [...channels].flatMap((channel) => {
    const open = store.longestSilence(channel.name, true);
    const oldest = store.longestSilence(channel.name, false);
    return [
      ...(open === undefined ? [] : [open + channel.silence * minuteMs]),
      ...(oldest === undefined ? [] : [oldest + channel.recordings.retention * dayMs]),
    ];
  });
  return times.length > 0 ? Math.min(...times) : undefined;
}
