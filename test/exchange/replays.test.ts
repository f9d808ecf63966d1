/** A replay does what it says, and says what it does. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { askAfterMs } from "../../src/exchange/belief.ts";
import { down, rest } from "../../src/exchange/whole.ts";
import { type Helpdesk, json, openHelpdesk } from "./helpdesk.ts";
import { deploy, exchange, minuteMs, now, pass, rows, settled, support } from "./stage.ts";

const at = Date.now();

let helpdesk: Helpdesk;

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  now(at);
});

afterEach(() => vi.useRealTimers());

const rings = { id: "start", direction: "incoming", phone: "+380501234567" } as const;

async function hears(call: string, more: Partial<HeardEvent> = {}): Promise<void> {
  await exchange().record("support", [{ call, ...rings, heardAt: Date.now(), ...more }]);
  await pass(1_000);
}

async function replay(call = "in_1") {
  const said = await exchange().replay({ channel: "support", call });
  await settled();
  return said;
}

function creates(): number {
  return helpdesk.forms.filter((form) => form.startsWith("create_call")).length;
}

describe("nothing is owed of", () => {
  test.each<[string, Partial<HeardEvent>, object, string]>([
    ["a call that is told", {}, {}, "knows all"],
    ["a call that is kept back", {}, { delivery: "off" }, "kept from the helpdesk"],
    ["a call of which too little is known", { direction: undefined, phone: undefined }, {}, "say its direction"],
    ["a call that is told when it is over", {}, { delivery: "final" }, "once it is over"],
  ])("%s: it says so, and nothing changes", async (_, said, as, because) => {
    await deploy({ CHANNELS: { support: { ...support, ...as } } });
    await hears("in_1", said);
    const [before, sent] = [await rows(exchange(), "SELECT * FROM calls"), helpdesk.forms.length];
    expect(await replay()).toEqual({ kind: "nothing", because: expect.stringContaining(because) });
    expect([await rows(exchange(), "SELECT * FROM calls"), helpdesk.forms.length]).toEqual([before, sent]);
  });

  test("a call whose channel is gone: that is to be mended first", async () => {
    await exchange().record("gone", [{ call: "in_1", ...rings, heardAt: at }]);
    expect(await exchange().replay({ channel: "gone", call: "in_1" })).toMatchObject({
      kind: "nothing",
      because: expect.stringContaining("not configured"),
    });
  });

  test("a call that nobody knows, which is no call", async () => expect(await replay("none")).toBeUndefined());
});

test("what waits for its next try is tried at once", async () => {
  helpdesk.mood = () => json(401, { error: "no" });
  await hears("in_1");
  expect(creates()).toBe(1);
  helpdesk.mood = () => undefined;
  expect(await replay()).toEqual({ kind: "replayed", nextTryAt: Date.now() });
  expect(helpdesk.ticketOf("in_1")).toBeDefined();
});

test("a recording that is waited for is asked for at once", async () => {
  let asked = 0;
  helpdesk.elsewhere = () => {
    asked++;
    return new Response("busy", { status: 503 });
  };
  await hears("in_1", { ended: "answered", recording: { id: "17.1", status: "ready" } });
  await pass(10 * minuteMs);
  const before = asked;
  expect(await replay()).toEqual({ kind: "replayed", nextTryAt: Date.now() });
  await vi.waitUntil(() => asked > before);
  await pass(minuteMs);
  expect(asked).toBe(before + 1);
});

describe("a channel rests, its calls refused:", () => {
  beforeEach(async () => {
    helpdesk.mood = () => json(401, { error: "no" });
    for (let i = 0; i < rest.calls; i++) await hears(`in_${i}`);
    await pass(10 * minuteMs);
    expect((await exchange().stats()).restingChannels).toHaveLength(1);
  });

  test("a replay ends the rest and asks once, however many are replayed", async () => {
    const before = creates();
    const said = await exchange().replayAll({ which: ["stuck", "owed"] });
    expect(said).toEqual({ replayed: rest.calls, skipped: 0, nextTryAt: Date.now() });
    await pass(10_000);
    expect(creates()).toBe(before + 1);
    expect((await exchange().stats()).restingChannels).toHaveLength(1);
  });

  test("a replay of one asks with that one, and where it is refused again the others rest on", async () => {
    const before = creates();
    expect(await replay("in_2")).toEqual({ kind: "replayed", nextTryAt: Date.now() });
    await pass(10_000);
    expect(helpdesk.forms.slice(-1)).toEqual([expect.stringContaining("in_2")]);
    expect(creates()).toBe(before + 1);
    expect((await exchange().stats()).restingChannels).toHaveLength(1);
  });

  test("and where it is welcome again, all goes out", async () => {
    helpdesk.mood = () => undefined;
    await replay();
    await pass(2 * minuteMs);
    expect(helpdesk.tickets).toHaveLength(rest.calls);
    expect((await exchange().stats()).restingChannels).toEqual([]);
  });
});

test("a system that is down is asked at once, by one call", async () => {
  helpdesk.mood = () => json(503, { error: "maintenance" });
  for (let i = 0; i <= down.calls; i++) await hears(`in_${i}`);
  await pass(30 * minuteMs);
  // The next that would ask by itself is some time away.
  const { downUntil = 0 } = await exchange().stats();
  expect(downUntil).toBeGreaterThan(Date.now());
  helpdesk.forms.length = 0;
  await exchange().replayAll({ which: ["owed"] });
  await settled();
  expect([helpdesk.forms.length, (await exchange().stats()).downUntil]).toEqual([1, expect.any(Number)]);
});

test("a create of unknown outcome is asked after at its own time, and the replay says when", async () => {
  helpdesk.mood = () => json(500, { error: "who knows" });
  await hears("in_1");
  const [{ told } = {}] = await rows(exchange(), "SELECT told FROM calls");
  const { since } = JSON.parse(String(told)).belief.create;
  helpdesk.mood = () => undefined;
  expect(await replay()).toEqual({ kind: "replayed", nextTryAt: since + askAfterMs });
  await pass(askAfterMs - 2_000);
  expect(creates()).toBe(1);
  await pass(5 * minuteMs);
  expect(helpdesk.tickets).toHaveLength(1);
});

test("a block of the whole system is not cut short", async () => {
  helpdesk.mood = () => new Response("{}", { status: 429, headers: { "retry-after": "600" } });
  await hears("in_1");
  const { pausedUntil } = await exchange().stats();
  expect(pausedUntil).toBeGreaterThan(at + 9 * minuteMs);
  const [before, said] = [helpdesk.forms.length, await replay()];
  expect(said).toMatchObject({ kind: "replayed", nextTryAt: pausedUntil });
  expect(helpdesk.forms).toHaveLength(before);
});

test("what gets stuck again at once is no replay", async () => {
  await hears("in_1");
  await deploy({ SUPPORT_CHANNEL_KEY: "another-key" });
  await hears("in_1", { id: "end", ended: "missed" });
  expect(await replay()).toMatchObject({ kind: "nothing", because: expect.stringContaining("CHANNEL_KEY") });
});

test("a change is made of what was refused, and of what waits only where that is said", async () => {
  helpdesk.mood = ({ pbx_call_id }) =>
    pbx_call_id === "in_1" ? json(422, { error: "no" }) : json(401, { error: "no" });
  await hears("in_1");
  await hears("in_2");
  helpdesk.mood = () => undefined;
  const edit = { "group_ids[]": ["7"] };
  expect(await exchange().replayAll({ which: ["stuck"], edit })).toMatchObject({ replayed: 1, skipped: 0 });
  await pass(1_000);
  expect(helpdesk.ticketOf("in_1")?.fields).toMatchObject({ "group_ids[]": "7" });
  await pass(5 * minuteMs);
  expect(helpdesk.ticketOf("in_2")?.fields).not.toHaveProperty("group_ids[]");
});
