/** The benchmarks run, and what an object is asked stays cheap however much is owed; how many ms it takes is no test. */
import { expect, test } from "vitest";
import { benches } from "./index.ts";
import { deeds } from "./inside.ts";
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
