/** Pages of what stands in front of the helpdesk, and how its own answers can be told from them. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deliver } from "./form-delivery.ts";
import { type System, startSystem } from "./system.ts";
import { frontStatuses } from "./system-front.ts";

let system: System;
beforeEach(async () => {
  system = await startSystem({ channelKeys: ["k-1"], limit: 300 });
});
afterEach(() => system.close());

const created = { action: "create_call", direction: "incoming", phone: "+79998887766", pbx_call_id: "p1" };

describe.each(frontStatuses)("a page with %i", (status) => {
  test("is no JSON, tells nothing of the limit, and nothing is done", async () => {
    system.behave(() => ({ front: status }));
    const answer = await deliver(system, "k-1", created);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toMatch(/^text\/(html|plain)$/);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("x-rate"))).toEqual([]);
    const text = await answer.text();
    expect(() => JSON.parse(text)).toThrow();
    expect(system).toMatchObject({ calls: [], violations: [] });
  });

  test("may stand before work that was done", async () => {
    system.behave(() => ({ front: status, commit: true }));
    await deliver(system, "k-1", created);
    expect(system.calls).toHaveLength(1);
  });
});

test("a page may ask for patience", async () => {
  system.behave(() => ({ front: 429, headers: { "retry-after": "70" } }));
  expect((await deliver(system, "k-1", created)).headers.get("retry-after")).toBe("70");
});

test.each<[string, string, Record<string, string>, number]>([
  ["an unknown channel", "k-2", created, 403],
  ["an unknown call", "k-1", { action: "update_call", pbx_call_id: "p2", call_status: "missed" }, 404],
  ["a form that breaks a rule", "k-1", { action: "create_call" }, 400],
])("its own answer to %s is JSON beside its limit", async (_, key, fields, status) => {
  const answer = await deliver(system, key, fields);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("x-rate-limit")).toBe("300");
  expect(await answer.json()).toMatchObject({ error: expect.any(String) });
});
