// What each command of package.json does and takes, in a line each. Plain JavaScript, since it is asked before anything is
// installed. What a command does stands in package.json itself, where `npm run` alone shows it too.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** What the user may say after `--`. */
const takes = new Map([
  ["test", "[<file> ...] [-t <title>]"],
  ["chaos", "[--seed <n>] [--seeds <n>] [--calls <n>] ..."],
  ["fuzz", "[--provider <name>] [--webhooks <n>] [--seed <n>]"],
  ["bench", "[<name> ...] [--calls <n>] [--times <n>]"],
  ["deploy", "[--env <name>] [--dry-run] [--show-secrets] ..."],
]);

export const startUsage = `npm start [-- [--port <port>] [--once]]

Starts Trunkline with stand-ins for a helpdesk, a Twilio and a Zadarma account,
places sample calls and shows what reached the helpdesk. Then Enter places
another call. Nothing leaves this machine.

  --port <port>  the worker's port (default: a free one)
  --once         ends when the sample calls have arrived; exit code 1 if one
                 did not
  --help         this text`;

/** What a script of package.json says that it does: `node src/commands/run.mjs "check: types, lint and format"`. */
export function aboutOf(packageJson) {
  const { scripts } = JSON.parse(readFileSync(packageJson, "utf8"));
  return new Map(Object.values(scripts).flatMap((script) => [/ "(\w+): (.+)"$/.exec(script)?.slice(1) ?? []]));
}

export function usage(name, about) {
  if (name === "start") return startUsage;
  const words = takes.get(name);
  return `${spoken(name)}${words ? ` [-- ${words}]` : ""}: ${about}`;
}

/**
 * What npm took for an option of its own, since no `--` stood before it; undefined where nothing is. `npm run deploy --dry-run` would
 * deploy, and nobody would hear of `--once`.
 */
export function astray(name, env) {
  const options = usage(name, "").matchAll(/(?<= |\[)--([a-z][a-z-]+)/g);
  const names = new Set([...options].map(([, option]) => option).filter((option) => option !== "help"));
  const taken = [...names].filter((option) => isSet(env[`npm_config_${option.replaceAll("-", "_")}`]));
  if (taken.length === 0) return undefined;
  const spelt = taken.map((option) => `--${option}`);
  return `npm took ${spelt.join(" and ")} for its own. Write -- before it: ${spoken(name)} -- ${spelt.join(" ")}`;
}

function isSet(value) {
  return value !== undefined && value !== "" && value !== "false";
}

/** A line for each command. */
export function overview(abouts) {
  return [...abouts].map(([name, about]) => `  ${spoken(name).padEnd(16)}${about}`);
}

function spoken(name) {
  return name === "start" || name === "test" ? `npm ${name}` : `npm run ${name}`;
}

/** What is wrong with the options of `npm start`; undefined where nothing is. */
export function startFault(args) {
  try {
    const { values } = parseArgs({ args, options: { port: { type: "string" }, once: { type: "boolean" } } });
    const { port = "0" } = values;
    if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return undefined;
    return "--port must be a port, from 0 to 65535.";
  } catch (error) {
    return error.message;
  }
}
