/** What `/health` answers: to everybody how it stands, to the operator also where, and what should be mended. */
import { accountOf, type Configuration } from "../config/channels.ts";
import type { Standing } from "../exchange/standing.ts";
import { misconfigured, problem } from "../hooks/problem.ts";
import { worst } from "./standings.ts";

/** `origin` is the Worker's own. Warnings name channels and secrets that only the operator needs to know, and so do systems. */
export interface Asked {
  readonly origin: string;
  readonly byOperator: boolean;
  /** The operator wants the webhook URLs, with their secret part. */
  readonly secrets: boolean;
}

/** Webhooks are taken while the configuration is without faults, however deliveries stand. */
export function health(
  { channels, faults, warnings }: Configuration,
  standings: readonly Standing[],
  { origin, byOperator, secrets }: Asked,
): Response {
  const hooks = Object.fromEntries([...channels.values()].map((one) => [one.name, accountOf(one, origin).hookUrl]));
  const more = {
    deliveries: worst(standings),
    warnings: warnings.length,
    ...(byOperator && { warned: warnings, systems: standings }),
    ...(byOperator && secrets && { hooks }),
  };
  const headers = { "cache-control": "no-store" };
  if (faults.length > 0) return problem({ ...misconfigured, faults }, headers, more);
  return Response.json({ status: "ok", channels: channels.size, ...more }, { headers });
}

/** What whoever finds the address learns: what this is, and where to look. */
export function greeting(): Response {
  return Response.json({
    name: "Trunkline",
    what: "One call, one ticket: takes a PBX's webhooks and tells a helpdesk.",
    health: "/health",
    webhooks: "/hooks/<channel>",
    api: "/api: with CONSOLE_TOKEN as a bearer, see docs/operator.md",
  });
}
