/** The configuration's faults and warnings in the log, for who reads that and not `/health`. */
import { log } from "../log.ts";
import type { Configuration } from "./channels.ts";

/** Of each kind, in lines. */
const maxAnnounced = 50;

/** What this isolate announced already, and of which configurations. */
const announced = new Set<string>();
const seen = new WeakSet<Configuration>();

/** Logs each fault and each warning once in the life of an isolate. */
export function announce(configuration: Configuration): void {
  if (seen.has(configuration)) return;
  seen.add(configuration);
  const { faults, warnings } = configuration;
  const reports = [
    ...faults.slice(0, maxAnnounced).map((fault) => ["error", "misconfigured", fault] as const),
    ...warnings.slice(0, maxAnnounced).map((warning) => ["warn", "configuration", warning] as const),
  ];
  for (const [level, what, facts] of reports) {
    const line = JSON.stringify([what, facts]);
    if (announced.has(line)) continue;
    announced.add(line);
    log(level, what, { ...facts });
  }
}
