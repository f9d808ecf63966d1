import { abortAllDurableObjects, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import type { Env } from "../../src/env.ts";
import { burst } from "../../src/exchange/admission.ts";
import { there } from "../../src/exchange/belief.ts";
import { maxRound, nextRoundMs } from "../../src/exchange/housekeeping.ts";
import { classes } from "../../src/exchange/outbox.ts";
import { maxEventsPerCall, maxMalformed } from "../../src/exchange/store.ts";
import { never, type Told, untold } from "../../src/exchange/told.ts";
import { zadarmaPbx } from "../standins/zadarma.ts";

const { EXCHANGE, RECORDINGS } = env as unknown as Env;

const rings: HeardEvent = {
  call: "in_1",
  id: "start",
  direction: "incoming",
  phone: "+380501234567",
  heardAt: Date.now(),
};

beforeEach(async () => {
  await reset();
});

/** The object of a system; the channel that is configured, `support`, belongs to the first. */
function exchange(system = "https://system.example") {
  return EXCHANGE.getByName(system);
}

function rows(stub: ReturnType<typeof exchange>, query: string) {
  return runInDurableObject(stub, (_, state) => state.storage.sql.exec(query).toArray());
}

/** What the system was told of a call that it has, 80 failures ago. */
const gaveUp: Told = { ...untold, belief: there, callId: "7", status: "ringing", attempt: 80 };

/** Whether the Exchange throws, so that the webhook is answered 503. */
function refuses(stub: ReturnType<typeof exchange>, channel: string, events: readonly HeardEvent[]): Promise<boolean> {
  return runInDurableObject(stub, (instance) => {
    try {
      instance.record(channel, events);
      return false;
    } catch {
      return true;
    }
  });
}

describe("what is recorded", () => {
  test("is there after the object was lost", async () => {
    const stub = exchange();
    expect(await stub.record("support", [rings])).toEqual({ fresh: 1 });
    await abortAllDurableObjects();
    expect(await rows(exchange(), "SELECT call, status FROM calls")).toEqual([{ call: "in_1", status: "ringing" }]);
  });

  test("is recorded once, however often it is heard", async () => {
    const stub = exchange();
    await stub.record("support", [rings]);
    expect(await stub.record("support", [rings, { ...rings, heardAt: rings.heardAt + 1 }])).toEqual({ fresh: 0 });
    expect(await rows(stub, "SELECT count(*) AS n FROM events")).toEqual([{ n: 1 }]);
  });

  test("sets the alarm along with it", async () => {
    const stub = exchange();
    await stub.record("support", [rings]);
    const alarm = await runInDurableObject(stub, (_, state) => state.storage.getAlarm());
    expect(alarm).toBeGreaterThan(0);
  });

  test("of one call has a bound: what is beyond is refused, never dropped", async () => {
    const stub = exchange();
    const events = Array.from({ length: maxEventsPerCall }, (_, i) => ({ ...rings, id: `event ${i}` }));
    expect(await stub.record("support", events)).toEqual({ fresh: maxEventsPerCall });
    expect(await refuses(stub, "support", [{ ...rings, id: "one more" }])).toBe(true);
    expect(await stub.record("support", [{ ...rings, call: "in_2", id: "another call's" }])).toEqual({ fresh: 1 });
  });

  test("of a call that is full is still recorded once", async () => {
    const stub = exchange();
    const events = Array.from({ length: maxEventsPerCall }, (_, i) => ({ ...rings, id: `event ${i}` }));
    await stub.record("support", events);
    expect(await stub.record("support", events.slice(0, 2))).toEqual({ fresh: 0 });
  });

  test("of a call that is full may still be its end and its recording, within a bound of their own", async () => {
    const stub = exchange();
    const events = Array.from({ length: maxEventsPerCall }, (_, i) => ({ ...rings, id: `event ${i}` }));
    await stub.record("support", events);
    const end: HeardEvent = { ...rings, id: "end", ended: "answered" };
    const recorded: HeardEvent = { ...rings, id: "recorded", recording: { id: "r1", status: "ready" } };
    expect(await stub.record("support", [end, recorded])).toEqual({ fresh: 2 });
    const ends = Array.from({ length: maxEventsPerCall - 2 }, (_, i) => ({ ...end, id: `end ${i}` }));
    expect(await stub.record("support", ends)).toEqual({ fresh: maxEventsPerCall - 2 });
    expect(await refuses(stub, "support", [{ ...end, id: "one more" }])).toBe(true);
    expect(await rows(stub, "SELECT count(*) AS n FROM events")).toEqual([{ n: 2 * maxEventsPerCall }]);
  });

  test("is all of a webhook or nothing", async () => {
    const stub = exchange();
    const events = Array.from({ length: maxEventsPerCall + 1 }, (_, i) => ({ ...rings, id: `event ${i}` }));
    expect(await refuses(stub, "support", events)).toBe(true);
    expect(await rows(stub, "SELECT count(*) AS n FROM events")).toEqual([{ n: 0 }]);
  });

  test.each([
    ["is not configured", "https://system.example", "other"],
    ["belongs to another system", "https://other.example", "support"],
  ])("is kept for a channel that %s, as far as this object knows, and due in a minute", async (_, system, channel) => {
    const stub = exchange(system);
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt });
    expect(await stub.record(channel, [rings])).toEqual({ fresh: 1 });
    expect(await rows(stub, "SELECT channel, direction, status, due_at FROM calls")).toEqual([
      { channel, direction: "incoming", status: "ringing", due_at: rings.heardAt + 60_000 },
    ]);
    expect((await stub.list({ channel, most: 1 })).calls).toMatchObject([{ call: "in_1", delivery: "owed" }]);
    vi.useRealTimers();
  });
});

describe("a channel that sends more than any PBX does", () => {
  const pbx = zadarmaPbx({
    key: "zadarma-key",
    secret: "zadarma-secret",
    hookUrl: "https://hooks.example/hooks/support",
  });
  const webhook = (pbx_call_id: string): Promise<Response> => {
    const { url, ...init } = pbx.start({ pbx_call_id, caller_id: "+380501234567" });
    return (exports as unknown as { default: Fetcher }).default.fetch(url, init) as unknown as Promise<Response>;
  };

  /** Until no more is let in, the clock standing still. */
  async function flood(stub: ReturnType<typeof exchange>): Promise<number> {
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt });
    return runInDurableObject(stub, (instance) => {
      let admitted = 0;
      while ("fresh" in instance.record("support", [rings])) admitted++;
      return admitted;
    });
  }

  afterEach(() => vi.useRealTimers());

  test("is told 429 and when to come again, nothing of it is kept, and it is let in then", async () => {
    const stub = exchange();
    expect(await flood(stub)).toBe(burst);
    const late = await webhook("in_late");
    expect([late.status, late.headers.get("retry-after"), late.headers.get("content-type")]).toEqual([
      429,
      "1",
      "application/problem+json",
    ]);
    expect(await rows(stub, "SELECT call FROM calls")).toEqual([{ call: "in_1" }]);
    vi.setSystemTime(rings.heardAt + 1_000);
    expect((await webhook("in_late")).status).toBe(200);
    expect(await rows(stub, "SELECT call FROM calls ORDER BY call")).toEqual([{ call: "in_1" }, { call: "in_late" }]);
  });

  test("keeps no malformed webhooks beyond its share either", async () => {
    const stub = exchange();
    await flood(stub);
    expect((await webhook("")).status).toBe(429);
    expect(await rows(stub, "SELECT * FROM malformed")).toEqual([]);
  });
});

describe("a call that is ignored", () => {
  const between: HeardEvent = { ...rings, id: "internal", internal: true };
  const over: HeardEvent = { ...rings, id: "end", ended: "answered", recording: { id: "r1", status: "ready" } };

  test("is kept, and owes the system nothing", async () => {
    const stub = exchange();
    await stub.record("support", [rings, between, over]);
    expect(await rows(stub, "SELECT ignored, status, class, due_at FROM calls")).toEqual([
      { ignored: "internal", status: "answered", class: null, due_at: null },
    ]);
  });

  test("is told to its end if its card has popped up by then", async () => {
    const stub = exchange();
    await stub.record("support", [rings]);
    await stub.record("support", [between, over]);
    expect(await rows(stub, "SELECT ignored, class, due_at > 0 AS owed FROM calls")).toEqual([
      { ignored: "internal", class: classes.final, owed: 1 },
    ]);
  });

  test("has its recording left alone, be it announced before or after", async () => {
    const stub = exchange();
    const promised: HeardEvent = { ...rings, id: "promise", recording: { id: "r0", status: "expected" } };
    await stub.record("support", [promised]);
    await stub.record("support", [between, over]);
    expect(await rows(stub, "SELECT id, state, due_at FROM recordings")).toEqual([
      { id: "r0", state: "absent", due_at: null },
    ]);
  });
});

test("a call that was given up on is tried again when more is heard of it", async () => {
  const stub = exchange();
  const silent: HeardEvent = { ...rings, id: "a leg", direction: undefined };
  await stub.record("support", [silent]);
  const givenUp = JSON.stringify({ ...gaveUp, failingSince: rings.heardAt, notBefore: never });
  await rows(stub, `UPDATE calls SET told = '${givenUp}', due_at = NULL`);
  await stub.record("support", [silent]);
  expect(await rows(stub, "SELECT due_at FROM calls")).toEqual([{ due_at: null }]);
  await stub.record("support", [{ ...rings, id: "end", ended: "missed" }]);
  expect(await rows(stub, "SELECT due_at > 0 AS owed FROM calls")).toEqual([{ owed: 1 }]);
});

test("a create_call is marked as sent before it leaves, so that a crash finds the mark", async () => {
  const stub = exchange();
  await stub.record("support", [rings]);
  const [row] = await rows(stub, "SELECT told FROM calls");
  expect(JSON.parse(String(row?.told))).toMatchObject({ belief: { is: "unsettled" } });
});

test("a call that cannot be worked out waits a while, and keeps no other waiting", async () => {
  const stub = exchange();
  await stub.record("support", [{ ...rings, direction: undefined }]);
  await rows(stub, "UPDATE events SET event = '{'");
  await rows(stub, "UPDATE calls SET class = 0, due_at = 1");
  const before = Date.now();
  await stub.record("support", [{ ...rings, call: "in_2", ended: "missed" }]);
  const [broken, other] = await rows(stub, "SELECT told, due_at FROM calls ORDER BY call");
  expect(broken?.due_at).toBeGreaterThanOrEqual(before + 60_000);
  expect(JSON.parse(String(other?.told))).toMatchObject({ belief: { is: "unsettled" } });
});

test("of the malformed webhooks the newest are kept", async () => {
  const stub = exchange();
  for (let i = 0; i < maxMalformed + 3; i++) {
    const hook = { channel: "support", heardAt: i, field: "f", problem: "p", method: "POST", query: "", body: "" };
    await stub.keepMalformed(hook);
  }
  expect(await rows(stub, "SELECT count(*) AS n, min(heard_at) AS oldest FROM malformed")).toEqual([
    { n: maxMalformed, oldest: 3 },
  ]);
});

describe("what is known of the whole", () => {
  const minuteMs = 60_000;

  afterEach(() => vi.restoreAllMocks());

  /** What `memory` holds of that name, as it would have been written. */
  function remember(stub: ReturnType<typeof exchange>, name: string, value: unknown) {
    return rows(stub, `INSERT OR REPLACE INTO memory VALUES ('${name}', '${JSON.stringify(value)}')`);
  }

  async function toldOf(stub: ReturnType<typeof exchange>, call: string): Promise<Partial<Told>> {
    const [row] = await rows(stub, `SELECT told FROM calls WHERE call = '${call}'`);
    return JSON.parse(String(row?.told));
  }

  /** A call of which nothing got through so far, and that is due then; where it never is, it is stuck. */
  async function failed(stub: ReturnType<typeof exchange>, told: Partial<Told>, dueAt: number | null): Promise<void> {
    await stub.record("support", [{ ...rings, call: "in_failed" }]);
    await vi.waitUntil(async () => (await toldOf(stub, "in_failed")).attempt === 1);
    const stored = JSON.stringify({ ...untold, ...told });
    await rows(stub, `UPDATE calls SET told = '${stored}', due_at = ${dueAt}, stuck = ${Number(dueAt === null)}`);
  }

  /** Another call's card pops up, and that is known. */
  async function served(stub: ReturnType<typeof exchange>): Promise<void> {
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ data: { call_id: 7 } }));
    await stub.record("support", [{ ...rings, call: "in_good" }]);
    await vi.waitUntil(async () => (await toldOf(stub, "in_good")).callId === "7", { timeout: 10_000 });
  }

  test("outlives the object", async () => {
    const stub = exchange();
    const outage = { calls: ["a", "b", "c", "d", "e"], times: 3, until: Date.now() + minuteMs, because: "503" };
    await remember(stub, "outage", outage);
    await abortAllDurableObjects();
    expect(await exchange().stats()).toMatchObject({ downUntil: outage.until });
  });

  test("is read as the version before wrote it", async () => {
    const stub = exchange();
    const now = Date.now();
    await remember(stub, "governor", { sent: [now - 2_000, now - 1_000], answeredAt: now - 1_000 });
    const pause = { call: "in_0", until: now + minuteMs, times: 1, because: "the system answered 403" };
    await remember(stub, "pauses", [["support", pause]]);
    expect(await stub.stats()).toMatchObject({
      sentLastMinute: 2,
      restingChannels: [{ channel: "support", until: pause.until, because: pause.because }],
    });
    await served(stub);
    expect(await stub.stats()).toMatchObject({ sentLastMinute: 3, restingChannels: [] });
  });

  test("frees a call that was to come again in an hour, once another was served", async () => {
    const stub = exchange();
    const now = Date.now();
    const dueAt = now + 60 * minuteMs;
    await failed(stub, { attempt: 1, notBefore: dueAt }, dueAt);
    await remember(stub, "outage", { calls: ["support/in_failed"], times: 0, until: 0, because: "503", waits: true });
    await served(stub);
    const [row] = await rows(stub, "SELECT due_at FROM calls WHERE call = 'in_failed'");
    expect(row?.due_at).toBeLessThan(now + minuteMs);
    expect(await rows(stub, "SELECT value FROM memory WHERE name = 'outage'")).toEqual([{ value: "null" }]);
  });

  test.each<[string, number, unknown]>([
    ["frees a call that got stuck by refusals of its whole channel", 4, expect.any(Number)],
    ["frees none that is stuck for another reason", 3, null],
  ])("%s", async (_, refusals, due_at) => {
    const stub = exchange();
    await failed(stub, { attempt: 4, refusals, notBefore: Number.MAX_SAFE_INTEGER }, null);
    const rest = { calls: ["a", "b", "c"], times: 1, until: Date.now() + minuteMs, because: "403", waits: true };
    await remember(stub, "pauses", [["support", rest]]);
    await served(stub);
    expect(await rows(stub, "SELECT due_at FROM calls WHERE call = 'in_failed'")).toEqual([{ due_at }]);
  });
});

describe("a call whose end never came", () => {
  const minuteMs = 60_000;
  /** How long the PBX is left alone after the last that was heard of a call that rings. */
  const silenceMs = 10 * minuteMs;

  afterEach(() => vi.useRealTimers());

  async function after(stub: ReturnType<typeof exchange>, ms: number) {
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt + ms });
    await runDurableObjectAlarm(stub);
    return rows(stub, "SELECT vain, asked_at, due_at FROM inquiries");
  }

  test("is noted as asked after before the PBX is, so that a crash does not ask again", async () => {
    const stub = exchange();
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt });
    await stub.record("support", [rings]);
    expect(await after(stub, silenceMs - minuteMs)).toEqual([]);
    const asked = await after(stub, silenceMs + minuteMs);
    const at = rings.heardAt + silenceMs + minuteMs;
    expect(asked).toEqual([{ vain: 1, asked_at: at, due_at: at + 20 * minuteMs }]);
    await abortAllDurableObjects();
    expect(await after(exchange(), silenceMs + 2 * minuteMs)).toEqual(asked);
    expect(await rows(exchange(), "SELECT ended_at FROM calls")).toEqual([{ ended_at: null }]);
  });

  test("is asked after anew when it was heard of in between", async () => {
    const stub = exchange();
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt });
    await stub.record("support", [rings]);
    const warned = vi.spyOn(console, "warn");
    await after(stub, silenceMs + minuteMs);
    await vi.waitUntil(() => warned.mock.calls.some(([line]) => String(line).includes("the PBX answered 503")));
    const heardAt = rings.heardAt + silenceMs + 15 * minuteMs;
    vi.setSystemTime(heardAt);
    await stub.record("support", [{ ...rings, id: "again", heardAt }]);
    expect(await after(stub, silenceMs + 24 * minuteMs)).toMatchObject([{ vain: 1 }]);
    const askedAt = heardAt + silenceMs + minuteMs;
    expect(await after(stub, askedAt - rings.heardAt)).toMatchObject([{ vain: 1, asked_at: askedAt }]);
  });
});

describe("what is older than the channel keeps it", () => {
  const dayMs = 24 * 60 * 60_000;
  /** Owes the system nothing. */
  const over: HeardEvent = { ...rings, id: "end", ended: "missed", internal: true };

  afterEach(() => vi.useRealTimers());

  async function later(stub: ReturnType<typeof exchange>, days: number): Promise<void> {
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt + days * dayMs });
    await runDurableObjectAlarm(stub);
  }

  test("is forgotten with its recordings, and no sooner", async () => {
    const stub = exchange();
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt });
    await stub.record("support", [over]);
    await rows(stub, "INSERT INTO inquiries VALUES ('support', 'in_1', 1, 2, 1, NULL)");
    await RECORDINGS.put("support/old.mp3", "ID3");
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      sql
        .exec(
          "INSERT INTO recordings (channel, call, id, part, state, key, ready) VALUES ('support', 'in_1', 'r', 0, 'attached', 'support/old.mp3', 1)",
        )
        .toArray();
    });
    await later(stub, 89);
    expect(await rows(stub, "SELECT count(*) AS n FROM calls")).toEqual([{ n: 1 }]);
    await later(stub, 91);
    await vi.waitUntil(async () => (await rows(stub, "SELECT * FROM calls")).length === 0);
    for (const table of ["events", "recordings", "inquiries"])
      expect(await rows(stub, `SELECT * FROM ${table}`)).toEqual([]);
    expect(await RECORDINGS.head("support/old.mp3")).toBeNull();
  });

  test("is forgotten in rounds that follow each other, where one does not take it all", async () => {
    const stub = exchange();
    vi.useFakeTimers({ toFake: ["Date"], now: rings.heardAt });
    const ids = Array.from({ length: maxRound + 1 }, (_, i) => `in_${i}`);
    await stub.record(
      "support",
      ids.map((call) => ({ ...over, call })),
    );
    await later(stub, 91);
    await vi.waitUntil(async () => (await rows(stub, "SELECT * FROM calls")).length === 1);
    vi.setSystemTime(Date.now() + nextRoundMs);
    await runDurableObjectAlarm(stub);
    await vi.waitUntil(async () => (await rows(stub, "SELECT * FROM calls")).length === 0);
  });
});
