/** Work is counted before it begins: what cannot be written down is not begun, and what fails afterwards finds its try counted. */
import { abortAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Helpdesk, json, openHelpdesk } from "./helpdesk.ts";
import { archive, dayMs, deploy, exchange, minuteMs, now, pass, rows, settled, support } from "./stage.ts";

const at = Date.now();
const over: HeardEvent = {
  call: "in_1",
  id: "end",
  direction: "incoming",
  phone: "+380501234567",
  ended: "answered",
  heardAt: at,
};
const recorded: HeardEvent = { ...over, id: "recorded", recording: { id: "17.1", status: "ready" } };

let helpdesk: Helpdesk;
/** Requests for recordings. */
let asked: number;

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  asked = 0;
  helpdesk.elsewhere = ({ url }) => {
    if (url.includes("/record/")) asked++;
    return new Response("busy", { status: 503 });
  };
  now(at);
});

afterEach(() => vi.useRealTimers());

/** From here on, the object's storage takes none of these statements, with one of the bindings where there is one. */
async function refuse(statement: RegExp, binding?: string): Promise<void> {
  await runInDurableObject(exchange(), (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    const refusing: typeof exec = (query, ...bindings) => {
      if (statement.test(query) && (binding === undefined || bindings.includes(binding)))
        throw new Error("database or disk is full: SQLITE_FULL");
      return exec(query, ...bindings);
    };
    Object.defineProperty(sql, "exec", { value: refusing, configurable: true });
  });
}

describe("a recording", () => {
  test("that cannot be written down is not asked for, and keeps no other waiting", async () => {
    await exchange().record("support", [{ ...over, heardAt: at }]);
    await refuse(/INTO recordings/, "in_poisoned");
    await rows(
      exchange(),
      `INSERT INTO recordings (channel, call, id, part, state, ready, due_at)
      VALUES ('support', 'in_poisoned', '9', 0, 'waiting', 1, 1)`,
    );
    await exchange().record("support", [recorded]);
    await pass(minuteMs);
    expect(asked).toBeGreaterThan(0);
    expect(await rows(exchange(), "SELECT attempt > 0 AS tried FROM recordings WHERE call = 'in_1'")).toEqual([
      { tried: 1 },
    ]);
    expect(await rows(exchange(), "SELECT attempt, due_at FROM recordings WHERE call = 'in_poisoned'")).toEqual([
      { attempt: 0, due_at: 1 },
    ]);
  });

  test("whose outcome cannot be written down is asked for no more often than any other", async () => {
    await exchange().record("support", [over]);
    await pass(minuteMs);
    await refuse(/INTO calls/);
    await rows(
      exchange(),
      `INSERT INTO recordings (channel, call, id, part, state, ready, due_at)
      VALUES ('support', 'in_1', '9', 0, 'waiting', 1, 1)`,
    );
    await runInDurableObject(exchange(), (instance) => instance.alarm());
    await pass(10 * minuteMs);
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(12);
  });

  test("that a crash leaves behind was counted when it was asked for", async () => {
    helpdesk.elsewhere = () => {
      asked++;
      return new Response(new ReadableStream());
    };
    await exchange().record("support", [recorded]);
    await vi.waitUntil(() => asked > 0);
    const counted = [{ attempt: 1, due_at: at + 5_000 }];
    expect(await rows(exchange(), "SELECT attempt, due_at FROM recordings")).toEqual(counted);
    await abortAllDurableObjects();
    expect(await rows(exchange(), "SELECT attempt, due_at FROM recordings")).toEqual(counted);
  });
});

describe("a form", () => {
  test.each([
    ["whether the system is down", "outage", 500],
    ["whether the channel rests", "pauses", 401],
  ])("whose outcome cannot be written down, as to %s, is sent once a minute at most", async (_, what, status) => {
    await exchange().record("support", [over]);
    await refuse(/INTO memory/, what);
    helpdesk.mood = () => json(status, {});
    const before = helpdesk.forms.length;
    await exchange().record("support", [{ ...over, call: "in_2" }]);
    await pass(10 * minuteMs);
    expect(helpdesk.forms.length - before).toBeGreaterThan(1);
    expect(helpdesk.forms.length - before).toBeLessThan(15);
  });

  test("that cannot be written down is not sent, and keeps no other waiting", async () => {
    helpdesk.mood = () => json(500, {});
    await exchange().record("support", [over]);
    await pass(1_000);
    await refuse(/INTO calls/, "in_1");
    helpdesk.mood = () => undefined;
    await pass(2 * minuteMs);
    const sent = helpdesk.forms.length;
    await exchange().record("support", [{ ...over, call: "in_2" }]);
    await pass(minuteMs);
    expect(helpdesk.ticketOf("in_2")?.statuses).toEqual(["answered"]);
    expect(helpdesk.forms.length).toBe(sent + 1);
  });
});

test("an inquiry that cannot be written down is not made, and keeps no other waiting", async () => {
  const rings = { ...over, ended: undefined };
  const inquired: string[] = [];
  helpdesk.elsewhere = ({ url }) => {
    inquired.push(url);
    return new Response("busy", { status: 503 });
  };
  await exchange().record("support", [rings]);
  await refuse(/INTO inquiries/, "in_1");
  await pass(12 * minuteMs);
  expect(inquired).toEqual([]);
  await exchange().record("support", [{ ...rings, call: "in_2", heardAt: Date.now() }]);
  await pass(12 * minuteMs);
  expect(inquired).toHaveLength(1);
});

test("a round of retention that cannot be finished deletes from the archive once in ten minutes, also after crashes", async () => {
  await deploy({ CHANNELS: { support: { ...support, recordings: { retention: 1 } } } });
  await exchange().record("support", [over]);
  await pass(minuteMs);
  await rows(
    exchange(),
    `INSERT INTO recordings (channel, call, id, part, state, key, ready)
    VALUES ('support', 'in_1', '9', 0, 'kept', 'support/9.mp3', 1)`,
  );
  let deleted = 0;
  const { delete: really } = archive;
  vi.spyOn(Object.getPrototypeOf(archive), "delete").mockImplementation((...args: unknown[]) => {
    deleted++;
    return really.apply(archive, args as [string]);
  });
  now(at + 2 * dayMs);
  for (let crash = 0; crash < 5; crash++) {
    await refuse(/DELETE FROM/);
    await runInDurableObject(exchange(), (instance) => instance.alarm());
    await settled();
    await abortAllDurableObjects();
  }
  expect(await rows(exchange(), "SELECT call FROM calls")).toEqual([{ call: "in_1" }]);
  expect(deleted).toBe(1);
  await pass(11 * minuteMs);
  expect(await rows(exchange(), "SELECT call FROM calls")).toEqual([]);
});
