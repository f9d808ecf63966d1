/** Twilio as a PBX: genuine webhooks, signed by Twilio's own SDK. */
import { createHash } from "node:crypto";
import { getExpectedBodyHash, getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import type { Webhook } from "./webhook.ts";

export { stories } from "./twilio-stories.ts";

export interface TwilioSettings {
  readonly accountSid: string;
  readonly authToken: string;
  /** The channel's webhook URL, without a trailing slash. */
  readonly hookUrl: string;
  /** How webhooks are sent. Default: `form`. */
  readonly sent?: "form" | "query" | "json";
  /** The base of the URLs of recordings. */
  readonly api?: string;
  /** When all calls begin, ms since the epoch. Default: each when it is first told of. */
  readonly startedAt?: number;
  /** ms since the epoch. */
  readonly now?: () => number;
  /** Ids depend on it: two runs against one worker need two. */
  readonly run?: string;
}

/** A leg as Twilio sees it; the root of a call has no parent. */
export interface Leg {
  readonly sid: string;
  readonly parent?: string;
  readonly direction: "inbound" | "outbound-api" | "outbound-dial";
  readonly from: string;
  readonly to: string;
}

export type Fields = Readonly<Record<string, string>>;
export type TwilioPbx = ReturnType<typeof twilioPbx>;

const final = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);

export function twilioPbx(settings: TwilioSettings) {
  const { accountSid, api = "https://api.twilio.com", startedAt, now = Date.now, run = "trunkline" } = settings;
  const account = { AccountSid: accountSid, ApiVersion: "2010-04-01" };
  const sequence = new Map<string, number>();
  const began = new Map<string, number>();
  let ids = 0;
  const newId = (prefix: string) => `${prefix}${digest(`${run} ${prefix} ${ids++}`).slice(0, 32)}`;
  const send = (path: string, fields: Fields) => signed(settings, path, fields, uuid(`${run} ${ids++}`));
  const recordingUrl = (id: string) => `${api}/2010-04-01/Accounts/${accountSid}/Recordings/${id}`;
  /** When the call began that has this root. */
  const beganAt = (root: string) => {
    const at = startedAt ?? began.get(root) ?? now();
    began.set(root, at);
    return at;
  };
  const nextOf = (sid: string) => {
    const next = sequence.get(sid) ?? 0;
    sequence.set(sid, next + 1);
    return next;
  };
  return {
    /** A call comes in: of a customer, or of a softphone (`client:ann`). */
    inbound: (from: string, to: string): Leg => ({ sid: newId("CA"), direction: "inbound", from, to }),
    /** A call is placed through the API. */
    placed: (from: string, to: string): Leg => ({ sid: newId("CA"), direction: "outbound-api", from, to }),
    /** A call's TwiML dials somebody. */
    dialled: (root: Leg, to: string, from = root.from): Leg => {
      return { sid: newId("CA"), parent: root.sid, direction: "outbound-dial", from, to };
    },
    recordingId: () => newId("RE"),
    /** Where Twilio says that a recording is: without an extension. */
    recordingUrl,
    /** The voice URL is asked what to do (A). */
    voice: (leg: Leg, more: Fields = {}) => send("", { ...account, ...legFields(leg), CallStatus: "ringing", ...more }),
    /** A leg got further, `at` seconds after the start (B, C, E). A final status needs a `CallDuration`. */
    status: (leg: Leg, status: string, at: number, more: Fields = {}) =>
      send(leg.parent === undefined ? "/status" : "/leg", {
        ...account,
        ...legFields(leg),
        CallStatus: status,
        CallbackSource: "call-progress-events",
        SequenceNumber: String(nextOf(leg.sid)),
        Timestamp: rfc2822(beganAt(leg.parent ?? leg.sid) + at * 1000),
        ...(final.has(status) ? durations(more.CallDuration ?? "0") : {}),
        ...more,
      }),
    /** The dialled part of a call is over (D). */
    dial: (root: Leg, status: string, more: Fields = {}) =>
      send("/dial", { ...account, ...legFields(root), CallStatus: "in-progress", DialCallStatus: status, ...more }),
    /** A message was left (G). */
    voicemail: (root: Leg, recordingSid: string, more: Fields = {}) =>
      send("/voicemail", {
        ...account,
        ...legFields(root),
        CallStatus: "completed",
        RecordingSid: recordingSid,
        RecordingUrl: recordingUrl(recordingSid),
        RecordingDuration: "7",
        Digits: "hangup",
        ...more,
      }),
    /** A recording is ready, or will not be (F): no `From`, no `To`. */
    recording: (root: Leg, recordingSid: string, status = "completed", more: Fields = {}) =>
      send("/recording", {
        ...account,
        CallSid: root.sid,
        RecordingSid: recordingSid,
        RecordingUrl: recordingUrl(recordingSid),
        RecordingStatus: status,
        RecordingDuration: "38",
        RecordingChannels: "2",
        RecordingSource: "DialVerb",
        RecordingStartTime: rfc2822(beganAt(root.sid) + 9000),
        RecordingTrack: "both",
        ErrorCode: "0",
        ...more,
      }),
    /** Any fields, genuinely signed. */
    send,
  };
}

/** What each webhook of a leg holds. Twilio sends and signs empty values. */
function legFields({ sid, parent, direction, from, to }: Leg): Record<string, string> {
  const geography = ["From", "To", "Caller", "Called"].flatMap((end) => {
    const address = end === "From" || end === "Caller" ? from : to;
    const country = /^\+1\d{10}$/.test(address) ? "US" : "";
    return [
      [`${end}City`, ""],
      [`${end}State`, country && "CA"],
      [`${end}Zip`, ""],
      [`${end}Country`, country],
    ];
  });
  return {
    CallSid: sid,
    ...(parent === undefined ? {} : { ParentCallSid: parent }),
    Direction: direction,
    From: from,
    To: to,
    Caller: from,
    Called: to,
    ...Object.fromEntries(geography),
  };
}

/** `Duration` counts the minutes that are billed, and is no use to us. */
function durations(seconds: string): Record<string, string> {
  return { CallDuration: seconds, Duration: String(Math.ceil(Number(seconds) / 60)) };
}

function signed(
  { authToken, hookUrl, sent = "form" }: TwilioSettings,
  path: string,
  fields: Fields,
  token: string,
): Webhook {
  const url = hookUrl + path;
  const common = {
    "user-agent": "TwilioProxy/1.1",
    accept: "*/*",
    "i-twilio-idempotency-token": token,
    "x-home-region": "us1",
  };
  const signature = (signedUrl: string, params: Fields) => ({
    ...common,
    "x-twilio-signature": getExpectedTwilioSignature(authToken, signedUrl, params),
  });
  switch (sent) {
    case "form": {
      const headers = { ...signature(url, fields), "content-type": "application/x-www-form-urlencoded; charset=UTF-8" };
      return { method: "POST", url, headers, body: new URLSearchParams(fields).toString() };
    }
    case "query": {
      const full = `${url}?${new URLSearchParams(fields)}`;
      return { method: "GET", url: full, headers: signature(full, {}) };
    }
    case "json": {
      const body = JSON.stringify(fields);
      const full = `${url}?bodySHA256=${getExpectedBodyHash(body)}`;
      return {
        method: "POST",
        url: full,
        headers: { ...signature(full, {}), "content-type": "application/json" },
        body,
      };
    }
  }
}

/** `Sun, 25 Mar 2018 09:53:19 +0000` */
function rfc2822(time: number): string {
  return new Date(time).toUTCString().replace("GMT", "+0000");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function uuid(text: string): string {
  return digest(text).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, "$1-$2-4$3-8$4-$5");
}
