/** The benchmarks run, and what an object is asked stays cheap however much is owed; how many ms it takes is no test. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { benches } from "./index.ts";
import { deeds } from "./inside.ts";
import { costsOf } from "./rows.ts";
import { deadSystem, startStage } from "./stage.ts";
import type { Measured } from "./worker.ts";

/** A list shows 200 calls; whatever else is asked reads a few rows. */
const mostRows = 200 + 50;

test("a benchmark yields its figures", async () => {
  const figures = (await benches.get("card")?.run({ calls: 1, times: 2 }, () => undefined)) ?? [];
  expect(figures).toMatchObject([{ what: "webhook to card" }]);
  expect(figures.map(({ figure, ratio }) => `${figure} ${ratio}`).join()).toMatch(
    /^p50 [\d.]+ ms, p95 [\d.]+ ms [\d.]+$/,
  );
});

test("no deed but stats reads more rows the more calls are owed", async () => {
  const stage = await startStage(deadSystem);
  try {
    await stage.inside(deadSystem, "owe", { from: 0, count: 2 * mostRows });
    const read = new Map<string, number>();
    for (const deed of deeds) {
      const { rowsRead } = await stage.inside<Measured>(deadSystem, "measure", { deed, times: 1 });
      read.set(deed, rowsRead);
    }
    expect([...read].filter(([, rows]) => rows > mostRows).map(([deed]) => deed)).toEqual(["stats"]);
  } finally {
    await stage.close();
  }
});

/** How far a plan's page may be from what is measured: it is measured anew when that is more. */
const tolerance = 0.1;

test("a call writes as many rows as the page on plans says", async () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "plans.md"), "utf8");
  const { calls, downHour } = await costsOf();
  const written = (title: string) => {
    const cells =
      page
        .split("\n")
        .find((line) => line.startsWith(`| ${title} `))
        ?.split("|") ?? [];
    return cells.slice(2, -1).map(Number);
  };
  for (const { title, webhooks, rows, alarms, woken, forgotten } of calls) {
    const measured = [webhooks, rows, alarms, woken, forgotten];
    expect(written(title).map((said, i) => Math.abs(said - (measured[i] ?? 0)) <= tolerance * said)).toEqual(
      measured.map(() => true),
    );
  }
  const hour = Number(/takes (\d+) rows besides/.exec(page)?.[1]);
  expect(Math.abs(downHour - hour)).toBeLessThanOrEqual(tolerance * hour);
});
