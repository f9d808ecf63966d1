/** Webhooks that get lost for good: such as a PBX's other webhooks of the call make up for, so that nothing changes. */
import { type Call, fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { accountOf, type Channel, readConfiguration } from "../../src/config/channels.ts";
import { hear } from "../providers/hearing.ts";
import type { Webhook } from "../standins/webhook.ts";
import type { Placed } from "./calls.ts";
import { random } from "./random.ts";

/** Of how many calls a webhook is lost, if it may be. */
const share = 0.2;

/** One of a call's webhooks at most, and never the first: a card may be made before what was in it is heard. */
export async function droppedWebhooks(seed: number, placed: readonly Placed[], env: object): Promise<Set<Webhook>> {
  const { channels } = readConfiguration(env);
  const dropped = new Set<Webhook>();
  for (const call of placed) {
    const drawn = random(seed, "dropped", call.id);
    const channel = channels.get(call.channel);
    const lost = call.webhooks[drawn.between(1, Math.max(1, call.webhooks.length - 1))];
    if (channel && lost && drawn.chance(share) && (await isSpare(channel, call, lost))) dropped.add(lost);
  }
  return dropped;
}

async function isSpare(channel: Channel, { id, webhooks }: Placed, lost: Webhook): Promise<boolean> {
  const heard = (webhook: Webhook, i: number) =>
    hear(channel.provider, accountOf(channel, ""), webhook, Date.now() + i * 1000);
  const all = await Promise.all(webhooks.map(heard));
  const told = (events: readonly HeardEvent[]) => JSON.stringify(essence(fold(id, events, channel)));
  return told(all.flat()) === told(all.filter((_, i) => webhooks[i] !== lost).flat());
}

/** What the books look at. */
function essence({ direction, phone, withheld, internal, status, endedAt, rung, talks, recordings }: Call) {
  const extensions = talks.map(({ extension }) => extension);
  return { direction, phone, withheld, internal, status, over: endedAt !== undefined, rung, extensions, recordings };
}
