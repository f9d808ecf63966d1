/** The books of a run: what the helpdesk should have, and what it has. */
import { hiddenPhone } from "../../src/calls/desired.ts";
import type { System, SystemCall } from "../standins/system.ts";
import type { Placed } from "./calls.ts";
import type { Counts } from "./counts.ts";
import type { SystemFaults } from "./faults.ts";
import type { Plan } from "./run.ts";
import type { Stage } from "./stage.ts";

/** What must be zero, as the ledger names it. */
export const wrongs = [
  "lost",
  "doubled",
  "unwanted",
  "wrong status",
  "wrong assignee",
  "wrong number",
  "missing recordings",
  "different recordings",
  "doubled recordings",
  "limit breaches",
  "reopened",
  "forged accepted",
  "other violations",
  "left owed",
] as const;
export type Wrong = (typeof wrongs)[number];

export interface Ledger {
  readonly seed: number;
  readonly calls: number;
  readonly tickets: number;
  readonly recordings: number;
  readonly webhooks: number;
  readonly forged: number;
  readonly requests: number;
  /** What went wrong, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly found: Readonly<Record<Wrong, readonly string[]>>;
  readonly seconds: number;
}

/** What is wrong, each as a line. */
export function entriesOf({ found }: Ledger): [Wrong, string][] {
  return wrongs.flatMap((wrong) => found[wrong].map((what): [Wrong, string] => [wrong, what]));
}

interface Books {
  readonly plan: Plan;
  readonly placed: readonly Placed[];
  readonly system: System;
  readonly faults: SystemFaults;
  readonly counts: Counts;
  readonly stage: Stage;
  readonly owed: number;
  readonly seconds: number;
}

type Finding = readonly [Wrong, string];

export function check({ plan, placed, system, faults, counts, stage, owed, seconds }: Books): Ledger {
  const byId = callsById(system);
  const known = new Set(placed.map(({ id }) => id));
  const strangers = system.calls.filter(({ pbxCallId }) => !known.has(pbxCallId ?? ""));
  const findings: Finding[] = [
    ...placed.flatMap((call) => findingsOf(call, byId.get(call.id) ?? [], faults)),
    ...system.violations.map(violation),
    ...faults.breaches.map((what): Finding => ["limit breaches", what]),
    ...stage.believed.map((what): Finding => ["forged accepted", what]),
    ...strangers.map(
      ({ pbxCallId }): Finding => ["forged accepted", `${pbxCallId} has a ticket, and was never placed`],
    ),
    ...stage.refused.map((what): Finding => ["other violations", what]),
    ...(owed > 0 ? [["left owed", `Trunkline says that it owes ${owed} calls`] as const] : []),
  ];
  const found = Object.fromEntries(
    wrongs.map((wrong) => [wrong, findings.flatMap(([of, what]) => (of === wrong ? what : []))]),
  ) as Record<Wrong, string[]>;
  const recordings = system.tickets.flatMap((ticket) => ticket.recordings);
  return {
    seed: plan.seed,
    calls: placed.length,
    tickets: system.tickets.length,
    recordings: recordings.length,
    webhooks: stage.sent,
    forged: stage.forged,
    requests: system.requests.length,
    faults: counts.toJSON(),
    kills: stage.kills,
    found,
    seconds,
  };
}

/** Whether the helpdesk has all that it should; what it should not have counts only in the end. */
export function isComplete(placed: readonly Placed[], system: System, faults: SystemFaults): boolean {
  const byId = callsById(system);
  return placed.every((call) => findingsOf(call, byId.get(call.id) ?? [], faults).length === 0);
}

function callsById({ calls }: System): Map<string, SystemCall[]> {
  return Map.groupBy(calls, ({ pbxCallId }) => pbxCallId ?? "");
}

function findingsOf(placed: Placed, calls: readonly SystemCall[], faults: SystemFaults): Finding[] {
  const name = `${placed.id} (${placed.provider}: ${placed.title})`;
  const [call] = calls;
  if (placed.becomes.internal) return call ? [["unwanted", `${name} has a ticket`]] : [];
  if (!call) return [["lost", `${name} has no ticket`]];
  const findings: Finding[] = [];
  const found = (wrong: Wrong, what: string) => findings.push([wrong, `${name}: ${what}`]);
  const { status, phone, direction, withheld } = placed.becomes;
  if (calls.length > 1) found("doubled", `${calls.length} tickets`);
  if (call.status !== status) found("wrong status", `${call.statuses.join(", ")}; it should end as ${status}`);
  const assignee = assigneeFault(placed, call);
  if (assignee) found("wrong assignee", assignee);
  const number = withheld ? hiddenPhone : phone;
  if (number !== undefined && call.phone !== number) found("wrong number", `${call.phone} instead of ${number}`);
  if (direction !== undefined && call.direction !== direction)
    found("wrong number", `${call.direction}, not ${direction}`);
  for (const fault of recordingFaults(placed, call, faults)) found(...fault);
  return findings;
}

/** A ticket belongs to who talked last; while nobody did, at most to whom it rang. */
function assigneeFault({ talkedLast, becomes }: Placed, { ticket }: SystemCall): string | undefined {
  const { assignee } = ticket;
  const said = assignee && ("pbxUserId" in assignee ? assignee.pbxUserId : String(assignee.userId));
  if (talkedLast !== undefined) return said === talkedLast ? undefined : `${said} instead of ${talkedLast}`;
  const nobody = becomes.status !== "answered" || becomes.talks?.length === 0;
  if (!nobody || said === undefined || !becomes.rung) return undefined;
  return becomes.rung.includes(said) ? undefined : `${said}, whom it never rang`;
}

/**
 * A recording that the helpdesk once found too large may be kept instead, if the ticket says so; the ticket must say so of
 * one that never came as it should.
 */
function recordingFaults({ id, recordings }: Placed, { ticket }: SystemCall, faults: SystemFaults): Finding[] {
  const says = (words: RegExp) => ticket.comments.some((comment) => words.test(comment));
  const has = ticket.recordings.map(({ sha256 }) => sha256);
  const [good, bad] = [recordings.filter(isGood), recordings.filter((recording) => !isGood(recording))];
  const kept = faults.tooLarge.has(id) && says(/Recording not attached/);
  const missing = kept ? [] : good.filter(({ sha256 }) => !has.includes(sha256));
  const unsaid = says(/Recording not (attached|available)/) ? [] : bad;
  const strange = has.filter((sha256) => !good.some((recording) => recording.sha256 === sha256));
  const doubled = has.length - new Set(has).size;
  return [
    ...missing.map((recording): Finding => ["missing recordings", `${recording.id} is not attached`]),
    ...unsaid.map(({ id, fate }): Finding => ["missing recordings", `the ticket does not say that ${id} is ${fate}`]),
    ...strange.map((): Finding => ["different recordings", "one is not its own"]),
    ...(doubled > 0 ? [["doubled recordings", `${doubled} too many`] as const] : []),
  ];
}

function isGood({ fate }: Placed["recordings"][number]): boolean {
  return fate === "good" || fate === "late";
}

function violation(what: string): Finding {
  if (what.includes("reopened")) return ["reopened", what];
  return [/rate limit|while blocked/.test(what) ? "limit breaches" : "other violations", what];
}
