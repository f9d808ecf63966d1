import { expect, test } from "vitest";
import { type Allowance, admit, burst, perSecond } from "../../src/exchange/admission.ts";

const start = Date.UTC(2026, 8, 1, 9, 0, 0);

/** How many of `count` webhooks at `now` are let in, and the allowance after them. */
function flood(count: number, now: number, before?: Allowance): { admitted: number; after?: Allowance } {
  let [admitted, after] = [0, before];
  for (let i = 0; i < count; i++) {
    const answer = admit(after, now);
    if ("left" in answer) [admitted, after] = [admitted + 1, answer];
  }
  return { admitted, after };
}

test("a channel's burst is let in, and what is beyond is told to come again in a second", () => {
  const { admitted, after } = flood(2 * burst, start);
  expect(admitted).toBe(burst);
  expect(admit(after, start)).toEqual({ retryAfterSeconds: 1 });
});

test("a flood that goes on gets its share and no more", () => {
  const { after } = flood(burst, start);
  const later = flood(10_000, start + 10_000, after);
  expect(later.admitted).toBe(10 * perSecond);
});

test("after a pause there is room for a burst again, and for no more", () => {
  const { after } = flood(burst, start);
  expect(flood(2 * burst, start + 24 * 60 * 60_000, after).admitted).toBe(burst);
});

test("a clock that goes back gives nothing and takes nothing", () => {
  const { after } = flood(burst - 1, start);
  expect(flood(5, start - 60_000, after).admitted).toBe(1);
});
