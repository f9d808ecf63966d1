import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acquitted, freed } from "../../src/exchange/freed.ts";
import { type Told, untold } from "../../src/exchange/told.ts";

const now = Date.UTC(2026, 8, 1, 9, 0, 0);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const failing = (attempt: number, waitMs: number, more: Partial<Told> = {}): Told => ({
  ...untold,
  attempt,
  notBefore: now + waitMs,
  ...more,
});

/** When the last call before got through. */
const since = now - 2 * hourMs;

const stuck: Told = failing(4, 0, { notBefore: Number.MAX_SAFE_INTEGER, refusals: 4, failingSince: now - hourMs });

describe("what waits for the whole", () => {
  test.each<[string, Told, number | undefined]>([
    ["goes out soon where it was told to wait for an hour", failing(1, hourMs), 17_000],
    ["waits for no longer than its own failures are worth", failing(5, hourMs), 47_000],
    ["waits on where that is as long", failing(12, hourMs), undefined],
    ["waits on where it is soon", failing(1, 30_000), undefined],
    ["waits on where it did not fail", failing(0, hourMs), undefined],
    ["waits for the operator where it was given up on", failing(80, 0, { notBefore: stuck.notBefore }), undefined],
  ])("%s", (_, told, waitMs) => {
    expect(freed(told, since, now, 1)?.notBefore).toBe(waitMs === undefined ? undefined : now + waitMs);
  });

  test("has no failures of its own where nothing else got through meanwhile either", () => {
    expect(freed(failing(12, hourMs, { failingSince: since }), since, now, 1)?.notBefore).toBe(now + 17_000);
    expect(freed(failing(12, hourMs, { failingSince: since - 1 }), since, now, 1)).toBeUndefined();
  });

  test("is not tried more often than a dozen times an hour, however often others free it, and fails again", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(minuteMs), fc.double({ min: 0, max: 0.999, noNaN: true }))), (turns) => {
        let [told, at, tries] = [failing(1, hourMs), now, 0];
        for (const [pass, random] of turns) {
          at += pass;
          told = freed(told, at, at, random) ?? told;
          if ((told.notBefore ?? 0) > at) continue;
          tries++;
          told = { ...told, attempt: told.attempt + 1, notBefore: at + hourMs };
        }
        expect(tries).toBeLessThanOrEqual(12 + (at - now) / hourMs);
      }),
    );
  });
});

describe("once a channel is welcome again", () => {
  test("calls that its refusals got stuck go out, and their own refusals count anew", () => {
    expect(acquitted(stuck, since, now, 0)).toEqual({
      ...stuck,
      notBefore: now + 15_000,
      refusals: undefined,
      failingSince: undefined,
    });
  });

  test("so do those that wait for long", () => {
    expect(acquitted(failing(2, 2 * minuteMs, { refusals: 2 }), since, now, 0)).toMatchObject({
      notBefore: now + 15_000,
      refusals: undefined,
    });
  });

  test("what is stuck for another reason stays so", () => {
    expect(acquitted({ ...stuck, refusals: undefined }, since, now, 0)).toBeUndefined();
    expect(acquitted({ ...stuck, refusals: 3 }, since, now, 0)).toBeUndefined();
    expect(freed(stuck, since, now, 0)).toBeUndefined();
  });

  test("so does what was refused already while others of the channel were not", () => {
    expect(acquitted({ ...stuck, failingSince: since - 1 }, since, now, 0)).toBeUndefined();
  });
});
