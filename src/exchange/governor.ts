/**
 * How much may be sent to a system: its limit is for all clients together, and one request too many blocks them all for
 * 20 minutes. Every request is counted in a sliding minute before it leaves, and the count outlives a restart.
 */

export interface Governor {
  /** When each request of the last minute left, ms since the epoch, oldest first. */
  readonly sent: readonly number[];
  /** What the system's last answer said: its limit, how much of it others had used, and when that request left. */
  readonly heard?: { readonly limit: number; readonly others: number; readonly at: number };
  /** When the last request left that was answered, whatever the answer told. */
  readonly answeredAt?: number;
  /** Nothing is sent before this time. */
  readonly pausedUntil?: number;
  readonly pausedBecause?: string;
}

export const idle: Governor = { sent: [] };

/** A minute and a second: requests may take unevenly long to arrive. */
export const windowMs = 61_000;
const surelyCountedMs = 59_000;
/** The documented limit, until an answer tells another. */
export const assumedLimit = 300;
/** How much of the limit is left to the user's other clients, and at least how many requests: ours may be under way. */
const reserveShare = 0.1;
const minReserve = 4;
/** How far apart requests are while no answer of the last minute tells how much others use, in ms. */
const blindGapMs = 1_000;
/** How long a block lasts where the system does not say, in ms. */
export const blockMs = 20 * 60_000;
/** How much of what is ours is used in the first minute after a pause, in the second and so on; then all of it. */
const slowStart = [0.25, 0.5, 0.75] as const;

/** How long to wait before the next request may be sent, in ms; 0 for at once. `rpm`: the channel's own setting. */
export function waitMs(governor: Governor, now: number, rpm: number | undefined): number {
  const paused = Math.max(0, (governor.pausedUntil ?? 0) - now);
  const sent = governor.sent.filter((at) => at > now - windowMs);
  const blind = (governor.answeredAt ?? 0) <= now - windowMs;
  if (blind && now - (sent.at(-1) ?? 0) < blindGapMs) return Math.max(paused, (sent.at(-1) ?? 0) + blindGapMs - now);
  const allowed = allowance(governor, sent, now, rpm);
  if (allowed > 0) return paused;
  // Room comes when our oldest request leaves the window, or when what was said of others' requests grows old.
  const oldest = [...sent, governor.heard?.at ?? now].filter((at) => at > now - windowMs);
  return Math.max(paused, Math.min(now, ...oldest) + windowMs - now);
}

/** How many requests may be sent right now: what is left of the limit once the reserve, others and ourselves had theirs. */
function allowance(governor: Governor, sent: readonly number[], now: number, rpm: number | undefined): number {
  const { heard, pausedUntil } = governor;
  const limit = heard?.limit ?? assumedLimit;
  const reserve = Math.max(Math.ceil(limit * reserveShare), minReserve);
  const share = Math.min(rpm ?? limit - reserve, limit) * started(pausedUntil, now);
  const ours = Math.max(1, Math.floor(share)) - sent.length;
  if (!heard || heard.at <= now - windowMs) return ours;
  return Math.min(ours, limit - reserve - heard.others - sent.length);
}

/** How much of our share may be used so long after a pause, in (0, 1]. */
function started(pausedUntil: number | undefined, now: number): number {
  if (pausedUntil === undefined) return 1;
  return slowStart[Math.max(0, Math.floor((now - pausedUntil) / windowMs))] ?? 1;
}

/** A request leaves now. */
export function spend(governor: Governor, now: number): Governor {
  return { ...governor, sent: [...governor.sent.filter((at) => at > now - windowMs), now] };
}

/**
 * What an answer said of the limit (`X-Rate-Limit`, `X-Rate-Limit-Remaining`) to a request that left at `sentAt`. What the
 * system counted and we did not send is others'; of ours it surely counted those of the last 59 seconds.
 */
export function learn(
  governor: Governor,
  rate: { limit: number; remaining: number } | undefined,
  sentAt: number,
): Governor {
  const { heard } = governor;
  const answered = { ...governor, answeredAt: Math.max(governor.answeredAt ?? 0, sentAt) };
  if (!rate || (heard && heard.at > sentAt)) return answered;
  const counted = governor.sent.filter((at) => at > sentAt - surelyCountedMs && at < sentAt).length + 1;
  const others = Math.max(0, rate.limit - rate.remaining - counted);
  const most = heard?.at === sentAt ? Math.max(heard.others, others) : others;
  return { ...answered, heard: { limit: rate.limit, others: most, at: sentAt } };
}

/** The system is to be left alone: for as long as it says, but a minute at least, otherwise for as long as its block lasts. */
export function pause(governor: Governor, now: number, because: string, forMs = blockMs): Governor {
  const until = Math.max(governor.pausedUntil ?? 0, now + Math.max(forMs, windowMs));
  return { ...governor, pausedUntil: until, pausedBecause: because };
}
