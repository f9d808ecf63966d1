/**
 * How many webhooks of a channel are let in: far more than any PBX sends, and few enough that a flood at one channel leaves
 * the object to the others. Counted in memory: an object that is new lets in as many again.
 */

/** Webhooks a second that a channel may send on and on, and how many more at once. */
export const perSecond = 50;
export const burst = 3_000;

/** How full a channel's allowance is, and when it was (ms since the epoch). */
export interface Allowance {
  readonly left: number;
  readonly at: number;
}

/** What is left after one more webhook at `now`, or how many seconds to wait until there is room for one. */
export function admit(before: Allowance | undefined, now: number): Allowance | { readonly retryAfterSeconds: number } {
  const { left, at } = before ?? { left: burst, at: now };
  const filled = Math.min(burst, left + (Math.max(0, now - at) / 1000) * perSecond);
  if (filled >= 1) return { left: filled - 1, at: now };
  return { retryAfterSeconds: Math.max(1, Math.ceil((1 - filled) / perSecond)) };
}
