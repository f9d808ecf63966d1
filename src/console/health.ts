/** What `/health` answers: to everybody how it stands, to the operator also what should be mended. */
import type { Configuration } from "../config/channels.ts";
import { misconfigured, problem } from "../hooks/problem.ts";

/** Warnings name channels and secrets that only the operator, who sends the console's token, needs to know. */
export function health({ channels, faults, warnings }: Configuration, forOperator: boolean): Response {
  const more = { warnings: warnings.length, ...(forOperator && { warned: warnings }) };
  if (faults.length > 0) return problem({ ...misconfigured, faults }, {}, more);
  return Response.json({ status: "ok", channels: channels.size, ...more });
}
