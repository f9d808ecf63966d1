/** What we answer when Twilio asks what to do with a call. Neutral, unless the channel's settings ask for more. */
import { normalize } from "../calls/phone.ts";
import type { Account, Reply } from "./provider.ts";
import { writing } from "./twilio-address.ts";
import type { TwilioSettings } from "./twilio-settings.ts";

/**
 * Makes Twilio try a failed webhook three times more, whatever failed; its own default is once, and only where it could not
 * connect. https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
const retries = "#rc=3&rp=all";

const legEvents = "initiated ringing answered completed";
const recordingEvents = "in-progress completed absent";

/** Ends the call, or for a webhook that is no question: nothing. */
export const nothing: Reply = twiml("<Response/>");

/** A caller who has no number that could be shown to a phone outside, and the line that they called. */
export interface Nameless {
  readonly called?: string;
}

/** An incoming call: to the user's own TwiML, or to whom it is forwarded. */
export function connect(account: Account<TwilioSettings>, nameless?: Nameless): Reply {
  const { redirect, forward, caller_id: own } = account.settings;
  if (redirect !== undefined) return respond(element("Redirect", {}, inXml(redirect)));
  if (forward.length === 0) return nothing;
  const outside = forward.some((destination) => !destination.startsWith("client:"));
  // Twilio takes nothing but a number in full.
  const line = nameless?.called?.startsWith("+") ? nameless.called : undefined;
  const callerId = nameless && outside ? (own ?? line) : undefined;
  return respond(dial(account, callerId === undefined ? {} : { callerId }, forward));
}

/** A softphone calls out: `number` is absent where it does not say whom. */
export function callOut(account: Account<TwilioSettings>, number: string | undefined): Reply {
  const { redirect, caller_id: callerId } = account.settings;
  if (redirect !== undefined) return connect(account);
  if (callerId === undefined || number === undefined) return nothing;
  // Twilio takes a number without a country for one of the US.
  const { country } = account;
  return respond(dial(account, { callerId }, [normalize(number, { country, numbers: writing })]));
}

/** Nobody answered: the greeting, then a message. */
export function takeMessage(account: Account<TwilioSettings>): Reply {
  const say = element("Say", {}, inXml(account.settings.voicemail ?? ""));
  const record = element("Record", { action: callback(account, "voicemail"), ...recordingCallback(account) });
  return respond(say + record);
}

function dial(
  account: Account<TwilioSettings>,
  attributes: Record<string, string>,
  destinations: readonly string[],
): string {
  const { ring_seconds: ringSeconds, record } = account.settings;
  const recording = record ? { record: "record-from-answer-dual", ...recordingCallback(account) } : {};
  const nouns = destinations.map((destination) => noun(account, destination));
  const action = callback(account, "dial");
  return element("Dial", { ...attributes, timeout: String(ringSeconds), action, ...recording }, nouns.join(""));
}

function noun(account: Account<TwilioSettings>, destination: string): string {
  const attributes = { statusCallback: callback(account, "leg"), statusCallbackEvent: legEvents };
  const [, client] = /^client:(.*)$/s.exec(destination) ?? [];
  if (client !== undefined) return element("Client", attributes, inXml(client));
  return element(/^sips?:/.test(destination) ? "Sip" : "Number", attributes, inXml(destination));
}

function recordingCallback(account: Account<TwilioSettings>): Record<string, string> {
  return {
    recordingStatusCallback: callback(account, "recording"),
    recordingStatusCallbackEvent: recordingEvents,
  };
}

/** The path is for people who read Twilio's log: what a webhook is, its fields say. */
function callback(account: Account<TwilioSettings>, path: string): string {
  return `${account.hookUrl}/${path}${retries}`;
}

function respond(verbs: string): Reply {
  return twiml(element("Response", {}, verbs));
}

function twiml(response: string): Reply {
  return { status: 200, body: `<?xml version="1.0" encoding="UTF-8"?>${response}`, type: "text/xml; charset=utf-8" };
}

function element(name: string, attributes: Record<string, string>, content = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${inXml(value)}"`);
  return content === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${content}</${name}>`;
}

const entities = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&apos;"],
]);

/** What XML 1.0 cannot hold, even escaped. */
const unwritable = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function inXml(text: string): string {
  return text.replace(unwritable, "").replace(/[&<>"']/g, (character) => entities.get(character) ?? "");
}
