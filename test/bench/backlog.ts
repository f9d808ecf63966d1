/** How an object answers while more and more calls are owed to a system that is out of reach. */
import { type Bench, type Figure, grouped } from "./figures.ts";
import { askAll, sizes } from "./inside.ts";
import { deadSystem, startStage } from "./stage.ts";

/** Calls that are recorded in one turn of the object. */
const batch = 500;

export const backlog: Bench = {
  about: "an object that still owes a dead system up to --calls calls",
  async run({ calls, times }, tell) {
    const stage = await startStage(deadSystem);
    const figures: Figure[] = [];
    let from = 0;
    try {
      for (const owed of [0, 1_000, 10_000, 100_000, calls].filter((n, i, all) => n <= calls && all.indexOf(n) === i)) {
        for (; from < owed; from += Math.min(batch, owed - from)) {
          tell(`${grouped(from)} of ${grouped(owed)} calls owed`);
          await stage.inside(deadSystem, "owe", { from, count: Math.min(batch, owed - from) });
        }
        tell(`asking with ${grouped(owed)} owed`);
        const given = `${grouped(owed)} owed`;
        figures.push(...(await askAll(stage, deadSystem, given, times)));
        figures.push(...(await sizes(stage, deadSystem, given)));
      }
      return figures;
    } finally {
      await stage.close();
    }
  },
};
