/** A call is found by whatever an operator knows of it, and by nothing else. */
import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import type { Listing } from "../../src/exchange/exchange.ts";
import { maxWalked } from "../../src/exchange/finder.ts";
import type { Place } from "../../src/exchange/pages.ts";
import { Store } from "../../src/exchange/store.ts";
import { never, untold } from "../../src/exchange/told.ts";
import { openHelpdesk } from "./helpdesk.ts";
import { unseen } from "./owing.ts";
import { deploy, exchange, home, minuteMs, now, pass, support } from "./stage.ts";

const at = Date.now();
const phone = "+380501234567";

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  openHelpdesk();
  now(at);
});

afterEach(() => vi.useRealTimers());

function rings(call: string, more: Partial<HeardEvent> = {}): HeardEvent {
  return { call, id: `${call} start`, direction: "incoming", phone, heardAt: at, ...more };
}

async function found(search: Partial<Listing>): Promise<string[]> {
  const { calls } = await exchange().list({ most: 100, ...search });
  return calls.map(({ call }) => call);
}

/** All of them, `most` at a time. */
async function paged(search: Partial<Listing>, most: number): Promise<string[]> {
  const come: string[] = [];
  for (let after: Place | undefined, turn = 0; turn < 50; turn++) {
    const page = await exchange().list({ ...search, most, after });
    come.push(...page.calls.map(({ call }) => call));
    after = page.next;
    if (!after) return come;
  }
  throw new Error("there is no end of pages");
}

describe("by its number, in any spelling:", () => {
  const numbered = { ...support, country: "UA" };
  const abroad = { ...support, country: "GB" };
  const secrets = Object.fromEntries(
    ["CHANNEL_KEY", "ZADARMA_KEY", "ZADARMA_SECRET"].map((secret) => [`OTHER_${secret}`, "a-key"]),
  );

  beforeEach(async () => {
    await deploy({ CHANNELS: { support: numbered, other: abroad }, ...secrets });
    await exchange().record("support", [
      rings("in_1", { phone: "380501234567" }),
      rings("in_2", { phone: "+442079460100" }),
    ]);
    await exchange().record("other", [
      rings("in_3", { phone: "442079460100" }),
      rings("in_4", { phone: "+380501234567" }),
    ]);
    await exchange().record("support", [
      rings("in_5", { phone: "112" }),
      rings("in_6", { phone: undefined, withheld: true }),
    ]);
  });

  test.each([
    ["+380501234567", ["in_1", "in_4"]],
    ["+380 (50) 123-45-67", ["in_1", "in_4"]],
    ["00380501234567", ["in_1", "in_4"]],
    ["380501234567", ["in_1", "in_4"]],
    // As people write in Ukraine: to the other channel, of Great Britain, that is nobody's.
    ["050 123 45 67", ["in_1"]],
    ["020 7946 0100", ["in_3"]],
    ["+442079460100", ["in_2", "in_3"]],
    ["112", ["in_5"]],
    ["501234", []],
    ["4567", []],
    ["alice", []],
  ])("%s", async (spelling, calls) => expect((await found({ phone: spelling })).sort()).toEqual(calls));

  test("in one channel, at a time", async () => {
    expect(await found({ phone, channel: "support" })).toEqual(["in_1"]);
    expect(await found({ phone, from: at + 1 })).toEqual([]);
    expect(await paged({ phone }, 1)).toHaveLength(2);
  });

  test("of a channel that is configured no more, as it was kept", async () => {
    await deploy({ CHANNELS: { support: numbered } });
    expect((await found({ phone })).sort()).toEqual(["in_1", "in_4"]);
  });
});

test("by when it began: from then on, and before then", async () => {
  for (const minute of [0, 1, 2])
    await exchange().record("support", [rings(`in_${minute}`, { heardAt: at + minute * minuteMs })]);
  expect(await found({ from: at + minuteMs })).toEqual(["in_2", "in_1"]);
  expect(await found({ to: at + minuteMs })).toEqual(["in_0"]);
  expect(await found({ from: at + minuteMs, to: at + 2 * minuteMs })).toEqual(["in_1"]);
});

describe("of many that began in one millisecond none is lost or comes twice,", () => {
  const ids = Array.from({ length: 23 }, (_, i) => `in_${i}`);

  beforeEach(async () => {
    for (const [i, call] of ids.entries()) await exchange().record(i % 2 ? "support" : "gone", [rings(call)]);
  });

  test.each([1, 2, 5, 22, 23, 100])("%i to a page", async (most) => {
    const come = await paged({}, most);
    expect(come).toHaveLength(ids.length);
    expect(come.sort()).toEqual([...ids].sort());
    expect((await paged({ channel: "gone", from: at, to: at + 1 }, most)).sort()).toEqual(
      ids.filter((_, i) => i % 2 === 0).sort(),
    );
  });
});

/** Calls in the tables as they may stand there, of which nothing has to happen. */
async function stored(write: (store: Store, sql: SqlStorage["exec"]) => void): Promise<void> {
  await runInDurableObject(exchange(), (_, { storage }) => {
    const sql = unseen(storage.sql);
    storage.transactionSync(() => write(new Store({ exec: sql } as SqlStorage), sql));
  });
}

const row = {
  ...{ channel: "support", status: "missed", startedAt: at, endedAt: at, heardAt: at, audioExcepted: false },
  ...{ told: untold, untold: false },
};
const there = { ...untold, belief: { is: "there" as const } };
const states = {
  done: { told: there },
  owed: { dueAt: at + 1e9, class: 0 as const, told: there },
  "owed, later": {},
  stuck: { told: { ...untold, notBefore: never } },
  "stuck though there": { told: { ...there, refused: "{}" } },
  ignored: { ignored: "internal" },
  untold: { untold: true },
  "owed, its channel gone": { untold: true, dueAt: at + 1e9, class: 0 as const },
};

test("by where its delivery stands, just as that is shown, also of what an older version left", async () => {
  await stored((store, sql) => {
    for (const [call, more] of Object.entries(states)) store.putCall({ ...row, call, ...more });
    for (const create of ["none", "sent", "done"]) {
      store.putCall({ ...row, call: `of old, ${create}` });
      sql("UPDATE calls SET told = ? WHERE call = ?", JSON.stringify({ create }), `of old, ${create}`).toArray();
    }
  });
  const { calls } = await exchange().list({ most: 100 });
  const ofEach = Object.groupBy(calls, ({ delivery }) => delivery);
  expect(Object.keys(ofEach).sort()).toEqual(["done", "ignored", "owed", "stuck", "untold"]);
  for (const delivery of ["done", "ignored", "owed", "stuck", "untold"] as const) {
    const shown = ofEach[delivery]?.map(({ call }) => call);
    expect([delivery, await found({ delivery })]).toEqual([delivery, shown]);
    expect([delivery, await paged({ delivery }, 1)]).toEqual([delivery, shown]);
  }
});

test("by its status, and by what became of its recordings", async () => {
  const recording = { channel: "support", id: "r", part: 0, ready: true, attempt: 0 };
  await stored((store) => {
    for (const call of ["attached", "gone", "waiting"] as const) {
      store.putCall({ ...row, call, told: there });
      store.putRecording({ ...recording, call, state: call });
    }
    store.putCall({ ...row, call: "none", told: there, status: "busy" });
  });
  expect(await found({ status: "busy" })).toEqual(["none"]);
  expect((await found({ status: "missed" })).sort()).toEqual(["attached", "gone", "waiting"]);
  expect(await found({ recording: ["attached", "kept"] })).toEqual(["attached"]);
  expect(await found({ recording: ["gone"] })).toEqual(["gone"]);
  expect((await found({ noRecording: ["stored", "attached", "kept"] })).sort()).toEqual(["gone", "none", "waiting"]);
});

test("what no index knows is looked for in so many calls at once, and the page says where it goes on", async () => {
  await stored((store) => {
    for (let i = 0; i <= maxWalked + 5; i++)
      store.putCall({
        ...row,
        call: `in_${i}`,
        startedAt: at - i,
        told: there,
        status: i === maxWalked + 3 ? "busy" : "missed",
      });
  });
  const page = await exchange().list({ status: "busy", most: 10 });
  expect(page).toMatchObject({
    calls: [],
    next: { startedAt: at - maxWalked + 1, call: `in_${maxWalked - 1}`, system: home },
  });
  expect(await exchange().list({ status: "busy", most: 10, after: page.next })).toMatchObject({
    calls: [{ call: `in_${maxWalked + 3}` }],
  });
  expect(await exchange().list({ delivery: "stuck", most: 10 })).toEqual({ calls: [] });
});

test("an index more is none: a call costs as many rows as before it was found by its number", async () => {
  await exchange().record("support", [rings("in_1"), rings("in_1", { id: "end", ended: "missed" })]);
  await pass(minuteMs);
  const indexes = await runInDurableObject(exchange(), (_, { storage: { sql } }) => {
    const known = sql.exec("SELECT * FROM calls WHERE call = 'in_1'").toArray()[0] ?? {};
    const columns = Object.keys(known);
    const copy = `INSERT INTO calls (${columns}) SELECT ${columns.map((name) => (name === "call" ? "'copy'" : name))} FROM calls WHERE call = 'in_1'`;
    const inserted = unseen(sql)(copy);
    inserted.toArray();
    return inserted.rowsWritten;
  });
  expect(indexes).toBe(4);
});
