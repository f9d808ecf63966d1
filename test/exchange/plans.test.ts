/** No statement reads more than it needs: of each, SQLite says how it finds its rows. */
import { reset, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { Finder, type Search } from "../../src/exchange/finder.ts";
import { idle } from "../../src/exchange/governor.ts";
import { classes } from "../../src/exchange/outbox.ts";
import { Queue } from "../../src/exchange/queue.ts";
import type { RecordingRow } from "../../src/exchange/recording-row.ts";
import type { CallRow } from "../../src/exchange/rows.ts";
import { Store } from "../../src/exchange/store.ts";
import { untold } from "../../src/exchange/told.ts";
import { unseen } from "./owing.ts";
import { exchange } from "./stage.ts";

const sources = import.meta.glob("../../src/**/*.ts", { query: "?raw", import: "default", eager: true });

const key = { channel: "support", call: "in_1" };
const event: HeardEvent = { call: "in_1", id: "end", ended: "missed", heardAt: 1 };
const call: CallRow = {
  ...key,
  ...{ status: "missed", startedAt: 1, heardAt: 1, endedAt: 1, told: untold, audioExcepted: false, untold: false },
};
const recording: RecordingRow = { ...key, id: "r", part: 0, state: "waiting", ready: true, dueAt: 1, attempt: 0 };
const hook = { channel: "support", heardAt: 1, field: "f", problem: "p", method: "POST", query: "", body: "" };
const lastDay = { heardBefore: 9, owedBefore: 9, waitingBefore: 9, openBefore: 9 };
const inquiry = { askedAt: 1, dueAt: 2, vain: 1 };

type Calls<T> = {
  readonly [method in keyof T]: T[method] extends (...args: never[]) => unknown ? (it: T) => void : never;
};

/** Each method of the three that hold all SQL, in each way in which it makes another statement. */
const ofStore: Calls<Store> = {
  addEvent: (store) => store.addEvent("support", event),
  eventsOf: (store) => store.eventsOf(key),
  callOf: (store) => store.callOf(key),
  legsOf: (store) => store.legsOf(key),
  join: (store) => store.join("support", "CA2", "CA1"),
  asked: (store) => store.asked("account"),
  keepAsked: (store) => store.keepAsked("account", []),
  call: (store) => store.call(key),
  putCall: (store) => store.putCall(call),
  silentCalls: (store) => store.silentCalls("support", "ringing", 1, 1, 1),
  nextSilent: (store) => store.nextSilent("support", "ringing", 1, 1),
  hasOpen: (store) => store.hasOpen(),
  channels: (store) => store.channels(),
  owing: (store) => store.owing(),
  oldCalls: (store) => store.oldCalls("support", lastDay, 1),
  oldestCall: (store) => store.oldestCall("support"),
  oldestMalformed: (store) => store.oldestMalformed(),
  inquiry: (store) => store.inquiry(key),
  putInquiry: (store) => store.putInquiry(key, inquiry),
  forget: (store) => store.forget({ ...key, call: "in_2" }),
  forgetMalformed: (store) => store.forgetMalformed("support", 1),
  recordingsOf: (store) => store.recordingsOf(key),
  dueRecordings: (store) => store.dueRecordings(9, ["support"], [], 1),
  putRecording: (store) => store.putRecording(recording),
  removeRecording: (store) => store.removeRecording({ ...recording, id: "none" }),
  malformed: (store) => store.malformed(1),
  addMalformed: (store) => store.addMalformed(hook),
  governor: (store) => store.governor(),
  keepGovernor: (store) => store.keepGovernor(idle),
  pauses: (store) => store.pauses(),
  keepPauses: (store) => store.keepPauses(new Map()),
  learnt: (store) => store.learnt(),
  keepLearnt: (store) => store.keepLearnt({ updates: true, audio: true, delivered: [] }),
  outage: (store) => store.outage(),
  keepOutage: (store) => store.keepOutage(undefined),
  noRoundBefore: (store) => store.noRoundBefore(),
  keepNoRoundBefore: (store) => store.keepNoRoundBefore(1),
};
const waiting = { channel: "support", since: 1 };
const ofQueue: Calls<Queue> = {
  waiting: (queue) => queue.waiting(1, ["support"], Object.values(classes), []),
  dueCall: (queue) => Object.values(classes).map((kind) => queue.dueCall({ ...waiting, class: kind }, 1, [])),
  nextDue: (queue) => queue.nextDue(1, ["support"]),
  waitingLong: (queue) => queue.waitingLong("support", 1, 1),
  stuckByRefusals: (queue) => queue.stuckByRefusals("support", 4, 1),
  stuckCalls: (queue) => queue.stuckCalls("support", 9),
  counts: (queue) => queue.counts(),
};

const ofFinder: Calls<Finder> = {
  page: (finder) => {
    const states = ["waiting"];
    const searches: Search[] = [undefined, "done", "owed", "stuck", "ignored", "untold"].flatMap((delivery) =>
      [undefined, "+380501234567"].map((phone) => ({ delivery, phone }) as Search),
    );
    const more: Search[] = [{ from: 1, to: 9 }, { status: "missed" }, { recording: states }, { noRecording: states }];
    for (const search of [...searches, ...more]) finder.page("support", search, undefined, 1);
  },
};

/** What may read a table, or all of a channel, from end to end: part of the statement, and why. */
const exceptions: ReadonlyMap<RegExp, string> = new Map([
  [/^SELECT \* FROM malformed ORDER BY number/, "its own order, for the operator, up to a limit"],
  [/^SELECT channel, min\(heard_at\) AS at FROM malformed/, "500 rows at most, once in ten minutes"],
  [/^DELETE FROM malformed WHERE channel/, "500 rows at most, and only where one is too old"],
  [/^SELECT count\(\*\) AS n FROM (calls|recordings)/, "counts, for the operator who asks how much is owed"],
  [/^SELECT channel, class, count\(\*\) AS n/, "counts what is owed, for the operator"],
]);

interface Plan {
  readonly statement: string;
  readonly steps: readonly string[];
}

let plans: Plan[];

beforeEach(async () => {
  await reset();
  plans = await runInDurableObject(exchange(), (_, { storage: { sql } }) => plansOf(sql));
});

/** Each statement once, on tables that hold something: what leads to another statement has been found then. */
function plansOf(sql: SqlStorage): Plan[] {
  const found = new Map<string, Plan>();
  const exec: SqlStorage["exec"] = (query, ...bindings) => {
    const statement = query.replace(/\s+/g, " ").trim();
    if (!found.has(statement)) {
      const steps = sql.exec(`EXPLAIN QUERY PLAN ${query}`, ...bindings).toArray();
      found.set(statement, { statement, steps: steps.map(({ detail }) => String(detail)) });
    }
    return sql.exec(query, ...bindings);
  };
  const recorder = { exec } as SqlStorage;
  const [store, queue, finder] = [
    new Store(recorder),
    new Queue(recorder),
    new Finder(recorder, "https://system.example"),
  ];
  store.putRecording(recording);
  for (const run of Object.values(ofStore)) run(store);
  for (const run of Object.values(ofQueue)) run(queue);
  for (const run of Object.values(ofFinder)) run(finder);
  sql.exec("DELETE FROM calls").toArray();
  sql.exec("DELETE FROM recordings").toArray();
  return [...found.values()];
}

/** Whether a step of a plan reads a table from end to end, or all of a channel's rows, of which there are any number. */
function reads(step: string): boolean {
  const whole = /^SCAN (events|calls|legs|recordings|inquiries|malformed|memory|version)\b/.test(step);
  return whole || /^SEARCH \w+ USING (COVERING )?(PRIMARY KEY|INDEX calls_of_channel) \(channel=\?\)$/.test(step);
}

test("each statement finds its rows by an index, but for those that are named with a reason", () => {
  const scanning = plans.filter(({ steps }) => steps.some(reads));
  const unnamed = scanning.filter(({ statement }) => ![...exceptions.keys()].some((named) => named.test(statement)));
  expect(unnamed).toEqual([]);
});

test("each exception is one", () => {
  const scanning = plans.filter(({ steps }) => steps.some(reads)).map(({ statement }) => statement);
  for (const named of exceptions.keys())
    expect([named, scanning.some((one) => named.test(one))]).toEqual([named, true]);
});

test("a webhook reads as few rows whatever is stored", async () => {
  const stub = exchange();
  const read = (call: string) =>
    runInDurableObject(stub, (instance, { storage: { sql } }) => {
      const { exec } = sql;
      const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
      const counting: typeof exec = (query, ...bindings) => {
        const cursor = exec.call(sql, query, ...bindings);
        cursors.push(cursor);
        return cursor as never;
      };
      Object.defineProperty(sql, "exec", { value: counting, configurable: true });
      instance.record("support", [{ ...event, call, direction: "incoming", phone: "+380501234567" }]);
      Object.defineProperty(sql, "exec", { value: exec, configurable: true });
      return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
    });
  const few = await read("in_few");
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const store = new Store({ exec: unseen(sql) } as SqlStorage);
    for (let i = 0; i < 3_000; i++) {
      store.putCall({ ...call, call: `in_${i}`, heardAt: Date.now(), startedAt: Date.now() });
      store.putRecording({ ...recording, call: `in_${i}`, state: "attached", dueAt: undefined });
      store.putRecording({ ...recording, channel: "gone", call: `in_${i}`, dueAt: 1 });
    }
  });
  expect(await read("in_many")).toBeLessThan(few + 50);
});

describe("every statement is among them:", () => {
  test("all SQL is in the store, in the queue, in the finder and in the schema", () => {
    const speaking = Object.entries(sources).filter(([, source]) =>
      /\b(SELECT|INSERT INTO|INSERT OR|DELETE FROM|UPDATE \w+ SET)\b/.test(source),
    );
    const rooms = speaking.map(([path]) => path.replace(/^.*\/src\//, ""));
    // What the schema says is said once, when an object starts: it may read all that an older version left.
    expect(rooms.sort()).toEqual([
      "exchange/finder.ts",
      "exchange/queue.ts",
      "exchange/schema.ts",
      "exchange/store.ts",
    ]);
  });

  test("each method of theirs is called here", () => {
    const methods = (of: object) => Object.getOwnPropertyNames(of).filter((name) => name !== "constructor");
    expect(Object.keys(ofStore).sort()).toEqual(methods(Store.prototype).sort());
    expect(Object.keys(ofQueue).sort()).toEqual(methods(Queue.prototype).sort());
    expect(Object.keys(ofFinder).sort()).toEqual(methods(Finder.prototype).sort());
  });

  test("each text of theirs that is a statement was run", () => {
    for (const name of ["store", "queue"]) {
      const source = Object.entries(sources).find(([path]) => path.endsWith(`/exchange/${name}.ts`))?.[1] ?? "";
      const texts = [...source.matchAll(/[`"]((?:SELECT|INSERT|DELETE|UPDATE|WITH)\b[^`"$]*)/g)].map(
        ([, text = ""]) => text,
      );
      expect(texts.length).toBeGreaterThan(3);
      const run = plans.map(({ statement }) => statement);
      for (const text of texts.map((one) => one.replace(/\s+/g, " ").trim()))
        expect([text, run.some((statement) => statement.startsWith(text))]).toEqual([text, true]);
    }
  });

  test("and one that scans would be seen", () => {
    expect(["SCAN calls", "SEARCH recordings USING PRIMARY KEY (channel=?)"].every(reads)).toBe(true);
    expect(
      ["SCAN json_each VIRTUAL TABLE INDEX 1:", "SEARCH calls USING INDEX calls_over (channel=? AND heard_at<?)"].some(
        reads,
      ),
    ).toBe(false);
  });
});
