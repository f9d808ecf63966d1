/** Every call that the PBXs' documentation tells of, over real HTTP: one ticket each, and the truth on it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type System, startSystem } from "../standins/system.ts";
import { twilioPbx, stories as twilioStories } from "../standins/twilio.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { country, zadarmaPbx, stories as zadarmaStories } from "../standins/zadarma.ts";
import { startTrunkline, type Trunkline, until } from "./harness.ts";

const secrets = {
  SALES_CHANNEL_KEY: "sales-key",
  SALES_TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001",
  SALES_TWILIO_AUTH_TOKEN: "twilio-token",
  SUPPORT_CHANNEL_KEY: "support-key",
  SUPPORT_ZADARMA_KEY: "zadarma-key",
  SUPPORT_ZADARMA_SECRET: "zadarma-secret",
};

let system: System;
let trunkline: Trunkline;

beforeAll(async () => {
  // Far from its limit: how that is kept is another story.
  system = await startSystem({ channelKeys: ["sales-key", "support-key"], limit: 1_000_000 });
  const common = { system: system.url, recordings: { enabled: false }, internal: true };
  trunkline = await startTrunkline({
    channels: { sales: { provider: "twilio", ...common }, support: { provider: "zadarma", country, ...common } },
    secrets,
  });
});

afterAll(async () => {
  await trunkline.close();
  await system.close();
});

function told(run: string) {
  const twilio = twilioPbx({
    accountSid: secrets.SALES_TWILIO_ACCOUNT_SID,
    authToken: secrets.SALES_TWILIO_AUTH_TOKEN,
    hookUrl: `${trunkline?.url ?? "http://none"}/hooks/sales`,
    run,
  });
  const zadarma = zadarmaPbx({
    key: secrets.SUPPORT_ZADARMA_KEY,
    secret: secrets.SUPPORT_ZADARMA_SECRET,
    hookUrl: `${trunkline?.url ?? "http://none"}/hooks/support`,
  });
  return [
    ...twilioStories(twilio).map((story) => ({ ...story, title: `Twilio: ${story.title}` })),
    ...zadarmaStories(zadarma, { run }).map((story) => ({ ...story, title: `Zadarma: ${story.title}` })),
  ];
}

/** Sends them one after the other, as a PBX does, and expects each to be accepted. */
async function play(webhooks: readonly Webhook[]): Promise<void> {
  for (const webhook of webhooks) {
    const answer = await send(webhook);
    expect(answer.status, await answer.text()).toBeLessThan(300);
  }
}

/** A shuffle that is the same in every run. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const keyed = list.map((value, i) => ({ value, key: Math.sin(seed * 1000 + i) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

const orders: [string, (webhooks: readonly Webhook[]) => readonly Webhook[]][] = [
  ["in order", (webhooks) => webhooks],
  ["each twice", (webhooks) => webhooks.flatMap((webhook) => [webhook, webhook])],
  ["out of order, then again", (webhooks) => [...shuffled(webhooks, 1), ...shuffled(webhooks, 2)]],
];

const active = new Set(["ringing", "in-progress"]);

describe.each(orders)("webhooks %s", (run, order) => {
  test.each(told(run).map(({ title }, i) => [title, i] as const))("%s", async (_, i) => {
    const story = told(run)[i];
    if (!story) throw new Error("the story is gone");
    await play(order(story.webhooks));
    // What only a later webhook could tell is waited for, a little.
    await trunkline.turn(system.url, 6_000);
    const status = story.becomes.status;
    const idOf = (call: (typeof system.calls)[number]) =>
      story.webhooks.some((webhook) => mentions(webhook, call.pbxCallId));
    const call = await until(`the ticket of ${story.title}`, () =>
      system.calls.find((call) => idOf(call) && call.status === status),
    );
    expect(system.calls.filter(idOf)).toHaveLength(1);
    if (story.becomes.direction !== undefined) expect(call.direction).toBe(story.becomes.direction);
    if (story.becomes.phone !== undefined) expect(call.phone).toBe(story.becomes.phone);
    const firstFinal = call.statuses.findIndex((status) => !active.has(status));
    expect(call.statuses.slice(firstFinal).filter((status) => active.has(status))).toEqual([]);
  });
});

test("no rule of the system's was broken, and no call got two tickets", () => {
  expect(system.violations).toEqual([]);
  expect(system.doubled()).toEqual([]);
});

function mentions(webhook: Webhook, id: string | undefined): boolean {
  return id !== undefined && `${webhook.url} ${webhook.body ?? ""}`.includes(id);
}
