// Runs a command of package.json on a machine that may have an older Node.js or no installed packages:
// installs what is missing, then hands over to the Node.js that the packages bring. Plain JavaScript for that reason.
import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { install, installed, newNode, nodeOf, unwritable } from "./packages.mjs";
import { aboutOf, astray, overview, startFault, usage } from "./usage.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const modules = join(root, "node_modules");

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

/** Our own programs: they say more themselves, and need nothing that is kept below HOME. */
const own = new Set(["start", "chaos", "fuzz", "bench"]);

/** They hold nothing that must be put away, and TypeScript (7.0) does not hear Ctrl-C. */
const idle = new Set([tsc[0], biome[0]]);

/** What `npm ci` and this file can be run by; all else runs by the Node.js that the packages bring. */
const leastNode = 20;

// package.json says what a command does behind its name, for `npm run` alone to show.
const [asked = "", ...args] = process.argv.slice(2);
const name = asked.replace(/:.*/s, "");
const steps = commands.get(name);

/** Aborted with the name of the signal, once somebody wants it to end. */
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop.abort(signal));

process.exitCode = await main();

async function main() {
  const abouts = aboutOf(join(root, "package.json"));
  if (!steps) {
    const wanted = name !== "" && name !== "--help";
    if (wanted) console.error(`There is no command "${name}". There are:`);
    (wanted ? console.error : console.log)(overview(abouts).join("\n"));
    return wanted ? 2 : 0;
  }
  const helped = args.includes("--help") || args.includes("-h");
  if (helped && (name === "start" || !own.has(name) || !installed(root))) {
    console.log(usage(name, abouts.get(name)));
    return 0;
  }
  const fault = astray(name, process.env) ?? (name === "start" ? startFault(args) : undefined);
  if (fault) {
    console.error(`${fault}\n\n${usage(name, abouts.get(name))}`);
    return 2;
  }
  if (name === "start") console.log("Trunkline is starting: worker, helpdesk and PBXs, all on this machine ...");
  if (Number.parseInt(process.versions.node, 10) < leastNode) {
    return failed(`Node.js ${process.versions.node}: it is too old. Install ${leastNode} or newer`);
  }
  // The packages are put there, and the worker is built there.
  const locked = name === "start" || !installed(root) ? unwritable(root) : undefined;
  if (locked) {
    return failed(
      `folder ${root}: it can't be written (${locked}). Allow it, or copy the project to a folder of your own`,
    );
  }
  return inScratch(runAll);
}

/** All that is put down on the way is put down in one folder, which is gone in the end, however that comes. */
async function inScratch(work) {
  let scratch;
  try {
    scratch = realpathSync(mkdtempSync(join(tmpdir(), "trunkline-")));
  } catch (error) {
    return failed(`folder ${tmpdir()}: it can't be written (${error.code}). Set TMPDIR to one that can`);
  }
  try {
    return await work(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
    if (own.has(name)) removeEmpty(join(root, ".wrangler", "tmp"), join(root, ".wrangler"));
  }
}

/** Wrangler leaves the folders that it worked in; what else is in them is somebody's. */
function removeEmpty(...folders) {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}

async function runAll(scratch) {
  if (!installed(root)) {
    const fault = await install(root, scratch, stop.signal, console.error);
    if (stop.signal.aborted) return 130;
    if (fault) return failed(fault);
    if (!nodeOf(root)) return failed(`packages: they bring no Node.js for this machine. Install Node.js ${newNode}`);
  }
  for (const [i, step] of steps.entries()) {
    const code = await run(i === steps.length - 1 ? [...step, ...args] : step, environment(scratch));
    if (code !== 0) return code;
    if (stop.signal.aborted && i < steps.length - 1) return 130;
  }
  return 0;
}

function environment(scratch) {
  return {
    ...process.env,
    PATH: [dirname(nodeOf(root)), join(modules, ".bin"), process.env.PATH].join(delimiter),
    TMPDIR: scratch,
    TEMP: scratch,
    TMP: scratch,
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    X_LOCAL_OBSERVABILITY: "false",
    // Below HOME nothing is left behind, and nothing fails where it can't be written.
    ...(own.has(name) ? { XDG_CONFIG_HOME: scratch, XDG_CACHE_HOME: scratch, WRANGLER_WRITE_LOGS: "false" } : {}),
  };
}

/** Resolves with the exit code. Ctrl-C reaches the program from the terminal; it decides when to end. */
function run(program, env) {
  return new Promise((resolve) => {
    const child = spawn(nodeOf(root), program, {
      cwd: root,
      env,
      // The channel tells a command that stays up when this process is gone, or was told to end and it was not.
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    });
    const end = () => {
      if (child.connected) child.disconnect();
      if (idle.has(program[0])) child.kill("SIGKILL");
      else if (stop.signal.reason !== "SIGINT") child.kill(stop.signal.reason);
    };
    stop.signal.addEventListener("abort", end);
    if (stop.signal.aborted) end();
    child.on("error", (error) =>
      resolve(failed(`packages: their Node.js does not run (${error.code}). Remove node_modules`)),
    );
    child.on("exit", (code, signal) => {
      stop.signal.removeEventListener("abort", end);
      resolve(code ?? (signal === "SIGINT" || stop.signal.aborted ? 130 : 1));
    });
  });
}

function failed(fault) {
  console.error(`\n${fault}, then run the command again.`);
  return 1;
}
