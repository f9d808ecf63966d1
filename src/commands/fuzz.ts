/** `npm run fuzz`: hundreds of thousands of broken, forged and strange webhooks, and what came of them. */
import { parseArgs } from "node:util";
import { accounts, type Report, run } from "../../test/fuzz/run.ts";
import { ink } from "./ink.ts";
import { stopSignal } from "./stop-signal.ts";

const providers = [...accounts.keys()];

const help = `npm run fuzz -- [--provider <name>] [--webhooks <n>] [--seed <n>] [--json]

Sends mutants of a PBX's genuine webhooks to a real Trunkline by real HTTP: with
flipped bits, fields that are lost, doubled, renamed or hostile, of other types,
encodings, methods and paths. Some are signed anew: strange, yet genuine.
Nothing leaves this machine.

  --provider <name>  ${providers.join(" or ")} (default: one after the other)
  --webhooks <n>     how many for each (default: 200000)
  --seed <n>         which (default: 1)
  --json             a JSON object for each instead of the summary
  --help             this text

The same seed makes the same mutants. Exit code 1 where one is answered with 5xx
or not at all, where a forged one is believed or left a trace, where a genuine
one is not, or where memory goes on growing.`;

interface Options {
  readonly names: readonly string[];
  readonly webhooks: number;
  readonly seed: number;
  readonly json: boolean;
  readonly help: boolean;
}

const options = readOptions();
if (options.help) console.log(help);
else process.exitCode = await fuzz(options);
// The channel to the process that started this one would keep it alive, where that has not let go of it.
if (process.connected) process.disconnect();

async function fuzz({ names, webhooks, seed, json }: Options): Promise<number> {
  const stopped = stopSignal();
  let found = 0;
  for (const provider of names) {
    const progress = process.stderr.isTTY ? showProgress(provider, webhooks) : undefined;
    const report = await run({ provider, webhooks, seed, progress }, stopped).catch((error) => {
      if (!stopped.aborted) throw error;
    });
    if (!report) return 130;
    if (json) console.log(JSON.stringify(report));
    else show(report);
    found += report.findings.length;
  }
  if (!json) console.log(found === 0 ? ink.green("Nothing was found.") : ink.red(`${found} findings.`));
  return found === 0 ? 0 : 1;
}

function showProgress(provider: string, webhooks: number): (answered: number) => void {
  return (answered) =>
    process.stderr.write(`\r${provider}: ${answered} of ${webhooks}${answered < webhooks ? "" : "\n"}`);
}

function show({ provider, seed, sent, answers, findings, resident, seconds }: Report): void {
  const total = sent.genuine + sent.forged + sent.unsigned;
  const mebibytes = resident.map((bytes) => `${Math.round(bytes / 1024 ** 2)} MiB`).join(", ");
  console.log(`${ink.bold(provider)}, seed ${seed}: ${total} webhooks in ${Math.round(seconds)} s`);
  for (const truth of ["forged", "genuine", "unsigned"] as const) {
    const statuses = Object.entries(answers[truth]).map(([status, count]) => `${status}: ${count}`);
    console.log(`  ${truth.padEnd(9)} ${String(sent[truth]).padStart(7)}   ${statuses.join(", ")}`);
  }
  console.log(`  memory after the warm-up, in the middle, in the end: ${mebibytes || "not to be told here"}`);
  for (const finding of findings) console.log(ink.red(`  ${finding}`));
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        provider: { type: "string" },
        webhooks: { type: "string", default: "200000" },
        seed: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { provider } = values;
    if (provider !== undefined && !accounts.has(provider))
      throw new Error(`--provider must be ${providers.join(" or ")}.`);
    const whole = (name: "webhooks" | "seed", least: number) => {
      const value = Number(values[name]);
      if (!Number.isSafeInteger(value) || value < least)
        throw new Error(`--${name} must be a whole number from ${least} on.`);
      return value;
    };
    const counts = { webhooks: whole("webhooks", 1), seed: whole("seed", 0) };
    return { ...counts, names: provider === undefined ? providers : [provider], json: values.json, help: values.help };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    process.exit(2);
  }
}
