/** The Exchange's SQL, all of it. Synchronous: writes without an await between them become durable together. */
import type { HeardEvent } from "../calls/event.ts";
import type { Governor } from "./governor.ts";
import { idle } from "./governor.ts";
import type { Class } from "./outbox.ts";
import type { RecordingRow } from "./recording-row.ts";
import type { Told } from "./told.ts";
import { untold } from "./told.ts";

/** A call's place in the tables. */
export interface CallKey {
  readonly channel: string;
  readonly call: string;
}

/** What the calls table says of a call: a digest for lists, and what is told and due. */
export interface CallRow extends CallKey {
  readonly direction?: string;
  readonly phone?: string;
  readonly line?: string;
  readonly status: string;
  /** Why it is kept from the system. */
  readonly ignored?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** When the last of its webhooks came in. */
  readonly heardAt: number;
  readonly told: Told;
  readonly class?: Class;
  readonly dueAt?: number;
  /** Its audio was excepted when the call began; it stays so. */
  readonly audioExcepted: boolean;
}

/** A webhook that was genuine and could not be understood. */
export interface Malformed {
  readonly channel: string;
  readonly heardAt: number;
  readonly field: string;
  readonly problem: string;
  readonly method: string;
  readonly type?: string;
  readonly query: string;
  readonly body: string;
}

/** How many malformed webhooks are kept; the oldest make room. */
export const maxMalformed = 500;
/** How many different events of one call are kept. A real call has some dozens; more are refused, never dropped. */
export const maxEventsPerCall = 1000;

type Row = Record<string, SqlStorageValue>;

export class Store {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds an event; false where it is known already. Throws where its call has too many. */
  addEvent(channel: string, event: HeardEvent): boolean {
    const count = this.#one("SELECT count(*) AS n FROM events WHERE channel = ? AND call = ?", channel, event.call);
    if (Number(count?.n) >= maxEventsPerCall) throw new RangeError("too many events of one call");
    const cursor = this.#sql.exec(
      "INSERT INTO events (channel, call, id, heard_at, event) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
      channel,
      event.call,
      event.id,
      event.heardAt,
      JSON.stringify(event),
    );
    // A row of RETURNING that is left unread would undo the turn's writes (cloudflare/workerd#959).
    return cursor.toArray().length > 0;
  }

  eventsOf({ channel, call }: CallKey): HeardEvent[] {
    return this.#all("SELECT event FROM events WHERE channel = ? AND call = ?", channel, call).map(
      (row) => JSON.parse(String(row.event)) as HeardEvent,
    );
  }

  call({ channel, call }: CallKey): CallRow | undefined {
    const row = this.#one("SELECT * FROM calls WHERE channel = ? AND call = ?", channel, call);
    return row && callRow(row);
  }

  putCall(row: CallRow): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO calls (channel, call, direction, phone, line, status, ignored, started_at, ended_at,
         heard_at, told, class, due_at, audio_excepted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.channel,
      row.call,
      row.direction ?? null,
      row.phone ?? null,
      row.line ?? null,
      row.status,
      row.ignored ?? null,
      row.startedAt,
      row.endedAt ?? null,
      row.heardAt,
      JSON.stringify(row.told),
      row.class ?? null,
      row.dueAt ?? null,
      row.audioExcepted ? 1 : 0,
    );
  }

  /** The call that is due and most urgent, up to `lastClass`, without those of the channels and calls to leave out. */
  dueCall(
    now: number,
    lastClass: Class,
    leaveOut: { channels: readonly string[]; calls: readonly string[] },
  ): CallRow | undefined {
    const row = this.#one(
      `SELECT * FROM calls WHERE due_at <= ? AND class <= ?
         AND channel NOT IN (SELECT value FROM json_each(?)) AND channel || '/' || call NOT IN (SELECT value FROM json_each(?))
       ORDER BY class, due_at LIMIT 1`,
      now,
      lastClass,
      JSON.stringify(leaveOut.channels),
      JSON.stringify(leaveOut.calls),
    );
    return row && callRow(row);
  }

  /** Calls of a channel that nothing was heard of since `before`, the longest silent first; `open`: whose end never came. */
  silentCalls(channel: string, before: number, open: boolean, most: number): CallRow[] {
    return this.#all(
      `SELECT * FROM calls WHERE channel = ? AND heard_at < ? ${open ? "AND ended_at IS NULL" : "AND due_at IS NULL"}
       ORDER BY heard_at LIMIT ?`,
      channel,
      before,
      most,
    ).map(callRow);
  }

  /** When the channel's longest silent call was last heard of, of all or of those whose end never came. */
  longestSilence(channel: string, open: boolean): number | undefined {
    const query = `SELECT min(heard_at) AS at FROM calls WHERE channel = ? ${open ? "AND ended_at IS NULL" : ""}`;
    const row = this.#one(query, channel);
    return typeof row?.at === "number" ? row.at : undefined;
  }

  /** Forgets a call, its events and what is known of its recordings. */
  forget({ channel, call }: CallKey): void {
    for (const table of ["events", "recordings", "calls"]) {
      this.#sql.exec(`DELETE FROM ${table} WHERE channel = ? AND call = ?`, channel, call);
    }
  }

  forgetMalformed(channel: string, before: number): void {
    this.#sql.exec("DELETE FROM malformed WHERE channel = ? AND heard_at < ?", channel, before);
  }

  /** When the next call or recording is due after `now`; undefined where nothing is. */
  nextDue(now: number): number | undefined {
    const row = this.#one(
      `SELECT min(due) AS due FROM (
         SELECT min(due_at) AS due FROM calls WHERE due_at > ?1 UNION ALL
         SELECT min(due_at) AS due FROM recordings WHERE due_at > ?1)`,
      now,
    );
    return typeof row?.due === "number" ? row.due : undefined;
  }

  recordingsOf({ channel, call }: CallKey): RecordingRow[] {
    return this.#all("SELECT * FROM recordings WHERE channel = ? AND call = ? ORDER BY id, part", channel, call).map(
      recordingRow,
    );
  }

  dueRecordings(now: number, leaveOut: readonly string[], most: number): RecordingRow[] {
    return this.#all(
      `SELECT * FROM recordings WHERE due_at <= ? AND channel || '/' || call NOT IN (SELECT value FROM json_each(?))
       ORDER BY due_at LIMIT ?`,
      now,
      JSON.stringify(leaveOut),
      most,
    ).map(recordingRow);
  }

  putRecording(row: RecordingRow): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO recordings (channel, call, id, part, state, url, key, bytes, type, ready, due_at, attempt, problem)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.channel,
      row.call,
      row.id,
      row.part,
      row.state,
      row.url ?? null,
      row.key ?? null,
      row.bytes ?? null,
      row.type ?? null,
      row.ready ? 1 : 0,
      row.dueAt ?? null,
      row.attempt,
      row.problem ?? null,
    );
  }

  removeRecording({ channel, call, id, part }: RecordingRow): void {
    this.#sql.exec(
      "DELETE FROM recordings WHERE channel = ? AND call = ? AND id = ? AND part = ?",
      channel,
      call,
      id,
      part,
    );
  }

  addMalformed(hook: Malformed): void {
    this.#sql.exec(
      "INSERT INTO malformed (channel, heard_at, field, problem, method, type, query, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      hook.channel,
      hook.heardAt,
      hook.field,
      hook.problem,
      hook.method,
      hook.type ?? null,
      hook.query,
      hook.body,
    );
    this.#sql.exec("DELETE FROM malformed WHERE number <= (SELECT max(number) FROM malformed) - ?", maxMalformed);
  }

  governor(): Governor {
    return this.#recall<Governor>("governor") ?? idle;
  }

  keepGovernor(governor: Governor): void {
    this.#remember("governor", governor);
  }

  /** The channels whose deliveries rest. */
  pauses(): Map<string, Pause> {
    return new Map(this.#recall<[string, Pause][]>("pauses") ?? []);
  }

  keepPauses(pauses: ReadonlyMap<string, Pause>): void {
    this.#remember("pauses", [...pauses]);
  }

  #recall<T>(name: string): T | undefined {
    const row = this.#one("SELECT value FROM memory WHERE name = ?", name);
    return row && (JSON.parse(String(row.value)) as T);
  }

  #remember(name: string, value: unknown): void {
    this.#sql.exec("INSERT OR REPLACE INTO memory (name, value) VALUES (?, ?)", name, JSON.stringify(value));
  }

  #all(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#sql.exec<Row>(query, ...bindings).toArray();
  }

  #one(query: string, ...bindings: SqlStorageValue[]): Row | undefined {
    return this.#all(query, ...bindings)[0];
  }
}

/** A channel rests until then (ms since the epoch), for so many times in a row. */
export interface Pause {
  readonly until: number;
  readonly times: number;
  readonly because: string;
}

function callRow(row: Row): CallRow {
  return {
    channel: String(row.channel),
    call: String(row.call),
    direction: text(row.direction),
    phone: text(row.phone),
    line: text(row.line),
    status: String(row.status),
    ignored: text(row.ignored),
    startedAt: Number(row.started_at),
    endedAt: integer(row.ended_at),
    heardAt: Number(row.heard_at),
    told: { ...untold, ...(JSON.parse(String(row.told)) as Partial<Told>) },
    class: integer(row.class) as Class | undefined,
    dueAt: integer(row.due_at),
    audioExcepted: row.audio_excepted === 1,
  };
}

function recordingRow(row: Row): RecordingRow {
  return {
    channel: String(row.channel),
    call: String(row.call),
    id: String(row.id),
    part: Number(row.part),
    state: String(row.state) as RecordingRow["state"],
    url: text(row.url),
    key: text(row.key),
    bytes: integer(row.bytes),
    type: text(row.type),
    ready: row.ready === 1,
    dueAt: integer(row.due_at),
    attempt: Number(row.attempt),
    problem: text(row.problem),
  };
}

function text(value: SqlStorageValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function integer(value: SqlStorageValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
