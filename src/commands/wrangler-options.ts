/** The options of wrangler's that decide which configuration a Worker gets. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

export interface WranglerOptions {
  /** The named environment; `""` is the top of the file, said aloud. Absent: not said, which is the top as well. */
  readonly environment?: string;
  /** The configuration file, where another than the usual one is named. */
  readonly config?: string;
  /** The Worker's name, where another than the file's is given. */
  readonly name?: string;
  /** `--var`: each is `NAME:value`. */
  readonly variables: readonly string[];
  /** Files of variables for `wrangler dev`. */
  readonly envFiles: readonly string[];
  /** A file of secrets that are uploaded along. */
  readonly secretsFile?: string;
  readonly keepsVariables: boolean;
  readonly dryRun: boolean;
}

/** What the arguments after `wrangler <command>` say; `CLOUDFLARE_ENV` names the environment where they do not. */
export function wranglerOptions(args: readonly string[], env: NodeJS.ProcessEnv): WranglerOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      env: { type: "string", short: "e" },
      config: { type: "string", short: "c" },
      name: { type: "string" },
      var: { type: "string", multiple: true },
      "env-file": { type: "string", multiple: true },
      "secrets-file": { type: "string" },
      "keep-vars": { type: "boolean" },
      "dry-run": { type: "boolean" },
    },
  });
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((one) => typeof one === "string") : []);
  const variables = texts(values.var);
  return {
    environment: text(values.env) ?? env.CLOUDFLARE_ENV,
    config: text(values.config),
    name: text(values.name),
    // wrangler takes several after one `--var`.
    variables: variables.length > 0 ? [...variables, ...positionals.filter((one) => one.includes(":"))] : [],
    envFiles: texts(values["env-file"]),
    secretsFile: text(values["secrets-file"]),
    keepsVariables: values["keep-vars"] === true,
    dryRun: values["dry-run"] === true,
  };
}

/** How to name the same Worker to another command of wrangler's. */
export function sameWorker({ environment, config, name }: WranglerOptions): string[] {
  return [
    ...(environment ? ["--env", environment] : []),
    ...(config === undefined ? [] : ["--config", config]),
    ...(name === undefined ? [] : ["--name", name]),
  ];
}

/** How far up a wrangler is looked for: a shell is between, maybe two. */
const maxAncestors = 6;

/**
 * The arguments of the wrangler that runs this process; undefined where that cannot be found out. It tells its build
 * command which command runs and not with which options (tried 2026-11), so that they are read off the running process.
 */
export function callersArguments(): string[] | undefined {
  let id = process.ppid;
  for (let i = 0; i < maxAncestors && id > 1; i++) {
    const ancestor = look(id);
    if (!ancestor) return undefined;
    const at = ancestor.args.findIndex((arg) => /(^|[\\/])(wrangler(\.js)?|wrangler-dist[\\/]cli\.js)$/.test(arg));
    if (at >= 0) return ancestor.args.slice(at + 1);
    id = ancestor.parent;
  }
  return undefined;
}

interface Ancestor {
  readonly args: readonly string[];
  readonly parent: number;
}

function look(id: number): Ancestor | undefined {
  try {
    // Linux tells argument by argument; elsewhere `ps` has them in one line.
    const args = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0").slice(0, -1);
    const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${id}/stat`, "utf8"))?.[1];
    return { args, parent: Number(parent) };
  } catch {
    const { stdout } = spawnSync("ps", ["-ww", "-o", "ppid=,args=", "-p", String(id)], { encoding: "utf8" });
    const [, parent, line] = /^\s*(\d+)\s+(.*)$/.exec(stdout?.trim() ?? "") ?? [];
    return line === undefined ? undefined : { args: line.split(/\s+/), parent: Number(parent) };
  }
}
