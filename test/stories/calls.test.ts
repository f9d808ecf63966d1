/** Every call that the PBXs' documentation tells of, over real HTTP: one ticket each, and the truth on it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { twilioPbx, stories as twilioStories } from "../standins/twilio.ts";
import type { Webhook } from "../standins/webhook.ts";
import { zadarmaPbx, stories as zadarmaStories } from "../standins/zadarma.ts";
import { until } from "./harness.ts";
import { play, type Scene, secrets, setScene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  const common = { recordings: { enabled: false }, internal: true };
  scene = await setScene({ sales: common, support: common });
});

afterAll(() => scene.close());

function told(run: string, url = "http://none") {
  const twilio = twilioPbx({
    accountSid: secrets.SALES_TWILIO_ACCOUNT_SID,
    authToken: secrets.SALES_TWILIO_AUTH_TOKEN,
    hookUrl: `${url}/hooks/sales`,
    run,
  });
  const zadarma = zadarmaPbx({
    key: secrets.SUPPORT_ZADARMA_KEY,
    secret: secrets.SUPPORT_ZADARMA_SECRET,
    hookUrl: `${url}/hooks/support`,
  });
  return [
    ...twilioStories(twilio).map((story) => ({ ...story, title: `Twilio: ${story.title}` })),
    ...zadarmaStories(zadarma, { run }).map((story) => ({ ...story, title: `Zadarma: ${story.title}` })),
  ];
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
    const story = told(run, scene.trunkline.url)[i];
    if (!story) throw new Error("the story is gone");
    await play(...order(story.webhooks));
    // What only a later webhook could tell is waited for, a little.
    await scene.turn(6_000);
    const status = story.becomes.status;
    const idOf = (call: (typeof scene.system.calls)[number]) =>
      story.webhooks.some((webhook) => mentions(webhook, call.pbxCallId));
    const call = await until(`the ticket of ${story.title}`, () =>
      scene.system.calls.find((call) => idOf(call) && call.status === status),
    );
    expect(scene.system.calls.filter(idOf)).toHaveLength(1);
    if (story.becomes.direction !== undefined) expect(call.direction).toBe(story.becomes.direction);
    if (story.becomes.phone !== undefined) expect(call.phone).toBe(story.becomes.phone);
    const firstFinal = call.statuses.findIndex((status) => !active.has(status));
    expect(call.statuses.slice(firstFinal).filter((status) => active.has(status))).toEqual([]);
  });
});

test("no rule of the system's was broken, and no call got two tickets", () => {
  expect(scene.system.violations).toEqual([]);
  expect(scene.system.doubled()).toEqual([]);
});

function mentions(webhook: Webhook, id: string | undefined): boolean {
  return id !== undefined && `${webhook.url} ${webhook.body ?? ""}`.includes(id);
}
