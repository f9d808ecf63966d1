/** What delivered calls take up, and that retention keeps it bounded. */
import { nextRoundMs } from "../../src/exchange/housekeeping.ts";
import { type Bench, counted, type Figure, grouped, timed } from "./figures.ts";
import { askAll, sizes } from "./inside.ts";
import { deadSystem, type Stage, startStage } from "./stage.ts";
import type { Measured, Size } from "./worker.ts";

const dayMs = 24 * 60 * 60_000;
/** As long as calls are kept, and how much longer the object is watched. */
const days = { kept: 90, watched: 30 };
const batch = 500;
/** How large an object may be. */
const objectBytes = 10 * 1000 ** 3;

export const million: Bench = {
  about: "an object with --calls delivered calls of 90 days, and a month more",
  async run({ calls, times }, tell) {
    const stage = await startStage(deadSystem);
    try {
      const began = Date.now();
      const figures = await askAll(stage, deadSystem, "empty", times);
      await keep(stage, 0, calls, began, (days.kept * dayMs) / calls, (kept) => tell(`${grouped(kept)} calls kept`));
      await stage.inside(deadSystem, "tidy", { byMs: days.kept * dayMs - dayMs, apartMs: 0 });
      tell(`asking with ${grouped(calls)} calls`);
      const given = `${grouped(calls)} kept`;
      figures.push(...(await askAll(stage, deadSystem, given, times)), ...(await sizes(stage, deadSystem, given)));
      const { bytes } = await stage.inside<Size>(deadSystem, "size");
      figures.push(counted("calls that fit an object", given, (objectBytes / bytes) * calls, "calls"));
      return [...figures, ...(await watch(stage, calls, began, times, tell))];
    } finally {
      await stage.close();
    }
  },
};

async function keep(
  stage: Stage,
  from: number,
  count: number,
  at: number,
  gapMs: number,
  tell: (kept: number) => void,
): Promise<void> {
  for (let i = 0; i < count; i += batch) {
    tell(from + i);
    const given = { from: from + i, count: Math.min(batch, count - i), at: at + i * gapMs, gapMs };
    await stage.inside(deadSystem, "keep", given);
  }
}

/** Days go by: as many calls come as are forgotten. */
async function watch(stage: Stage, calls: number, began: number, times: number, tell: (progress: string) => void) {
  const aDay = Math.max(1, Math.round(calls / days.kept));
  const figures: Figure[] = [];
  const rounds: number[] = [];
  for (let day = 1; day <= days.watched; day++) {
    tell(`day ${days.kept + day}`);
    const at = began + (days.kept + day - 1) * dayMs;
    await keep(stage, calls + (day - 1) * aDay, aDay, at, dayMs / aDay, () => undefined);
    rounds.push(...(await stage.inside<number[]>(deadSystem, "tidy", { byMs: dayMs, apartMs: nextRoundMs })));
    if (day % 10 > 0) continue;
    const { bytes, rows } = await stage.inside<Size>(deadSystem, "size");
    const given = `day ${days.kept + day}, ${grouped(rows.calls ?? 0)} kept`;
    figures.push(counted("database", given, bytes, "bytes"));
  }
  const floor = await stage.inside<Measured>("floor", "measure", { deed: "floor", times });
  const given = `${grouped(aDay)} calls a day`;
  figures.push(timed("a round that forgets", given, rounds, floor.ms));
  figures.push(counted("rounds a day", given, rounds.length / days.watched, ""));
  return figures;
}
