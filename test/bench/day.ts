/** How long cards wait on a day of much work, with another client of the helpdesk that takes half of its limit. */
import { type Day, playDay } from "./day-model.ts";
import { type Bench, type Figure, grouped } from "./figures.ts";

const limit = 300;
const loads = [0.5, 1, 2, 10];

export const day: Bench = {
  about: `a modelled day at 0.5 to 10 times a limit of ${limit} that is shared`,
  async run(_, tell) {
    return loads.flatMap((load) => {
      tell(`load ${load}`);
      return figuresOf(`${load} times the limit`, playDay({ limit, load, seed: 1 }));
    });
  },
};

function figuresOf(given: string, day: Day): Figure[] {
  const { calls, ringing, alive } = day.busiest;
  const of = (count: number) => `${Math.round((100 * count) / calls)} % of ${grouped(calls)}`;
  return [
    { what: "blocked, most requests a minute", given, figure: `${day.blocks}, ${day.most} of ${limit}` },
    { what: "requests, webhooks", given, figure: `${grouped(day.requests)}, ${grouped(day.webhooks)}` },
    { what: "cards popped while ringing, while alive", given, figure: `${of(ringing)}, ${of(alive)}` },
    { what: "webhook to card", given, figure: seconds(day.cardDelays) },
    { what: "end of the call to card hidden", given, figure: seconds(day.hideDelays) },
    {
      what: "all told after the hour; owed at midnight",
      given,
      figure: `${Math.round(day.drainedAfter)} min; ${grouped(day.owed)}`,
    },
  ];
}

function seconds(sorted: readonly number[]): string {
  const at = (share: number) => ((sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN) / 1000).toFixed(1);
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s`;
}
