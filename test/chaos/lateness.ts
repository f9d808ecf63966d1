/** How late the helpdesk hears of calls, by the clock of the run. */
import { fold } from "../../src/calls/call.ts";
import { desiredOf } from "../../src/calls/desired.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { accountOf, type Channel, readConfiguration } from "../../src/config/channels.ts";
import { hear } from "../providers/hearing.ts";
import type { System } from "../standins/system.ts";
import type { Webhook } from "../standins/webhook.ts";
import type { Placed } from "./calls.ts";
import type { Closure } from "./faults.ts";

/** In seconds. */
export interface Late {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** Of calls that met no time at which the helpdesk shut somebody out. */
export interface Lateness {
  /** From when a call could be told to the first create that reached the helpdesk. */
  readonly card: Late;
  /** From a call's last webhook to its end at the helpdesk. */
  readonly final: Late;
  /** Cards that waited for too long, each as a line. */
  readonly heldUp: readonly string[];
}

/** When each webhook was taken, ms since the epoch. */
type HeardAt = ReadonlyMap<Webhook, number>;

interface Run {
  readonly placed: readonly Placed[];
  readonly system: System;
  /** Of its configuration when it began. */
  readonly env: object;
  readonly heardAt: HeardAt;
  /** When the helpdesk shut somebody out. */
  readonly closures: readonly Closure[];
}

/** A card that waits for longer counts as held up, in ms; unless so many requests left meanwhile that the limit held it up. */
const patienceMs = 120_000;
const busyRequests = 60;

/** Of calls whose cards staff see. */
export async function latenessOf({ placed, system, env, heardAt, closures }: Run): Promise<Lateness> {
  const { channels } = readConfiguration(env);
  const creates = new Map<string, number>();
  for (const { action, fields, at } of system.requests.toReversed())
    if (action === "create_call") creates.set(String(fields.pbx_call_id), at);
  const tickets = new Map(system.calls.map((call) => [call.pbxCallId, call]));
  const isOpen = (from: number, to: number) => !closures.some((closure) => closure.from < to && from < closure.until);
  const times = system.requests.map(({ at }) => at);
  const isBusy = (from: number) => times.filter((at) => at >= from && at < from + patienceMs).length >= busyRequests;
  const [cards, finals, heldUp]: [number[], number[], string[]] = [[], [], []];
  for (const call of placed) {
    const channel = channels.get(call.channel);
    if (channel?.delivery !== "live") continue;
    const [from, created] = [await tellableAt(channel, call, heardAt), creates.get(call.id)];
    if (from !== undefined && created !== undefined && isOpen(from, created)) {
      cards.push(created - from);
      const seconds = Math.round((created - from) / 1000);
      if (created - from > patienceMs && !isBusy(from))
        heldUp.push(`${call.id} (${call.channel}: ${call.title}) waited for ${seconds} seconds`);
    }
    const [last, ended] = [lastHeardAt(call, heardAt), tickets.get(call.id)?.statusSince];
    if (last !== undefined && ended !== undefined && isOpen(last, ended)) finals.push(ended - last);
  }
  return { card: late(cards), final: late(finals), heldUp };
}

/** When enough was heard of the call for a card, ms since the epoch. */
async function tellableAt(channel: Channel, { id, webhooks }: Placed, heardAt: HeardAt): Promise<number | undefined> {
  const heard = webhooks.flatMap((webhook) => {
    const at = heardAt.get(webhook);
    return at === undefined ? [] : [{ webhook, at }];
  });
  const events: HeardEvent[] = [];
  for (const { webhook, at } of heard.sort((a, b) => a.at - b.at)) {
    events.push(...(await hear(channel.provider, accountOf(channel, ""), webhook, at)));
    const desired =
      events.length > 0
        ? desiredOf(fold(id, events, channel), {
            ...channel,
            delivery: channel.delivery === "final" ? "final" : "live",
          })
        : undefined;
    if (desired) return Math.max(at, desired.notBefore ?? 0);
  }
  return undefined;
}

/** Webhooks that only announce a recording end no call. */
function lastHeardAt({ webhooks, recordings }: Placed, heardAt: HeardAt): number | undefined {
  const announcements = new Set(recordings.map(({ webhook }) => webhooks[webhook]));
  const told = webhooks.filter((webhook) => !announcements.has(webhook));
  const heard = told.flatMap((webhook) => heardAt.get(webhook) ?? []);
  return heard.length > 0 ? Math.max(...heard) : undefined;
}

/** What came before its time was not late. */
function late(times: readonly number[]): Late {
  const sorted = times.map((ms) => Math.max(0, Math.round(ms / 1000))).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}
