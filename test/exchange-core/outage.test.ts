import { describe, expect, test } from "vitest";
import { isDown, maxDownWaitMs, noOutage, noted, type Outage } from "../../src/exchange/outage.ts";
import type { Outcome } from "../../src/system/outcome.ts";
import { delivered, unknown } from "./steps.ts";

const now = Date.UTC(2026, 8, 1, 9, 0, 0);

/** After forms of these calls came to nothing known. */
function failing(calls: readonly string[], outage: Outage = noOutage): Outage {
  return calls.reduce((before, call) => noted(before, unknown, call, now, 0.999), outage);
}

const five = ["a", "b", "c", "d", "e"];

describe("the system is taken to be down", () => {
  test("once forms of five calls in a row came to nothing known", () => {
    expect(isDown(failing(five.slice(0, 4)))).toBe(false);
    expect(isDown(failing(five))).toBe(true);
  });

  test("not for a few calls that it cannot take", () => {
    expect(isDown(failing(Array(50).fill("a")))).toBe(false);
    expect(isDown(failing(Array(50).fill(["a", "b", "c", "d"]).flat()))).toBe(false);
  });

  test.each<[string, Outcome]>([
    ["delivers", delivered],
    ["refuses", { kind: "refused", status: 422, why: "422" }],
    ["turns us away", { kind: "unwelcome", why: "403" }],
    ["blocks us", { kind: "limited", own: true, why: "429" }],
  ])("no more as soon as it %s", (_, outcome) => {
    expect(noted(failing(five), outcome, "f", now, 0.5)).toEqual(noOutage);
  });

  test("all the same where only a file of ours is gone", () => {
    expect(isDown(noted(failing(five), { kind: "no-file", why: "gone" }, "f", now, 0.5))).toBe(true);
  });
});

describe("while it is down", () => {
  test("it is asked ever more seldom, once a minute at least", () => {
    let outage = failing(five);
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      waits.push((outage.until ?? 0) - now);
      outage = failing(["a"], outage);
    }
    expect(waits.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 15_996].map((ms) => expect.closeTo(ms, -2)));
    expect(Math.max(...waits)).toBeLessThanOrEqual(maxDownWaitMs);
  });

  test("a longer Retry-After counts instead, for so long as it is worth", () => {
    expect(noted(failing(five), { ...unknown, waitMs: 300_000 }, "f", now, 0).until).toBe(now + 300_000);
    expect(noted(failing(five), { ...unknown, waitMs: 86_400_000 }, "f", now, 0).until).toBe(now + 600_000);
  });
});
