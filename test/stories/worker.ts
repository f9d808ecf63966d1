/**
 * Trunkline with a clock that tests can turn: `POST /turn?system=<origin>&by=<ms>`, and no jitter in its waits; with an R2
 * that fails on demand: `POST /archive?fails=put`; with other limits of transfers: `POST /limits?stallMs=<ms>`; and with an
 * Exchange that is taken away from under what it is doing: `POST /evict?system=<origin>`.
 */
import type { Env } from "../../src/env.ts";
import { Exchange as RealExchange } from "../../src/exchange/exchange.ts";
import { Courier as RealCourier } from "../../src/recordings/courier.ts";
import { limits as usual } from "../../src/recordings/limits.ts";
import { routes } from "../../src/routes.ts";

/** Worker and objects of a local runtime share an isolate. */
let turnedBy = 0;
const now = () => Date.now() + turnedBy;
const app = routes(now);
let limits = usual;
/** The names of the bucket's methods that fail. */
let fails: readonly string[] = [];

/** R2 with its bad days. */
function moody<T extends object>(bucket: T): T {
  return new Proxy(bucket, {
    get: (_, name) => {
      const method: unknown = Reflect.get(bucket, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        if (fails.includes(String(name))) throw new Error(`${String(name)}: We encountered an internal error. (10001)`);
        const result: unknown = await method.apply(bucket, args);
        return name === "createMultipartUpload" ? moody(result as R2MultipartUpload) : result;
      };
    },
  });
}

function moodyIn(env: Env): Env {
  return { ...env, RECORDINGS: moody(env.RECORDINGS) };
}

export class Courier extends RealCourier {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, moodyIn(env), limits);
  }
}

export class Exchange extends RealExchange {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, moodyIn(env), { now, random: () => 0.5 });
  }

  /** As if its alarm rang. */
  async ring(): Promise<void> {
    await this.alarm();
  }

  evict(): void {
    this.ctx.abort("evicted");
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/archive") fails = url.searchParams.getAll("fails");
    else if (url.pathname === "/limits") limits = { ...usual, ...numbersOf(url.searchParams) };
    else if (url.pathname === "/turn") await turn(env, url.searchParams);
    else if (url.pathname === "/evict") await evict(env, url.searchParams);
    else return app.fetch(request, env, ctx);
    return new Response(null, { status: 204 });
  },
};

function numbersOf(parameters: URLSearchParams): Record<string, number> {
  return Object.fromEntries([...parameters].map(([name, value]) => [name, Number(value)]));
}

async function turn(env: Env, parameters: URLSearchParams): Promise<void> {
  turnedBy += Number(parameters.get("by"));
  await exchangeOf(env, parameters).ring();
}

/** The call ends as the object does. */
async function evict(env: Env, parameters: URLSearchParams): Promise<void> {
  await Promise.resolve(exchangeOf(env, parameters).evict()).catch(() => undefined);
}

function exchangeOf(env: Env, parameters: URLSearchParams): Pick<Exchange, "ring" | "evict"> {
  return env.EXCHANGE.getByName(parameters.get("system") ?? "") as unknown as Exchange;
}
