/**
 * Is the system there at all? While it is not, one request at a time asks, instead of one after another for every call
 * that waits; the first answer ends that, so that what piled up goes out then and not an hour later. Remembered while the
 * object lives: another would find out by itself.
 */
import type { Outcome } from "../system/outcome.ts";

export interface Outage {
  /** How many forms in a row nothing is known of, each another call's, and of which calls they were. */
  readonly failed: number;
  readonly calls: readonly string[];
  /** Nothing is sent before then (ms since the epoch). */
  readonly until?: number;
}

export const noOutage: Outage = { failed: 0, calls: [] };

/** How many calls' forms in a row may fail until the system is taken to be down. */
const maxFailed = 5;
/** How far apart tries are while it is down: doubling from the first to the second, with jitter, in ms. */
const probeMs = [2_000, 60_000] as const;
/** How long a `Retry-After` is heeded for all calls, in ms: to ask once more costs one request. */
const maxHeededMs = 10 * 60_000;
/** The longest that a call waits for its next try while the system is down, in ms. */
export const maxDownWaitMs = probeMs[1];

export function isDown({ failed }: Outage): boolean {
  return failed >= maxFailed;
}

/** `outage` after a form of `call` came to an outcome at `now` (ms since the epoch); `random` in [0, 1). */
export function noted(outage: Outage, outcome: Outcome, call: string, now: number, random: number): Outage {
  if (outcome.kind === "no-file" || outcome.kind === "unsent") return outage;
  // Whatever it says, it is there.
  if (outcome.kind !== "unknown") return noOutage;
  // A few calls that it cannot take are no outage, but once it is down every failed try counts.
  if (outage.calls.includes(call) && !isDown(outage)) return outage;
  const failed = outage.failed + 1;
  const ceiling = Math.min(probeMs[1], probeMs[0] * 2 ** Math.min(failed - maxFailed, 10));
  const wait = Math.max(Math.round(ceiling * (0.5 + random / 2)), Math.min(outcome.waitMs ?? 0, maxHeededMs));
  const calls = isDown(outage) ? outage.calls : [...outage.calls, call];
  return { failed, calls, until: failed < maxFailed ? undefined : now + wait };
}
