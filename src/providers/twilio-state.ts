/** What Twilio's API says of a call: https://www.twilio.com/docs/voice/api/call-resource (read 2026-11). */
import * as z from "zod";
import type { CallEvent } from "../calls/event.ts";
import type { Account, AskedCall, CallState, Inquiry } from "./provider.ts";
import { isOver, statusEvent } from "./twilio-events.ts";
import { accountGet } from "./twilio-request.ts";
import type { TwilioSettings } from "./twilio-settings.ts";

/** How many legs are asked for: far more than a call has. Without it Twilio hands out 50. */
const maxLegs = 200;

const text = z.string().nullish();

/** What is of no interest here, and may come at any time, is left out. */
const resource = z.object({
  sid: z.string(),
  parent_call_sid: text,
  status: z.string(),
  direction: text,
  from: text,
  to: text,
  duration: z.union([z.string(), z.number()]).nullish(),
  end_time: text,
  answered_by: text,
});
type Resource = z.infer<typeof resource>;
const list = z.object({ calls: z.array(resource) });

const living = new Set(["queued", "initiated", "ringing", "in-progress"]);

/** The call itself, and the legs that its TwiML dialled: who talked, only these can tell. */
export function inquiryAfter(asked: AskedCall, api: string, account: Account<TwilioSettings>): Inquiry {
  const call = encodeURIComponent(asked.call);
  const paths = [`/Calls/${call}.json`, `/Calls.json?PageSize=${maxLegs}&ParentCallSid=${call}`];
  return { calls: [asked], requests: paths.map((path) => accountGet(api, path, account)) };
}

export function toldBy(answers: readonly unknown[], call: string, account: Account<TwilioSettings>): CallState {
  const root = resource.safeParse(answers[0]).data;
  const legs = list.safeParse(answers[1]).data?.calls.filter((leg) => leg.parent_call_sid === call);
  if (root?.sid !== call || !legs) return { kind: "unknown", why: "the answer is no call of Twilio's" };
  // A leg's id was taken for a call's: it is of its parent's call, of which this says no more.
  if (root.parent_call_sid) return { kind: "over", events: [eventOf(root, root.parent_call_sid, account)] };
  if (living.has(root.status)) return { kind: "alive" };
  if (!isOver(fieldsOf(root))) return { kind: "unknown", why: "the call has a status that Twilio does not document" };
  return { kind: "over", events: [root, ...legs].map((leg) => eventOf(leg, call, account)) };
}

/** As if the status callback of what the leg has become had been heard. */
function eventOf(leg: Resource, call: string, account: Account<TwilioSettings>): CallEvent {
  return { ...statusEvent(fieldsOf(leg), account), call, id: `state:${leg.sid}:${leg.status}`, asked: true };
}

/** By the names that webhooks have for them. */
function fieldsOf(leg: Resource): URLSearchParams {
  const named = {
    CallSid: leg.sid,
    ParentCallSid: leg.parent_call_sid,
    CallStatus: leg.status,
    Direction: leg.direction,
    From: leg.from,
    To: leg.to,
    CallDuration: leg.duration,
    Timestamp: leg.end_time,
    AnsweredBy: leg.answered_by,
  };
  const given = Object.entries(named).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}
