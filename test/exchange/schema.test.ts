/** An object of an older version is brought to the newest when it starts. */
import { abortAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import type { Env } from "../../src/env.ts";
import { migrations } from "../../src/exchange/schema.ts";
import { unheld } from "./owing.ts";

const { EXCHANGE } = env as unknown as Env;

const at = Date.now();
const rings: HeardEvent = { call: "in_1", id: "start", direction: "incoming", phone: "+380501234567", heardAt: at };
const events = `INSERT INTO events (channel, call, id, heard_at, event)
  VALUES ('support', 'in_1', 'start', ${at}, '${JSON.stringify(rings)}')`;
/** Calls as the first version wrote them: one that was told of, one that is owed, one that was given up on. */
const calls = `INSERT INTO calls (channel, call, status, started_at, heard_at, told, class, due_at) VALUES
  ('support', 'in_0', 'missed', ${at - 1}, ${at - 1}, '{"create":"done","status":"missed"}', NULL, NULL),
  ('support', 'in_1', 'ringing', ${at}, ${at}, '{"create":"none"}', 0, ${at}),
  ('support', 'in_2', 'ringing', ${at + 1}, ${at + 1}, '{"create":"none","refused":"{}"}', NULL, NULL)`;

beforeEach(async () => {
  await reset();
});

function exchange() {
  return EXCHANGE.getByName("https://system.example");
}

function rows(query: string) {
  return runInDurableObject(exchange(), (_, state) => state.storage.sql.exec(query).toArray());
}

/** As if Workers up to that version had left the object, the first of them with calls in it. */
async function leftBy(version: number): Promise<void> {
  await runInDurableObject(exchange(), async (_, { storage }) => {
    await storage.deleteAll();
    const [first = "", ...later] = migrations.slice(0, version);
    const known = `CREATE TABLE version (number INTEGER NOT NULL) STRICT; INSERT INTO version VALUES (${version})`;
    for (const statements of [first, events, calls, ...later, known]) storage.sql.exec(statements).toArray();
  });
  // As it lies there nothing would ever wake it: so the look after every transaction can fail.
  expect(unheld.splice(0)).toEqual([expect.stringContaining("the alarm is not set")]);
  await abortAllDurableObjects();
}

const schema =
  "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name";
const older = Array.from({ length: migrations.length - 1 }, (_, i) => i + 1);

test.each(older)("tables of version %i become those of a new object", async (version) => {
  const fresh = await rows(schema);
  await leftBy(version);
  expect(await rows(schema)).toEqual(fresh);
  expect(await rows("SELECT number FROM version")).toEqual([{ number: migrations.length }]);
});

test.each(older)("calls of version %i are still there, and go on", async (version) => {
  await leftBy(version);
  const stub = exchange();
  const { calls: before } = await stub.list({ most: 10 });
  expect(before.map(({ call, delivery }) => [call, delivery])).toEqual([
    ["in_2", "stuck"],
    ["in_1", "owed"],
    ["in_0", "done"],
  ]);
  expect((await stub.list({ delivery: "stuck", most: 10 })).calls).toMatchObject([{ call: "in_2" }]);
  await stub.record("support", [{ ...rings, id: "end", ended: "missed", heardAt: at + 2 }]);
  expect(await stub.show({ channel: "support", call: "in_1" })).toMatchObject({ status: "missed", delivery: "owed" });
});
