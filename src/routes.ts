/** The routes. */
import { Hono } from "hono";
import { announce } from "./config/announce.ts";
import { readConfiguration } from "./config/channels.ts";
import { api } from "./console/api.ts";
import { greeting, health } from "./console/health.ts";
import { Standings } from "./console/standings.ts";
import { bearsToken } from "./console/token.ts";
import type { Env } from "./env.ts";
import { notFound, notNow, problem } from "./hooks/problem.ts";
import { receive } from "./hooks/receive.ts";
import { log } from "./log.ts";

/** `now` gives ms since the epoch. */
export function routes(now: () => number): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  const standings = new Standings(now);

  app.use((c, next) => {
    announce(readConfiguration(c.env));
    return next();
  });

  app.all("/hooks/:channel", (c) => receive(c.req.raw, c.env, c.req.param("channel"), now()));
  app.all("/hooks/:channel/*", (c) => receive(c.req.raw, c.env, c.req.param("channel"), now()));

  app.get("/", () => greeting());

  app.get("/health", async (c) => {
    const byOperator = await bearsToken(c.req.raw, c.env);
    const secrets = c.req.query("secrets") === "shown";
    const configuration = readConfiguration(c.env);
    const systems = new Set([...configuration.channels.values()].map(({ system }) => system));
    const stand = await standings.of(c.env, [...systems]);
    return health(configuration, stand, { origin: new URL(c.req.url).origin, byOperator, secrets });
  });

  app.route("/api", api);

  app.notFound(() => problem(notFound));
  app.onError((error) => {
    log("error", "request", { error: error.name });
    return problem(notNow, { "retry-after": "5" });
  });

  return app;
}
