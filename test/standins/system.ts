/** A stand-in for the helpdesk that is as strict as its API is documented, remembers everything and shows it on a page. */
import type { Installation, SystemCall, Ticket } from "./system-calls.ts";
import type { Arrays } from "./system-checks.ts";
import type { Rule } from "./system-faults.ts";
import { Helpdesk } from "./system-server.ts";

export type { SystemCall, Ticket } from "./system-calls.ts";
export type { Behaviour, Rule, Seen } from "./system-faults.ts";

export interface SystemOptions extends Installation {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly channelKeys: readonly string[];
  /** `email:api_key`, where Basic authorization is demanded. */
  readonly auth?: string;
  /** Requests a minute. */
  readonly limit?: number;
  /** Further keys of channels, each with the one in `channelKeys` that it stands for. */
  readonly renamed?: ReadonlyMap<string, string>;
  /** Whether this installation knows `update_call`, or how it refuses it; default `true`, and `false` is 400. */
  readonly updateCall?: boolean | 400 | 404 | 405 | 422;
  /** A body of more bytes is answered 413 without being read. */
  readonly maxUpload?: number;
  readonly arrays?: Arrays;
  /** ms since the epoch. */
  readonly now?: () => number;
}

/** One request, as it came and as it was answered. */
export interface SystemRequest {
  /** From 1. */
  readonly n: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  action?: string;
  /** An array field as an array of its values as they were sent, any other as text. */
  fields: Record<string, string | string[]>;
  file?: { name: string; type: string; bytes: number; sha256: string };
  /** 0: the connection was lost before an answer. Absent: not answered yet. */
  status?: number;
  ms?: number;
}

export interface System {
  /** Without a slash at its end. */
  readonly url: string;
  readonly calls: readonly SystemCall[];
  readonly tickets: readonly Ticket[];
  /** Requests to the API, the page's not among them. */
  readonly requests: readonly SystemRequest[];
  /** Each rule that was broken. An unknown channel key or a wrong authorization is refused, yet breaks none. */
  readonly violations: readonly string[];
  /** Requests a minute. */
  readonly limit: number;
  /** Requests in the current minute. */
  readonly uses: number;
  /** ms since the epoch; 0 while nobody is blocked. */
  readonly blockedUntil: number;
  /** How many forms it has still to do, though it answered them or lost their clients. */
  readonly late: number;
  /** Does what is due of that by its clock, as any request and any look at its calls does. */
  catchUp(): void;
  /** PBX ids of calls with more than one ticket. */
  doubled(): string[];
  /** Replaces the rule by which it misbehaves; `undefined` ends that. */
  behave(rule: Rule | undefined): void;
  /** Other clients of the helpdesk use up so many requests of the limit. */
  othersUse(count: number): void;
  /** Blocks everybody for twenty minutes, as if others had exceeded the limit. */
  block(): void;
  /** Resolves once `holds` is true, asked whenever work was done or a request answered; rejects after `withinMs`, 10 s by default. */
  until(holds: () => boolean, withinMs?: number): Promise<void>;
  /** Forgets everything but its options, and drops what it has not answered yet. */
  reset(): void;
  close(): Promise<void>;
}

export async function startSystem(options: SystemOptions): Promise<System> {
  const helpdesk = new Helpdesk(options);
  await helpdesk.listen(options.port ?? 0);
  return helpdesk;
}
