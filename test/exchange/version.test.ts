/** A database that the version before left, with calls in flight, opens and goes on: nothing is doubled, nothing is lost. */
import { abortAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import written from "./fixtures/version-3.sql?raw";
import { type Helpdesk, json, openHelpdesk } from "./helpdesk.ts";
import { unheld } from "./owing.ts";
import { archive, dayMs, deploy, exchange, minuteMs, now, pass, rows, settled, support } from "./stage.ts";

/** Now is shortly after the last that its Worker did: an alarm in the past would ring by itself. */
const at = Date.now();
const leftAt = Number(/INSERT INTO malformed VALUES \(1, 'support', (\d+)/.exec(written)?.[1]) + 1_000;
const left = written.replace(/\b\d{13}\b/g, (time) => String(Number(time) + at - leftAt));

let helpdesk: Helpdesk;

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  now(at);
  await open();
});

afterEach(() => vi.useRealTimers());

/** The object as it was left: its rows, its recordings, the tickets that the helpdesk had by then, and no alarm. */
async function open(): Promise<void> {
  await runInDurableObject(exchange(), async (_, { storage }) => {
    await storage.deleteAll();
    for (const statement of left.split(/;\n/).filter((text) => text.trim() !== ""))
      storage.sql.exec(statement).toArray();
  });
  const known = await rows(
    exchange(),
    "SELECT call, json_extract(told, '$.callId') AS id FROM calls WHERE id IS NOT NULL",
  );
  const byId = new Map(known.map(({ call, id }) => [Number(id), String(call)]));
  // What is left of those is of unknown outcome: it was done, as `in_unknown` was, or was not.
  const most = Math.max(...byId.keys());
  for (let id = 1; id <= most; id++) {
    const fields = { system: support.system, key: "channel-key", pbxCallId: byId.get(id) ?? "in_unknown" };
    helpdesk.tickets.push({ ...fields, fields: {}, statuses: ["ringing"], comments: [], files: 0 });
  }
  for (const { key } of await rows(exchange(), "SELECT key FROM recordings WHERE key IS NOT NULL"))
    await archive.put(String(key), "ID3");
  unheld.length = 0;
  await abortAllDurableObjects();
}

async function deliveries(): Promise<Record<string, string>> {
  const { calls } = await exchange().list({ most: 100 });
  return Object.fromEntries(calls.map(({ call, delivery }) => [call, delivery]));
}

test("all that it held is there, as it stood", async () => {
  expect(await deliveries()).toEqual({
    "1781129241.99": "untold",
    in_attached: "done",
    in_attaching: "owed",
    in_done: "done",
    in_ended: "owed",
    in_given_up: "stuck",
    in_gone: "owed",
    in_internal: "ignored",
    in_kept: "done",
    in_lost: "owed",
    in_refused: "stuck",
    in_ringing: "done",
    in_sealed: "owed",
    in_silent: "done",
    in_talking: "done",
    in_unfetched: "done",
    in_unknown: "owed",
  });
  expect(await exchange().listMalformed(10)).toHaveLength(1);
  const { calls: stuck } = await exchange().list({ delivery: "stuck", most: 10 });
  expect(stuck.map(({ call }) => call).sort()).toEqual(["in_given_up", "in_refused"]);
  expect((await exchange().list({ delivery: "untold", most: 10 })).calls).toMatchObject([{ call: "1781129241.99" }]);
});

test("everything that is owed goes out, and of each call there is one ticket", async () => {
  await exchange().stats();
  await exchange().list({ most: 1 });
  await pass(60 * minuteMs);
  expect(await deliveries()).toMatchObject({
    in_attaching: "done",
    in_ended: "done",
    in_lost: "done",
    in_unknown: "done",
  });
  const ids = helpdesk.tickets.map(({ pbxCallId }) => pbxCallId);
  expect(ids).toHaveLength(new Set(ids).size);
  expect(helpdesk.ticketOf("in_ended")?.statuses.at(-1)).toBe("answered");
  expect(helpdesk.forms.filter((form) => form.startsWith("create_call"))).toEqual([
    "create_call channel-key in_lost ringing",
  ]);
});

test("cards end, whatever the channel is by now, and what was stuck goes out when it is replayed", async () => {
  await deploy({ CHANNELS: { support: { ...support, delivery: "final" } } });
  const end = { direction: "incoming", ended: "answered", heardAt: at } as const;
  await exchange().record(
    "support",
    ["in_ringing", "in_talking"].map((call) => ({ ...end, call, id: `${call} end` })),
  );
  await pass(5 * minuteMs);
  for (const call of ["in_ringing", "in_talking"]) expect(helpdesk.ticketOf(call)?.statuses.at(-1)).toBe("answered");
  expect(await exchange().replayAll({ channel: "support", which: ["stuck"] })).toMatchObject({
    replayed: 2,
    skipped: 0,
  });
  await pass(5 * minuteMs);
  expect(await deliveries()).toMatchObject({ in_refused: "done", in_given_up: "done" });
  expect(helpdesk.ticketOf("in_refused")?.statuses).toEqual(["ringing"]);
});

test("what a channel owes that is gone, or whose key was wrong, goes out once that is mended", async () => {
  await exchange().list({ most: 1 });
  await pass(30 * minuteMs);
  expect(await deliveries()).toMatchObject({ in_gone: "owed", in_sealed: "owed" });
  const secrets = ["GONE", "SEALED"].flatMap((name) =>
    ["CHANNEL_KEY", "ZADARMA_KEY", "ZADARMA_SECRET"].map((secret) => [`${name}_${secret}`, "channel-key"]),
  );
  await deploy({ CHANNELS: { support, gone: support, sealed: support }, ...Object.fromEntries(secrets) });
  await pass(10 * minuteMs);
  expect(await deliveries()).toMatchObject({ in_gone: "done", in_sealed: "done" });
});

test("the call that was asked after, and the recording that was not there yet, are gone on with", async () => {
  const asked: string[] = [];
  helpdesk.elsewhere = (request) => {
    asked.push(new URL(request.url).pathname);
    return json(200, { status: "success", stats: [] });
  };
  await exchange().list({ most: 1 });
  await pass(50 * minuteMs);
  expect(asked.filter((path) => path.includes("statistics")).length).toBeGreaterThan(0);
  expect(asked.filter((path) => path.includes("record")).length).toBeGreaterThan(0);
  await pass(15 * minuteMs);
  expect(await rows(exchange(), "SELECT status FROM calls WHERE call = 'in_silent'")).toEqual([{ status: "missed" }]);
  expect(await rows(exchange(), "SELECT state FROM recordings WHERE call = 'in_unfetched'")).toEqual([
    { state: "gone" },
  ]);
  expect(helpdesk.ticketOf("in_unfetched")?.comments.join()).toContain("Recording not available");
});

test("and each of its rows has a last day", async () => {
  await exchange().list({ most: 1 });
  now(at + 200 * dayMs);
  await pass(dayMs);
  await settled();
  for (const table of ["calls", "events", "recordings", "inquiries", "malformed"])
    expect([table, await rows(exchange(), `SELECT * FROM ${table}`)]).toEqual([table, []]);
});
