/** The real thing: Trunkline in workerd over real HTTP, with a clock that can be turned. */
import { type LocalSetup, type LocalWorker, startLocalWorker } from "../../src/commands/local-worker.ts";

export interface Trunkline extends LocalWorker {
  /** Turns the clock of a system's Exchange forward, and rings its alarm. */
  turn(system: string, byMs: number): Promise<void>;
}

export async function startTrunkline(setup: LocalSetup): Promise<Trunkline> {
  const worker = await startLocalWorker({ ...setup, entrypoint: "test/stories/worker.ts" });
  return {
    ...worker,
    turn: async (system, byMs) => {
      const query = new URLSearchParams({ system, by: String(byMs) });
      const answer = await fetch(`${worker.url}/turn?${query}`, { method: "POST" });
      if (answer.status !== 204) throw new Error(`the clock did not turn: ${answer.status}`);
    },
  };
}

/** Waits until `there` gives something, at most `withinMs`: for what happens on its own in another process. */
export async function until<T>(
  what: string,
  there: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await there();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
