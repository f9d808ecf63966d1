/** A day of two hours of a limit that another client takes half of: what the figures of the benchmark rest on. */
import { expect, test } from "vitest";
import { classes } from "../../src/exchange/outbox.ts";
import { playDay } from "../bench/day-model.ts";

test.each([0.5, 2])(
  "a busy hour of %d times the limit never gets the helpdesk blocked, and in the end it knows all",
  (load) => {
    const day = playDay({ limit: 300, load, seed: 1, hours: 2 });
    expect(day).toMatchObject({ blocks: 0, owed: 0 });
    expect(day.most).toBeLessThanOrEqual(300);
    expect(day.requests).toBeLessThan(day.webhooks);
  },
);

test("cards go first: while all else waits for minutes, half of them pop up within seconds", () => {
  const { cardDelays, longest } = playDay({ limit: 300, load: 2, seed: 2, hours: 1 });
  expect(cardDelays[Math.floor(cardDelays.length / 2)]).toBeLessThan(6_000);
  expect(longest.get(classes.recording)).toBeGreaterThan(10 * 60_000);
});
