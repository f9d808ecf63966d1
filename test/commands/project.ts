/** A copy of the project in a folder of its own, and its commands run in it as a person would. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, cp, link, mkdir, mkdtemp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { until } from "../stories/harness.ts";

const root = join(import.meta.dirname, "..", "..");
/** What npm itself leaves among the temporary files. */
const ofNpm = "node-compile-cache";
const apart = new Set(["node_modules", ".git", ".wrangler"]);

export interface Project {
  /** Where the copy is. */
  readonly folder: string;
  /** What commands take for the machine's folder of temporary files. */
  readonly temporary: string;
  run(command: Command): Run;
  /** Rejects where a run is still there after its end, or left something behind. */
  leftNothing(): Promise<void>;
  remove(): Promise<void>;
}

export interface Command {
  readonly program?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Run {
  /** What it wrote so far. */
  output(): string;
  /** Resolves once it wrote `text`, at most `withinMs` after this was asked. */
  says(text: string | RegExp, withinMs?: number): Promise<void>;
  /** Types into it. */
  type(text: string): void;
  /** Ctrl-C as a terminal sends it: to all that runs there. */
  interrupt(): void;
  /** `kill -9` of what runs there. */
  kill(): void;
  readonly ended: Promise<Ended>;
  /** Whether anything that it started is still there. */
  lives(): boolean;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** `packages`: `linked` can be spoilt without spoiling the original's. */
export async function copyProject(packages: "none" | "shared" | "linked"): Promise<Project> {
  const place = await realpath(await mkdtemp(join(tmpdir(), "trunkline-copy-")));
  const [folder, temporary] = [join(place, "project"), join(place, "tmp")];
  await mkdir(temporary);
  await cp(root, folder, { recursive: true, filter: (path) => !apart.has(basename(path)) });
  const modules = await realpath(join(root, "node_modules"));
  if (packages === "shared") await symlink(modules, join(folder, "node_modules"));
  if (packages === "linked") await linkAll(modules, join(folder, "node_modules"));
  const runs: Run[] = [];
  return {
    folder,
    temporary,
    run: (command) => {
      const started = run(folder, temporary, command);
      runs.push(started);
      return started;
    },
    leftNothing: async () => {
      for (const started of runs.splice(0)) await until("its processes to be gone", () => !started.lives(), 10_000);
      const left = (await readdir(temporary)).filter((name) => name !== ofNpm);
      if ((await readdir(folder)).includes(".wrangler")) left.push(".wrangler");
      if (left.length > 0) throw new Error(`it left ${left}`);
    },
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

/** `npm start` without npm, whose exit code it gives. */
export function start(...options: readonly string[]): Command {
  return { program: process.execPath, args: ["src/commands/run.mjs", "start", ...options] };
}

async function linkAll(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkAll(source, target);
    // Onto another disk it can't be linked; and a link to somewhere stays a link.
    else if (entry.isSymbolicLink()) await cp(source, target, { verbatimSymlinks: true });
    else await link(source, target).catch(() => copyFile(source, target));
  }
}

function run(folder: string, temporary: string, { program = "npm", args, env }: Command): Run {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, TMPDIR: temporary, CI: "true", ...env },
    // A group of its own, as a terminal gives it.
    detached: true,
    stdio: "pipe",
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
  }
  const group = -(child.pid ?? Number.NaN);
  return {
    output: () => written,
    says: async (text, withinMs) => {
      await until(`${text} in ${written}`, () => written.search(text) >= 0 || undefined, withinMs);
    },
    type: (text) => child.stdin.write(text),
    interrupt: () => process.kill(group, "SIGINT"),
    kill: () => process.kill(group, "SIGKILL"),
    ended: endOf(child, () => written),
    lives: () => {
      try {
        return process.kill(group, 0);
      } catch {
        return false;
      }
    },
  };
}

async function endOf(child: ChildProcess, output: () => string): Promise<Ended> {
  const [code] = await once(child, "close");
  return { code, output: output() };
}
