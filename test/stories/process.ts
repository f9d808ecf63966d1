/** Trunkline in a process of its own, so that it can be killed. Run as a program, it is that process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type LocalSetup, startLocalWorker } from "../../src/commands/local-worker.ts";

export interface TrunklineProcess {
  readonly url: string;
  /** `kill -9` of the runtime and everything around it, at this very moment. */
  kill(): Promise<void>;
}

export async function startProcess(setup: LocalSetup & { state: string }): Promise<TrunklineProcess> {
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(setup)], {
    // A group of its own: killing the parent alone would leave workerd answering.
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [url] = await Promise.race([once(child, "message"), failure(child)]);
  return {
    url: String(url),
    kill: async () => {
      const gone = once(child, "exit");
      process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
      await gone;
    },
  };
}

async function failure(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`Trunkline ended with ${code} before it was up`);
}

if (process.argv[1] === import.meta.filename) {
  const worker = await startLocalWorker(JSON.parse(process.argv[2] ?? "{}"));
  process.send?.(worker.url);
  process.on("disconnect", () => process.exit());
}
