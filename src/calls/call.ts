/** A call as the customer lives it: a fold of its events. */
import type { Direction, FinalStatus, Recording } from "./event.ts";

/** What the system may be told of a call's state. */
export type CallStatus = "ringing" | "in-progress" | FinalStatus;

/** An agent's talk. `since` in ms since the epoch, `seconds` absent where the PBX never says. */
export interface Talk {
  readonly extension: string;
  readonly since: number;
  readonly seconds?: number;
}

export interface Call {
  readonly id: string;
  /** Absent while no event tells. */
  readonly direction?: Direction;
  /** Normalized; absent while unknown, or for good where `withheld`. */
  readonly phone?: string;
  readonly withheld: boolean;
  readonly line?: string;
  readonly internal: boolean;
  readonly status: CallStatus;
  /** Extensions that were rung or that placed the call, sorted. */
  readonly rung: readonly string[];
  /** Agents who talked, in the order in which they did. */
  readonly talks: readonly Talk[];
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Of talk, in the whole call. */
  readonly seconds?: number;
  readonly recordings: readonly Recording[];
  readonly notes: readonly string[];
}
