import { describe, expect, test } from "vitest";
import {
  alive,
  askAfterMs,
  asked,
  exhausted,
  type InquiryRow,
  maxAliveMs,
  maxVain,
  vainWaitMs,
} from "../../src/exchange/inquiry.ts";

const began = Date.UTC(2026, 10, 25, 9);

/** Asks as often as it may, as soon as it may; `answers`: what the PBX says each time. Returns when the call is taken for over. */
function closedAfter(answers: (times: number) => "alive" | "unknown"): { times: number; afterMs: number } {
  let [row, now, times]: [InquiryRow | undefined, number, number] = [undefined, began, 0];
  while (!exhausted(row, now)) {
    row = asked(row, now);
    if (answers(times++) === "alive") row = alive(row, "in-progress", now);
    now = row.dueAt;
  }
  return { times, afterMs: now - began };
}

describe("a call is taken for over", () => {
  test("after three tries in vain, the last of which got its time too", () => {
    expect(closedAfter(() => "unknown")).toEqual({ times: maxVain, afterMs: maxVain * vainWaitMs });
  });

  test("after a day of being alive", () => {
    expect(closedAfter(() => "alive")).toEqual({ times: maxAliveMs / askAfterMs["in-progress"], afterMs: maxAliveMs });
  });

  test("after as many tries in vain, once it was alive", () => {
    const closed = closedAfter((times) => (times === 0 ? "alive" : "unknown"));
    expect(closed).toEqual({ times: 1 + maxVain, afterMs: askAfterMs["in-progress"] + maxVain * vainWaitMs });
  });

  test("after a day even where every other try is in vain", () => {
    const { afterMs } = closedAfter((times) => (times % 2 === 0 ? "alive" : "unknown"));
    expect(afterMs).toBeGreaterThanOrEqual(maxAliveMs);
    expect(afterMs).toBeLessThan(maxAliveMs + askAfterMs["in-progress"]);
  });
});

test("an inquiry counts when it leaves, so that a crash cannot ask without end", () => {
  const row = asked(asked(asked(undefined, began), began), began);
  expect(exhausted(row, began)).toBe(true);
});

test("a call that was not asked after may be", () => {
  expect(exhausted(undefined, began)).toBe(false);
});
