// Runs a command of package.json on a machine that may have an older Node.js or no installed packages:
// installs what is missing, then hands over to the Node.js that the packages bring. Plain JavaScript for that reason.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const bin = join(root, "node_modules", ".bin");
const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.node;

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Whether node_modules holds what the lockfile names. */
function installed() {
  const marker = join(root, "node_modules", ".package-lock.json");
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

if (!installed()) {
  console.error("Installing packages (once) ...");
  const status = run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error("npm ci failed. Check the network or the registry in your .npmrc, then run the command again.");
    process.exit(status);
  }
}

const node = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
const runtime = existsSync(node) ? node : process.execPath;
const env = {
  ...process.env,
  PATH: `${dirname(runtime)}${process.platform === "win32" ? ";" : ":"}${bin}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`,
  // Nothing here needs to leave the machine.
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  X_LOCAL_OBSERVABILITY: "false",
};

/** Each command as the programs it runs in turn; the user's arguments go to the last. */
const tool = (name, ...args) => [join(root, "node_modules", ...entry[name]), ...args];
const entry = {
  biome: ["@biomejs", "biome", "bin", "biome"],
  tsc: ["typescript", "bin", "tsc"],
  vitest: ["vitest", "vitest.mjs"],
  wrangler: ["wrangler", "bin", "wrangler.js"],
};
const check = [tool("tsc", "--noEmit"), tool("biome", "check", "--error-on-warnings", ".")];
const commands = new Map([
  ["check", check],
  ["format", [tool("biome", "check", "--write", ".")]],
  ["types", [tool("tsc", "--noEmit")]],
  ["test", [...check, tool("vitest", "run")]],
  ["start", [[join(root, "src", "commands", "start.ts")]]],
  ["deploy", [...check, tool("wrangler", "deploy")]],
]);

const [name, ...args] = process.argv.slice(2);
const steps = commands.get(name ?? "");
if (!steps) {
  console.error(`Unknown command "${name ?? ""}". There are: ${[...commands.keys()].join(", ")}.`);
  process.exit(2);
}
for (const [i, step] of steps.entries()) {
  const status = run(runtime, i === steps.length - 1 ? [...step, ...args] : step, { env });
  if (status !== 0) process.exit(status);
}
