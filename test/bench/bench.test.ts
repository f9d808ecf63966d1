/** The benchmarks run, and what an object is asked stays cheap however much is owed; how many ms it takes is no test. */
import { expect, test } from "vitest";
import { benches } from "./index.ts";
import { deeds } from "./inside.ts";
import { deadSystem, startStage } from "./stage.ts";
import type { Measured } from "./worker.ts";

/** A list shows 200 calls; whatever else is asked reads a few rows. */
const mostRows = 200 + 50;

/** The modelled day has a test of its own, and a flood would take the machine from the other tests. */
const quiet = [...benches].filter(([name]) => name !== "day" && name !== "flood");

test.each(quiet)("%s yields its figures", async (_, bench) => {
  const figures = await bench.run({ calls: 90, times: 1 }, () => undefined);
  expect(figures.length).toBeGreaterThan(0);
  expect(figures.filter(({ figure, ratio }) => /NaN|Infinity/.test(`${figure} ${ratio}`))).toEqual([]);
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
