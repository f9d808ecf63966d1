// Runs a command of package.json on a machine that may have an older Node.js or no installed packages:
// installs what is missing, then hands over to the Node.js that the packages bring. Plain JavaScript for that reason.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const modules = join(root, "node_modules");
const windows = process.platform === "win32";

const biome = [join(modules, "@biomejs", "biome", "bin", "biome"), "check"];
const tsc = [join(modules, "typescript", "bin", "tsc"), "--noEmit"];
const vitest = [join(modules, "vitest", "vitest.mjs"), "run"];
const command = (name) => [join(root, "src", "commands", name)];

// Each command as the programs it runs in turn; the user's arguments go to the last.
const check = [tsc, [...biome, "--error-on-warnings"]];
const commands = new Map([
  ["start", [command("start.ts")]],
  ["test", [...check, vitest]],
  ["check", check],
  ["format", [[...biome, "--write"]]],
  ["chaos", [command("chaos.ts")]],
  ["fuzz", [command("fuzz.ts")]],
  ["bench", [command("bench.ts")]],
  ["deploy", [...check, [command("deploy.ts")]]],
]);

const [name = "", ...args] = process.argv.slice(2);
const steps = commands.get(name);
if (!steps) {
  console.error(`There is no command "${name}". There are: ${[...commands.keys()].join(", ")}.`);
  process.exit(2);
}

if (!installed()) {
  console.error("Installing packages, once ...");
  const status = await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", 2, 2],
    shell: windows,
  });
  if (status !== 0) {
    console.error("npm ci failed. Mend what it says above (network? registry? disk?) and run the command again.");
    process.exit(status);
  }
}

const node = join(modules, "node", "bin", windows ? "node.exe" : "node");
const runtime = existsSync(node) ? node : process.execPath;
const env = {
  ...process.env,
  PATH: [dirname(runtime), join(modules, ".bin"), process.env.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  X_LOCAL_OBSERVABILITY: "false",
};
for (const [i, step] of steps.entries()) {
  const status = await run(runtime, i === steps.length - 1 ? [...step, ...args] : step, {
    env,
    // The channel tells a command that stays up when this process is gone.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  if (status !== 0) process.exit(status);
}
process.exit(0);

/** Whether node_modules holds what the lockfile names; npm keeps a copy of the lockfile there. */
function installed() {
  const copy = join(modules, ".package-lock.json");
  if (!existsSync(copy)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const there = packages(copy);
  return Object.entries(packages(join(root, "package-lock.json"))).every(
    ([path, wanted]) => path === "" || wanted.optional || there[path]?.version === wanted.version,
  );
}

/** Resolves with the exit code. Ctrl-C reaches the program from the terminal; it decides when to end. */
function run(program, programArgs, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArgs, { cwd: root, ...options });
    const leaveToChild = () => undefined;
    const passOn = (signal) => child.kill(signal);
    process.on("SIGINT", leaveToChild);
    process.on("SIGTERM", passOn);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", leaveToChild);
      process.off("SIGTERM", passOn);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}
