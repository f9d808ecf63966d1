/**
 * The check that wrangler runs before it deploys, uploads a version or starts to serve: exit code 1 stops it. Under
 * `wrangler dev` faults are only shown, since the Worker itself answers 503 for what is wrong.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import type { Checked } from "./configuration.ts";
import { noChannelYet, reported, unreadable } from "./report.ts";
import { secretNames } from "./secret-names.ts";
import { callersArguments, type WranglerOptions, wranglerOptions } from "./wrangler-options.ts";

const args = callersArguments();
const options = wranglerOptions(args ?? [], process.env);
const dev = process.env.WRANGLER_COMMAND === "dev";

try {
  if (isPlain(options)) {
    if (!dev) console.log(noChannelYet);
  } else {
    for (const checked of await (dev ? checksLocally() : checksLive())) show(checked);
  }
} catch (error) {
  // wrangler reads the same file next, and says what it makes of it.
  console.error(unreadable(error));
  process.exitCode = dev ? 0 : 1;
}

function show(checked: Checked): void {
  const until = dev ? "Webhooks are answered 503" : "Nothing is deployed";
  const report = reported(checked, until);
  if (report !== "") console.log(report);
  if (!dev && checked.faults.length > 0) process.exitCode = 1;
}

/**
 * A clean clone, which is what most tests start, has nothing like a variable to be checked: then wrangler's own reader, which takes a
 * second to load, can be done without.
 */
function isPlain({ config, variables, envFiles }: WranglerOptions): boolean {
  const local = dev ? [...globSync([".dev.vars*", ".env*"]), ...envFiles] : [];
  const files = [...(config === undefined ? globSync("wrangler.{toml,json,jsonc}") : [config]), ...local];
  const ours = /^[^#\n]*(vars|jurisdiction|channels|\benv\b)|^\s*\[*"?cha/im;
  const texts = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"));
  return variables.length === 0 && texts.length > 0 && !texts.some((text) => ours.test(text));
}

async function checksLocally(): Promise<Checked[]> {
  const { checkLocal } = await import("./configuration.ts");
  return [checkLocal(options)];
}

/** Where it cannot be told which environment is deployed, all must be without fault. */
async function checksLive(): Promise<Checked[]> {
  const told = args !== undefined || options.environment !== undefined;
  const environments = told ? [options.environment] : [undefined, ...(await namedEnvironments())];
  return Promise.all(environments.map((environment) => checkDeployed({ ...options, environment })));
}

async function namedEnvironments(): Promise<string[]> {
  const { environmentsOf } = await import("./configuration.ts");
  return environmentsOf(options);
}

/** Cloudflare is asked while wrangler's reader loads. */
async function checkDeployed(one: WranglerOptions): Promise<Checked> {
  const names = secretNames(one);
  const { checkLive } = await import("./configuration.ts");
  return checkLive(one, await names);
}
