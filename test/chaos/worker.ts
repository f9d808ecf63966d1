/**
 * Trunkline with a clock that the run turns: `POST /turn?system=<origin>&ahead=<ms>`. `ahead` is of the machine's clock, and
 * a runtime that was killed begins with `AHEAD_MS`, so that its clock never goes back.
 */
import { env as bindings } from "cloudflare:workers";
import type { Env } from "../../src/env.ts";
import { Exchange as RealExchange } from "../../src/exchange/exchange.ts";
import { routes } from "../../src/routes.ts";

export { Courier } from "../../src/recordings/courier.ts";

/** Worker and objects of a local runtime share an isolate. */
let aheadMs = Number((bindings as { AHEAD_MS?: string }).AHEAD_MS ?? 0);
const now = () => Date.now() + aheadMs;
const app = routes(now);

export class Exchange extends RealExchange {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { now, random: Math.random });
  }

  /** As if its alarm rang. */
  async ring(): Promise<void> {
    await this.alarm();
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname !== "/turn") return app.fetch(request, env, ctx);
    aheadMs = Math.max(aheadMs, Number(url.searchParams.get("ahead")));
    const exchange = env.EXCHANGE.getByName(url.searchParams.get("system") ?? "") as unknown as {
      ring(): Promise<void>;
    };
    await exchange.ring();
    return new Response(null, { status: 204 });
  },
};
