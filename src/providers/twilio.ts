/** Twilio Voice. Webhooks: https://www.twilio.com/docs/usage/webhooks/voice-webhooks (read 2026-08). */
import type { CallEvent } from "../calls/event.ts";
import { formText, urlAndFormSignature } from "../verify/twilio-signature.ts";
import { inWindow } from "../verify/window.ts";
import { type Account, noContent, type Provider, type Reading, type Reply } from "./provider.ts";
import { dialledUserIn, hasNoCallerId, numberIn, writing } from "./twilio-address.ts";
import {
  conferenceEvent,
  dialEvent,
  isOver,
  machineEvent,
  queueEvent,
  recordingEvent,
  statusEvent,
  timeOf,
  voiceEvent,
  voicemailEvent,
  wasConnected,
} from "./twilio-events.ts";
import { accountGet } from "./twilio-request.ts";
import { type TwilioSettings, twilioSettings } from "./twilio-settings.ts";
import { inquiryAfter, toldBy } from "./twilio-state.ts";
import { callOut, connect, nothing, takeMessage } from "./twiml.ts";

const signed = urlAndFormSignature({ header: "x-twilio-signature", key: "TWILIO_AUTH_TOKEN" });

export const twilio = {
  name: "twilio",
  secrets: { required: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"] },
  settings: twilioSettings,
  numbers: writing,
  async verify(hook, { secrets }) {
    const verdict = await signed(hook, secrets);
    const at = timeIn(hook.fields);
    return verdict.genuine && at !== undefined ? inWindow(hook, at) : verdict;
  },
  read({ fields, body }, account) {
    // Event Streams send lists of events.
    if (body === "json" && fields.size === 0) return ignored;
    const kind = kindOf(fields);
    if (kind === "other") return ignored;
    const field = misshapen(fields, kind);
    return field === undefined ? readings[kind](fields, account) : { kind: "malformed", ...field };
  },
  recordings: {
    // Whether the API serves recordings itself is not documented: these are where Twilio's media were seen to lead.
    hosts: [".twilio.com", ".twiliocdn.com", "s3.amazonaws.com", "s3-external-1.amazonaws.com"],
    expectedAfterMs: 5 * 60_000,
    /** Only the ids are taken from the webhook, and the host where it is Twilio's: each region has its own. */
    async locate({ id, url }, _call, account) {
      return accountGet(account.api ?? apiOf(url), `/Recordings/${encodeURIComponent(id)}.mp3`, account);
    },
  },
  state: {
    hosts: ["api.twilio.com"],
    // A conference is no call: of one that only its recording tells of, nothing can be asked.
    inquire: async (calls, account) =>
      calls
        .filter(({ call }) => !call.startsWith("CF"))
        .map((asked) => inquiryAfter(asked, account.api ?? apiOf(undefined), account)),
    read: (answers, { call }, account) => toldBy(answers, call, account),
  },
} satisfies Provider<TwilioSettings>;

/**
 * When what a status callback tells of happened; requests for TwiML tell no time. It is looked for in the text that is
 * signed, where names and values have no mark between them: a forger could call the field by another part of that text.
 */
function timeIn(fields: URLSearchParams): number | undefined {
  const [, written] = /Timestamp(\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} [+-]\d{4})/.exec(formText(fields)) ?? [];
  return timeOf(written ?? null);
}

type Kind = "voice" | "status" | "dial" | "voicemail" | "recording" | "machine" | "conference" | "queue";

/**
 * What a webhook is, told by its fields: the user chooses the paths. Twilio adds fields at any time and softphones add
 * their own, so that what a kind must have decides, never what it must not have.
 */
function kindOf(fields: URLSearchParams): Kind | "other" {
  const has = (name: string) => Boolean(fields.get(name));
  if (has("TranscriptionSid") || has("TranscriptionEvent")) return "other";
  if (has("StatusCallbackEvent")) {
    return fields.get("StatusCallbackEvent") === "participant-join" && has("ConferenceSid") ? "conference" : "other";
  }
  if (has("RecordingStatus")) return "recording";
  if (has("ConferenceSid") && !has("CallSid")) return "other";
  if (has("CallbackSource") || has("SequenceNumber") || has("CallDuration")) return "status";
  if (has("DialCallStatus")) return "dial";
  if (has("QueueResult") || has("DequeingCallSid")) return "queue";
  if (has("RecordingUrl")) return "voicemail";
  if (has("CallStatus") || (has("From") && has("CallSid"))) return "voice";
  if (has("AnsweredBy")) return "machine";
  // TaskRouter, the Debugger, messages: other products of Twilio's may post here. What says nothing at all is malformed.
  return fields.size > 0 ? "other" : "voice";
}

const readings: Record<Kind, (fields: URLSearchParams, account: Account<TwilioSettings>) => Reading> = {
  voice(fields, account) {
    const event = voiceEvent(fields, account);
    return heard({ ...event, rings: ringsBy(event, account) }, answerTo(fields, event, account));
  },
  status: (fields, account) => heard(statusEvent(fields, account), noContent),
  dial(fields, account) {
    const reply = dialReply(fields, account);
    const over = reply === nothing && !wasRedirected(fields);
    return heard(dialEvent(fields, account, over || isOver(fields)), reply);
  },
  voicemail: (fields, account) => heard(voicemailEvent(fields, account), nothing),
  recording: (fields) => heard(recordingEvent(fields), noContent),
  machine: (fields) => heard(machineEvent(fields), noContent),
  conference: (fields) => heard(conferenceEvent(fields), noContent),
  queue: (fields, account) => heard(queueEvent(fields, account), nothing),
};

const ignored: Reading = { kind: "ignored", reply: noContent };

function heard(event: CallEvent | undefined, reply: Reply): Reading {
  return event === undefined ? ignored : { kind: "heard", events: [event], reply };
}

/** A call that was placed through the API has TwiML of its own: ours would be the `redirect` at most. */
function answerTo(fields: URLSearchParams, event: CallEvent, account: Account<TwilioSettings>): Reply {
  if (event.direction !== "outgoing") {
    const called = numberIn(fields.get("To"), account.extensions);
    return connect(account, hasNoCallerId(fields.get("From")) ? { called } : undefined);
  }
  return callOut(account, fields.get("Direction") === "outbound-api" ? undefined : event.phone);
}

/** The mailbox is for callers who are still there. */
function dialReply(fields: URLSearchParams, account: Account<TwilioSettings>): Reply {
  const { direction } = voiceEvent(fields, account);
  const offers = account.settings.voicemail !== undefined && direction === "incoming";
  return offers && !wasConnected(fields) && !isOver(fields) ? takeMessage(account) : nothing;
}

/** The leg was joined, yet has no length: somebody sent it elsewhere, and the call goes on there. */
function wasRedirected(fields: URLSearchParams): boolean {
  return wasConnected(fields) && Boolean(fields.get("DialCallSid")) && !fields.get("DialCallDuration");
}

const anyId = /^[A-Za-z0-9_-]{1,64}$/;
const recordingId = /^RE[0-9A-Za-z]{1,64}$/;

/** Ids become keys and path segments: one that does not look like one goes no further. */
function misshapen(fields: URLSearchParams, kind: Kind): { field: string; problem: string } | undefined {
  const call = kind === "recording" && fields.get("ConferenceSid") ? "ConferenceSid" : "CallSid";
  const required = kind === "recording" ? [call, "RecordingSid"] : [call];
  const ids = ["CallSid", "ParentCallSid", "DialCallSid", "ConferenceSid", "DequeingCallSid", "RecordingSid"];
  for (const field of ids) {
    const id = fields.get(field);
    const shape = field === "RecordingSid" ? recordingId : anyId;
    if (!id && required.includes(field)) return { field, problem: "is missing" };
    if (id && !shape.test(id)) return { field, problem: "is not an id of Twilio's" };
  }
  return undefined;
}

/** Old accounts announce plain http: of the URL only the host counts. */
function apiOf(url: string | undefined): string {
  const host = url !== undefined && URL.canParse(url) ? new URL(url).hostname : "";
  return `https://${host.endsWith(".twilio.com") ? host : "api.twilio.com"}`;
}

/** Whom our own TwiML rings, so that the card pops up there before Twilio tells of the first leg. */
function ringsBy(event: CallEvent, { settings, extensions }: Account<TwilioSettings>): string[] | undefined {
  if (event.direction !== "incoming" || settings.forward.length === 0) return undefined;
  return settings.forward.map(
    (destination) => dialledUserIn(destination, extensions) ?? numberIn(destination, extensions) ?? destination,
  );
}
