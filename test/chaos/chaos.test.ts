/** A small run of `npm run chaos`. */
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Build, build } from "./build.ts";
import { wrongs } from "./ledger.ts";
import { folder, run } from "./run.ts";

let at: string;
let built: Build;

beforeAll(async () => {
  at = await folder();
  built = await build(at);
});

afterAll(() => rm(at, { recursive: true, force: true }));

test("the books balance after a run in which everything fails and Trunkline is killed", async () => {
  const ledger = await run({ seed: 1, calls: 40, faults: 0.3, kills: 1 }, built);
  expect(ledger.found).toEqual(Object.fromEntries(wrongs.map((wrong) => [wrong, []])));
  expect(ledger.kills).toBe(1);
  expect(Object.keys(ledger.faults).length).toBeGreaterThan(3);
});
