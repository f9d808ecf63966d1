/** How deliveries stand is known of one call, is told at little cost, and outlives the object. */
import { abortAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { down } from "../../src/exchange/whole.ts";
import { type Helpdesk, json, openHelpdesk } from "./helpdesk.ts";
import { deploy, exchange, home, minuteMs, now, pass, support } from "./stage.ts";

const at = Date.now();

let helpdesk: Helpdesk;

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  now(at);
});

afterEach(() => vi.useRealTimers());

async function rings(call: string, more: Partial<HeardEvent> = {}): Promise<void> {
  const said = { direction: "incoming", phone: "+380501234567", heardAt: Date.now() } as const;
  await exchange().record("support", [{ call, id: "start", ...said, ...more }]);
  await pass(1_000);
}

async function standing() {
  return await exchange().standing();
}

/** What the object writes down meanwhile, statement by statement, and how many rows it reads. */
async function watched(work: () => Promise<unknown>): Promise<{ writes: string[]; rowsRead: number }> {
  const writes: string[] = [];
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  await runInDurableObject(exchange(), (_, { storage: { sql } }) => {
    const { exec } = sql;
    const watching: typeof exec = (query, ...bindings) => {
      const cursor = exec.call(sql, query, ...bindings);
      cursors.push(cursor);
      if (/^\s*(INSERT|UPDATE|DELETE)/.test(query)) writes.push([query, ...bindings].join(" "));
      return cursor as never;
    };
    Object.defineProperty(sql, "exec", { value: watching, configurable: true });
  });
  await work();
  return { writes, rowsRead: cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0) };
}

const page = () => new Response("<h1>Not here</h1>", { status: 404, headers: { "content-type": "text/html" } });

test("all is well before the first call, and after it", async () => {
  expect(await standing()).toEqual({ system: home, deliveries: "ok", refused: [] });
  await rings("in_1");
  expect(await standing()).toEqual({ system: home, deliveries: "ok", refused: [] });
});

describe("the first create that is turned away is told,", () => {
  test.each<[string, () => Response, string]>([
    ["its channel key", () => json(401, { error: "no such key" }), "the system answered 401"],
    ["its channel", () => json(404, { error: "no such channel" }), "the system answered 404"],
    ["its form", () => json(422, { error: "no" }), "the system answered 422"],
    ["by a page, where nothing was ever taken", page, "something in front of the system answered 404"],
  ])("%s", async (_, mood, problem) => {
    helpdesk.mood = mood;
    await rings("in_1");
    const told = {
      system: home,
      deliveries: "refused",
      refused: [{ channel: "support", since: expect.any(Number), problem }],
    };
    expect(await standing()).toEqual(told);
    await abortAllDurableObjects();
    expect(await standing()).toEqual(told);
    helpdesk.mood = () => undefined;
    await rings("in_2");
    expect(await standing()).toEqual({ system: home, deliveries: "ok", refused: [] });
  });

  test("and written down once, however many follow", async () => {
    helpdesk.mood = () => json(422, { error: "no" });
    await rings("in_1");
    const { writes } = await watched(async () => {
      for (const call of ["in_2", "in_3"]) await rings(call);
      await pass(minuteMs);
    });
    expect(helpdesk.forms.length).toBeGreaterThan(2);
    expect(writes.filter((statement) => statement.includes(" learnt "))).toEqual([]);
  });
});

describe("nothing is told as refused", () => {
  test("by a page where the channel was served before", async () => {
    await rings("in_1");
    helpdesk.mood = page;
    await rings("in_2");
    expect(await standing()).toMatchObject({ deliveries: "ok" });
  });

  test("of an update", async () => {
    await rings("in_1");
    helpdesk.mood = () => json(422, { error: "no" });
    await rings("in_1", { id: "end", ended: "missed" });
    expect(helpdesk.forms.at(-1)).toContain("update_call");
    expect(await standing()).toMatchObject({ deliveries: "ok" });
  });

  test("of a create that goes on without what was refused", async () => {
    helpdesk.mood = (fields) => (fields["pbx_user_ids[]"] ? json(422, { error: "no such user" }) : undefined);
    await rings("in_1", { leg: { id: "leg", extension: "101", status: "ringing" } } as Partial<HeardEvent>);
    expect(helpdesk.forms).toHaveLength(2);
    expect(await standing()).toMatchObject({ deliveries: "ok" });
  });

  test("of a channel that is to send nothing any more, or went to another system", async () => {
    helpdesk.mood = () => json(401, { error: "no" });
    await rings("in_1");
    for (const other of [{ delivery: "off" }, { system: "https://other.example" }]) {
      await deploy({ CHANNELS: { support: { ...support, ...other } } });
      expect(await standing()).toMatchObject({ deliveries: "ok", refused: [] });
    }
    await deploy({});
    expect(await standing()).toMatchObject({ deliveries: "refused" });
  });
});

test("a system that does not answer is down, until it does", async () => {
  helpdesk.mood = () => json(503, { error: "busy" });
  for (let i = 0; i < down.calls; i++) await rings(`in_${i}`);
  expect(await standing()).toMatchObject({ deliveries: "down", problem: "the system answered 503" });
  helpdesk.mood = () => undefined;
  await pass(2 * minuteMs);
  expect(await standing()).toMatchObject({ deliveries: "ok" });
});

test("to ask reads some rows and writes none, whatever is kept", async () => {
  helpdesk.mood = () => json(422, { error: "no" });
  for (let i = 0; i < 20; i++) await rings(`in_${i}`);
  const { writes, rowsRead } = await watched(standing);
  expect(writes).toEqual([]);
  expect(rowsRead).toBeLessThanOrEqual(2);
});
