/** Where the data lies: workerd on its own has no jurisdictions, so that the platform's namespace is stood in for here. */
import { expect, test } from "vitest";
import type { Env } from "../../src/env.ts";
import { exchangeAt } from "../../src/exchange/at.ts";

const named = (jurisdiction: string) => ({
  getByName: (name: string) => `${name} in ${jurisdiction}`,
  jurisdiction: (other: string) => named(other),
});

test.each([
  [undefined, "https://help.example in anywhere"],
  ["", "https://help.example in anywhere"],
  ["eu", "https://help.example in eu"],
  [" us\n", "https://help.example in us"],
])("with the jurisdiction %j the Exchange is that of %s", (JURISDICTION, found) => {
  const env = { EXCHANGE: named("anywhere"), JURISDICTION } as unknown as Env;
  expect(exchangeAt(env, "https://help.example")).toBe(found);
});
