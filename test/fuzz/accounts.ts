/** The PBX accounts that are fuzzed: their genuine webhooks, how these are signed, and which are believed. */
import {
  getExpectedBodyHash,
  getExpectedTwilioSignature,
  validateRequest,
  validateRequestWithBody,
} from "twilio/lib/webhooks/webhooks.js";
import { twilioPbx, stories as twilioStories } from "../standins/twilio.ts";
import type { Webhook } from "../standins/webhook.ts";
import { signatureOf, signedText, wallClock, zadarmaPbx, stories as zadarmaStories } from "../standins/zadarma.ts";
import { type Draft, type Field, read, type Wire, wireOf } from "./draft.ts";

/** `unsigned`: of a kind that nobody says how to sign; it is answered, and nothing comes of it. */
export type Truth = "genuine" | "forged" | "unsigned";

export interface Account {
  readonly channel: string;
  /** Its table in the configuration, but for what all channels have. */
  readonly table: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** One of each webhook that the PBX is known to send, of calls that begin at `now` (ms since the epoch). */
  readonly genuine: (now: number) => readonly Draft[];
  /** The draft as one of another call. */
  readonly of: (draft: Draft, call: string) => Draft;
  /** The call that a receiver reads of these fields. */
  readonly callOf: (fields: URLSearchParams) => string;
  readonly signatureHeader: string;
  readonly sign: (draft: Draft) => Wire;
  /** By another hand than Trunkline's: the PBX's own, where it publishes one. Undefined where it cannot be told. */
  readonly judge: (wire: Wire, untouched?: Draft) => Truth | undefined;
}

/** The address that the PBX was given, whatever port the worker listens on. */
export const publicUrl = "https://hooks.example.com";

const twilioToken = "fuzz-twilio-auth-token";

export const twilio: Account = {
  channel: "sales",
  table: { provider: "twilio", twilio: { forward: ["client:ann"], caller_id: "+14155550100", voicemail: "Hello." } },
  secrets: { SALES_TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`, SALES_TWILIO_AUTH_TOKEN: twilioToken },
  genuine: (now) => {
    const settings = { accountSid: `AC${"0".repeat(32)}`, authToken: twilioToken, run: "fuzz", startedAt: now };
    const pbx = twilioPbx({ ...settings, hookUrl: `${publicUrl}/hooks/sales` });
    return twilioStories(pbx).flatMap(({ webhooks }) => webhooks.map(draftOf));
  },
  of: (draft, call) => {
    const root = draft.fields.some(([name]) => name === "ParentCallSid") ? "ParentCallSid" : "CallSid";
    return withValue(draft, root, call);
  },
  callOf: (fields) => fields.get("ParentCallSid") || fields.get("CallSid") || "",
  signatureHeader: "x-twilio-signature",
  sign: (draft) => {
    const wire = wireOf(draft);
    const hash = draft.sent === "json" ? `?bodySHA256=${getExpectedBodyHash(String(wire.body))}` : "";
    const target = wire.target + hash;
    const signature = getExpectedTwilioSignature(twilioToken, publicUrl + target, paramsOf(draft));
    return { ...wire, target, headers: { ...wire.headers, "x-twilio-signature": signature } };
  },
  judge: (wire) => {
    // Twilio sends none, and Trunkline reads none.
    if (wire.headers["content-type"]?.toLowerCase().startsWith("multipart/form-data") && wire.body?.length)
      return "forged";
    const fields = wire.headers["content-type"]?.toLowerCase().startsWith("application/x-www-form-urlencoded");
    const signature = wire.headers["x-twilio-signature"] ?? "";
    // What stands behind a # is for Twilio itself, and not signed.
    const url = new URL(publicUrl + wire.target).href.replace(/#.*/, "");
    const body = wire.method === "GET" ? "" : String(wire.body ?? "");
    const promised = new URL(url).searchParams.has("bodySHA256");
    const valid =
      body !== "" && fields
        ? validateRequest(twilioToken, signature, url, paramsOf({ sent: "form", fields: [...(read(wire) ?? [])] }))
        : body === "" && !promised
          ? validateRequest(twilioToken, signature, url, {})
          : validateRequestWithBody(twilioToken, signature, url, body);
    return valid ? timeliness(read(wire)?.getAll("Timestamp") ?? []) : "forged";
  },
};

const dayMs = 24 * 60 * 60_000;

/** A time that is none of Twilio's, or one of several, may be read or not. */
function timeliness(written: readonly string[]): Truth | undefined {
  const [only, ...others] = written;
  if (only === undefined) return "genuine";
  if (others.length > 0 || !/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/.test(only)) return undefined;
  return Math.abs(Date.parse(only) - Date.now()) < dayMs ? "genuine" : "forged";
}

/** Without a prototype, which would take a field of that name for itself. */
function paramsOf({ sent, fields }: Pick<Draft, "sent" | "fields">): Record<string, string[]> {
  const params: Record<string, string[]> = Object.create(null);
  if (sent !== "form") return params;
  for (const [name, value] of fields) {
    const values = params[name];
    if (values) values.push(value);
    else params[name] = [value];
  }
  return params;
}

const zadarmaSecret = "fuzz-zadarma-secret";

export const zadarma: Account = {
  channel: "support",
  table: { provider: "zadarma", country: "UA" },
  secrets: { SUPPORT_ZADARMA_KEY: "fuzz-zadarma-key", SUPPORT_ZADARMA_SECRET: zadarmaSecret },
  genuine: (now) => {
    const hookUrl = `${publicUrl}/hooks/support`;
    const pbx = zadarmaPbx({ key: "", secret: zadarmaSecret, hookUrl, now: () => now });
    const calls = zadarmaStories(pbx, { run: "fuzz" });
    const others = [pbx.sms({ result: '{"caller_id":"1"}' }), pbx.document({ result: "{}" }), pbx.echo("here")];
    return [...calls.flatMap(({ webhooks }) => webhooks), ...others].map(draftOf);
  },
  of: (draft, call) => withValue(draft, "pbx_call_id", call),
  callOf: (fields) => fields.get("pbx_call_id") ?? "",
  signatureHeader: "signature",
  sign: (draft) => {
    const wire = wireOf(draft);
    const fields = firsts(draft.fields);
    const text = signedText(fields.get("event") ?? "", fields);
    if (text === undefined) return wire;
    return { ...wire, headers: { ...wire.headers, signature: signatureOf(zadarmaSecret, text) } };
  },
  judge: (wire, untouched) => {
    const fields = read(wire, untouched);
    if (!fields) return undefined;
    const event = fields.get("event");
    if (event === null && (fields.get("zd_echo")?.length ?? Number.NaN) <= 512) return "unsigned";
    if (!event || !isPath(wire.target, "/hooks/support")) return "forged";
    const text = signedText(event, firsts([...fields]));
    if (text === undefined) return "unsigned";
    const timely = !/^NOTIFY_(?!RECORD)/.test(event) || isLately(text.slice(-19));
    return timely && wire.headers.signature?.trim() === signatureOf(zadarmaSecret, text) ? "genuine" : "forged";
  },
};

/** Whether a call may have begun at this time, by a clock in any zone. */
function isLately(call_start: string): boolean {
  const time = Date.parse(`${call_start.replace(" ", "T")}Z`);
  if (Number.isNaN(time) || wallClock(time) !== call_start) return false;
  return time < Date.now() + dayMs && time > Date.now() - 2 * dayMs - (14 / 24) * dayMs;
}

/** Whether `target` is at `path` or below it. */
function isPath(target: string, path: string): boolean {
  const { pathname } = new URL(publicUrl + target);
  return pathname === path || pathname.startsWith(`${path}/`);
}

/** Of fields that come twice, the first counts. */
function firsts(fields: readonly Field[]): Map<string, string> {
  return new Map(fields.toReversed());
}

function draftOf({ url, body }: Webhook): Draft {
  const { pathname, searchParams } = new URL(url);
  return {
    path: pathname,
    fields: [...(body === undefined ? searchParams : new URLSearchParams(body))],
    sent: body === undefined ? "query" : "form",
  };
}

function withValue(draft: Draft, name: string, value: string): Draft {
  return { ...draft, fields: draft.fields.map((field) => (field[0] === name ? [name, value] : field)) };
}
