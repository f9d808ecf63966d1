/** Plays what an account of a PBX sent: every webhook genuinely, what it says folded, and told as the Exchange would. */
import { type Call, fold } from "../../src/calls/call.ts";
import { type Desired, desiredOf } from "../../src/calls/desired.ts";
import type { CallEvent, HeardEvent } from "../../src/calls/event.ts";
import { joined } from "../../src/calls/joined.ts";
import { plainly } from "../../src/calls/plain.ts";
import { ignoredBecause } from "../../src/calls/rules.ts";
import { accountOf, type Channel, readConfiguration } from "../../src/config/channels.ts";
import { decode } from "../../src/hooks/body.ts";
import { calledUrl } from "../../src/hooks/receive.ts";
import type { Account, AskedCall } from "../../src/providers/provider.ts";
import type { Webhook } from "../standins/webhook.ts";

/** When the calls of the cases begin, ms since the epoch. */
export const began = Date.UTC(2026, 10, 27, 9, 0, 0);
/** How long the PBX's API takes to answer, in ms. */
const answerMs = 500;
export const channelName = "support";
/** Where the worker is, by the URL that it sees. */
export const origin = "https://hooks.example.test";

/** A webhook, and when it comes in (ms since the epoch). */
export interface Sent {
  readonly at: number;
  readonly webhook: Webhook;
}

/** A ticket as the helpdesk would have it, and who was ever named for it. */
export interface Ticket {
  readonly direction: string;
  readonly phone: string;
  readonly status: string;
  /** Whom its create named. */
  readonly audience: readonly string[];
  /** Everybody who was named, in that order. */
  readonly named: readonly string[];
  readonly recordings: number;
  readonly comment?: string;
}

export interface Played {
  readonly answers: readonly number[];
  readonly bodies: readonly string[];
  readonly tickets: readonly Ticket[];
}

/** What the PBX's API answers when it is asked after a call. */
export type Api = (asked: AskedCall) => readonly unknown[] | undefined;

export function channelOf(table: object, secrets: object): Channel {
  const configured = { [channelName]: { system: "https://help.example.test", ...table } };
  const { channels, faults } = readConfiguration({ CHANNELS: configured, ...secrets });
  const channel = channels.get(channelName);
  if (!channel) throw new Error(faults.map(({ key, problem }) => `${key} ${problem}`).join("; "));
  return channel;
}

export async function play(channel: Channel, sent: readonly Sent[], api: Api, late = 0): Promise<Played> {
  const account = accountOf(channel, origin);
  const [answers, bodies]: [number[], string[]] = [[], []];
  const heard: HeardEvent[] = [];
  for (const { at, webhook } of sent) {
    const { status, body, events } = await receive(channel, account, webhook, at);
    answers.push(status);
    bodies.push(body);
    heard.push(...events.map((event) => ({ ...plainly(event), heardAt: at })));
  }
  const over = (sent.at(-1)?.at ?? began) + late * 1000;
  return { answers, bodies, tickets: ticketsOf(channel, account, heard, api, over) };
}

async function receive(channel: Channel, account: Account, webhook: Webhook, at: number) {
  const headers = new Headers(webhook.headers);
  const bytes = new Uint8Array(new TextEncoder().encode(webhook.body ?? ""));
  const url = calledUrl(new URL(webhook.url).href, channel.url);
  const hook = await decode({ method: webhook.method, headers }, url, bytes, at);
  const verdict = await channel.provider.verify(hook, account);
  if (!verdict.genuine) return { status: 403, body: verdict.reason, events: [] };
  const reading = channel.provider.read(hook, account);
  if (reading.kind === "malformed") return { status: 400, body: reading.field, events: [] };
  const events: readonly CallEvent[] = reading.kind === "heard" ? reading.events : [];
  return { status: reading.reply.status, body: reading.reply.body ?? "", events };
}

function ticketsOf(channel: Channel, account: Account, heard: readonly HeardEvent[], api: Api, over: number): Ticket[] {
  return joined(heard).flatMap((events) => {
    const id = events[0]?.call ?? "";
    const asked = answersOf(channel, account, id, events, api, over);
    const told = tellings(channel, id, [...events, ...asked]);
    const [first, last] = [told[0], told.at(-1)];
    return first && last ? [ticketOf(first, last, told)] : [];
  });
}

/** What the PBX's API makes known of a call that lives on for ever as far as its webhooks tell, or of whose legs they do not. */
function answersOf(
  channel: Channel,
  account: Account,
  id: string,
  events: readonly HeardEvent[],
  api: Api,
  over: number,
): HeardEvent[] {
  const call = fold(id, events, channel);
  if (call.endedAt !== undefined && !call.doubtful) return [];
  const asked = { call: id, startedAt: call.startedAt, heardAt: call.lastHeardAt };
  const answers = api(asked);
  const state = answers && channel.provider.state?.read(answers, asked, account);
  return state?.kind === "over" ? state.events.map((event) => ({ ...plainly(event), heardAt: over + answerMs })) : [];
}

interface Telling {
  readonly call: Call;
  readonly desired: Desired;
}

/** What would be told after each webhook, from the first on that makes a ticket. */
function tellings(channel: Channel, id: string, events: readonly HeardEvent[]): Telling[] {
  const times = [...new Set(events.map(({ heardAt }) => heardAt))].sort((a, b) => a - b);
  const told: Telling[] = [];
  for (const [i, at] of times.entries()) {
    const call = fold(
      id,
      events.filter(({ heardAt }) => heardAt <= at),
      channel,
    );
    const desired = desiredOf(call, { ...channel, delivery: channel.delivery === "final" ? "final" : "live" });
    const ignored = ignoredBecause(call, channel) !== undefined && told.length === 0;
    const waits = told.length === 0 && (desired?.notBefore ?? at) >= (times[i + 1] ?? Number.POSITIVE_INFINITY);
    const early = channel.delivery === "final" && call.endedAt === undefined;
    if (desired && !ignored && !waits && !early) told.push({ call, desired });
  }
  return told;
}

function ticketOf(first: Telling, { call, desired }: Telling, told: readonly Telling[]): Ticket {
  const audience = first.desired.audience?.ids ?? [];
  return {
    direction: first.desired.direction,
    phone: first.desired.phone,
    status: desired.status,
    audience,
    named: [...audience, ...told.flatMap(({ desired: { assignee } }) => assignee?.id ?? [])],
    recordings: call.recordings.filter(({ status }) => status !== "absent").length,
    comment: desired.comment,
  };
}
