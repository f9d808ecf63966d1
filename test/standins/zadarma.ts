/** Zadarma as a PBX: genuine webhooks, its calls, and the API that hands out recordings. */
import { createHmac, randomBytes } from "node:crypto";
import type { Webhook } from "./webhook.ts";

export { type ZadarmaStatistic, zadarmaApi } from "./zadarma-api.ts";
export { country, stories } from "./zadarma-stories.ts";

export interface ZadarmaSettings {
  readonly key: string;
  readonly secret: string;
  /** The channel's webhook URL. */
  readonly hookUrl: string;
  /** How fields are sent: calls come as `form`, the default; other events were seen as `multipart`. */
  readonly body?: "form" | "multipart";
  /** ms since the epoch; the account's clock shows it in UTC. */
  readonly now?: () => number;
}

export type Fields = Readonly<Record<string, string>>;
export type ZadarmaPbx = ReturnType<typeof zadarmaPbx>;

/** The fields of each event that Zadarma signs. */
const signed = new Map<string, readonly string[]>([
  ["NOTIFY_START", ["caller_id", "called_did", "call_start"]],
  ["NOTIFY_INTERNAL", ["caller_id", "called_did", "call_start"]],
  ["NOTIFY_END", ["caller_id", "called_did", "call_start"]],
  ["NOTIFY_IVR", ["caller_id", "called_did", "call_start"]],
  ["NOTIFY_ANSWER", ["caller_id", "destination", "call_start"]],
  ["NOTIFY_OUT_START", ["internal", "destination", "call_start"]],
  ["NOTIFY_OUT_END", ["internal", "destination", "call_start"]],
  ["NOTIFY_RECORD", ["pbx_call_id", "call_id_with_rec"]],
  ["SMS", ["result"]],
  ["NUMBER_LOOKUP", ["result"]],
  ["CALL_TRACKING", ["result"]],
]);

/** The fields of a webhook whose change must be noticed: those that are signed, and there. */
export function signedFields(event: string, fields: URLSearchParams): string[] {
  return (signed.get(event) ?? []).filter((name) => fields.get(name));
}

/** What Zadarma signs of an event with these fields; undefined for an event that it does not say how to sign. */
export function signedText(event: string, fields: ReadonlyMap<string, string>): string | undefined {
  return signed
    .get(event)
    ?.map((name) => fields.get(name) ?? "")
    .join("");
}

export function zadarmaPbx({ secret, hookUrl, body = "form", now = Date.now }: ZadarmaSettings) {
  const began = new Map<string | undefined, string>();
  /** Of a call that does not say when it began: when it was first told of. */
  const callStart = (call: string | undefined) => {
    const start = began.get(call) ?? wallClock(now());
    began.set(call, start);
    return { call_start: start };
  };
  /** A webhook of any event; one that Zadarma does not say how to sign comes unsigned. */
  const notify = (event: string, fields: Fields): Webhook => {
    const told = signed.get(event)?.includes("call_start") ? { ...callStart(fields.pbx_call_id), ...fields } : fields;
    const all = { event, ...told };
    const text = signedText(event, new Map(Object.entries(told)));
    const signature = text !== undefined && { signature: signatureOf(secret, text) };
    const sent = body === "form" ? form(all) : multipart(all);
    return { method: "POST", url: hookUrl, headers: { ...sent.headers, ...signature }, body: sent.body };
  };
  const on = (event: string) => (fields: Fields) => notify(event, fields);
  return {
    notify,
    start: on("NOTIFY_START"),
    internal: on("NOTIFY_INTERNAL"),
    answer: on("NOTIFY_ANSWER"),
    end: on("NOTIFY_END"),
    outStart: on("NOTIFY_OUT_START"),
    outEnd: on("NOTIFY_OUT_END"),
    record: on("NOTIFY_RECORD"),
    ivr: on("NOTIFY_IVR"),
    sms: on("SMS"),
    numberLookup: on("NUMBER_LOOKUP"),
    callTracking: on("CALL_TRACKING"),
    speechRecognition: on("SPEECH_RECOGNITION"),
    document: on("DOCUMENT"),
    internalEnd: on("NOTIFY_INTERNAL_END"),
    /** The check of a new address, which the same value must come back from. */
    echo: (value: string): Webhook => {
      return { method: "GET", url: `${hookUrl}?${new URLSearchParams({ zd_echo: value })}`, headers: {} };
    },
  };
}

/** How the clock on the wall of an account in UTC shows `time` (ms since the epoch): a `call_start`. */
export function wallClock(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** As PHP makes it: `base64_encode(hash_hmac("sha1", $text, $secret))`, where the hash is hexadecimal text. */
export function signatureOf(secret: string, text: string): string {
  return Buffer.from(createHmac("sha1", secret).update(text).digest("hex"), "latin1").toString("base64");
}

function form(fields: Fields) {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { headers, body: new URLSearchParams(fields).toString() };
}

function multipart(fields: Fields) {
  const boundary = `------------------------${randomBytes(8).toString("hex")}`;
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: `${parts.join("")}--${boundary}--\r\n`,
  };
}
