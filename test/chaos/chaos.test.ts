/** A small run of `npm run chaos`, and proof that it can fail: without a mechanism the books show the loss. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { entriesOf, type Ledger, type Wrong } from "./ledger.ts";
import { campaign } from "./many.ts";
import { proofs, sabotageOf } from "./proofs.ts";
import type { Plan } from "./run.ts";
import { type Sabotage, sabotaged, sabotages } from "./sabotage.ts";

async function books(plan: Plan, without?: readonly Sabotage[]): Promise<Ledger | undefined> {
  const ledgers: Ledger[] = [];
  const { signal } = new AbortController();
  const shared = { plans: [plan], without, jobs: 1, signal, progress: () => undefined };
  await campaign(shared, (ledger) => ledgers.push(ledger));
  return ledgers[0];
}

test("the books balance after a run in which everything fails and Trunkline is killed", async () => {
  const ledger = await books({ seed: 1, calls: 40, faults: 0.3, kills: 1 });
  expect(ledger && entriesOf(ledger)).toEqual([]);
  expect(ledger?.tickets).toBeGreaterThan(35);
  expect(ledger?.recordings).toBeGreaterThan(0);
  expect(ledger?.forged).toBeGreaterThan(0);
  expect(ledger?.kills).toBeGreaterThan(0);
  expect(Object.keys(ledger?.faults ?? {})).toEqual(
    expect.arrayContaining([
      "webhook sent twice",
      "webhook overtaken",
      "worker evicted",
      "worker configured anew, supportKey",
      "operator replayed",
      "storage refused a write",
    ]),
  );
});

test.each<[mechanism: string, shows: Wrong, plan: Plan]>([
  ["checking signatures", "forged accepted", { seed: 1, calls: 10, faults: 0, kills: 0 }],
  ["asking before a second create", "doubled", { seed: 1, calls: 20, faults: 0.6, kills: 0 }],
  ["another try after an unknown outcome", "left owed", { seed: 1, calls: 20, faults: 0.6, kills: 0 }],
])("without %s the books show: %s", async (mechanism, shows, plan) => {
  const ledger = await books(
    plan,
    sabotages.filter(({ name }) => name === mechanism),
  );
  expect(ledger?.found[shows].length).toBeGreaterThan(0);
});

test.each(proofs.filter(({ without }) => without !== undefined))("$kind: its proof is there to be run", (proof) => {
  expect(sabotageOf(proof)?.shows.some((wrong) => proof.shows.includes(wrong))).toBe(true);
});

test.each(sabotages.map((sabotage) => [sabotage.name, sabotage] as const))(
  "%s is still where it can be cut out",
  (_name, sabotage) => {
    const source = readFileSync(join(import.meta.dirname, "..", "..", "src", sabotage.file), "utf8");
    expect(sabotaged(source, sabotage)).not.toBe(source);
  },
);
