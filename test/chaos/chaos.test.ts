/** A small run of `npm run chaos`. */
import { expect, test } from "vitest";
import { wrongs } from "./ledger.ts";
import { run } from "./run.ts";

test("the books balance after a run in which everything fails and Trunkline is killed", async () => {
  const ledger = await run({ seed: 1, calls: 40, faults: 0.3, kills: 1 });
  expect(ledger.found).toEqual(Object.fromEntries(wrongs.map((wrong) => [wrong, []])));
  expect(ledger.kills).toBe(1);
  expect(Object.keys(ledger.faults).length).toBeGreaterThan(3);
});
