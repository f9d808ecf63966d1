/** `npm run chaos`: calls under fire, and the books after it. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { wanted } from "../../test/chaos/counts.ts";
import { entriesOf, type Ledger } from "../../test/chaos/ledger.ts";
import { type Campaign, campaign } from "../../test/chaos/many.ts";
import type { Plan } from "../../test/chaos/run.ts";
import { type Sabotage, sabotages } from "../../test/chaos/sabotage.ts";
import { Progress, showFaults, showFindings, showLedger, showProof } from "./chaos-table.ts";
import { ink as pc } from "./ink.ts";
import { stopSignal } from "./stop-signal.ts";

const help = `npm run chaos -- [--seed <n>] [--seeds <n>] [--calls <n>] [--faults <share>]
                 [--kills <n>] [--jobs <n>] [--without <mechanism>] [--json]

Places calls of both PBXs at a real Trunkline whose helpdesk, PBXs, storage and
network fail, kills it with kill -9 now and then, and checks what the helpdesk
has in the end. Nothing leaves this machine.

  --seed <n>        the first seed (default: 1)
  --seeds <n>       how many runs, each with the next seed (default: 1)
  --calls <n>       calls of a run (default: 1000, with --without 300)
  --faults <share>  how many of the deliveries go wrong, from 0 to 1
                    (default: 0.3)
  --kills <n>       how often a run's Trunkline is killed (default: 3); it is
                    evicted twice as often, deployed over half as often, and
                    killed once more while the helpdesk asks for silence.
                    Where deliveries fail the configuration changes meanwhile,
                    and the operator replays
  --jobs <n>        runs at a time (default: one for each core)
  --without <name>  the same with one of Trunkline's mechanisms cut out of its
                    sources; given more than once, or "all", with one after
                    the other. Books that balance then prove nothing
  --json            a JSON object for each run instead of the table
  --help            this text

Mechanisms, and what must show without them:
${sabotages.map(({ name, shows }) => `  ${name}\n      ${shows.join(", ")}`).join("\n")}

The seed decides which calls are placed, when each webhook is sent, which are
sent twice, lost or forged, what goes wrong with a delivery, and when Trunkline
is killed. Processes run as fast as they run: a seed that failed fails again as
far as it does not depend on which of two things came first.
Exit code 1 where the books do not balance; with --without, where they do.`;

/** From so many calls on, every kind of fault must have happened, or a run proves less than it says. */
const enoughCalls = 1000;

interface Options extends Omit<Plan, "calls"> {
  readonly calls?: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly without: readonly Sabotage[];
  readonly json: boolean;
  readonly help: boolean;
}

const options = readOptions();
if (options.help) console.log(help);
else process.exitCode = await chaos(options);
// The channel to the process that started this one would keep it alive, where that has not let go of it.
if (process.connected) process.disconnect();

async function chaos({ seeds, json, jobs, without, ...plan }: Options): Promise<number> {
  const calls = plan.calls ?? (without.length > 0 ? 300 : 1000);
  const plans = Array.from({ length: seeds }, (_, i): Plan => ({ ...plan, calls, seed: plan.seed + i }));
  const signal = stopSignal();
  const progress = new Progress();
  const shared = { plans, jobs, signal, progress: progress.tell };
  try {
    return without.length > 0
      ? await prove({ ...shared, without }, json, progress)
      : await keepBooks(shared, calls * seeds, json, progress);
  } catch (error) {
    if (!signal.aborted) throw error;
    return 130;
  } finally {
    progress.clear();
  }
}

async function keepBooks(shared: Campaign, calls: number, json: boolean, progress: Progress): Promise<number> {
  const ledgers: Ledger[] = [];
  await campaign(shared, (ledger) => {
    progress.clear();
    if (json) console.log(JSON.stringify(ledger));
    else showLedger(ledger, ledgers.length === 0);
    ledgers.push(ledger);
  });
  const wrong = ledgers.flatMap(entriesOf).length;
  const met = ledgers.flatMap(({ faults }) => Object.keys(faults));
  const unmet = calls < enoughCalls ? [] : wanted.filter((kind) => !met.includes(kind));
  if (!json) {
    showFaults(ledgers);
    for (const kind of unmet) console.log(pc.red(`Nothing of this kind happened: ${kind}`));
    console.log(wrong === 0 ? pc.green("\nThe books balance.") : pc.red(`\n${wrong} entries are wrong.`));
  }
  return wrong + unmet.length === 0 ? 0 : 1;
}

/** What the books show with each mechanism off: nothing would mean that they cannot show it. */
async function prove(shared: Campaign, json: boolean, progress: Progress): Promise<number> {
  const found = new Map<string, Ledger[]>();
  await campaign(shared, (ledger, without = "") => {
    progress.clear();
    if (json) console.log(JSON.stringify({ without, ...ledger }));
    else if (shared.without?.length === 1) showFindings(ledger);
    found.set(without, [...(found.get(without) ?? []), ledger]);
  });
  const unnoticed = [...found].filter(([name, ledgers]) => {
    const shows = shared.without?.find((sabotage) => sabotage.name === name)?.shows ?? [];
    return ledgers.every(({ found }) => shows.every((wrong) => found[wrong].length === 0));
  });
  if (!json) {
    for (const [name, ledgers] of found) showProof(name, ledgers);
    for (const [name] of unnoticed) console.log(pc.red(`Not what must show: without ${name}`));
    const verdict =
      unnoticed.length === 0 ? pc.green("\nEach was noticed.") : pc.red(`\n${unnoticed.length} unnoticed.`);
    console.log(verdict);
  }
  return unnoticed.length === 0 ? 0 : 1;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: "string", default: "1" },
        seeds: { type: "string", default: "1" },
        calls: { type: "string" },
        faults: { type: "string", default: "0.3" },
        kills: { type: "string", default: "3" },
        jobs: { type: "string", default: String(availableParallelism()) },
        without: { type: "string", multiple: true, default: [] },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const faults = Number(values.faults);
    if (!(faults >= 0 && faults <= 1)) throw new Error("--faults must be a share, from 0 to 1.");
    const whole = (name: "seed" | "seeds" | "calls" | "kills" | "jobs", least: number) => {
      const value = Number(values[name]);
      if (!Number.isSafeInteger(value) || value < least)
        throw new Error(`--${name} must be a whole number from ${least} on.`);
      return value;
    };
    return {
      seed: whole("seed", 0),
      seeds: whole("seeds", 1),
      calls: values.calls === undefined ? undefined : whole("calls", 1),
      kills: whole("kills", 0),
      jobs: whole("jobs", 1),
      faults,
      without: withoutOf(values.without),
      json: values.json,
      help: values.help,
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    process.exit(2);
  }
}

function withoutOf(names: readonly string[]): Sabotage[] {
  const strange = names.find((name) => name !== "all" && !sabotages.some((sabotage) => sabotage.name === name));
  if (strange !== undefined) throw new Error(`--without: there is no mechanism "${strange}".`);
  return sabotages.filter(({ name }) => names.includes("all") || names.includes(name));
}
