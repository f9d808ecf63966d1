/**
 * Trunkline as it is deployed, but that a test may configure it otherwise: an object that is made from then on, as after a
 * deployment, knows that. Each transaction of an Exchange is looked at.
 */
import type { Env } from "../../src/env.ts";
import { Exchange as RealExchange } from "../../src/exchange/exchange.ts";
import worker from "../../src/index.ts";
import { Courier as RealCourier } from "../../src/recordings/courier.ts";
import { watch } from "./owing.ts";

let configuration: object = {};

/** What stands beside the usual variables, or in their place, until told otherwise. */
export function configure(variables: object): void {
  configuration = variables;
}

function configured(env: Env): Env {
  return { ...env, ...configuration };
}

export class Courier extends RealCourier {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, configured(env));
  }
}

export class Exchange extends RealExchange {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, configured(env));
    watch(ctx.storage);
  }
}

export default worker;
