/** Telnyx, which tells only of legs: its webhooks as events, and its calls. A dialect for the fold, not a provider. */
import type { HeardEvent, LegStatus } from "../../src/calls/event.ts";
import type { Story } from "../providers/conforms.ts";

/** What one webhook of Telnyx's says. */
export interface LegHook {
  readonly session: string;
  readonly leg: string;
  readonly event: "initiated" | "answered" | "bridged" | "hangup";
  readonly second: number;
  readonly from: string;
  readonly to: string;
  readonly direction?: "incoming" | "outgoing";
  readonly cause?: string;
}

export const legsBegan = Date.UTC(2026, 8, 1, 9, 0, 0);

/** Why a leg ended, in our words. `normal_clearing`: whether somebody talked, only its answer tells. */
const causes = new Map<string, LegStatus>([
  ["originator_cancel", "canceled"],
  ["user_busy", "busy"],
  ["no_answer", "missed"],
  ["timeout", "missed"],
  ["call_rejected", "failed"],
  ["not_found", "failed"],
]);

/** As a provider's `read` would have it: only `initiated` tells which way a leg goes. */
export function legEvent({ session, leg, event, second, from, to, direction, cause }: LegHook): HeardEvent {
  const at = legsBegan + second * 1000;
  const [, user] = /^sip:([^@]+)@/.exec(to) ?? [];
  const status =
    event === "hangup" ? (causes.get(cause ?? "") ?? "over") : event === "initiated" ? "ringing" : "in-progress";
  const made = direction ? (direction === "incoming" ? "inward" : "outward") : "untold";
  const ends = user === undefined ? { number: to } : { extension: user };
  return { call: session, id: `${leg}:${event}`, at, heardAt: at, leg: { id: leg, made, from, ...ends, status } };
}

export interface LegStory {
  readonly title: string;
  readonly hooks: readonly LegHook[];
  readonly becomes: Story["becomes"];
}

const customer = "+15125550123";
const line = "+15125550199";
const inward = { from: customer, to: line } as const;
const outward = { from: line, to: customer } as const;
const to = (user: string) => ({ from: line, to: `sip:${user}@acme.sip.telnyx.com` }) as const;

type Say = (
  leg: string,
  event: LegHook["event"],
  second: number,
  more: Omit<LegHook, "session" | "leg" | "event" | "second">,
) => LegHook;

function story(title: string, tell: (say: Say) => readonly LegHook[], becomes: Story["becomes"]): LegStory {
  return {
    title,
    hooks: tell((leg, event, second, more) => ({ session: title, leg, event, second, ...more })),
    becomes,
  };
}

const incoming = { direction: "incoming", phone: customer, line } as const;
const outgoing = { ...incoming, direction: "outgoing" } as const;
const clearing = { cause: "normal_clearing" } as const;

export const legStories: readonly LegStory[] = [
  story(
    "in, answered by an agent",
    (say) => [
      say("A", "initiated", 0, { ...inward, direction: "incoming" }),
      say("A", "answered", 1, inward),
      say("B", "initiated", 2, { ...to("ann"), direction: "outgoing" }),
      say("B", "answered", 8, to("ann")),
      say("B", "hangup", 50, { ...to("ann"), ...clearing }),
      say("A", "hangup", 51, { ...inward, ...clearing }),
    ],
    { ...incoming, status: "answered", rung: ["ann"], talks: [{ extension: "ann" }] },
  ),
  story(
    "in, only the menu answered",
    (say) => [
      say("A", "initiated", 0, { ...inward, direction: "incoming" }),
      say("A", "answered", 1, inward),
      say("A", "hangup", 20, { ...inward, ...clearing }),
    ],
    { ...incoming, status: "missed", talks: [] },
  ),
  story(
    "in, the caller gives up",
    (say) => [
      say("A", "initiated", 0, { ...inward, direction: "incoming" }),
      say("A", "hangup", 8, { ...inward, cause: "originator_cancel" }),
    ],
    { ...incoming, status: "missed", talks: [] },
  ),
  story(
    "in, a ring group, the losers end after the winner answers",
    (say) => [
      say("A", "initiated", 0, { ...inward, direction: "incoming" }),
      say("A", "answered", 1, inward),
      say("B", "initiated", 2, { ...to("ann"), direction: "outgoing" }),
      say("C", "initiated", 2, { ...to("bob"), direction: "outgoing" }),
      say("C", "answered", 8, to("bob")),
      say("B", "hangup", 8, { ...to("ann"), cause: "originator_cancel" }),
      say("A", "hangup", 51, { ...inward, ...clearing }),
      say("C", "hangup", 51, { ...to("bob"), ...clearing }),
    ],
    { ...incoming, status: "answered", rung: ["ann", "bob"], talks: [{ extension: "bob" }] },
  ),
  story(
    "out, from an app, answered",
    (say) => [
      say("A", "initiated", 0, { ...outward, direction: "outgoing" }),
      say("A", "answered", 9, outward),
      say("A", "hangup", 40, { ...outward, ...clearing }),
    ],
    { ...outgoing, status: "answered" },
  ),
  story(
    "out, the agent is rung first, and the customer is busy",
    (say) => [
      say("A", "initiated", 0, { ...to("ann"), direction: "outgoing" }),
      say("A", "answered", 3, to("ann")),
      say("B", "initiated", 4, { ...outward, direction: "outgoing" }),
      say("B", "hangup", 9, { ...outward, cause: "user_busy" }),
      say("A", "hangup", 10, { ...to("ann"), ...clearing }),
    ],
    { ...outgoing, status: "busy", rung: ["ann"], talks: [] },
  ),
];
