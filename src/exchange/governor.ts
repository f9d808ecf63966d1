/**
 * How much may be sent to a system: its limit is for all clients together, and one request too many blocks them all for
 * 20 minutes. Every request is counted in a sliding minute before it leaves, and the count outlives a restart.
 */

export interface Governor {
  /** When each request of the last minute left, ms since the epoch, oldest first. */
  readonly sent: readonly number[];
  /** What the system's last answer said: its limit, what was left of it, and when that was. */
  readonly heard?: { readonly limit: number; readonly remaining: number; readonly at: number };
  /** Nothing is sent before this time. */
  readonly pausedUntil?: number;
  readonly pausedBecause?: string;
}

export const idle: Governor = { sent: [] };

/** A minute and a second: requests may take unevenly long to arrive. */
export const windowMs = 61_000;
/** The documented limit, until an answer tells another. */
export const assumedLimit = 300;
/** How much of the limit is left to the user's other clients. */
const reserveShare = 0.1;
/** How long a block lasts where the system does not say, in ms. */
export const blockMs = 20 * 60_000;

/** How long to wait before the next request may be sent, in ms; 0 for at once. `rpm`: the channel's own setting. */
export function waitMs(governor: Governor, now: number, rpm: number | undefined): number {
  const paused = Math.max(0, (governor.pausedUntil ?? 0) - now);
  const sent = governor.sent.filter((at) => at > now - windowMs);
  const allowed = allowance(governor, sent, now, rpm);
  if (allowed > 0) return paused;
  // Room comes when our oldest request leaves the window, or when what was said of others' requests grows old.
  const oldest = [...sent, governor.heard?.at ?? now].filter((at) => at > now - windowMs);
  return Math.max(paused, Math.min(now, ...oldest) + windowMs - now);
}

/** How many requests may be sent right now. */
function allowance(governor: Governor, sent: readonly number[], now: number, rpm: number | undefined): number {
  const limit = governor.heard?.limit ?? assumedLimit;
  const reserve = Math.ceil(limit * reserveShare);
  const ours = Math.max(1, Math.min(rpm ?? limit - reserve, limit)) - sent.length;
  const { heard } = governor;
  if (!heard || heard.at <= now - windowMs) return ours;
  // What others leave us: the rest that the last answer told of, less what we sent since, less the reserve.
  const sinceHeard = Math.max(0, sent.filter((at) => at >= heard.at).length - 1);
  return Math.min(ours, heard.remaining - sinceHeard - reserve);
}

/** A request leaves now. */
export function spend(governor: Governor, now: number): Governor {
  return { ...governor, sent: [...governor.sent.filter((at) => at > now - windowMs), now] };
}

/** What an answer said of the limit (`X-Rate-Limit`, `X-Rate-Limit-Remaining`) of a request that left at `sentAt`. */
export function learn(
  governor: Governor,
  rate: { limit: number; remaining: number } | undefined,
  sentAt: number,
): Governor {
  if (!rate || (governor.heard && governor.heard.at > sentAt)) return governor;
  const least = governor.heard?.at === sentAt ? Math.min(governor.heard.remaining, rate.remaining) : rate.remaining;
  return { ...governor, heard: { ...rate, remaining: least, at: sentAt } };
}

/** The system is to be left alone: for as long as it says, but a minute at least, otherwise for as long as its block lasts. */
export function pause(governor: Governor, now: number, because: string, forMs = blockMs): Governor {
  const until = Math.max(governor.pausedUntil ?? 0, now + Math.max(forMs, windowMs));
  return { ...governor, pausedUntil: until, pausedBecause: because };
}
