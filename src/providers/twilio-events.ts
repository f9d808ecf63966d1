/** From Twilio's fields to events of a call. `From` and `To` of a leg are the same in each of its webhooks. */
import type { CallEvent, Direction, FinalStatus, LegEvent, LegStatus, Recording } from "../calls/event.ts";
import { isAmong } from "../calls/extension.ts";
import type { Account } from "./provider.ts";
import { deskPhoneIn, dialledUserIn, isHidden, isOneOf, isSameUser, numberIn, userIn } from "./twilio-address.ts";
import type { TwilioSettings } from "./twilio-settings.ts";

type TwilioAccount = Account<TwilioSettings>;

const legStatuses = new Map<string, LegStatus>([
  ["queued", "ringing"],
  ["initiated", "ringing"],
  ["ringing", "ringing"],
  ["in-progress", "in-progress"],
  ["answered", "answered"],
  ["completed", "answered"],
  ["no-answer", "missed"],
  ["busy", "busy"],
  ["canceled", "canceled"],
  ["failed", "failed"],
]);

/** A root that is `completed` was picked up by TwiML at least: whether somebody talked, its legs say. */
const ends = new Map<string, FinalStatus | "unanswered">([
  ["completed", "unanswered"],
  ["no-answer", "missed"],
  ["busy", "busy"],
  ["canceled", "canceled"],
  ["failed", "failed"],
]);

const recordingStatuses = new Map<string, Recording["status"]>([
  ["in-progress", "expected"],
  ["processing", "expected"],
  ["completed", "ready"],
  ["absent", "absent"],
  ["failed", "absent"],
]);

/** Calls of an Elastic SIP trunk, as the API tells of them: it terminates what the company's PBX calls. */
const trunks = new Map<string, Direction>([
  ["trunking-originating", "incoming"],
  ["trunking-terminating", "outgoing"],
]);

/** Where softphones put the number that they dial, when `To` has none. */
const numberFields = ["PhoneNumber", "phoneNumber", "phone_number", "Number", "number", "Phone", "phone", "to"];

/** What is known of a call whoever of its legs is spoken of. */
type Known = Omit<CallEvent, "id" | "leg" | "ended" | "recording">;

/** The voice URL is asked what to do. A `<Gather>` asks again and again; only what it says anew is another event. */
export function voiceEvent(fields: URLSearchParams, account: TwilioAccount): CallEvent {
  const known = knownOf(fields, account);
  const says = [known.phone && "number", known.note && "note"].filter(Boolean);
  const id = [idOf("voice", fields, "CallSid", "CallStatus"), ...says].join(":");
  return { ...known, ...progressOf(fields, account), id };
}

/** A leg got further. */
export function statusEvent(fields: URLSearchParams, account: TwilioAccount): CallEvent {
  return {
    ...knownOf(fields, account),
    ...progressOf(fields, account),
    id: idOf("status", fields, "CallSid", "CallStatus", "SequenceNumber"),
    at: timeOf(fields.get("Timestamp")),
    recording: recordingOf(fields, "expected"),
  };
}

/** The dialled part of a call is over. `over`: so is the call. */
export function dialEvent(fields: URLSearchParams, account: TwilioAccount, over: boolean): CallEvent {
  return {
    ...knownOf(fields, account),
    id: idOf("dial", fields, "CallSid", "DialCallSid", "DialCallStatus"),
    ids: someOf(fields.get("DialCallSid")),
    leg: dialledLeg(fields, account),
    ended: over && !isChild(fields) ? "unanswered" : undefined,
    recording: recordingOf(fields, "expected"),
  };
}

/** A message was left; its file may not be there yet. */
export function voicemailEvent(fields: URLSearchParams, account: TwilioAccount): CallEvent {
  return {
    ...knownOf(fields, account),
    id: idOf("voicemail", fields, "CallSid", "RecordingSid"),
    ended: isChild(fields) ? undefined : "unanswered",
    recording: recordingOf(fields, "expected"),
  };
}

/**
 * Comes without `From`, `To` and `CallStatus`; `CallSid` is the root or one of its legs, and a conference's recording has only
 * `ConferenceSid`. Undefined for a status of no interest.
 */
export function recordingEvent(fields: URLSearchParams): CallEvent | undefined {
  const status = recordingStatuses.get(fields.get("RecordingStatus") ?? "");
  if (status === undefined) return undefined;
  const id = idOf("recording", fields, "RecordingSid", "RecordingStatus");
  return { call: callOf(fields), id, recording: recordingOf(fields, status) };
}

/** The late result of asking whether a machine answered. Undefined where it was a human. */
export function machineEvent(fields: URLSearchParams): CallEvent | undefined {
  const note = noteOf(fields);
  const call = callOf(fields);
  if (note === undefined) return undefined;
  return { call, id: idOf("machine", fields, "CallSid"), leg: { id: call, status: "ringing", machine: true }, note };
}

/** Somebody joined a conference: whoever is in one is of one call. */
export function conferenceEvent(fields: URLSearchParams): CallEvent {
  return {
    call: callOf(fields),
    id: idOf("conference", fields, "ConferenceSid", "CallSid"),
    at: timeOf(fields.get("Timestamp")),
    room: fields.get("ConferenceSid") ?? "",
  };
}

/** What became of a caller in a queue. Who took the call is rung by a call of their own, if by any that we hear of. */
export function queueEvent(fields: URLSearchParams, account: TwilioAccount): CallEvent {
  const taken = /^(bridged|redirected-from-bridged)$/.test(fields.get("QueueResult") ?? "");
  return {
    ...knownOf(fields, account),
    id: idOf("queue", fields, "CallSid", "QueueSid", "QueueResult", "DequeingCallSid"),
    ids: someOf(fields.get("DequeingCallSid")),
    leg: taken ? { id: "queue", party: "agent", status: "answered" } : undefined,
  };
}

/** Whether the call was picked up by somebody who then was joined to the other party. */
export function wasConnected(fields: URLSearchParams): boolean {
  const status = fields.get("DialCallStatus");
  return (status === "completed" || status === "answered") && fields.get("DialBridged") !== "false";
}

/** Whether the leg that a webhook is about is over: the other party cannot be told anything any more. */
export function isOver(fields: URLSearchParams): boolean {
  return ends.has(fields.get("CallStatus") ?? "");
}

function isChild(fields: URLSearchParams): boolean {
  return Boolean(fields.get("ParentCallSid")) || fields.get("Direction") === "outbound-dial";
}

function callOf(fields: URLSearchParams): string {
  return fields.get("ParentCallSid") || fields.get("CallSid") || fields.get("ConferenceSid") || "";
}

function knownOf(fields: URLSearchParams, account: TwilioAccount): Known {
  const known = isChild(fields) ? legOf(fields, account) : rootOf(fields, account);
  const ids = fields.get("ParentCallSid") ? someOf(fields.get("CallSid")) : undefined;
  return { call: callOf(fields), ids, ...known, note: noteOf(fields) };
}

function someOf(id: string | null): readonly string[] | undefined {
  return id ? [id] : undefined;
}

/** The root leg tells for sure, except whom a softphone without a number calls: its child leg does. */
function rootOf(fields: URLSearchParams, account: TwilioAccount): Omit<Known, "call"> {
  const { extensions } = account;
  const [from, to] = [fields.get("From"), fields.get("To")];
  const trunk = trunks.get(fields.get("Direction") ?? "");
  if (trunk) {
    const [phone, line] =
      trunk === "incoming"
        ? [numberIn(from, undefined), numberIn(to, extensions)]
        : [numberIn(to, extensions), numberIn(from, undefined)];
    return {
      direction: trunk,
      phone,
      line,
      withheld: trunk === "incoming" && phone === undefined ? true : undefined,
      internal: false,
    };
  }
  if (fields.get("Direction") === "outbound-api") {
    const agentFirst = ringsAgentFirst(fields, account);
    const phone = agentFirst ? undefined : numberIn(to, extensions);
    return { direction: "outgoing", phone, line: numberIn(from, extensions), internal: agentFirst ? undefined : false };
  }
  const extension = userIn(from);
  const called = numberIn(to, extensions);
  // The company's own PBX calls out: the number is ours, wherever it comes from.
  if (isOurs(numberIn(from, undefined), account) && called !== undefined && !isOurs(called, account)) {
    return { direction: "outgoing", phone: called, line: numberIn(from, undefined), internal: false };
  }
  if (extension === undefined) {
    const phone = numberIn(from, undefined);
    const withheld = phone === undefined ? true : undefined;
    return { direction: "incoming", phone, withheld, line: called, internal: false };
  }
  const phone = dialledNumber(fields, account);
  return { direction: "outgoing", extension, phone, internal: isBetweenUsers(fields, phone, account) };
}

/** Whom a user of a SIP domain calls by digits, user or customer, only the leg tells that is dialled for it. */
function isBetweenUsers(
  fields: URLSearchParams,
  phone: string | undefined,
  account: TwilioAccount,
): boolean | undefined {
  const to = fields.get("To");
  if (phone !== undefined) return userIn(to) === phone ? undefined : false;
  const { extensions } = account;
  const extension = dialledIn(fields, account).some((text) => isAmong(text, extensions ?? []));
  return extension || dialledUserIn(to, extensions) !== undefined || undefined;
}

/** Click-to-call rings the agent, and the customer once the agent is there: as a child leg. */
function ringsAgentFirst(fields: URLSearchParams, account: TwilioAccount): boolean {
  const { settings, extensions, country } = account;
  const to = fields.get("To");
  const agents = settings.forward.flatMap((destination) => numberIn(destination, extensions) ?? []);
  return agentIn(to, account) !== undefined || isOneOf(numberIn(to, extensions), agents, country);
}

function dialledNumber(fields: URLSearchParams, account: TwilioAccount): string | undefined {
  return dialledIn(fields, account).flatMap((text) => numberIn(text, account.extensions) ?? [])[0];
}

/** What a softphone says that it dials, the likeliest first. */
function dialledIn(fields: URLSearchParams, { settings }: TwilioAccount): string[] {
  const names = settings.number_field === undefined ? ["To", ...numberFields] : [settings.number_field, "To"];
  return names.flatMap((name) => fields.get(name) ?? []);
}

/**
 * A child leg cannot tell its root's direction. One between desk phones is their own call, unless they hand over a customer;
 * one between softphones need not be: a website's visitor may have a name.
 */
function legOf(fields: URLSearchParams, account: TwilioAccount): Pick<CallEvent, "guess" | "internal"> {
  const [from, to] = [fields.get("From"), fields.get("To")];
  const toUser = agentIn(to, account) !== undefined;
  const guess = guessOf(from, toUser ? undefined : numberIn(to, account.extensions), account);
  const desks = deskPhoneIn(from) !== undefined && deskPhoneIn(to) !== undefined;
  const toCustomer = userIn(from) !== undefined && !toUser;
  return { guess, internal: desks ? true : toCustomer || isHidden(from) ? false : undefined };
}

/** `phone`: the number that was dialled, absent where it was a user. A line of ours that rings one says nothing of the other end. */
function guessOf(from: string | null, phone: string | undefined, account: TwilioAccount): CallEvent["guess"] {
  if (userIn(from) !== undefined) return { direction: "outgoing", phone };
  const caller = numberIn(from, account.extensions);
  const ours = phone !== undefined && isOurs(caller, account);
  if (ours) return { direction: "outgoing", phone, line: caller };
  return { direction: "incoming", phone: isOurs(caller, account) ? undefined : caller };
}

/** Whether it is one of the company's own numbers. */
function isOurs(number: string | undefined, { lines, settings, country }: TwilioAccount): boolean {
  return isOneOf(number, settings.caller_id === undefined ? lines : [...lines, settings.caller_id], country);
}

/** How far the leg got that the webhook is about, and whether that ends the call. */
function progressOf(fields: URLSearchParams, account: TwilioAccount): Pick<CallEvent, "leg" | "ended"> {
  if (isChild(fields)) return { leg: childLeg(fields, account) };
  if (fields.get("Direction") === "outbound-api")
    return { leg: restLeg(fields, account), ended: restEnd(fields, account) };
  const ended = ends.get(fields.get("CallStatus") ?? "");
  // Beyond a trunk is the company's PBX: nobody tells who answered there.
  if (trunks.has(fields.get("Direction") ?? "")) return { leg: ownLeg(fields, {}), ended };
  const incoming = rootOf(fields, account).direction === "incoming";
  return { ended: ended === "canceled" && incoming ? "missed" : ended };
}

/** The user behind an address that was dialled. Whom `forward` names by a SIP address is one, be it of digits. */
function agentIn(to: string | null, { settings, extensions }: TwilioAccount): string | undefined {
  const forwarded = settings.forward.find((destination) => isSameUser(destination, to));
  return dialledUserIn(to, extensions) ?? (forwarded && numberIn(to, undefined));
}

/** A leg from one user to another has no party: it is the other end of their internal call. */
function childLeg(fields: URLSearchParams, account: TwilioAccount): LegEvent | undefined {
  const [from, to] = [fields.get("From"), fields.get("To")];
  const extension = agentIn(to, account);
  const party = extension !== undefined && userIn(from) === undefined ? "agent" : undefined;
  return ownLeg(fields, {
    party,
    extension,
    number: extension === undefined ? numberIn(to, account.extensions) : undefined,
  });
}

function restLeg(fields: URLSearchParams, account: TwilioAccount): LegEvent | undefined {
  const [to, party] = [fields.get("To"), ringsAgentFirst(fields, account) ? "agent" : "customer"] as const;
  const extension = agentIn(to, account);
  const number = extension === undefined ? numberIn(to, account.extensions) : undefined;
  // Which end was rung first is not always known: nobody talked as long as the other end did not.
  return ownLeg(fields, { party, extension, number, through: party === "customer" ? true : undefined });
}

/** An agent who does not pick up a click-to-call gave the call up: the customer was never rung. */
function restEnd(fields: URLSearchParams, account: TwilioAccount): CallEvent["ended"] {
  const ended = ends.get(fields.get("CallStatus") ?? "");
  const gaveUp = ended === "missed" || ended === "busy";
  return gaveUp && ringsAgentFirst(fields, account) ? "canceled" : ended;
}

function ownLeg(fields: URLSearchParams, who: Omit<LegEvent, "id" | "status">): LegEvent | undefined {
  const seconds = secondsOf(fields.get("CallDuration"));
  const status = legStatus(fields.get("CallStatus"), seconds);
  const machine = noteOf(fields) === undefined ? undefined : true;
  return status && { ...who, id: fields.get("CallSid") ?? "", status, seconds, machine };
}

/** A conference ends as `answered` and names no leg. */
function dialledLeg(fields: URLSearchParams, account: TwilioAccount): LegEvent | undefined {
  const sid = fields.get("DialCallSid");
  const seconds = secondsOf(fields.get("DialCallDuration"));
  const status = legStatus(fields.get("DialCallStatus"), seconds);
  if (status === undefined) return undefined;
  if (!sid) return status === "answered" ? { id: "conference", party: "agent", status } : { id: "dial", status };
  const customerFirst = fields.get("Direction") === "outbound-api" && !ringsAgentFirst(fields, account);
  const connected = fields.get("DialBridged") === "false" ? false : undefined;
  return { id: sid, party: customerFirst ? "agent" : undefined, status, seconds, connected };
}

/** `completed` after no time at all is what a leg becomes that was hung up as it was picked up. */
function legStatus(status: string | null, seconds: number | undefined): LegStatus | undefined {
  return status === "completed" && seconds === 0 ? "missed" : legStatuses.get(status ?? "");
}

/** The id stands at the end of the URL where the webhook has no field for it. */
function recordingOf(fields: URLSearchParams, status: Recording["status"]): Recording | undefined {
  const url = fields.get("RecordingUrl") || undefined;
  const [, named] = /\/(RE[0-9A-Za-z]{1,64})(?:\.\w+)?$/.exec(url ?? "") ?? [];
  const id = fields.get("RecordingSid") || named;
  return id === undefined ? undefined : { id, status, url };
}

function noteOf(fields: URLSearchParams): string | undefined {
  const answeredBy = fields.get("AnsweredBy") ?? "";
  if (answeredBy === "fax") return "Answered by a fax machine.";
  return answeredBy.startsWith("machine") ? "Answered by an answering machine." : undefined;
}

/** ms since the epoch; undefined for what is no time. */
export function timeOf(rfc2822: string | null): number | undefined {
  const time = Date.parse(rfc2822 ?? "");
  return Number.isNaN(time) ? undefined : time;
}

function secondsOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** How much of a field tells one event from another, in characters. */
const maxTellingLength = 128;

/** The same for each attempt to deliver one webhook. */
function idOf(kind: string, fields: URLSearchParams, ...names: readonly string[]): string {
  return [kind, ...names.map((name) => (fields.get(name) ?? "").slice(0, maxTellingLength))].join(":");
}
