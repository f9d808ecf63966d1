/** Trunkline with a clock that tests can turn: `POST /turn?system=<origin>&by=<ms>`, and no jitter in its waits. */
import type { Env } from "../../src/env.ts";
import { Exchange as RealExchange } from "../../src/exchange/exchange.ts";
import { routes } from "../../src/routes.ts";

export { Courier } from "../../src/recordings/courier.ts";

/** Worker and objects of a local runtime share an isolate. */
let turnedBy = 0;
const now = () => Date.now() + turnedBy;
const app = routes(now);

export class Exchange extends RealExchange {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { now, random: () => 0.5 });
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
    turnedBy += Number(url.searchParams.get("by"));
    const exchange = env.EXCHANGE.getByName(url.searchParams.get("system") ?? "") as unknown as {
      ring(): Promise<void>;
    };
    await exchange.ring();
    return new Response(null, { status: 204 });
  },
};
