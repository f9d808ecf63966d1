/**
 * Trunkline with what the benchmarks ask for inside: `POST /inside` with `{"system", "deed", "given"}` does a deed in the
 * system's object, `POST /floor` the least that a worker and an object can do with a webhook.
 */
import type { HeardEvent } from "../../src/calls/event.ts";
import { recordingDefaults } from "../../src/config/channel.ts";
import type { Env } from "../../src/env.ts";
import { perSecond } from "../../src/exchange/admission.ts";
import { Desk } from "../../src/exchange/desk.ts";
import { Exchange as RealExchange } from "../../src/exchange/exchange.ts";
import { classes } from "../../src/exchange/outbox.ts";
import { Planner } from "../../src/exchange/planner.ts";
import { fetched, type RecordingRow } from "../../src/exchange/recording-row.ts";
import type { CallKey, CallRow } from "../../src/exchange/rows.ts";
import { settle } from "../../src/exchange/settle.ts";
import type { LastDay } from "../../src/exchange/store.ts";
import { routes } from "../../src/routes.ts";
import { callId, eventsOf } from "./sample.ts";

export { Courier } from "../../src/recordings/courier.ts";

/** Worker and objects of a local runtime share an isolate. */
let aheadMs = 0;
const outside = { now: () => Date.now() + aheadMs, random: () => 0.5 };
const app = routes(outside.now);

const channelName = "support";
/** How long calls are kept, in ms. */
const keptMs = recordingDefaults.retention * 24 * 60 * 60_000;
/** How long a round may take to forget what it should, in ms. */
const patienceMs = 30_000;

/** How long a sample is, in ms: long beside the clock's steps. */
const sampleMs = 10;

/** How long nothing happens in an object that is quiet, in ms: longer than a request to a stand-in takes. */
const quietMs = 100;

/** What a deed took: ms, the mean of a sample each, and rows. */
export interface Measured {
  readonly ms: number[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

export interface Size {
  readonly bytes: number;
  readonly rows: Readonly<Record<string, number>>;
}

/** What was asked of an object's database since somebody began to count. */
interface Tally {
  readonly cursors: Pick<SqlStorageCursor<never>, "rowsRead" | "rowsWritten">[];
  /** Where somebody rings the alarm instead of the platform. */
  readonly alarm?: Alarm;
}

/** How often an alarm was set, and when it would ring, ms since the epoch by the turned clock. */
export interface Alarm {
  set: number;
  ringsAt?: number;
}

/** By what an object is named. They outlive an object that sleeps. */
const tallies = new Map<string | undefined, Tally>();

/** Counts what is asked of an object's database from its first statement on. */
function watch({ id: { name }, storage }: DurableObjectState): void {
  const exec = storage.sql.exec.bind(storage.sql);
  const count: typeof exec = (query, ...bindings) => {
    const cursor = exec<never>(query, ...bindings);
    tallies.get(name)?.cursors.push(cursor);
    return cursor;
  };
  Object.defineProperty(storage.sql, "exec", { value: count });
  const setAlarm = storage.setAlarm.bind(storage);
  const hold: typeof setAlarm = async (at, options) => {
    const alarm = tallies.get(name)?.alarm;
    if (!alarm) return setAlarm(at, options);
    alarm.set++;
    alarm.ringsAt = Number(at) + aheadMs;
  };
  Object.defineProperty(storage, "setAlarm", { value: hold });
}

function summed({ cursors }: Tally, rows: "rowsRead" | "rowsWritten"): number {
  return cursors.reduce((all, cursor) => all + cursor[rows], 0);
}

interface Model {
  readonly at: number;
  readonly row: CallRow;
  readonly recordings: readonly RecordingRow[];
}

/** The last day of calls that are over, whatever is owed of them; those that are open are left alone. */
function silentSince(at: number): LastDay {
  return { heardBefore: at, owedBefore: at, waitingBefore: 0, openBefore: 0 };
}

function keyOf(call: string, recording: string): string {
  return `${channelName}/2026/11/23/${call}/${recording}.mp3`;
}

export class Exchange extends RealExchange {
  readonly #desk: Desk;
  readonly #planner: Planner;
  /** A delivered call with a recording, and one without. */
  readonly #models = new Map<boolean, Model>();
  #fresh = 1_000_000_000;

  constructor(ctx: DurableObjectState, env: Env) {
    watch(ctx);
    super(ctx, env, outside);
    this.#desk = new Desk(ctx, env, outside);
    this.#planner = new Planner(this.#desk);
  }

  /** Records whole calls, from the `from`th on: they are owed to the system. */
  owe({ from, count }: { from: number; count: number }): void {
    for (let i = from; i < from + count; i++) this.#admitted(eventsOf(i, outside.now(), false));
  }

  /** Records as fast as a channel may send: the clock goes on meanwhile. */
  #admitted(events: readonly HeardEvent[]): void {
    aheadMs += 1000 / perSecond;
    if ("retryAfterSeconds" in this.record(channelName, events)) throw new Error("the channel had its share");
  }

  /** Writes down whole calls, `gapMs` apart, that the system has been told of; every other one is recorded. */
  keep({ from, count, at, gapMs }: { from: number; count: number; at: number; gapMs: number }): void {
    this.#desk.together(() => {
      for (let i = 0; i < count; i++) this.#keep(from + i, Math.round(at + i * gapMs));
    });
  }

  /** One of each kind is delivered step by step; the others end up like it. */
  #keep(number: number, at: number): void {
    const recorded = number % 2 === 0;
    const events = eventsOf(number, at, recorded);
    for (const event of events) this.#desk.store.addEvent(channelName, event);
    const model = this.#models.get(recorded);
    if (!model) {
      this.#models.set(recorded, { at, ...this.#deliver(number, at) });
      return;
    }
    const [call, id, later] = [callId(number), String(number), at - model.at];
    const { told, startedAt, endedAt = 0, heardAt } = model.row;
    const times = { startedAt: startedAt + later, endedAt: endedAt + later, heardAt: heardAt + later };
    const phone = model.row.phone?.replace(/\d{7}$/, id.padStart(7, "0"));
    this.#desk.store.putCall({ ...model.row, ...times, call, phone, told: { ...told, callId: id, ticketId: id } });
    for (const row of model.recordings) {
      const recording = events.at(-1)?.recording?.id ?? "";
      this.#desk.store.putRecording({ ...row, call, id: recording, key: keyOf(call, recording) });
    }
  }

  /** As if all requests had been answered well. */
  #deliver(number: number, at: number): Pick<Model, "row" | "recordings"> {
    const key = { channel: channelName, call: callId(number) };
    const channel = this.#desk.channel(channelName);
    if (!channel) throw new Error("the channel belongs to another system");
    this.#planner.replan(channel, key, at);
    this.#fetch(key, at);
    let { row, step } = this.#planner.replan(channel, key, at);
    while (step) {
      const answer = { callId: String(number), ticketId: String(number), audio: step.recording?.id };
      const sent = { step, before: row.told, at };
      const learnt = { updates: true, delivered: true, audio: true };
      const { told } = settle(row.told, sent, { kind: "delivered", ...answer }, learnt, at, 0.5);
      if (step.recording) this.#desk.store.putRecording({ ...step.recording, state: "attached" });
      ({ row, step } = this.#planner.replan(channel, key, at, told));
    }
    return { row, recordings: this.#desk.store.recordingsOf(key) };
  }

  #fetch(key: CallKey, now: number): void {
    for (const row of this.#desk.store.recordingsOf(key)) {
      const media = { extension: "mp3", type: "audio/mpeg" } as const;
      const stored = { kind: "stored", key: keyOf(key.call, row.id), bytes: 12_218, media } as const;
      const handling = { max_bytes: 1e9, deadline: now, archiveDeadline: now, now, backoff: () => 0 };
      for (const changed of fetched(row, stored, handling)) this.#desk.store.putRecording(changed);
    }
  }

  /** Does a deed over and over, since the clock shows whole ms only; counts the rows of the first time. */
  async measure({ deed, times }: { deed: string; times: number }): Promise<Measured> {
    const work = this.#deeds.get(deed);
    if (!work) throw new Error(`there is no deed "${deed}"`);
    const tally: Tally = { cursors: [] };
    tallies.set(this.ctx.id.name, tally);
    await work();
    tallies.delete(this.ctx.id.name);
    const ms: number[] = [];
    while (ms.length < times) {
      const began = performance.now();
      let done = 0;
      for (; performance.now() - began < sampleMs; done++) await work();
      ms.push((performance.now() - began) / done);
    }
    return { ms, rowsRead: summed(tally, "rowsRead"), rowsWritten: summed(tally, "rowsWritten") };
  }

  /** Counts from now on. Only `ring` rings the alarm that is set meanwhile. */
  count(): void {
    const { ringsAt } = tallies.get(this.ctx.id.name)?.alarm ?? {};
    tallies.set(this.ctx.id.name, { cursors: [], alarm: { set: 0, ringsAt } });
  }

  /** Rows that were written since, and the alarm. */
  counted(): Alarm & { readonly rowsWritten: number } {
    const tally = tallies.get(this.ctx.id.name);
    if (!tally?.alarm) throw new Error("nobody began to count");
    return { ...tally.alarm, rowsWritten: summed(tally, "rowsWritten") };
  }

  /** Resolves once nothing was asked of the database for a while: whatever was under way has ended. */
  async quiet(): Promise<void> {
    const asked = () => tallies.get(this.ctx.id.name)?.cursors.length;
    for (let before: number | undefined = -1; before !== asked(); await scheduler.wait(quietMs)) before = asked();
  }

  /** Turns the clock to `at`, ms since the epoch. */
  turn({ at }: { at: number }): void {
    aheadMs += Math.max(0, at - outside.now());
  }

  /** Rings the alarm, as the platform does when it is due. */
  async ring(): Promise<void> {
    const { alarm } = tallies.get(this.ctx.id.name) ?? {};
    if (alarm) alarm.ringsAt = undefined;
    await this.alarm();
  }

  /** As the platform does with an object that nobody needs for a while; the next that asks wakes it. */
  sleep(): void {
    this.ctx.abort("asleep");
  }

  /** What may be asked of an object while it holds much. Those that write wait until it is durable. */
  readonly #deeds = new Map<string, () => unknown>([
    ["floor", () => this.insertBare()],
    ["record a new call", () => this.#recordNew()],
    ["ring the alarm", () => this.alarm()],
    ["find the next due call", () => this.#nextDue()],
    ["find when more is due", () => this.#desk.queue.nextDue(outside.now(), [channelName])],
    ["stats", () => this.stats()],
    ["list calls", () => this.list({ most: 200 })],
    ["list another channel's", () => this.list({ channel: "other", most: 200 })],
    ["list stuck calls", () => this.list({ channel: channelName, delivery: "stuck", most: 200 })],
    ["show a call", () => this.show({ channel: channelName, call: callId(0) })],
    ["find what is old", () => this.#desk.store.oldCalls(channelName, silentSince(outside.now() - keptMs), 200)],
    ["find the oldest", () => this.#desk.store.oldestCall(channelName)],
  ]);

  #recordNew(): Promise<void> {
    this.#admitted(eventsOf(this.#fresh++, outside.now(), false).slice(0, 1));
    return this.ctx.storage.sync();
  }

  #nextDue(): unknown {
    const now = outside.now();
    const [turn] = this.#desk.queue.waiting(now, [channelName], Object.values(classes), []);
    return turn && this.#desk.queue.dueCall(turn, now, []);
  }

  /** The least that a webhook can cost an object: one row, durable. */
  insertBare(): Promise<void> {
    this.ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS bare (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT",
    );
    this.ctx.storage.sql.exec("INSERT INTO bare (text) VALUES (?)", "x".repeat(300));
    return this.ctx.storage.sync();
  }

  /** The least that a card can cost: one row, and one request. */
  async tellBare(url: string, body: string): Promise<void> {
    await this.insertBare();
    const headers = { "content-type": "multipart/form-data; boundary=bare" };
    this.ctx.waitUntil(fetch(url, { method: "POST", headers, body }).then((answer) => answer.arrayBuffer()));
  }

  /** ms since the epoch. */
  clock(): number {
    return outside.now();
  }

  /** Turns the clock, and forgets what is old by then in as many rounds as it takes; ms that each took. */
  async tidy({ byMs, apartMs }: { byMs: number; apartMs: number }): Promise<number[]> {
    aheadMs += byMs;
    const before = outside.now() - keptMs;
    const rounds: number[] = [];
    for (let first = this.#oldest(before); first !== undefined; first = this.#oldest(before)) {
      const began = performance.now();
      await this.alarm();
      while (this.#oldest(before) === first && performance.now() - began < patienceMs) await scheduler.wait(1);
      if (this.#oldest(before) === first) throw new Error("a round forgot nothing");
      rounds.push(performance.now() - began);
      aheadMs += apartMs;
    }
    return rounds;
  }

  #oldest(before: number): string | undefined {
    return this.#desk.store.oldCalls(channelName, silentSince(before), 1)[0]?.call;
  }

  size(): Size {
    const tables = ["events", "calls", "recordings"];
    const count = (table: string) =>
      this.ctx.storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
    const rows = Object.fromEntries(tables.map((table) => [table, count(table)]));
    return { bytes: this.ctx.storage.sql.databaseSize, rows };
  }
}

type Inside = Record<string, (given: unknown) => Promise<unknown>>;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/floor") return floor(request, env);
    if (pathname !== "/inside") return app.fetch(request, env, ctx);
    const { system, deed, given } = await request.json<{ system: string; deed: string; given: unknown }>();
    const exchange = env.EXCHANGE.getByName(system) as unknown as Inside;
    // Whoever sends an object to sleep hears that it broke off.
    const done = deed === "sleep" ? exchange[deed]?.(given).catch(() => null) : exchange[deed]?.(given);
    return Response.json((await done) ?? null);
  },
};

async function floor(request: Request, env: Env): Promise<Response> {
  const bare = env.EXCHANGE.getByName("floor") as unknown as Pick<Exchange, "insertBare" | "tellBare">;
  const tell = request.headers.get("tell");
  if (tell) await bare.tellBare(tell, await request.text());
  else await bare.insertBare();
  return new Response(null, { status: 200 });
}
