/** Where the data lies: workerd on its own has no jurisdictions, so that the platform's namespace is stood in for here. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

test("there is one way to an Exchange, and no other", () => {
  const root = join(import.meta.dirname, "..", "..");
  const asking = globSync("src/**/*.ts", { cwd: root }).filter((file) =>
    /\b(getByName|idFromName|newUniqueId)\b/.test(readFileSync(join(root, file), "utf8")),
  );
  expect(asking).toEqual([join("src", "exchange", "at.ts")]);
});
