/** How deliveries to a system stand, coarsely: for whoever watches, without a look at any call. */
import type { Outcome } from "../system/outcome.ts";
import type { Step } from "./outbox.ts";
import type { Learnt, Settled } from "./settle.ts";
import { isProven, type Trouble } from "./whole.ts";

/** The newest answer to the creates of a channel was a no, first `since` (ms since the epoch). */
export interface Refusal {
  readonly channel: string;
  readonly since: number;
  readonly problem: string;
}

/** The better first. */
export const states = ["ok", "refused", "down"] as const;
export type State = (typeof states)[number];

export interface Standing {
  readonly system: string;
  readonly deliveries: State;
  /** Why, where it is known; nothing of a call. */
  readonly problem?: string;
  readonly refused: readonly Refusal[];
}

/** A step of `channel` came to `outcome`, and that to what is `settled`. */
export interface Came {
  readonly channel: string;
  readonly step: Step;
  readonly outcome: Outcome;
  readonly settled: Settled;
  readonly learnt: Learnt;
}

/** Which channels are refused after it; the same list where nothing changes, since each change is a row written. */
export function refusedAfter(refused: readonly Refusal[], came: Came, now: number): readonly Refusal[] {
  const { channel, step, outcome } = came;
  const known = refused.some((one) => one.channel === channel);
  if (known && outcome.kind === "delivered" && makes(step)) return refused.filter((one) => one.channel !== channel);
  if (known || step.kind !== "create" || outcome.kind === "delivered" || !isNo(came)) return refused;
  return [...refused, { channel, since: now, problem: outcome.why }];
}

/** What is delivered shows that a create came through. */
function makes({ kind }: Step): boolean {
  return kind === "create" || kind === "ask";
}

/** Whether a create was turned away for good; one that goes on without what may have been the reason was not. */
function isNo({ outcome, settled, learnt }: Came): boolean {
  if (outcome.kind === "unwelcome") return true;
  if (outcome.kind === "refused") return settled.told.refused !== undefined;
  return outcome.kind === "unknown" && outcome.page === true && !learnt.delivered;
}

/** `refused`: of the channels that are the system's now. */
export function standingOf(system: string, outage: Trouble | undefined, refused: readonly Refusal[]): Standing {
  if (outage && isProven(outage)) return { system, deliveries: "down", problem: outage.because, refused };
  return { system, deliveries: refused.length > 0 ? "refused" : "ok", refused };
}

/** An object that nobody reaches: nothing is known of its system, and nothing goes out. */
export function outOfReach(system: string): Standing {
  return { system, deliveries: "down", problem: "its object does not answer", refused: [] };
}
