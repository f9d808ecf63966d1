/** What each of Zadarma's events says, and which of its fields its signature covers. All values are text. */
import type { CallEvent, Direction, FinalStatus, LegEvent, Recording } from "../calls/event.ts";
import { plain } from "../calls/plain.ts";
import { type Extensions, extensionOf, isExtension, isMailbox, lineOf, numberOf } from "./zadarma-numbers.ts";

export type Facts = Omit<CallEvent, "call" | "id" | "direction" | "startedAt">;

type Says = (
  fields: URLSearchParams,
  extensions: Extensions,
  direction: Direction | undefined,
) => readonly Facts[] | { readonly malformed: string };

export interface ZadarmaEvent {
  readonly covers: readonly string[];
  /** Where the call's id does not tell it. */
  readonly direction?: Direction;
  /** Only calls that go out have it, whatever their id. */
  readonly outward?: true;
  /** Absent: of no interest. */
  readonly says?: Says;
}

const reached = ["caller_id", "called_did", "call_start"];
const dialled = ["internal", "destination", "call_start"];

/** How SPEECH_RECOGNITION, DOCUMENT and NOTIFY_INTERNAL_END are signed is not documented: they are not here. */
export const events: ReadonlyMap<string, ZadarmaEvent> = new Map<string, ZadarmaEvent>([
  ["NOTIFY_START", { covers: reached, direction: "incoming", says: begins }],
  ["NOTIFY_IVR", { covers: reached, direction: "incoming", says: begins }],
  ["NOTIFY_INTERNAL", { covers: reached, says: rings }],
  ["NOTIFY_ANSWER", { covers: ["caller_id", "destination", "call_start"], says: answers }],
  ["NOTIFY_END", { covers: reached, direction: "incoming", says: ends }],
  ["NOTIFY_OUT_START", { covers: dialled, outward: true, says: dials }],
  ["NOTIFY_OUT_END", { covers: dialled, outward: true, says: dialEnds }],
  ["NOTIFY_RECORD", { covers: ["pbx_call_id", "call_id_with_rec"], says: records }],
  ["SMS", { covers: ["result"] }],
  ["NUMBER_LOOKUP", { covers: ["result"] }],
  ["CALL_TRACKING", { covers: ["result"] }],
]);

/** What `disposition` means, but for `cancel`. The others (`no money`, `line limit` ...) are failures that staff should read of. */
const dispositions: ReadonlyMap<string, FinalStatus> = new Map<string, FinalStatus>([
  ["answered", "answered"],
  ["no answer", "missed"],
  ["busy", "busy"],
  ["failed", "failed"],
  ["call failed", "failed"],
]);

/** Calls and recordings; no blank, so that no signature over numbers and time fits a RECORD. */
export const idPattern = /^[\w.:-]{1,128}$/;

/** Which way the call went that an event is of: an END, and a START, come for some that go out too, as their id tells. */
export function directionIn(event: ZadarmaEvent, call: string): Direction | undefined {
  return event.outward ? "outgoing" : (directionOf(call) ?? event.direction);
}

export function directionOf(call: string): Direction | undefined {
  if (call.startsWith("in_")) return "incoming";
  return call.startsWith("out_") ? "outgoing" : undefined;
}

/** The fields that tell one event of a call from another, and how much of each, in characters. */
const telling = [
  ...["event", "call_start", "caller_id", "called_did", "destination", "dst_e164", "internal", "last_internal"],
  ...["transfer_from", "duration", "disposition", "is_recorded", "call_id_with_rec"],
];
const maxTellingLength = 128;

/** The id of the `i`th of the events that a webhook makes: the same whenever it says the same. */
export function identityOf(fields: URLSearchParams, i: number): string {
  return [...telling.map((name) => (fields.get(name) ?? "").slice(0, maxTellingLength)), i].join("|");
}

function begins(fields: URLSearchParams, extensions: Extensions, direction: Direction | undefined): Facts[] {
  return [direction === "outgoing" ? calledFacts(fields, extensions) : reachedFacts(fields, extensions)];
}

/** One comes for each extension that rings. */
function rings(fields: URLSearchParams, extensions: Extensions, direction: Direction | undefined): Facts[] {
  const leg = agentLeg(fields, extensions, "ringing");
  // While an outgoing call is handed over, who calls whom in these fields is not documented.
  if (direction === "outgoing") return [{ leg }];
  const { phone, line, ...facts } = reachedFacts(fields, extensions);
  // A call that goes straight to an extension may have no START: an id that does not tell leaves it to this.
  return [direction ? { ...facts, phone, line, leg } : { guess: { direction: "incoming", phone, line }, leg }];
}

function answers(fields: URLSearchParams, extensions: Extensions, direction: Direction | undefined): Facts[] {
  const leg = agentLeg(fields, extensions, "in-progress");
  const destination = fields.get("destination");
  const inside = isExtension(destination, extensions);
  if (direction !== "outgoing") {
    const reached =
      leg ?? (inside || isMailbox(destination, extensions) ? reachedLeg(destination, extensions) : undefined);
    const answered = reached ?? outsideLeg(fields);
    // Whether it is the customer who answered, the call's direction tells.
    if (direction === undefined && !inside && !answered.machine) return [{ leg: { ...answered, party: undefined } }];
    // An extension that answers a call of an extension's: who began it is for the other events to say.
    const facts = isExtension(fields.get("caller_id"), extensions) ? {} : callerFacts(fields, extensions);
    return [{ ...(direction && facts), leg: answered }];
  }
  const customer: LegEvent = { id: "customer", party: "customer", status: "in-progress" };
  // The customer answered before the call was handed over, to this extension or to a number outside.
  if (fields.get("transfer_from")) return [{ leg: customer }, { leg: leg ?? outsideLeg(fields) }];
  // A click-to-call rings the agent first: this one is them, not the customer.
  if (leg && numberOf(destination, extensions) === leg.extension) return [{ leg }];
  const internal = inside ? undefined : false;
  return [{ ...dialledNumber(fields, extensions), internal, leg: { ...customer, extension: leg?.extension } }];
}

/** Without an extension the call was forwarded, or handed over, to a number outside. */
function outsideLeg(fields: URLSearchParams): LegEvent {
  const number = numberOf(fields.get("destination")) ?? "";
  return { id: `external:${number}`, party: "agent", status: "in-progress" };
}

export function ends(fields: URLSearchParams, extensions: Extensions, direction: Direction | undefined): Facts[] {
  if (direction === "outgoing") return dialEnds(fields, extensions);
  const outcome = outcomeOf(fields, "incoming");
  const answered = outcome.ended === "answered";
  const facts = { ...reachedFacts(fields, extensions), recording: announcedIn(fields) };
  const last = extensionOf(fields.get("last_internal"));
  // A mailbox is not staff: whoever talked before it took over was heard of.
  if (answered && isMailbox(last, extensions)) return [{ ...facts, ended: "unanswered" }];
  const extension = [last, extensionOf(fields.get("internal"))].find((one) => one && !isMailbox(one, extensions));
  // Only `last_internal` is who talked last; `internal` is who was rung before any pickup or transfer.
  const leg: LegEvent | undefined =
    extension === undefined
      ? undefined
      : {
          party: "agent",
          extension,
          status: answered ? "answered" : "missed",
          last: (answered && last !== undefined) || undefined,
          presumed: last === undefined || undefined,
        };
  return [{ ...facts, ...outcome, leg, likely: (answered && last === undefined) || undefined }];
}

function dials(fields: URLSearchParams, extensions: Extensions): Facts[] {
  return [dialledFacts(fields, extensions)];
}

function dialEnds(fields: URLSearchParams, extensions: Extensions): Facts[] {
  const outcome = outcomeOf(fields, "outgoing");
  const extension = extensionOf(fields.get("internal"));
  const last = extensionOf(fields.get("last_internal"));
  const handedOver = last !== undefined && last !== extension;
  const talk: LegEvent = handedOver
    ? { party: "agent", extension: last, status: "answered", last: true }
    : { id: "customer", party: "customer", extension, status: "answered" };
  const leg = outcome.ended === "answered" ? talk : undefined;
  return [{ ...dialledFacts(fields, extensions), ...outcome, leg, recording: announcedIn(fields) }];
}

function records(fields: URLSearchParams): Facts[] | { malformed: string } {
  const id = recordingId(fields);
  return id === undefined ? { malformed: "call_id_with_rec" } : [{ recording: { id, status: "ready" } }];
}

/** What every event of a call to us says. Two extensions that hand a call over say nothing of whose it is. */
function reachedFacts(fields: URLSearchParams, extensions: Extensions): Facts {
  const called = fields.get("called_did");
  const { internal, ...caller } = callerFacts(fields, extensions);
  const reached = called && fields.has("caller_id") ? isExtension(called, extensions) : undefined;
  const between = reached && fields.get("transfer_from") ? undefined : reached;
  return { ...caller, line: lineOf(called, extensions), internal: internal ?? between };
}

/** The same where the call's id says that it went out: who is called is the customer then, unless an OUT_START tells. */
function calledFacts(fields: URLSearchParams, extensions: Extensions): Facts {
  const [called, caller] = [fields.get("called_did"), fields.get("caller_id")];
  const phone = isExtension(called, extensions) ? undefined : numberOf(called);
  return { guess: { direction: "outgoing", phone, line: lineOf(caller, extensions) } };
}

/** What is there but is no number (empty, `0`, `anonymous`) hides one. Who hands the call over is not who began it. */
function callerFacts(fields: URLSearchParams, extensions: Extensions): Pick<Facts, "phone" | "withheld" | "internal"> {
  const caller = fields.get("caller_id");
  if (caller === null) return {};
  const phone = numberOf(caller, extensions);
  if (isExtension(caller, extensions)) return fields.get("transfer_from") ? {} : { phone };
  return phone === undefined ? { withheld: true, internal: false } : { phone, internal: false };
}

/** What every event of a call from us says. `caller_id` is what the customer is shown; another extension, the extension. */
function dialledFacts(fields: URLSearchParams, extensions: Extensions): Facts {
  const destination = fields.get("destination");
  const dialled = destination ? isExtension(destination, extensions) : undefined;
  const extension = extensionOf(fields.get("internal"));
  const byExtension = extension !== undefined || isExtension(fields.get("caller_id"), extensions);
  return {
    ...dialledNumber(fields, extensions),
    line: lineOf(fields.get("caller_id"), extensions),
    extension,
    internal: dialled && !byExtension ? undefined : dialled,
  };
}

/** Zadarma's own reading counts before what was dialled, which may be written as at home, or an address. */
function dialledNumber(fields: URLSearchParams, extensions: Extensions): Pick<Facts, "phone" | "writing"> {
  const inFull = numberOf(fields.get("dst_e164"));
  if (inFull !== undefined) return { phone: inFull };
  const destination = fields.get("destination");
  return { phone: numberOf(destination, extensions) ?? (plain(destination ?? "") || undefined), writing: "either" };
}

function agentLeg(
  fields: URLSearchParams,
  extensions: Extensions,
  status: "ringing" | "in-progress",
): LegEvent | undefined {
  const leg = reachedLeg(fields.get("internal"), extensions, status);
  const transferFrom = extensionOf(fields.get("transfer_from"));
  if (!leg || transferFrom === undefined) return leg;
  // Who hands a call on and gets it back talks on another leg.
  return { ...leg, id: `${leg.id}<${transferFrom}`, transferFrom };
}

function reachedLeg(
  written: string | null,
  extensions: Extensions,
  status: "ringing" | "in-progress" = "in-progress",
): LegEvent | undefined {
  const extension = extensionOf(written);
  if (extension === undefined) return undefined;
  const leg = { id: extension, party: "agent", status } as const;
  return isMailbox(extension, extensions) ? { ...leg, machine: true } : { ...leg, extension };
}

/** `duration` of a call that nobody answered may be how long it rang. */
function outcomeOf(fields: URLSearchParams, direction: Direction): Pick<Facts, "ended" | "seconds" | "note"> {
  const written = plain(fields.get("disposition") ?? "");
  const disposition = written.toLowerCase().replace(/[\s_-]+/g, " ");
  if (disposition === "") return { ended: "unanswered" };
  // Whoever called gave up.
  if (disposition === "cancel") return { ended: direction === "incoming" ? "missed" : "canceled" };
  const ended = dispositions.get(disposition);
  if (ended === undefined) return { ended: "failed", note: written };
  const duration = fields.get("duration") ?? "";
  return { ended, seconds: ended === "answered" && /^\d{1,6}$/.test(duration) ? Number(duration) : undefined };
}

/** The id may only come with the RECORD. */
function announcedIn(fields: URLSearchParams): Recording | undefined {
  const recorded = /^(1|true)$/i.test(fields.get("is_recorded") ?? "");
  return recorded ? { id: recordingId(fields) ?? "", status: "expected" } : undefined;
}

function recordingId(fields: URLSearchParams): string | undefined {
  const id = fields.get("call_id_with_rec") ?? "";
  return idPattern.test(id) ? id : undefined;
}
