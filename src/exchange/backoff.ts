/** How long to wait before a retry. */

/** The longest wait between two tries, in ms. */
export const maxWaitMs = 60 * 60_000;
const firstCeilingMs = 2_000;

/** How long a delivery is tried again before it is left to the operator, in ms. */
export const giveUpAfterMs = 72 * 60 * 60_000;

/**
 * How long to wait before retry `attempt` (from 1), in ms: full jitter under a doubling ceiling of at most an hour.
 * `random` is in [0, 1). A `Retry-After` that is longer wins over this.
 */
export function backoff(attempt: number, random: number): number {
  return Math.round(random * longestBackoff(attempt));
}

/** The longest that `backoff` may be, in ms. */
export function longestBackoff(attempt: number): number {
  return Math.min(maxWaitMs, firstCeilingMs * 2 ** Math.min(attempt - 1, 30));
}

/** The waits of a recording that is not ready: short first, since most take seconds. In ms. */
const recordingWaitsMs = [5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 180_000] as const;

export function recordingBackoff(attempt: number): number {
  return recordingWaitsMs[Math.min(attempt, recordingWaitsMs.length) - 1] ?? recordingWaitsMs[0];
}
