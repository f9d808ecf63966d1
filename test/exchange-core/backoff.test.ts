import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoff, giveUpAfterMs, maxWaitMs, recordingBackoff } from "../../src/exchange/backoff.ts";

const hourMs = 60 * 60_000;

describe("the wait before a retry", () => {
  test.each([
    [1, 2_000],
    [2, 4_000],
    [3, 8_000],
    [10, 1_024_000],
    [12, hourMs],
    [1_000, hourMs],
  ])("has, for retry %d, a ceiling of %d ms", (attempt, ceiling) => {
    expect(backoff(attempt, 0.999999)).toBeCloseTo(ceiling, -4);
    expect(backoff(attempt, 0.5)).toBe(ceiling / 2);
    expect(backoff(attempt, 0)).toBe(0);
  });

  test("is never more than an hour, and never less than nothing", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const wait = backoff(attempt, random);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(maxWaitMs);
        },
      ),
    );
  });
});

test("a delivery is tried again for three days, an hour apart at most", () => {
  expect([giveUpAfterMs, maxWaitMs]).toEqual([72 * hourMs, hourMs]);
});

test("a recording that is not ready is asked for soon, then ever later, then every three minutes", () => {
  const waits = Array.from({ length: 20 }, (_, i) => recordingBackoff(i + 1));
  expect(waits.slice(0, 3)).toEqual([5_000, 10_000, 15_000]);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits.at(-1)).toBe(180_000);
});
