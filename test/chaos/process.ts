/**
 * Trunkline in a workerd of its own that can be killed and deployed over. Without the proxy and the bundling of
 * `wrangler dev`, so that thousands of calls take a minute. Run as a program, it is that process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { convertV4MiniflareOptions, type Json, Log, LogLevel, Miniflare } from "miniflare";
import type { Build } from "./build.ts";

export interface Setup extends Build {
  readonly bindings: Readonly<Record<string, Json>>;
  /** The folder that outlives each kill. */
  readonly state: string;
}

export interface Trunkline {
  readonly url: string;
  /** `kill -9` of the runtime and everything around it, at this very moment. */
  kill(): Promise<void>;
  /** Puts a new one in its place, with other bindings and the same state. */
  deploy(bindings: Setup["bindings"]): Promise<Trunkline>;
}

export async function startTrunkline(setup: Setup): Promise<Trunkline> {
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(setup)], {
    // A group of its own: killing the parent alone would leave workerd answering.
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return upOn(child, setup);
}

/** What the process says once its worker is up. */
async function upOn(child: ChildProcess, setup: Setup): Promise<Trunkline> {
  const up = new AbortController();
  const [url] = await Promise.race([once(child, "message"), failure(child, up.signal)]);
  up.abort();
  return {
    url: String(url),
    kill: async () => {
      const gone = once(child, "exit");
      process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
      await gone;
    },
    deploy: (bindings) => {
      const next = { ...setup, bindings };
      child.send(next);
      return upOn(child, next);
    },
  };
}

async function failure(child: ChildProcess, signal: AbortSignal): Promise<never> {
  const [code] = await once(child, "exit", { signal });
  throw new Error(`Trunkline ended with ${code} before it was up`);
}

function optionsOf({ script, options, bindings, state }: Setup) {
  return convertV4MiniflareOptions({
    ...options,
    name: "trunkline",
    rootPath: dirname(script),
    modules: [{ type: "ESModule", path: script }],
    bindings,
    resourcePersistencePath: state,
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    host: "127.0.0.1",
    log: new Log(LogLevel.ERROR),
    // Its log is of no interest: every second line tells of a fault.
    handleStructuredLogs: () => undefined,
  });
}

if (process.argv[1] === import.meta.filename) {
  const worker = new Miniflare(optionsOf(JSON.parse(process.argv[2] ?? "{}")));
  const tell = async () => process.send?.((await worker.unsafeGetDirectURL("trunkline")).origin);
  process.on("message", (setup: Setup) => void worker.setOptions(optionsOf(setup)).then(tell));
  process.on("disconnect", () => process.exit());
  await tell();
}
