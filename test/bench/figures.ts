/** What a benchmark found: a line of its table each. */

export interface Figure {
  readonly what: string;
  /** Under which circumstances. */
  readonly given: string;
  readonly figure: string;
  /** The least that it can take on this machine: what was measured in the same run, and how much more ours takes. */
  readonly floor?: string;
  readonly ratio?: string;
}

export interface Bench {
  /** What it shows, in a sentence. */
  readonly about: string;
  /** `tell` is told how far it is, and throws where that is far enough. */
  run(scale: Scale, tell: (progress: string) => void): Promise<Figure[]>;
}

export interface Scale {
  /** Calls of the largest state that is looked at. */
  readonly calls: number;
  /** How often each deed is measured. */
  readonly times: number;
}

/** `ms` and `floorMs` are samples; their medians are compared. `more` stands beside the times. */
export function timed(
  what: string,
  given: string,
  ms: readonly number[],
  floorMs: readonly number[],
  more = "",
): Figure {
  const [median, floor] = [percentile(ms, 0.5), percentile(floorMs, 0.5)];
  return {
    what,
    given,
    figure: `p50 ${inMs(median)}, p95 ${inMs(percentile(ms, 0.95))}${more}`,
    floor: `p50 ${inMs(floor)}, p95 ${inMs(percentile(floorMs, 0.95))}`,
    ratio: (median / floor).toPrecision(2),
  };
}

export function counted(what: string, given: string, count: number, unit: string): Figure {
  return { what, given, figure: `${grouped(count)} ${unit}` };
}

export function grouped(count: number): string {
  return Math.round(count).toLocaleString("en");
}

function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function inMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(ms < 1 ? 3 : 1) : Math.round(ms)} ms`;
}
