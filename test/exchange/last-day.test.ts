/** Everything that is stored has a last day, whatever became of its call; and what lives is never forgotten. */
import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Helpdesk, json, openHelpdesk } from "./helpdesk.ts";
import { archive, dayMs, deploy, exchange, minuteMs, now, pass, rows, support } from "./stage.ts";

const at = Date.now();
const rings: HeardEvent = { call: "in_1", id: "start", direction: "incoming", phone: "+380501234567", heardAt: at };
const ends: HeardEvent = { call: "in_1", id: "end", ended: "missed", heardAt: at };
const lone: HeardEvent = { call: "17.1", id: "lone", heardAt: at, recording: { id: "17.1", status: "ready" } };
const hook = { channel: "support", heardAt: at, field: "f", problem: "p", method: "POST", query: "", body: "" };

let helpdesk: Helpdesk;

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  now(at);
});

afterEach(() => vi.useRealTimers());

const kept = (settings: object) => deploy({ CHANNELS: { support: { ...support, ...settings } } });

/** Days in each of which the alarm rings for some minutes only. */
async function daily(days: number): Promise<void> {
  for (let day = 1; day <= days; day++) {
    now(at + day * dayMs);
    await pass(30 * minuteMs);
  }
  now(at + days * dayMs);
  await pass(minuteMs);
}

async function stored(): Promise<string[]> {
  const tables = ["calls", "events", "legs", "recordings", "inquiries", "malformed"];
  const counts = await Promise.all(tables.map((table) => rows(exchange(), `SELECT count(*) AS n FROM ${table}`)));
  return tables.filter((_, i) => Number(counts[i]?.[0]?.n) > 0);
}

describe("with two days of retention, by its own alarms", () => {
  beforeEach(() => kept({ recordings: { retention: 2 } }));

  test.each<[string, () => Promise<unknown>]>([
    ["that was told", () => exchange().record("support", [rings, ends])],
    [
      "that the system refused",
      async () => {
        helpdesk.mood = () => json(422, {});
        await exchange().record("support", [rings, ends]);
      },
    ],
    ["that nobody could tell", () => exchange().record("support", [lone])],
    ["that was ignored", () => exchange().record("support", [{ ...rings, internal: true }, ends])],
  ])("a call %s is gone on the day after", async (_, begin) => {
    await begin();
    await pass(1.9 * dayMs);
    expect(await stored()).toEqual(expect.arrayContaining(["calls", "events"]));
    await pass(1.3 * dayMs);
    expect(await stored()).toEqual([]);
  });

  test("a malformed webhook is, though there was never a call", async () => {
    await exchange().keepMalformed(hook);
    await pass(1.9 * dayMs);
    expect(await stored()).toEqual(["malformed"]);
    await pass(1.2 * dayMs);
    expect(await stored()).toEqual([]);
  });

  test("what is still owed is kept for seven days after it was owed", async () => {
    helpdesk.mood = () => json(500, {});
    await exchange().record("support", [rings, ends]);
    await daily(6.9);
    expect((await exchange().list({ most: 1 })).calls).toMatchObject([{ delivery: "stuck" }]);
    await pass(1.2 * dayMs);
    expect(await stored()).toEqual([]);
  });
});

describe("what cannot be found by its row", () => {
  test("goes too: a file that a crash left in the archive before it was written down", async () => {
    await kept({ recordings: { retention: 2, wait: 60 } });
    await exchange().record("support", [rings, ends, { ...lone, call: "in_1" }]);
    const day = new Date(at).toISOString().slice(0, 10).replaceAll("-", "/");
    const [left, others] = [`support/${day}/in_1/17.1.wav`, `support/${day}/in_11/17.1.wav`];
    await Promise.all([left, others].map((key) => archive.put(key, "RIFF")));
    await pass(1.9 * dayMs);
    expect(await rows(exchange(), "SELECT key FROM recordings")).toEqual([{ key: null }]);
    expect(await archive.head(left)).not.toBeNull();
    await pass(1.3 * dayMs);
    expect(await stored()).toEqual([]);
    expect([await archive.head(left), (await archive.head(others))?.key]).toEqual([null, others]);
  });

  test("and one call that cannot be forgotten keeps no other", async () => {
    await kept({ recordings: { retention: 2 } });
    await exchange().record("support", [rings, ends, { ...rings, call: "in_2" }, { ...ends, call: "in_2" }]);
    await pass(dayMs);
    await runInDurableObject(exchange(), (_, { storage: { sql } }) => {
      const exec = sql.exec.bind(sql);
      const refusing: typeof exec = (query, ...bindings) => {
        if (query.startsWith("DELETE FROM calls") && bindings.includes("in_1")) throw new Error("SQLITE_FULL");
        return exec(query, ...bindings);
      };
      Object.defineProperty(sql, "exec", { value: refusing, configurable: true });
    });
    await pass(2.3 * dayMs);
    expect(await rows(exchange(), "SELECT call FROM calls")).toEqual([{ call: "in_1" }]);
    expect(await rows(exchange(), "SELECT DISTINCT call FROM events")).toEqual([{ call: "in_1" }]);
  });
});

describe("of a channel that is gone", () => {
  test("all is kept as long as by default, and no longer", async () => {
    helpdesk.mood = () => json(500, {});
    await exchange().record("support", [rings, { ...ends, call: "in_2", direction: "incoming" }, lone]);
    await exchange().keepMalformed(hook);
    await pass(minuteMs);
    await deploy({ CHANNELS: {} });
    await exchange().list({ most: 1 });
    now(at + 89 * dayMs);
    await pass(minuteMs);
    expect(await stored()).toEqual(["calls", "events", "recordings", "inquiries", "malformed"]);
    now(at + 99 * dayMs);
    await pass(dayMs);
    expect(await stored()).toEqual([]);
  });
});

describe("is never forgotten while it lives:", () => {
  test("a call, where silence is longer than retention", async () => {
    await kept({ silence: 20 * 24 * 60, recordings: { retention: 1 } });
    await exchange().record("support", [rings]);
    await daily(19);
    expect(await rows(exchange(), "SELECT call, ended_at FROM calls")).toEqual([{ call: "in_1", ended_at: null }]);
    await exchange().record("support", [{ ...ends, heardAt: Date.now() }]);
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_1")?.statuses).toEqual(["ringing", "missed"]);
  });

  test("a recording that is waited for", async () => {
    await kept({ recordings: { retention: 1, wait: 12 * 24 * 60 * 60 } });
    await exchange().record("support", [rings, ends, { ...lone, call: "in_1" }]);
    now(at + 11 * dayMs);
    await pass(60 * minuteMs);
    expect(await rows(exchange(), "SELECT state FROM recordings")).toEqual([{ state: "waiting" }]);
    now(at + 12.1 * dayMs);
    await pass(1.2 * dayMs);
    expect(await stored()).toEqual([]);
  });
});
