/**
 * Trunkline with a clock that the run turns, and with storage and a bucket that fail: `POST /turn?system=<origin>&ahead=<ms>
 * &share=<0..1>`, with each of the systems. `ahead` is of the machine's clock, and a runtime that was killed begins with
 * `AHEAD_MS`, so that its clock never goes back. `POST /evict?system=<origin>` takes the object away from under whatever it
 * is doing.
 */
import { env as bindings } from "cloudflare:workers";
import type { Env } from "../../src/env.ts";
import { Exchange as RealExchange } from "../../src/exchange/exchange.ts";
import { Courier as RealCourier } from "../../src/recordings/courier.ts";
import { routes } from "../../src/routes.ts";
import { turnedAlarm, unwatched } from "./alarm.ts";
import { Counts } from "./counts.ts";
import { random } from "./random.ts";
import { failingBucket, failingStorage } from "./worker-faults.ts";

export interface Turned {
  /** In how many ms of its clock an alarm is set. */
  readonly dueInMs: number;
  /** What is owed or open though no alarm is near. */
  readonly unwatched: readonly string[];
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
    turnedAlarm(ctx.storage, () => aheadMs);
    super(ctx, env, { now, random: Math.random });
  }

  /** Its alarm rings if the object itself had set it for a time that has come: nothing else wakes it. */
  async turned(): Promise<Pick<Turned, "dueInMs"> & { readonly unwatched: string | undefined }> {
    const { storage } = this.ctx;
    const at = await storage.getAlarm();
    if (at !== null && at <= Date.now()) {
      // In one go with what it writes, as the platform forgets an alarm that rang.
      void storage.deleteAlarm();
      await this.alarm();
    }
    const next = await storage.getAlarm();
    const dueInMs = (next ?? Number.MAX_SAFE_INTEGER) - Date.now();
    return { dueInMs, unwatched: unwatched(storage.sql, next === null ? undefined : dueInMs) };
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
    const exchanges = asked
      .getAll("system")
      .map((system) => env.EXCHANGE.getByName(system) as unknown as Pick<Exchange, "turned" | "evict">);
    if (pathname === "/evict") {
      for (const exchange of exchanges) await Promise.resolve(exchange.evict()).catch(() => undefined);
      return new Response();
    }
    if (pathname !== "/turn") return app.fetch(request, env, ctx);
    aheadMs = Math.max(aheadMs, Number(asked.get("ahead")));
    trouble.share = Number(asked.get("share"));
    const turned = await Promise.all(exchanges.map((exchange) => exchange.turned()));
    const faults = trouble.counts.toJSON();
    trouble.counts = new Counts();
    const dueInMs = Math.min(...turned.map(({ dueInMs }) => dueInMs));
    return Response.json({
      dueInMs,
      unwatched: turned.flatMap(({ unwatched }) => unwatched ?? []),
      faults,
    } satisfies Turned);
  },
};
