/** `npm run bench`: how much it takes, beside the least that it could take on this machine. */
import { parseArgs } from "node:util";
import type { Figure, Scale } from "../../test/bench/figures.ts";
import { benches } from "../../test/bench/index.ts";
import { ink } from "./ink.ts";
import { stopSignal } from "./stop-signal.ts";

const help = `npm run bench -- [name ...] [--calls <n>] [--times <n>]

Measures a real Trunkline between stand-ins. Each time stands beside its floor,
what the least that a worker and an object can do takes in the same run, and the
ratio of both. Nothing leaves this machine.

${[...benches].map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`).join("\n")}

  --calls <n>  calls of the largest state (default: 100000)
  --times <n>  how often each deed is measured (default: 100)
  --help       this text`;

const titles: Figure = { what: "what", given: "given", figure: "figure", floor: "floor", ratio: "ratio" };
const order = ["what", "given", "figure", "floor", "ratio"] as const;

const options = readOptions();
if (options.help) console.log(help);
else process.exitCode = await bench(options.names, options);
// The channel to the process that started this one would keep it alive, where that has not let go of it.
if (process.connected) process.disconnect();

async function bench(names: readonly string[], scale: Scale): Promise<number> {
  const stopped = stopSignal();
  const tell = (progress: string) => {
    stopped.throwIfAborted();
    show(progress);
  };
  for (const [name, { about, run }] of benches) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.log(`\n${ink.bold(name)}: ${about}`);
    const figures = await run(scale, tell).catch((error) => {
      if (!stopped.aborted) throw error;
    });
    show("");
    if (!figures) return 130;
    list(figures);
  }
  return 0;
}

/** In place on a terminal; elsewhere only the figures count. */
function show(progress: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${ink.dim(progress)}`);
}

function list(figures: readonly Figure[]): void {
  const rows = [titles, ...figures];
  const widths = order.map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  for (const row of rows) {
    const line = order.map((column, i) => (row[column] ?? "").padEnd(widths[i] ?? 0)).join("  ");
    console.log(row === titles ? ink.dim(line.trimEnd()) : line.trimEnd());
  }
}

function readOptions(): Scale & { names: string[]; help: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        calls: { type: "string", default: "100000" },
        times: { type: "string", default: "100" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const [calls, times] = [Number(values.calls), Number(values.times)];
    const unknown = positionals.find((name) => !benches.has(name));
    if (unknown !== undefined) throw new Error(`There is no benchmark "${unknown}".`);
    if (![calls, times].every((count) => Number.isSafeInteger(count) && count > 0))
      throw new Error("--calls and --times must be whole numbers from 1 on.");
    return { calls, times, names: positionals, help: values.help };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    process.exit(2);
  }
}
