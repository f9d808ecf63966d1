/** What is wrong with a configuration, said so that the operator can mend it. Never holds a value. */
import type { core } from "zod";

export interface Fault {
  /** The channel concerned; absent where no channel can be named. */
  readonly channel?: string;
  /** The configuration key or secret concerned. */
  readonly key: string;
  readonly problem: string;
}

/** A zod issue as a fault. Messages of zod name types and allowed words, not the input. */
export function faultOf(channel: string | undefined, issue: core.$ZodIssue, under: readonly string[] = []): Fault {
  const path = [...under, ...issue.path.map(String)].join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
    return { channel, key: path || keys, problem: `unknown key ${keys}` };
  }
  return { channel, key: path || "(table)", problem: issue.message };
}
