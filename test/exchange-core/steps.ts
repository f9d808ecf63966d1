/** Calls, recordings and outcomes that the tests of the outbox share. */

import { fold } from "../../src/calls/call.ts";
import type { Desired } from "../../src/calls/desired.ts";
import { type Belief, there } from "../../src/exchange/belief.ts";
import { nextStep, type Step } from "../../src/exchange/outbox.ts";
import type { RecordingRow } from "../../src/exchange/recording-row.ts";
import { inDoubt, type Learnt, type Settled, settle } from "../../src/exchange/settle.ts";
import { type Told, untold } from "../../src/exchange/told.ts";
import type { Outcome } from "../../src/system/outcome.ts";
import { comesIn } from "../calls/heard.ts";

export const call = fold("c1", [comesIn()]);

export const ringing: Desired = { direction: "incoming", phone: "+380441234567", status: "ringing" };
export const talking: Desired = { ...ringing, status: "in-progress", assignee: { kind: "pbxUser", id: "101" } };
export const answered: Desired = { ...talking, status: "answered", comment: "talk 1:15" };
export const missed: Desired = { ...ringing, status: "missed", comment: "line 800" };

export const row: RecordingRow = {
  channel: "support",
  call: "c1",
  id: "r1",
  part: 0,
  state: "waiting",
  ready: false,
  attempt: 0,
};
export const stored: RecordingRow = { ...row, state: "stored", key: "support/2026/09/01/c1/r1.mp3", bytes: 9 };

/** What the system was told of a call that it has. */
export const has = (status: Told["status"], more: Partial<Told> = {}): Told => ({
  ...untold,
  belief: there,
  callId: "123",
  status,
  ...more,
});

export function next(
  desired: Desired,
  told: Told,
  recordings: readonly RecordingRow[] = [],
  delivery: "live" | "final" = "live",
): Step | undefined {
  return nextStep(call, desired, told, recordings, delivery);
}

export const delivered: Extract<Outcome, { kind: "delivered" }> = {
  kind: "delivered",
  callId: "123",
  ticketId: "4567",
};
export const unknown: Extract<Outcome, { kind: "unknown" }> = { kind: "unknown", why: "lost" };

/** When forms leave in these tests, ms since the epoch. */
export const now = Date.UTC(2026, 8, 1, 9, 0, 0);
/** A system that takes updates, and took something of the channel. */
export const known: Learnt = { updates: true, delivered: true, audio: true };

interface Sending {
  /** When it leaves and, `lateMs` after that, is answered. */
  readonly at?: number;
  readonly lateMs?: number;
  readonly learnt?: Learnt;
  readonly random?: number;
}

/** What `step` makes of `told`: marked when it leaves, settled when it is answered. */
export function sent(told: Told, step: Step, outcome: Outcome, sending: Sending = {}): Settled {
  const { at = now, lateMs = 0, learnt = known, random = 0.5 } = sending;
  const marked = inDoubt(told, step, at + 30_000);
  return settle(marked, { step, before: told, at }, outcome, learnt, at + lateMs, random);
}

/** A create was given up at `since` of which nothing is known. */
export const unsure = (since = now): Told => ({ ...untold, belief: { is: "unsettled", create: { since } } });

/** An update was given up at `since` of which nothing is known. */
export const overtaken = (since = now): Belief => ({ is: "unsettled", word: { since } });
