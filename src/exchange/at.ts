/** The way to a system's Exchange, by whoever asks: all must find the same object. */
import { jurisdictionOf } from "../config/jurisdiction.ts";
import type { Env } from "../env.ts";
import type { Exchange } from "./exchange.ts";

/** The Exchange of `system`, in the jurisdiction that is configured. */
export function exchangeAt(env: Env, system: string): DurableObjectStub<Exchange> {
  const jurisdiction = jurisdictionOf(env);
  const namespace = jurisdiction === undefined ? env.EXCHANGE : env.EXCHANGE.jurisdiction(jurisdiction);
  return namespace.getByName(system);
}
