import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import type { Env } from "../../src/env.ts";
import { maxEventsPerCall, maxMalformed } from "../../src/exchange/store.ts";

const { EXCHANGE } = env as unknown as Env;

const rings: HeardEvent = {
  call: "in_1",
  id: "start",
  direction: "incoming",
  phone: "+380501234567",
  heardAt: 1_795_000_000_000,
};

function exchange(name: string) {
  return EXCHANGE.getByName(`https://${name}.example`);
}

function rows(stub: ReturnType<typeof exchange>, query: string) {
  return runInDurableObject(stub, (_, state) => state.storage.sql.exec(query).toArray());
}

describe("what is recorded", () => {
  test("is there after the object was lost", async () => {
    const stub = exchange("durable");
    expect(await stub.record("support", [rings])).toEqual({ fresh: 1 });
    await abortAllDurableObjects();
    expect(await rows(exchange("durable"), "SELECT call, status FROM calls")).toEqual([
      { call: "in_1", status: "ringing" },
    ]);
  });

  test("is recorded once, however often it is heard", async () => {
    const stub = exchange("once");
    await stub.record("support", [rings]);
    expect(await stub.record("support", [rings, { ...rings, heardAt: rings.heardAt + 1 }])).toEqual({ fresh: 0 });
    expect(await rows(stub, "SELECT count(*) AS n FROM events")).toEqual([{ n: 1 }]);
  });

  test("sets the alarm along with it", async () => {
    const stub = exchange("alarm");
    await stub.record("support", [rings]);
    const alarm = await runInDurableObject(stub, (_, state) => state.storage.getAlarm());
    expect(alarm).toBeGreaterThan(0);
  });

  test("of one call has a bound", async () => {
    const stub = exchange("bound");
    const events = Array.from({ length: maxEventsPerCall + 5 }, (_, i) => ({ ...rings, id: `event ${i}` }));
    expect(await stub.record("support", events)).toEqual({ fresh: maxEventsPerCall });
  });

  test("is nothing for a channel that is not configured", async () => {
    const stub = exchange("unknown");
    const failed = await runInDurableObject(stub, (instance) => {
      try {
        instance.record("other", [rings]);
        return false;
      } catch {
        return true;
      }
    });
    expect(failed).toBe(true);
    expect(await rows(stub, "SELECT count(*) AS n FROM events")).toEqual([{ n: 0 }]);
  });
});

test("a create_call is marked as sent before it leaves, so that a crash finds the mark", async () => {
  const stub = exchange("marked");
  await stub.record("support", [rings]);
  const [row] = await rows(stub, "SELECT told FROM calls");
  expect(JSON.parse(String(row?.told))).toMatchObject({ create: "sent" });
});

test("of the malformed webhooks the newest are kept", async () => {
  const stub = exchange("malformed");
  for (let i = 0; i < maxMalformed + 3; i++) {
    const hook = { channel: "support", heardAt: i, field: "f", problem: "p", method: "POST", query: "", body: "" };
    await stub.keepMalformed(hook);
  }
  expect(await rows(stub, "SELECT count(*) AS n, min(heard_at) AS oldest FROM malformed")).toEqual([
    { n: maxMalformed, oldest: 3 },
  ]);
});
