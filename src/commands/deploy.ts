/**
 * `npm run deploy`: the configuration is checked, wrangler deploys, and the Worker that is live then is asked how it is and
 * which webhook URLs it has.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLive, type Hook } from "./configuration.ts";
import { afterwards } from "./live.ts";
import { reported, unreadable } from "./report.ts";
import { secretNames } from "./secret-names.ts";
import { wranglerOptions } from "./wrangler-options.ts";

process.exitCode = await deploy(process.argv.slice(2));
// The channel to the process that started this one would keep it alive, where that has not let go of it.
if (process.connected) process.disconnect();

/** Resolves with the exit code. */
async function deploy(given: readonly string[]): Promise<number> {
  const showSecrets = given.includes("--show-secrets");
  const passed = given.filter((arg) => arg !== "--show-secrets");
  const hooks = await checked(passed);
  if (hooks === undefined) return 1;
  const folder = await mkdtemp(join(tmpdir(), "trunkline-deploy-"));
  try {
    const outcome = process.env.WRANGLER_OUTPUT_FILE_PATH ?? join(folder, "outcome");
    const code = await wrangler(["deploy", ...passed], outcome);
    if (code !== 0 || passed.includes("--dry-run")) return code;
    console.log("\nAsking the Worker how it is ...");
    const deployed = await readFile(outcome, "utf8").catch(() => "");
    const { text, well } = await afterwards(deployed, hooks, { showSecrets, token: process.env.CONSOLE_TOKEN });
    console.log(text);
    return well ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The channels' webhooks, or undefined where something is wrong, which is shown. */
async function checked(given: readonly string[]): Promise<readonly Hook[] | undefined> {
  const options = wranglerOptions(given, process.env);
  try {
    const found = checkLive(options, await secretNames(options));
    const report = reported(found, "Nothing is deployed");
    if (report !== "") console.log(report);
    return found.faults.length === 0 ? found.hooks : undefined;
  } catch (error) {
    console.error(unreadable(error));
    return undefined;
  }
}

async function wrangler(given: readonly string[], outcome: string): Promise<number> {
  const program = join(import.meta.dirname, "..", "..", "node_modules", "wrangler", "bin", "wrangler.js");
  const env = { ...process.env, CONFIGURATION_CHECKED: "true", WRANGLER_OUTPUT_FILE_PATH: outcome };
  const child = spawn(process.execPath, [program, ...given], { stdio: "inherit", env });
  const [code] = await once(child, "exit");
  return code ?? 1;
}
