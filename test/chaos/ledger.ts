/** The books of a run: what the helpdesks should have, and what they have. */
import { hiddenPhone } from "../../src/calls/desired.ts";
import type { SystemCall } from "../standins/system.ts";
import { isActive } from "../standins/system-calls.ts";
import type { Helpdesks } from "./bindings.ts";
import type { Placed } from "./calls.ts";
import type { Counts } from "./counts.ts";
import type { SystemFaults } from "./faults.ts";
import type { Lateness } from "./lateness.ts";
import type { Views } from "./operator.ts";
import { recordingFaults } from "./recording-faults.ts";
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
  "comments twice",
  "cards late",
  "cards left",
  "done untold",
  "limit breaches",
  "reopened",
  "forged accepted",
  "other violations",
  "without alarm",
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
  /** Forms that told that somebody talks. */
  readonly talks: number;
  readonly lateness: Lateness;
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

export type Finding = readonly [Wrong, string];

interface Books {
  readonly plan: Plan;
  readonly placed: readonly Placed[];
  readonly helpdesks: Helpdesks;
  readonly faults: SystemFaults;
  readonly counts: Counts;
  readonly stage: Stage;
  /** What Trunkline said while there were calls that the helpdesk did not take, which those were, and what it said in the end. */
  readonly views: { readonly untaken: readonly Placed[]; readonly before: Views; readonly after: Views };
  readonly owed: number;
  readonly lateness: Lateness;
  readonly seconds: number;
}

export function check(books: Books): Ledger {
  const { plan, placed, helpdesks, faults, counts, stage, views, owed, lateness, seconds } = books;
  const byId = callsById(helpdesks);
  const known = new Set(placed.map(({ id }) => id));
  const { main, branch } = helpdesks;
  const calls = [...main.calls, ...branch.calls];
  const strangers = calls.filter(({ pbxCallId }) => !known.has(pbxCallId ?? ""));
  const { believed, refused } = stage.mail;
  const findings: Finding[] = [
    ...placed.flatMap((call) => findingsOf(call, byId.get(call.id) ?? [], faults)),
    ...placed.flatMap((call) => untoldOf(call, byId.get(call.id) ?? [], faults, views)),
    ...[...main.violations, ...branch.violations].map(violation),
    ...lateness.heldUp.map((what): Finding => ["cards late", what]),
    ...faults.breaches.map((what): Finding => ["limit breaches", what]),
    ...believed.map((what): Finding => ["forged accepted", what]),
    ...strangers.map(
      ({ pbxCallId }): Finding => ["forged accepted", `${pbxCallId} has a ticket, and was never placed`],
    ),
    ...refused.map((what): Finding => ["other violations", what]),
    ...stage.unwatched.map((what): Finding => ["without alarm", what]),
    ...(owed > 0 ? [["left owed", `Trunkline says that it owes ${owed} calls`] as const] : []),
  ];
  const found = Object.fromEntries(
    wrongs.map((wrong) => [wrong, findings.flatMap(([of, what]) => (of === wrong ? what : []))]),
  ) as Record<Wrong, string[]>;
  const requests = [...main.requests, ...branch.requests];
  return {
    seed: plan.seed,
    calls: placed.length,
    tickets: calls.length,
    recordings: calls.flatMap(({ ticket }) => ticket.recordings).length,
    webhooks: stage.mail.sent,
    forged: stage.mail.forged,
    requests: requests.length,
    talks: requests.filter(({ fields }) => fields.call_status === "in-progress").length,
    lateness,
    faults: counts.toJSON(),
    kills: stage.kills,
    found,
    seconds,
  };
}

/** Whether the helpdesks have all that they should; what they should not have counts only in the end. */
export function isComplete(placed: readonly Placed[], helpdesks: Helpdesks, faults: SystemFaults): boolean {
  const byId = callsById(helpdesks);
  return placed.every((call) => findingsOf(call, byId.get(call.id) ?? [], faults).length === 0);
}

function callsById({ main, branch }: Helpdesks): Map<string, SystemCall[]> {
  return Map.groupBy([...main.calls, ...branch.calls], ({ pbxCallId }) => pbxCallId ?? "");
}

function nameOf({ id, channel, title }: Placed): string {
  return `${id} (${channel}: ${title})`;
}

function findingsOf(placed: Placed, calls: readonly SystemCall[], faults: SystemFaults): Finding[] {
  const name = nameOf(placed);
  const [first] = calls;
  if (placed.becomes.internal) return first ? [["unwanted", `${name} has a ticket`]] : [];
  if (!first) return [["lost", `${name} has no ticket`]];
  const findings: Finding[] = [];
  const found = (wrong: Wrong, what: string) => findings.push([wrong, `${name}: ${what}`]);
  if (calls.length > 1 && !owned(placed, calls)) found("doubled", `${calls.length} tickets`);
  const call = calls.find(({ status }) => status === placed.becomes.status) ?? first;
  const { status, phone, direction, withheld } = placed.becomes;
  if (call.status !== status) found("wrong status", `${call.statuses.join(", ")}; it should end as ${status}`);
  const assignee = assigneeFault(placed, call);
  if (assignee) found("wrong assignee", assignee);
  const number = withheld ? hiddenPhone : phone;
  if (number !== undefined && call.phone !== number) found("wrong number", `${call.phone} instead of ${number}`);
  if (direction !== undefined && call.direction !== direction)
    found("wrong number", `${call.direction}, not ${direction}`);
  for (const fault of recordingFaults(placed, calls, faults)) found(...fault);
  for (const { ticket } of calls) for (const what of saidTwice(ticket.comments)) found("comments twice", what);
  for (const left of calls.filter(isActive)) found("cards left", `it is still ${left.status}`);
  return findings;
}

/** A helpdesk that cannot be asked may get a second ticket of a call, if that says so. */
function owned({ channel }: Placed, [, ...further]: readonly SystemCall[]): boolean {
  const says = ({ ticket }: SystemCall) => ticket.comments.some((comment) => /second ticket/i.test(comment));
  return channel === "branch" && further.every(says);
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

/** What a later comment of a ticket repeats of an earlier one. */
function saidTwice(comments: readonly string[]): string[] {
  const sentences = comments.flatMap((comment) => [...new Set(comment.split(". "))]);
  return [...new Set(sentences.filter((sentence, i) => sentences.indexOf(sentence) < i))];
}

/**
 * Trunkline says `done` though the helpdesk has something else; or it says that of a call that the helpdesk never took, or
 * holds up others that it would take.
 */
function untoldOf(call: Placed, calls: readonly SystemCall[], faults: SystemFaults, views: Books["views"]): Finding[] {
  if (call.becomes.internal) return [];
  const name = nameOf(call);
  const [before, after] = [views.before.get(call.id), views.after.get(call.id)];
  const owed = before?.delivery === "owed" || before?.delivery === "stuck";
  const hidden = views.untaken.includes(call) && !owed;
  const held = !faults.poison.has(call.id) && owed && !waitsForOperator(call, before);
  const wrong = findingsOf(call, calls, faults).map(([wrong]) => wrong);
  const stranger = after?.ticket !== undefined && !calls.some(({ told }) => told.ticketId === after.ticket);
  const different = [...new Set(wrong), ...(stranger ? [`ticket ${after.ticket} is not its own`] : [])].join(", ");
  return [
    ...(hidden ? [["done untold", `${name} was not taken, and was said to be ${before?.delivery}`] as const] : []),
    ...(held ? [["left owed", `${name} was ${before.delivery}: ${before.problem}`] as const] : []),
    ...(after?.delivery === "done" && different
      ? [["done untold", `${name} is said to be done: ${different}`] as const]
      : []),
  ];
}

/** Of a helpdesk that cannot be asked, nobody knows what became of a create that was made twice. */
function waitsForOperator({ channel }: Placed, view: { readonly delivery: string }): boolean {
  return channel === "branch" && view.delivery === "stuck";
}

function violation(what: string): Finding {
  if (what.includes("reopened")) return ["reopened", what];
  return [/rate limit|while blocked/.test(what) ? "limit breaches" : "other violations", what];
}
