/**
 * Where the data lies. An object of a jurisdiction is another than the one of the same name without: what `JURISDICTION`
 * says before the first call is for good.
 */
import type { Fault } from "./faults.ts";
import { nearest } from "./nearest.ts";

/** https://developers.cloudflare.com/durable-objects/reference/data-location/ (read 2026-11). */
export const jurisdictions: ReadonlySet<string> = new Set(["eu", "fedramp", "fedramp-high", "us"]);

/** What else people call them. */
const byName = new Map([
  ["europe", "eu"],
  ["usa", "us"],
]);

/** The variable as it is set; undefined where it is not, or empty. */
function written(env: object): unknown {
  const value = new Map<string, unknown>(Object.entries(env)).get("JURISDICTION");
  return typeof value === "string" ? value.trim() || undefined : value;
}

/** The jurisdiction that the variable names; undefined for none. Only to be asked where `jurisdictionFault` finds nothing. */
export function jurisdictionOf(env: object): DurableObjectJurisdiction | undefined {
  return written(env) as DurableObjectJurisdiction | undefined;
}

/** Why nothing may be kept: a jurisdiction that there is not, or not here. */
export function jurisdictionFault(env: object): Fault | undefined {
  const name = written(env);
  if (name === undefined) return undefined;
  if (typeof name !== "string" || !jurisdictions.has(name)) {
    const meant =
      typeof name === "string" ? (byName.get(name.toLowerCase()) ?? nearest(name, jurisdictions)) : undefined;
    const known = [...jurisdictions].map((word) => `"${word}"`).join(", ");
    const problem = `must be one of: ${known}${meant === undefined ? "" : `. Write "${meant}"`}`;
    return { key: "JURISDICTION", problem };
  }
  return isThere(env, name) ? undefined : { key: "JURISDICTION", problem: notHere };
}

const notHere =
  'this runtime keeps no data by jurisdiction, so that nothing is kept. Under wrangler dev write JURISDICTION="" into .dev.vars';

/** workerd on its own has none (tried 2026-11): "Jurisdiction restrictions are not implemented in workerd." */
function isThere(env: object, name: string): boolean {
  const namespace: unknown = Reflect.get(env, "EXCHANGE");
  if (typeof namespace !== "object" || namespace === null || !("jurisdiction" in namespace)) return true;
  try {
    (namespace as DurableObjectNamespace).jurisdiction(name as DurableObjectJurisdiction);
    return true;
  } catch {
    return false;
  }
}
