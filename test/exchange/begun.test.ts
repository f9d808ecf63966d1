/** What a call was begun under is kept with it: the channel's mode, the key of its create, and the system. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Helpdesk, json, openHelpdesk } from "./helpdesk.ts";
import { archive, deploy, exchange, home, minuteMs, now, pass, rows, support } from "./stage.ts";

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

function of(call: string, event: HeardEvent): HeardEvent {
  return { ...event, call };
}

async function show(call = "in_1") {
  return exchange().show({ channel: "support", call });
}

describe("the mode", () => {
  test("of a card that is on a screen is live, whatever the channel's is by now: it ends", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy({ CHANNELS: { support: { ...support, delivery: "final" } } });
    await exchange().record("support", [ends, of("in_2", rings)]);
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["ringing", "answered"]);
    expect(helpdesk.ticketOf("in_2")).toBeUndefined();
    expect(await show("in_2")).toMatchObject({ delivery: "owed" });
  });

  test("of a call that a channel began that tells when it is over is that, though the channel is live by now", async () => {
    await deploy({ CHANNELS: { support: { ...support, delivery: "final" } } });
    await exchange().record("support", [rings]);
    await deploy({});
    await exchange().record("support", [of("in_1", { ...rings, id: "again" })]);
    await pass(minuteMs);
    expect(helpdesk.forms).toEqual([]);
    await exchange().record("support", [ends]);
    await pass(minuteMs);
    expect(helpdesk.forms).toEqual(["create_call channel-key in_1 answered"]);
  });

  test("off: the call is understood and shown, and nothing is sent, then or later", async () => {
    await deploy({ CHANNELS: { support: { ...support, delivery: "off" } } });
    const recording = { id: "r1", status: "ready" } as const;
    await exchange().record("support", [rings, { ...ends, id: "recorded", recording }]);
    await pass(minuteMs);
    await deploy({});
    await exchange().record("support", [ends]);
    await exchange().replay({ channel: "support", call: "in_1" });
    await pass(60 * minuteMs);
    expect(helpdesk.forms).toEqual([]);
    expect(await show()).toMatchObject({
      delivery: "ignored",
      ignored: "off",
      status: "answered",
      phone: "***4567",
    });
    expect(await rows(exchange(), "SELECT * FROM recordings")).toEqual([]);
  });

  test("off for a channel with cards on screens: they end", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy({ CHANNELS: { support: { ...support, delivery: "off" } } });
    await exchange().record("support", [ends]);
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["ringing", "answered"]);
  });
});

describe("while CHANNEL_KEY is rotated", () => {
  const rotating = { SUPPORT_CHANNEL_KEY: "new-key, channel-key" };
  const rotated = { SUPPORT_CHANNEL_KEY: "new-key" };

  test("a call is told under the key of its create, and a new one is created under the new key", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy(rotating);
    await exchange().record("support", [ends, of("in_2", rings)]);
    await pass(minuteMs);
    expect(helpdesk.forms).toEqual([
      "create_call channel-key in_1 ringing",
      "create_call new-key in_2 ringing",
      "update_call channel-key in_1 answered",
    ]);
  });

  test("a create of unknown outcome is asked after under its own key, and makes no second ticket", async () => {
    helpdesk.mood = () => {
      helpdesk.mood = () => undefined;
      helpdesk.tickets.push({
        system: home,
        key: "channel-key",
        pbxCallId: "in_1",
        fields: {},
        statuses: [],
        comments: [],
        files: 0,
      });
      return json(502, {});
    };
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy(rotating);
    await exchange().record("support", [ends]);
    await pass(20 * minuteMs);
    expect(helpdesk.tickets).toHaveLength(1);
    expect(helpdesk.ticketOf("in_1")?.statuses.at(-1)).toBe("answered");
    expect(new Set(helpdesk.forms.map((form) => form.split(" ")[1]))).toEqual(new Set(["channel-key"]));
  });

  test("its recording goes out under that key too", async () => {
    await exchange().record("support", [rings, ends]);
    await pass(minuteMs);
    await archive.put("support/r.mp3", "ID3");
    await rows(
      exchange(),
      `INSERT INTO recordings (channel, call, id, part, state, key, bytes, type, ready)
      VALUES ('support', 'in_1', 'r', 0, 'stored', 'support/r.mp3', 3, 'audio/mpeg', 1)`,
    );
    await deploy(rotating);
    await exchange().replay({ channel: "support", call: "in_1" });
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_1")).toMatchObject({ key: "channel-key", files: 1 });
  });

  test("a call whose key is gone is stuck and says so, and goes on when it is replayed after the key is back", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy(rotated);
    await exchange().record("support", [ends]);
    await pass(60 * minuteMs);
    expect(helpdesk.forms).toHaveLength(1);
    const shown = await show();
    expect(shown).toMatchObject({ delivery: "stuck", problem: expect.stringContaining("SUPPORT_CHANNEL_KEY") });
    expect(JSON.stringify(shown)).not.toContain("channel-key");
    await exchange().replay({ channel: "support", call: "in_1" });
    await pass(minuteMs);
    expect(await show()).toMatchObject({ delivery: "stuck" });
    await deploy(rotating);
    await exchange().replay({ channel: "support", call: "in_1" });
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["ringing", "answered"]);
    expect(await show()).toMatchObject({ delivery: "done" });
  });

  test("a call whose key was wrong for one deployment goes on by itself", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy({ SUPPORT_CHANNEL_KEY: "wrong-key" });
    await exchange().record("support", [ends]);
    await pass(60 * minuteMs);
    expect(await show()).toMatchObject({ delivery: "stuck" });
    await deploy({});
    await exchange().record("support", [of("in_2", rings)]);
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["ringing", "answered"]);
    expect(await show()).toMatchObject({ delivery: "done", problem: undefined });
  });

  test("no key is stored", async () => {
    await exchange().record("support", [rings, ends]);
    await pass(minuteMs);
    const stored = await Promise.all(
      ["calls", "events", "memory"].map((table) => rows(exchange(), `SELECT * FROM ${table}`)),
    );
    expect(JSON.stringify(stored)).not.toContain("channel-key");
    const [call] = await rows(exchange(), "SELECT key_digest FROM calls");
    expect(call?.key_digest).toMatch(/^[\w-]{16}$/);
  });

  test("a call that was stored before there were digests is told under the first", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await rows(exchange(), "UPDATE calls SET key_digest = NULL");
    await deploy(rotated);
    await exchange().record("support", [ends]);
    await pass(1_000);
    expect(helpdesk.forms.at(-1)).toContain("new-key");
  });
});

describe("a channel that moved to another system", () => {
  const channels = {
    CHANNELS: { support: { ...support, system: "https://new.example" } },
    SUPPORT_SYSTEM_AUTH: "a@b.example:api-key",
  };

  test("has its calls told where they began, under the key that is still configured", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy({ ...channels, SUPPORT_CHANNEL_KEY: "new-key,channel-key" });
    await exchange().record("support", [ends]);
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_1")).toMatchObject({ system: home, statuses: ["ringing", "answered"] });
    expect(helpdesk.authorized).toEqual([false, false]);
  });

  test("and is stuck there where the key is not", async () => {
    await exchange().record("support", [rings]);
    await pass(1_000);
    await deploy({ ...channels, SUPPORT_CHANNEL_KEY: "new-key" });
    await exchange().record("support", [ends]);
    await pass(minuteMs);
    expect(await show()).toMatchObject({ delivery: "stuck" });
    expect(helpdesk.forms).toHaveLength(1);
  });
});
