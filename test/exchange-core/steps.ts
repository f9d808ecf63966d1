/** Calls, recordings and outcomes that the tests of the outbox share. */

import { fold } from "../../src/calls/call.ts";
import type { Desired } from "../../src/calls/desired.ts";
import { nextStep, type Step } from "../../src/exchange/outbox.ts";
import type { RecordingRow } from "../../src/exchange/recording-row.ts";
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
  create: "done",
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
export const unknown: Extract<Outcome, { kind: "unknown" }> = { kind: "unknown", why: "lost", slow: false };
