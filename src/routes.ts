/** The routes. */
import { Hono } from "hono";
import { readConfiguration } from "./config/channels.ts";
import { api } from "./console/api.ts";
import type { Env } from "./env.ts";
import { misconfigured, notFound, notNow, problem } from "./hooks/problem.ts";
import { receive } from "./hooks/receive.ts";
import { log } from "./log.ts";

/** `now` gives ms since the epoch. */
export function routes(now: () => number): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();

  app.all("/hooks/:channel", (c) => receive(c.req.raw, c.env, c.req.param("channel"), now()));
  app.all("/hooks/:channel/*", (c) => receive(c.req.raw, c.env, c.req.param("channel"), now()));

  app.get("/health", (c) => {
    const { channels, faults } = readConfiguration(c.env);
    if (faults.length > 0) return problem({ ...misconfigured, faults });
    return c.json({ status: "ok", channels: channels.size });
  });

  app.route("/api", api);

  app.notFound(() => problem(notFound));
  app.onError((error) => {
    log("error", "request", { error: error.name });
    return problem(notNow, { "retry-after": "5" });
  });

  return app;
}
