/** An Exchange within reach: what its tables hold, its clock, its alarm, and another configuration. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { Env } from "../../src/env.ts";
import { unseen } from "./owing.ts";
import { configure } from "./worker.ts";

const { EXCHANGE, RECORDINGS } = env as unknown as Env;

export const archive = RECORDINGS;
export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;
export const home = "https://system.example";
/** The channel that is configured, as it is. */
export const support = { provider: "zadarma", system: home };

export type Stub = ReturnType<typeof exchange>;

export function exchange(system = home) {
  return EXCHANGE.getByName(system);
}

export function rows(stub: Stub, query: string) {
  return runInDurableObject(stub, (_, { storage }) => unseen(storage.sql)(query).toArray());
}

export function now(at: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: at });
}

/** What is configured from here on, as after a deployment: the objects are made anew. */
export async function deploy(variables: object): Promise<void> {
  configure(variables);
  await abortAllDurableObjects();
}

/** Time goes on for `forMs`: the alarm rings whenever it is set for, and by itself no more than that happens. */
export async function pass(forMs: number, system = home): Promise<void> {
  const until = Date.now() + forMs;
  for (let rung = 0; rung < 5_000; rung++) {
    await settled();
    const at = await runInDurableObject(exchange(system), (_, { storage }) => storage.getAlarm());
    if (at === null || at > until) break;
    now(Math.max(at, Date.now()));
    await runDurableObjectAlarm(exchange(system));
  }
  now(until);
  await settled();
}

/** What was started is answered: the helpdesk needs no time, only turns. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
