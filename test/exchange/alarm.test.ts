/** Something owed, or a call without an end, has an alarm that leads to it, whatever is configured at the moment. */
import { abortAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Helpdesk, json, openHelpdesk } from "./helpdesk.ts";
import { unheld } from "./owing.ts";
import { dayMs, deploy, exchange, minuteMs, now, pass, rows, support } from "./stage.ts";

const at = Date.now();
const rings: HeardEvent = { call: "in_1", id: "start", direction: "incoming", phone: "+380501234567", heardAt: at };
const ends: HeardEvent = { call: "in_1", id: "end", ended: "answered", heardAt: at };

let helpdesk: Helpdesk;

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  now(at);
});

afterEach(() => vi.useRealTimers());

describe("what a channel owes goes out by itself", () => {
  test.each<[string, object]>([
    ["gone", { other: { ...support, system: "https://other.example" } }],
    ["faulty", { support: { ...support, delivery: "sometimes" } }],
  ])("once it is mended that was %s for one deployment", async (_, channels) => {
    helpdesk.mood = () => json(500, {});
    await exchange().record("support", [rings, ends]);
    await pass(minuteMs);
    await deploy({ CHANNELS: channels });
    helpdesk.mood = () => undefined;
    const before = helpdesk.forms.length;
    await pass(3 * 60 * minuteMs);
    expect(helpdesk.forms).toHaveLength(before);
    await deploy({});
    await pass(10 * minuteMs);
    expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["answered"]);
  });

  test("of a call that was first heard of when this object did not know the channel", async () => {
    await deploy({
      CHANNELS: { other: support },
      OTHER_CHANNEL_KEY: "k",
      OTHER_ZADARMA_KEY: "k",
      OTHER_ZADARMA_SECRET: "s",
    });
    await exchange().record("support", [rings]);
    await pass(2 * minuteMs);
    expect(helpdesk.forms).toEqual([]);
    await deploy({});
    await exchange().record("support", [ends]);
    await pass(6 * minuteMs);
    expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["answered"]);
  });

  test("to nobody but the system that the channel is another's for", async () => {
    await deploy({ CHANNELS: { support: { ...support, system: "https://new.example" } } });
    await exchange().record("support", [rings, ends]);
    await pass(60 * minuteMs);
    expect(helpdesk.forms).toEqual([]);
    expect((await exchange().list({ most: 1 })).calls).toMatchObject([{ call: "in_1", delivery: "owed" }]);
    await deploy({});
    await pass(10 * minuteMs);
    expect(helpdesk.ticketOf("in_1")).toMatchObject({ system: support.system, statuses: ["answered"] });
  });
});

test("an object that lost its alarm finds what it owes when anybody asks", async () => {
  helpdesk.mood = () => json(500, {});
  await exchange().record("support", [rings, ends]);
  await pass(minuteMs);
  helpdesk.mood = () => undefined;
  await runInDurableObject(exchange(), (_, { storage }) => storage.deleteAlarm());
  await abortAllDurableObjects();
  await exchange().list({ most: 1 });
  await pass(10 * minuteMs);
  expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["answered"]);
});

test("a call that waits for nothing but its end keeps the object awake, and a call that is over does not", async () => {
  const alarm = () => runInDurableObject(exchange(), (_, { storage }) => storage.getAlarm());
  await exchange().record("support", [rings]);
  await pass(6 * minuteMs);
  expect(await alarm()).toBeLessThanOrEqual(Date.now() + 5 * minuteMs);
  await exchange().record("support", [ends]);
  await pass(6 * minuteMs);
  expect(await rows(exchange(), "SELECT due_at FROM calls")).toEqual([{ due_at: null }]);
  expect(await alarm()).toBeGreaterThan(Date.now() + 10 * minuteMs);
  expect(await alarm()).toBeLessThanOrEqual(Date.now() + dayMs);
});

test("an alarm that is early enough is not written again", async () => {
  await exchange().record("support", [rings]);
  await pass(minuteMs);
  const set = await runInDurableObject(exchange(), (instance, { storage }) => {
    const set = vi.spyOn(storage, "setAlarm");
    for (let i = 0; i < 5; i++) instance.record("support", [{ ...rings, id: "start" }]);
    return set.mock.calls.length;
  });
  expect(set).toBe(0);
});

test("the look after every transaction can fail", async () => {
  await runInDurableObject(exchange(), (_, { storage: { sql } }) => {
    const columns = "(channel, call, status, started_at, heard_at, told)";
    sql.exec(`INSERT INTO calls ${columns} VALUES ('gone', 'x', 'ringing', 1, 1, '{}')`).toArray();
  });
  await vi.waitUntil(() => unheld.length > 0);
  expect(unheld.splice(0)).toEqual([expect.stringContaining("call gone/x, and the alarm is not set")]);
});
