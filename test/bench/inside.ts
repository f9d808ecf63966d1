/** What an object that holds much is asked, from inside and over HTTP. */
import { counted, type Figure, grouped, timed } from "./figures.ts";
import { memory, ring, type Stage } from "./stage.ts";
import type { Measured, Size } from "./worker.ts";

/** What `measure` of the worker does. */
export const deeds = [
  "record a new call",
  "ring the alarm",
  "find the next due call",
  "find when more is due",
  "stats",
  "list calls",
  "list another channel's",
  "list stuck calls",
  "show a call",
  "find what is old",
  "find the oldest",
];

/** In the object of `system`, which the channel `support` belongs to. Each deed's floor is one durable row. */
export async function askAll(stage: Stage, system: string, given: string, times: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const floor = await measure(stage, "floor", "floor", times);
  for (const deed of deeds) {
    const found = await measure(stage, system, deed, times);
    const rows = `, ${grouped(found.rowsRead)} rows read, ${grouped(found.rowsWritten)} written`;
    figures.push(timed(deed, given, found.ms, floor.ms, rows));
  }
  return [...figures, ...(await askOverHttp(stage, system, given, times))];
}

/** Each in turn with its floor, so that both meet the same machine. */
async function askOverHttp(stage: Stage, system: string, given: string, times: number): Promise<Figure[]> {
  const asked = new Map<string, number[]>([
    ["webhook over HTTP", []],
    ["GET /api/stats", []],
    ["GET /api/calls", []],
  ]);
  const floor: number[] = [];
  await stage.setClock(system);
  for (let i = 0; i < times; i++) {
    floor.push(await stage.bare());
    const webhook = stage.a.zadarma.start(ring(`in_http_${given.replace(/\D/g, "")}_${i}`));
    asked.get("webhook over HTTP")?.push(await stage.hook(webhook));
    asked.get("GET /api/stats")?.push(await stage.ask("/stats"));
    asked.get("GET /api/calls")?.push(await stage.ask("/calls"));
  }
  return [...asked].map(([what, ms]) => timed(what, given, ms, floor));
}

export async function sizes(stage: Stage, system: string, given: string): Promise<Figure[]> {
  const { bytes, rows } = await stage.inside<Size>(system, "size");
  const all = Object.entries(rows).map(([table, count]) => counted(`rows of ${table}`, given, count, ""));
  const perCall = rows.calls ? [counted("bytes a call", given, bytes / rows.calls, "bytes")] : [];
  const held = memory();
  const heap = held === undefined ? [] : [counted("memory of workerd", given, held, "MB")];
  return [counted("database", given, bytes, "bytes"), ...perCall, ...all, ...heap];
}

function measure(stage: Stage, system: string, deed: string, times: number): Promise<Measured> {
  return stage.inside<Measured>(system, "measure", { deed, times });
}
