/** The harm that is done in a run, beyond what goes wrong with deliveries, and when. */
import type { Changes } from "./bindings.ts";
import { random } from "./random.ts";
import type { Plan } from "./run.ts";

export interface Incident {
  /** ms since the run began. */
  at: number;
  /** `cut off`: the helpdesk is out of reach for hours. `replayed`: the operator does, what is stuck and what is not. */
  readonly kind: "killed" | "evicted" | "deployed over" | "cut off" | "replayed" | Change["kind"];
  /** The change ends. */
  readonly over?: true;
}

/** How long calls go on after the last one began, and what they are owed is delivered, in ms. */
const lingerMs = 14 * 60_000;

/** A change of the configuration while calls are going on, and for how long, in ms; the key is changed for good. */
interface Change {
  readonly kind: keyof Changes;
  readonly forMs?: readonly [least: number, most: number];
}

/** Early, and shortly: the PBX repeats meanwhile what is not taken. One of a kind in a run, in this order. */
const changes: readonly Change[] = [
  { kind: "salesGone", forMs: [40_000, 120_000] },
  { kind: "supportFaulty", forMs: [40_000, 120_000] },
  { kind: "supportFinal", forMs: [60_000, 180_000] },
  { kind: "supportKey" },
];

/** Until when a change of this kind lasts that begins at `at`. */
export function changedUntil({ seed }: Plan, kind: Incident["kind"], at: number): number | undefined {
  const change = changes.find((change) => change.kind === kind);
  return change?.forMs && at + random(seed, kind, "for").between(...change.forMs);
}

/**
 * Kills as planned, twice as many evictions, half as many deployments, the operator's replays, each change of the
 * configuration while calls begin (for `callsMs`), and once the helpdesk is out of reach.
 */
export function incidents(plan: Plan, callsMs: number): Incident[] {
  const { seed, kills, faults } = plan;
  const overMs = callsMs + lingerMs;
  const drawn = (kind: Incident["kind"], count: number, [from, to] = [0.05 * overMs, 0.9 * overMs]) =>
    Array.from({ length: count }, (_, i): Incident => {
      return { kind, at: random(seed, kind, i).between(Math.round(from), Math.round(to)) };
    });
  const part = (i: number) => callsMs * (0.1 + (0.8 * i) / changes.length);
  const all = [
    ...drawn("killed", kills),
    ...drawn("evicted", 2 * kills),
    ...drawn("deployed over", Math.ceil(kills / 2)),
    ...drawn("replayed", faults > 0 ? 4 : 0),
    ...changes.flatMap(({ kind }, i) => drawn(kind, faults > 0 ? 1 : 0, [part(i), part(i + 0.5)])),
    // Early, while there are few calls that are tried again and again meanwhile: that takes most of a run's time.
    ...drawn("cut off", faults > 0 ? 1 : 0, [10_000, 40_000]),
  ];
  return all.sort((a, b) => a.at - b.at);
}
