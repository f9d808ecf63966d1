/** `npm run chaos`: calls under fire, and the books after it. */
import { parseArgs } from "node:util";
import pc from "picocolors";
import { type Ledger, wrongs } from "../../test/chaos/ledger.ts";
import { type Plan, run } from "../../test/chaos/run.ts";

const help = `npm run chaos -- [--seed <n>] [--seeds <n>] [--calls <n>] [--faults <share>] [--kills <n>] [--json]

Places calls of both PBXs at a real Trunkline whose helpdesk, PBXs and network fail, kills it with
kill -9 now and then, and checks what the helpdesk has in the end. Nothing leaves this machine.

  --seed <n>        the first seed (default: 1)
  --seeds <n>       how many runs, each with the next seed (default: 1)
  --calls <n>       calls of a run (default: 1000)
  --faults <share>  how many of the deliveries go wrong, from 0 to 1 (default: 0.3)
  --kills <n>       how often a run's Trunkline is killed (default: 3)
  --json            a JSON object for each run instead of the table
  --help            this text

The seed decides which calls are placed, when each webhook is sent, which are sent twice, lost or forged,
what goes wrong with a delivery, and when Trunkline is killed. Processes run as fast as they
run: a seed that failed fails again as far as it does not depend on which of two things came first.
Exit code 1 where the books do not balance.`;

type Column = readonly [title: string, value: (ledger: Ledger) => string | number];

const columns: readonly Column[] = [
  ["seed", (ledger) => ledger.seed],
  ["calls", (ledger) => ledger.calls],
  ["tickets", (ledger) => ledger.tickets],
  ...wrongs.map((name): Column => [name, (ledger) => ledger.found[name].length]),
  ["doubled recordings", (ledger) => ledger.doubledRecordings],
  ["recordings", (ledger) => ledger.recordings],
  ["webhooks", (ledger) => ledger.webhooks],
  ["forged", (ledger) => ledger.forged],
  ["requests", (ledger) => ledger.requests],
  ["faults", (ledger) => Object.values(ledger.faults).reduce((sum, count) => sum + count, 0)],
  ["kills", (ledger) => ledger.kills],
  ["seconds", (ledger) => Math.round(ledger.seconds)],
];

const options = readOptions();
if (options.help) console.log(help);
else process.exitCode = await chaos(options);
// The channel to the process that started this one would keep it alive.
process.disconnect?.();

async function chaos({ seeds, json, ...plan }: Plan & { seeds: number; json: boolean }): Promise<number> {
  const stopped = stopSignal();
  let wrong = 0;
  for (let seed = plan.seed; seed < plan.seed + seeds; seed++) {
    const ledger = await run({ ...plan, seed }, stopped).catch((error) => {
      if (!stopped.aborted) throw error;
    });
    if (!ledger) return 130;
    if (json) console.log(JSON.stringify(ledger));
    else show(ledger, seed === plan.seed);
    wrong += wrongs.reduce((sum, name) => sum + ledger.found[name].length, 0);
  }
  if (!json) console.log(wrong === 0 ? pc.green("\nThe books balance.") : pc.red(`\n${wrong} entries are wrong.`));
  return wrong === 0 ? 0 : 1;
}

/** Titles stand in two lines, so that a run fits into one. */
function show(ledger: Ledger, first: boolean): void {
  const words = columns.map(([title]) => title.split(" "));
  const widths = words.map((parts) => Math.max(6, ...parts.map((part) => part.length)));
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, i) => String(cell).padStart(widths[i] ?? 0)).join(" ");
  if (first) {
    console.log(pc.dim(line(words.map((parts) => (parts.length > 1 ? (parts[0] ?? "") : "")))));
    console.log(pc.dim(line(words.map((parts) => parts.at(-1) ?? ""))));
  }
  const text = line(columns.map(([, value]) => value(ledger)));
  const bad = wrongs.some((name) => ledger.found[name].length > 0);
  console.log(bad ? pc.red(text) : text);
  for (const name of wrongs)
    for (const what of ledger.found[name]) console.log(pc.red(`  seed ${ledger.seed}: ${name}: ${what}`));
}

/** Ctrl-C, a polite kill, or the end of the process that started this one: Trunkline and its state are put away first. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => stop.abort());
  }
  process.on("disconnect", () => stop.abort());
  return stop.signal;
}

function readOptions(): Plan & { seeds: number; json: boolean; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: "string", default: "1" },
        seeds: { type: "string", default: "1" },
        calls: { type: "string", default: "1000" },
        faults: { type: "string", default: "0.3" },
        kills: { type: "string", default: "3" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const faults = Number(values.faults);
    if (!(faults >= 0 && faults <= 1)) throw new Error("--faults must be a share, from 0 to 1.");
    const whole = (name: "seed" | "seeds" | "calls" | "kills", least: number) => {
      const value = Number(values[name]);
      if (!Number.isSafeInteger(value) || value < least)
        throw new Error(`--${name} must be a whole number from ${least} on.`);
      return value;
    };
    const counts = {
      seed: whole("seed", 0),
      seeds: whole("seeds", 1),
      calls: whole("calls", 1),
      kills: whole("kills", 0),
    };
    return { ...counts, faults, json: values.json, help: values.help };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    process.exit(2);
  }
}
