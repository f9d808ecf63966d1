/** A checked configuration as it is shown in a terminal. */
import { spoken } from "../config/faults.ts";
import type { Checked } from "./configuration.ts";

/** No mistake: a clone is tried and tested before it has one. */
export const noChannelYet = "No channel is configured yet: add [vars.CHANNELS.<name>] to wrangler.toml";

/** `until`: what becomes of it until the faults are mended. */
export function reported({ environment, faults, warnings, notices }: Checked, until: string): string {
  const of = environment === undefined ? "" : ` of the environment "${environment}"`;
  const mended = faults.length === 1 ? "it is mended" : "they are mended";
  return [
    ...(faults.length > 0
      ? [`The configuration${of} has ${counted(faults.length, "fault")}. ${until} until ${mended}.`]
      : []),
    ...faults.map((fault) => `  ✘ ${spoken(fault)}`),
    ...(warnings.length > 0 ? [`The configuration${of} has ${counted(warnings.length, "warning")}.`] : []),
    ...warnings.map((warning) => `  ▲ ${spoken(warning)}`),
    ...notices,
  ].join("\n");
}

/** Why the file could not be read, and where it breaks; not what stands there. */
export function unreadable(error: unknown): string {
  const { location, text, message } = error as {
    location?: { line: number; column: number };
    text?: string;
    message?: string;
  };
  const place = location ? `, at line ${location.line}, column ${location.column}` : "";
  return `The configuration could not be read: ${text ?? message ?? error}${place}`;
}

function counted(count: number, what: string): string {
  return count === 1 ? `a ${what}` : `${count} ${what}s`;
}
