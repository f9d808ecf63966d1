/** The harm that is done in a run, beyond what goes wrong with deliveries, and when. */
import { random } from "./random.ts";
import type { Plan } from "./run.ts";

export interface Incident {
  /** ms since the run began. */
  at: number;
  /** `cut off`: the helpdesk is out of reach for hours. */
  readonly kind: "killed" | "evicted" | "deployed over" | "cut off";
}

/** Kills as planned, twice as many evictions, half as many deployments, and once the helpdesk is out of reach. */
export function incidents({ seed, kills, faults }: Plan, overMs: number): Incident[] {
  const drawn = (kind: Incident["kind"], count: number, [from, to] = [0.05 * overMs, 0.9 * overMs]) =>
    Array.from({ length: count }, (_, i): Incident => {
      return { kind, at: random(seed, kind, i).between(Math.round(from), Math.round(to)) };
    });
  const all = [
    ...drawn("killed", kills),
    ...drawn("evicted", 2 * kills),
    ...drawn("deployed over", Math.ceil(kills / 2)),
    // Early, while there are few calls that are tried again and again meanwhile: that takes most of a run's time.
    ...drawn("cut off", faults > 0 ? 1 : 0, [10_000, 40_000]),
  ];
  return all.sort((a, b) => a.at - b.at);
}
