/** The benchmarks by their names, in the order in which they run. */
import { backlog } from "./backlog.ts";
import { card } from "./card.ts";
import { day } from "./day.ts";
import type { Bench } from "./figures.ts";
import { flood } from "./flood.ts";
import { million } from "./million.ts";
import { rows } from "./rows.ts";
import { slow } from "./slow.ts";

export const benches: ReadonlyMap<string, Bench> = new Map([
  ["card", card],
  ["day", day],
  ["slow", slow],
  ["flood", flood],
  ["backlog", backlog],
  ["million", million],
  ["rows", rows],
]);
