/** A small run of `npm run fuzz`. */
import { expect, test } from "vitest";
import { accounts, run } from "./run.ts";

test.each([...accounts.keys()])("2,500 mutants of the webhooks of %s find nothing", async (provider) => {
  const { sent, answers, findings } = await run({ provider, webhooks: 2_500, seed: 20261125 });
  expect(findings).toEqual([]);
  expect(sent.forged).toBeGreaterThan(1_500);
  expect(sent.genuine).toBeGreaterThan(300);
  expect(Object.keys(answers.genuine)).toEqual(expect.arrayContaining(["200", "400", "405"]));
  expect(Object.keys(answers.forged)).toEqual(expect.arrayContaining(["403", "404", "405", "413", "415"]));
});
