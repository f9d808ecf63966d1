/** What is learnt of the whole frees the parts: what waited for it goes out soon once it serves another call. */
import { backoff, longestBackoff } from "./backoff.ts";
import { maxRefusals } from "./settle.ts";
import { never, type Told } from "./told.ts";

/** A shorter wait than this is not cut short, in ms. */
export const shortMs = 30_000;
/** The least that a freed call waits, in ms: the system may still be at work on its last form. */
const leastMs = 15_000;

/**
 * `told` of a call that waits for longer than its own failures are worth, so that it waits for no longer than that from
 * `now` on (ms since the epoch), `random` in [0, 1); undefined where it does not. So a poisoned call is not tried more
 * often than any other that fails, however often others free it. One that failed only `since` then, while nothing else got
 * through, has none of its own.
 */
export function freed(told: Told, since: number, now: number, random: number): Told | undefined {
  const { attempt, notBefore, failingSince = 0 } = told;
  if (notBefore === undefined || notBefore === never || attempt === 0) return undefined;
  const own = failingSince < since ? attempt : 1;
  if (notBefore <= now + Math.max(shortMs, longestBackoff(own))) return undefined;
  return { ...told, notBefore: soon(own, now, random) };
}

/**
 * The same for a call of a channel: refusals while nothing else of it got through were none of the call's own, and it need
 * not be stuck.
 */
export function acquitted(told: Told, since: number, now: number, random: number): Told | undefined {
  const stuck = told.notBefore === never && (told.refusals ?? 0) >= maxRefusals;
  if (stuck && (told.failingSince ?? since) < since) return undefined;
  const notBefore = stuck ? soon(1, now, random) : freed(told, since, now, random)?.notBefore;
  if (notBefore === undefined) return undefined;
  return { ...told, notBefore, refusals: undefined, failingSince: stuck ? undefined : told.failingSince };
}

function soon(attempt: number, now: number, random: number): number {
  return now + leastMs + backoff(attempt, random);
}
