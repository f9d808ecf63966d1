/** What `/health` answers: to everybody how it stands, to the operator also what should be mended. */
import { accountOf, type Configuration } from "../config/channels.ts";
import { misconfigured, problem } from "../hooks/problem.ts";

/** `origin` is the Worker's own. Warnings name channels and secrets that only the operator needs to know. */
export interface Asked {
  readonly origin: string;
  readonly byOperator: boolean;
  /** The operator wants the webhook URLs, with their secret part. */
  readonly secrets: boolean;
}

export function health(
  { channels, faults, warnings }: Configuration,
  { origin, byOperator, secrets }: Asked,
): Response {
  const hooks = Object.fromEntries([...channels.values()].map((one) => [one.name, accountOf(one, origin).hookUrl]));
  const more = {
    warnings: warnings.length,
    ...(byOperator && { warned: warnings }),
    ...(byOperator && secrets && { hooks }),
  };
  if (faults.length > 0) return problem({ ...misconfigured, faults }, {}, more);
  return Response.json(
    { status: "ok", channels: channels.size, ...more },
    { headers: { "cache-control": "no-store" } },
  );
}
