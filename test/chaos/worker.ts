/**
 * Trunkline with a clock that the run turns, and with storage and a bucket that fail: `POST /turn?system=<origin>&ahead=<ms>
 * &share=<0..1>`. `ahead` is of the machine's clock, and a runtime that was killed begins with `AHEAD_MS`, so that its clock
 * never goes back. `POST /evict?system=<origin>` takes the object away from under whatever it is doing.
 */
import { env as bindings } from "cloudflare:workers";
import type { Env } from "../../src/env.ts";
import { Exchange as RealExchange } from "../../src/exchange/exchange.ts";
import { Courier as RealCourier } from "../../src/recordings/courier.ts";
import { routes } from "../../src/routes.ts";
import { Counts } from "./counts.ts";
import { random } from "./random.ts";
import { failingBucket, failingStorage } from "./worker-faults.ts";

export interface Turned {
  /** In how many ms of its clock something is due. */
  readonly dueInMs: number;
  /** What failed since the last turn, by kind. */
  readonly faults: Readonly<Record<string, number>>;
}

/** Worker and objects of a local runtime share an isolate. */
const { SEED = "", AHEAD_MS = "0" } = bindings as { SEED?: string; AHEAD_MS?: string };
let aheadMs = Number(AHEAD_MS);
const now = () => Date.now() + aheadMs;
const app = routes(now);
const trouble = { share: 0, drawn: random(SEED, "worker", AHEAD_MS), counts: new Counts() };

export class Exchange extends RealExchange {
  constructor(ctx: DurableObjectState, env: Env) {
    failingStorage(ctx.storage, trouble);
    super(ctx, env, { now, random: Math.random });
  }

  /** As if its alarm rang; returns in how many ms it is to ring again. */
  async ring(): Promise<number> {
    await this.alarm();
    return ((await this.ctx.storage.getAlarm()) ?? Number.MAX_SAFE_INTEGER) - Date.now();
  }

  evict(): void {
    this.ctx.abort("evicted");
  }
}

export class Courier extends RealCourier {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, { ...env, RECORDINGS: failingBucket(env.RECORDINGS, trouble) });
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams: asked } = new URL(request.url);
    const exchange = env.EXCHANGE.getByName(asked.get("system") ?? "") as unknown as Pick<Exchange, "ring" | "evict">;
    if (pathname === "/evict") {
      await Promise.resolve(exchange.evict()).catch(() => undefined);
      return new Response();
    }
    if (pathname !== "/turn") return app.fetch(request, env, ctx);
    aheadMs = Math.max(aheadMs, Number(asked.get("ahead")));
    trouble.share = Number(asked.get("share"));
    const dueInMs = await exchange.ring();
    const faults = trouble.counts.toJSON();
    trouble.counts = new Counts();
    return Response.json({ dueInMs, faults } satisfies Turned);
  },
};
