/** The real thing: Trunkline in workerd over real HTTP, with a clock that can be turned. */

import { type LocalSetup, type LocalWorker, startLocalWorker } from "../../src/commands/local-worker.ts";
import type { Limits } from "../../src/recordings/limits.ts";

export interface Trunkline extends LocalWorker {
  /** Turns the clock of a system's Exchange forward, and rings its alarm. */
  turn(system: string, byMs: number): Promise<void>;
  /** Takes a system's Exchange away from under what it is doing; the next that is wanted of it makes another. */
  evict(system: string): Promise<void>;
  /** R2 fails whenever one of these methods of its bucket is called, until told otherwise. */
  archiveFails(...methods: readonly string[]): Promise<void>;
  /** What a recording on its way from a PBX may take, where it is not as usual. */
  limit(limits: Partial<Limits>): Promise<void>;
}

export async function startTrunkline(setup: LocalSetup): Promise<Trunkline> {
  const worker = await startLocalWorker({ ...setup, entrypoint: "test/stories/worker.ts" });
  const command = async (path: string, parameters: [name: string, value: unknown][]) => {
    const query = new URLSearchParams(parameters.map(([name, value]) => [name, String(value)]));
    const answer = await fetch(`${worker.url}${path}?${query}`, { method: "POST" });
    if (answer.status !== 204) throw new Error(`${path} was answered ${answer.status}`);
  };
  return {
    ...worker,
    turn: (system, byMs) => command("/turn", Object.entries({ system, by: byMs })),
    evict: (system) => command("/evict", [["system", system]]),
    archiveFails: (...methods) =>
      command(
        "/archive",
        methods.map((method) => ["fails", method]),
      ),
    limit: (limits) => command("/limits", Object.entries(limits)),
  };
}

/** Waits until `there` gives something, at most `withinMs`: for what happens on its own in another process. */
export async function until<T>(
  what: string,
  there: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await there();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
