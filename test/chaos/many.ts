/** Several runs, each in a process of its own, some at a time: of Trunkline as it is, or with mechanisms cut out. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { runApart } from "./apart.ts";
import { build } from "./build.ts";
import type { Ledger } from "./ledger.ts";
import { folder, type Plan } from "./run.ts";
import { type Sabotage, sabotagedSources } from "./sabotage.ts";

export interface Campaign {
  readonly plans: readonly Plan[];
  /** Each is cut out in turn; none: Trunkline as it is. */
  readonly without?: readonly Sabotage[];
  /** Runs at a time. */
  readonly jobs: number;
  /** Ends all; the campaign rejects then, with everything put away. */
  readonly signal: AbortSignal;
  /** How far a run is, from 0 to 1; `undefined` once it is over. */
  readonly progress: (run: string, share: number | undefined) => void;
}

type Done = (ledger: Ledger, without?: string) => void;

export async function campaign({ plans, without, jobs, signal, progress }: Campaign, done: Done): Promise<void> {
  const at = await folder();
  const works = (without ?? [undefined]).flatMap((sabotage) => {
    const built = once(() => buildWithout(at, sabotage));
    return plans.map((plan) => async () => {
      const name = [sabotage && `without ${sabotage.name}`, `seed ${plan.seed}`].filter(Boolean).join(", ");
      const ledger = await runApart(plan, await built(), { signal, progress: (share) => progress(name, share) });
      progress(name, undefined);
      done(ledger, sabotage?.name);
    });
  });
  try {
    await some(works, jobs);
  } finally {
    await rm(at, { recursive: true, force: true });
  }
}

async function buildWithout(at: string, sabotage: Sabotage | undefined) {
  if (!sabotage) return build(join(at, "built"));
  const sources = join(at, sabotage.name.replaceAll(/\W+/g, "-"));
  await sabotagedSources(sources, sabotage);
  return build(join(sources, "built"), sources);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** Does all, so many at a time; what is not begun when one fails is left. */
async function some(works: readonly (() => Promise<void>)[], atATime: number): Promise<void> {
  const rest = [...works];
  const line = async () => {
    for (let work = rest.shift(); work; work = rest.shift()) await work();
  };
  const ends = await Promise.allSettled(
    Array.from({ length: atATime }, () =>
      line().catch((error) => {
        rest.length = 0;
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
