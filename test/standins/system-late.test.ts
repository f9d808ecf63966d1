/** Work that the helpdesk does later than it answers. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { sample } from "./audio.ts";
import { deliver, type Fields } from "./form-delivery.ts";
import { type Behaviour, type System, startSystem } from "./system.ts";

const minuteMs = 60_000;
let now = 0;
let system: System;
beforeEach(async () => {
  now = 1_800_000_000_000;
  system = await startSystem({ channelKeys: ["k-1"], now: () => now });
});
afterEach(() => system.close());

const created: Fields = { action: "create_call", direction: "incoming", phone: "+79998887766", pbx_call_id: "p1" };
const updated = (call_status: string): Fields => ({ action: "update_call", pbx_call_id: "p1", call_status });
const post = (fields: Fields, file?: Buffer) => deliver(system, "k-1", fields, file);
const nextOnly = (behaviour: Behaviour) => {
  system.behave(() => {
    system.behave(undefined);
    return behaviour;
  });
};

test.each<[string, Behaviour]>([
  ["a 504", { status: 504, laterMs: minuteMs }],
  ["a page of the proxy's", { front: 504, laterMs: minuteMs }],
  ["a page with 200", { html: true, laterMs: minuteMs }],
  ["a connection that is lost", { drop: "before", laterMs: minuteMs }],
])("a create is done a minute after %s", async (_, behaviour) => {
  nextOnly(behaviour);
  await post({ ...created, call_status: "ringing" }).catch(() => undefined);
  await system.until(() => system.requests[0]?.ms !== undefined);
  now += minuteMs - 1;
  expect(await post(updated("ringing"))).toMatchObject({ status: 404 });
  expect([system.calls.length, system.late]).toEqual([0, 1]);
  now += 1;
  expect(await post(updated("in-progress"))).toMatchObject({ status: 200 });
  expect(system.calls).toMatchObject([{ createdAt: now, statuses: ["ringing", "in-progress"] }]);
  expect(system).toMatchObject({ late: 0, violations: [] });
});

test("what is late is done in the order of its time, not in that in which it came", async () => {
  await post({ ...created, call_status: "ringing" });
  nextOnly({ status: 500, laterMs: 9 * minuteMs });
  await post(updated("in-progress"));
  nextOnly({ status: 500, laterMs: minuteMs });
  await post(updated("missed"));
  now += 10 * minuteMs;
  expect(system.calls[0]?.statuses).toEqual(["ringing", "missed", "in-progress"]);
  expect(system.calls[0]?.statusSince).toBe(now - minuteMs);
});

test("a card that comes back by it is not held against the client, one that the client brings back is", async () => {
  await post({ ...created, call_status: "ringing" });
  nextOnly({ drop: "before", laterMs: minuteMs });
  await post(updated("in-progress")).catch(() => undefined);
  await post(updated("answered"));
  now += minuteMs;
  expect(system.calls[0]?.status).toBe("in-progress");
  expect(system.violations).toEqual([]);
  await post(updated("answered"));
  await post(updated("in-progress"));
  expect(system.violations).toEqual(["request 5: reopened call 1: answered, then in-progress"]);
});

test("a recording is attached though its client is gone", async () => {
  const mp3 = await sample("mp3");
  await post({ ...created, call_status: "answered" });
  nextOnly({ drop: "before", laterMs: minuteMs });
  await post(updated("answered"), mp3).catch(() => undefined);
  now += minuteMs;
  expect(system.tickets[0]?.recordings).toMatchObject([{ bytes: mp3.length }]);
});

test("the work of a client that was killed while it waited is done all the same", async () => {
  const held = Promise.withResolvers<void>();
  nextOnly({ until: held.promise, laterMs: minuteMs, next: { drop: "before" } });
  const killed = new AbortController();
  const waiting = expect(deliver(system, "k-1", created, undefined, killed.signal)).rejects.toThrow();
  await system.until(() => system.late === 1);
  killed.abort();
  await waiting;
  now += minuteMs;
  expect(system.calls).toHaveLength(1);
  held.resolve();
});

test("what was done with the answer is not done again", async () => {
  nextOnly({ status: 502, commit: true, laterMs: minuteMs });
  await post(created);
  now += minuteMs;
  expect([system.calls.length, system.late]).toEqual([1, 0]);
});

test("a form that breaks a rule is told of when it comes, and never done", async () => {
  nextOnly({ status: 502, laterMs: minuteMs });
  await post({ ...created, phone: "" });
  expect(system.violations).toEqual(["request 1: create_call: phone: is empty"]);
  now += minuteMs;
  expect(system.calls).toEqual([]);
});

test("it is forgotten by a helpdesk that is reset", async () => {
  nextOnly({ status: 502, laterMs: minuteMs });
  await post(created);
  system.reset();
  now += minuteMs;
  expect([system.calls.length, system.late]).toEqual([0, 0]);
});
