// The packages: whether they are all there, and how they get there. Plain JavaScript, since it runs before them.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const windows = process.platform === "win32";

/** The Node.js that all but the installation needs. */
export const newNode = 24;

/** How long an installation may take, and how often it says that it is still at it, in ms. */
const limitMs = 15 * 60_000;
const wordMs = 15_000;

/** How long npm may take to end once it is told to, in ms. While it unpacks it does not heed. */
const graceMs = 1_000;

/**
 * Whether node_modules holds what the lockfile names; npm keeps a copy of the lockfile there, once all is in its place.
 * Another npm may have taken packages away since.
 */
export function installed(root) {
  const modules = join(root, "node_modules");
  const copy = join(modules, ".package-lock.json");
  if (!existsSync(copy)) return false;
  const there = packagesOf(copy);
  const wanted = packagesOf(join(root, "package-lock.json"));
  return (
    Object.keys(there).every((path) => existsSync(join(root, path, "package.json"))) &&
    Object.entries(wanted).every(
      ([path, { optional, version }]) => path === "" || optional || there[path]?.version === version,
    ) &&
    nodeOf(root) !== undefined
  );
}

/** The Node.js that the packages bring; where they bring none for this machine this one, if it is new enough. */
export function nodeOf(root) {
  const brought = join(root, "node_modules", "node", "bin", windows ? "node.exe" : "node");
  if (existsSync(brought)) return brought;
  return Number.parseInt(process.versions.node, 10) >= newNode ? process.execPath : undefined;
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, "utf8")).packages;
  } catch {
    // Half written, by somebody who is at it right now.
    return { "": {}, "node_modules/": {} };
  }
}

/**
 * Installs them, or waits while another run of ours does: two at once take each other's packages away. `scratch` is a
 * folder that may be written. Gives what is wrong, undefined where all went well or `stopped` came.
 */
export async function install(root, scratch, stopped, say) {
  const lock = join(tmpdir(), `trunkline-install-${createHash("sha256").update(root).digest("hex").slice(0, 12)}`);
  const deadline = Date.now() + limitMs;
  for (let waiting = false; !take(lock); waiting = true) {
    if (!waiting) say("Another run is installing the packages: this one waits for it ...");
    if (Date.now() > deadline) return `packages: another run has been installing them for too long. Remove ${lock}`;
    await pause(200, undefined, { signal: stopped }).catch(() => {});
    if (stopped.aborted) return undefined;
  }
  try {
    if (installed(root)) return undefined;
    return await ci(root, scratch, stopped, say);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A file that holds its owner's process id; one whose owner is gone is nobody's. */
function take(lock) {
  if (isAbandoned(lock)) rmSync(lock, { force: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function isAbandoned(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > limitMs) return true;
    // Before its owner wrote it is empty: 0 is ourselves, who are there.
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

async function ci(root, scratch, stopped, say) {
  say("Installing packages, once ...");
  const began = Date.now();
  const words = setInterval(() => say(`npm is still at it, ${Math.round((Date.now() - began) / 1000)} s ...`), wordMs);
  const late = AbortSignal.timeout(limitMs);
  try {
    const code = await npm(
      ["ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"],
      { cwd: root, env: { ...process.env, ...cacheIn(scratch) } },
      AbortSignal.any([stopped, late]),
    );
    if (stopped.aborted) {
      // What it got to so far would only be in the way of the next run.
      rmSync(join(root, "node_modules"), { recursive: true, force: true, maxRetries: 5 });
    }
    if (stopped.aborted || code === 0) return undefined;
    const why = late.aborted ? `was not done after ${limitMs / 60_000} minutes` : "failed, and says why above";
    return `packages: npm ci ${why}. Mend that (network? registry? disk? another npm in this folder?)`;
  } catch (error) {
    return `packages: npm could not be started (${error.code ?? error.message}). Install npm`;
  } finally {
    clearInterval(words);
  }
}

/** npm keeps what it fetched below HOME: where that can't be written, it does so for this once in our own folder. */
function cacheIn(scratch) {
  const places = [process.env.npm_config_cache, homedir()].filter(Boolean);
  return places.some((place) => unwritable(place) === undefined) ? {} : { npm_config_cache: join(scratch, "npm") };
}

/** Why `folder` can't be written, as the system calls it; undefined where it can. */
export function unwritable(folder) {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return error.code;
  }
}

/** Resolves with its exit code. It has a group of its own, so that all that it started ends with it. */
function npm(args, options, ending) {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, {
      ...options,
      stdio: ["ignore", 2, 2],
      shell: windows,
      detached: !windows,
    });
    let grace;
    const end = () => {
      signalGroup(child, "SIGTERM");
      grace = setTimeout(() => signalGroup(child, "SIGKILL"), graceMs);
    };
    if (ending.aborted) end();
    ending.addEventListener("abort", end);
    child.on("error", reject);
    child.on("exit", (code) => {
      clearTimeout(grace);
      ending.removeEventListener("abort", end);
      // What it started and left behind goes too.
      if (ending.aborted) signalGroup(child, "SIGKILL");
      resolve(code ?? 1);
    });
  });
}

function signalGroup(child, signal) {
  try {
    if (windows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It is gone already.
  }
}
