/** The Exchange's SQL, all of it. Synchronous: writes without an await between them become durable together. */
import type { HeardEvent } from "../calls/event.ts";
import type { Asked } from "./asker.ts";
import type { Governor } from "./governor.ts";
import { idle } from "./governor.ts";
import type { InquiryRow } from "./inquiry.ts";
import type { RecordingRow } from "./recording-row.ts";
import {
  all,
  type CallKey,
  type CallRow,
  callRow,
  inquiryRow,
  integer,
  isStuck,
  type Known,
  type Malformed,
  type Row,
  recordingRow,
  text,
} from "./rows.ts";
import { remembered, type Trouble } from "./whole.ts";

/** How many malformed webhooks are kept; the oldest make room. */
export const maxMalformed = 500;
/**
 * How many different events of one call are kept. A real call has some dozens; more are refused, never dropped. As many
 * again may tell that it ended or was recorded: a flood of others must not keep a call from its end.
 */
export const maxEventsPerCall = 1000;

/**
 * The calls of a channel, `?1`, that were heard of before `?3` to be in the state `?2` and whose end never came, with what is
 * known of inquiries after each since it was silent. Channel, state and time lead to them by the index of the open ones.
 */
const open = `(SELECT calls.*, inquiries.due_at AS ask_at FROM calls LEFT JOIN inquiries
  ON inquiries.channel = calls.channel AND inquiries.call = calls.call AND asked_at > heard_at
  WHERE calls.channel = ?1 AND status = ?2 AND heard_at < ?3 AND ended_at IS NULL)`;

/** The states of a call that is open. */
const living = ["ringing", "in-progress"] as const;
export type Living = (typeof living)[number];

/** Until when, ms since the epoch, calls must have been silent to be forgotten. */
export interface LastDay {
  /** Those that are over. */
  readonly heardBefore: number;
  /** Those of which something is still owed: since before then as well. */
  readonly owedBefore: number;
  /** Those of which a recording is still waited for. */
  readonly waitingBefore: number;
  /** Those whose end never came. */
  readonly openBefore: number;
}

/** The names that are not NULL, each found from the one before: as many look-ups as there are channels. */
const each = (table: string, which: string) => `
  names(name) AS (SELECT min(channel) FROM ${table} WHERE ${which} UNION ALL
    SELECT (SELECT min(channel) FROM ${table} WHERE ${which} AND channel > name) FROM names WHERE name IS NOT NULL)
  SELECT name FROM names WHERE name IS NOT NULL`;

export class Store {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds an event; false where it is known already. Throws where its call has too many: call it in a transaction. */
  addEvent(channel: string, event: HeardEvent): boolean {
    // What has a column of its own is not written twice: events are most of what a call takes up.
    const { call, id, heardAt, ...said } = event;
    const cursor = this.#sql.exec(
      "INSERT INTO events (channel, call, id, heard_at, event) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
      channel,
      call,
      id,
      heardAt,
      JSON.stringify(said),
    );
    // A row of RETURNING that is left unread would undo the turn's writes (cloudflare/workerd#959).
    const fresh = cursor.toArray().length > 0;
    const most = event.ended || event.recording ? 2 * maxEventsPerCall : maxEventsPerCall;
    if (fresh && this.#eventCount(channel, call) > most) throw new RangeError("too many events of one call");
    return fresh;
  }

  #eventCount(channel: string, call: string): number {
    return Number(this.#one("SELECT count(*) AS n FROM events WHERE channel = ? AND call = ?", channel, call)?.n);
  }

  /** What was heard of the call, by whichever of its ids. */
  eventsOf({ channel, call }: CallKey): HeardEvent[] {
    return [call, ...this.legsOf({ channel, call })].flatMap((id) => {
      const rows = this.#all("SELECT id, heard_at, event FROM events WHERE channel = ? AND call = ?", channel, id);
      return rows.map((row) => {
        const said = JSON.parse(String(row.event)) as Omit<HeardEvent, "call" | "id" | "heardAt">;
        return { ...said, call: id, id: String(row.id), heardAt: Number(row.heard_at) };
      });
    });
  }

  /** The call that an id means: of a leg, of a room, of another call that it is one with, or its own. */
  callOf({ channel, call }: CallKey): string {
    const row = this.#one("SELECT call FROM legs WHERE channel = ? AND leg = ?", channel, call);
    return text(row?.call) ?? call;
  }

  /** The other ids that mean the call. */
  legsOf({ channel, call }: CallKey): string[] {
    const rows = this.#all("SELECT leg FROM legs WHERE channel = ? AND call = ?", channel, call);
    return rows.map(({ leg }) => String(leg));
  }

  /** From now on `leg`, and whatever meant it, means `call`: what is kept of it, and the recordings, are that call's. */
  join(channel: string, leg: string, call: string): void {
    this.#sql.exec("UPDATE legs SET call = ?3 WHERE channel = ?1 AND call = ?2", channel, leg, call);
    this.#sql.exec("INSERT OR REPLACE INTO legs (channel, leg, call) VALUES (?, ?, ?)", channel, leg, call);
    this.#sql.exec("UPDATE OR REPLACE recordings SET call = ?3 WHERE channel = ?1 AND call = ?2", channel, leg, call);
    for (const table of ["inquiries", "calls"]) {
      this.#sql.exec(`DELETE FROM ${table} WHERE channel = ? AND call = ?`, channel, leg);
    }
  }

  call({ channel, call }: CallKey): CallRow | undefined {
    const row = this.#one("SELECT * FROM calls WHERE channel = ? AND call = ?", channel, call);
    return row && callRow(row);
  }

  putCall(row: CallRow): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO calls (channel, call, direction, phone, line, status, ignored, started_at, ended_at,
         heard_at, told, class, due_at, owed_since, stuck, audio_excepted, mode, key_digest, untold)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      row.owedSince ?? null,
      isStuck(row) ? 1 : 0,
      row.audioExcepted ? 1 : 0,
      row.mode ?? null,
      row.keyDigest ?? null,
      row.untold ? 1 : 0,
    );
  }

  /** Calls of a channel in that state that were silent since `before`, whose end never came, and that may be asked after. */
  silentCalls(channel: string, state: Living, before: number, now: number, most: number): CallRow[] {
    return this.#all(
      `SELECT * FROM ${open} WHERE ask_at IS NULL OR ask_at <= ?4 ORDER BY heard_at LIMIT ?5`,
      channel,
      state,
      before,
      now,
      most,
    ).map(callRow);
  }

  /** When the next call of a channel in that state, of those that were heard of before `now`, was silent for `silenceMs`. */
  nextSilent(channel: string, state: Living, silenceMs: number, now: number): number | undefined {
    const query = `SELECT min(coalesce(ask_at, heard_at + ?4)) AS at FROM ${open}`;
    return integer(this.#one(query, channel, state, now + 1, silenceMs)?.at);
  }

  /** Whether the end of a call is still to come. */
  hasOpen(): boolean {
    return this.#one("SELECT min(channel) AS name FROM calls WHERE ended_at IS NULL")?.name != null;
  }

  /** The channels that calls are kept of, whatever is configured. */
  channels(): string[] {
    return this.#names(`WITH RECURSIVE ${each("calls", "true")}`);
  }

  /** The channels of which a call or a recording is due at some time, whatever is configured. */
  owing(): string[] {
    const calls = this.#names(`WITH RECURSIVE ${each("calls", "due_at IS NOT NULL")}`);
    const recordings = this.#names(`WITH RECURSIVE ${each("recordings", "due_at IS NOT NULL")}`);
    return [...new Set([...calls, ...recordings])];
  }

  #names(query: string): string[] {
    return this.#all(query).map(({ name }) => String(name));
  }

  /** Calls of a channel whose last day is over, the longest silent first. */
  oldCalls(channel: string, { heardBefore, owedBefore, waitingBefore, openBefore }: LastDay, most: number): CallRow[] {
    const over = this.#all(
      `SELECT * FROM calls WHERE channel = ?1 AND ended_at IS NOT NULL AND heard_at < ?2
         AND (owed_since IS NULL OR owed_since < ?3) AND (heard_at < ?4 OR NOT EXISTS (SELECT 1 FROM recordings
           WHERE recordings.channel = calls.channel AND recordings.call = calls.call AND state = 'waiting'))
       ORDER BY heard_at LIMIT ?5`,
      channel,
      heardBefore,
      owedBefore,
      waitingBefore,
      most,
    );
    const unended = living.flatMap((state) =>
      this.#all(
        `SELECT * FROM calls WHERE channel = ?1 AND status = ?2 AND ended_at IS NULL AND heard_at < ?3
         ORDER BY heard_at LIMIT ?4`,
        channel,
        state,
        openBefore,
        most,
      ),
    );
    return [...over, ...unended].slice(0, most).map(callRow);
  }

  /** When the channel's longest silent call of those that are over was last heard of. */
  oldestCall(channel: string): number | undefined {
    const query = "SELECT min(heard_at) AS at FROM calls WHERE channel = ? AND ended_at IS NOT NULL";
    return integer(this.#one(query, channel)?.at);
  }

  /** When the oldest malformed webhook of each channel came in. */
  oldestMalformed(): Map<string, number> {
    const rows = this.#all("SELECT channel, min(heard_at) AS at FROM malformed GROUP BY channel");
    return new Map(rows.map(({ channel, at }) => [String(channel), Number(at)]));
  }

  /** What came of asking the PBX after the call so far. */
  inquiry({ channel, call }: CallKey): InquiryRow | undefined {
    const row = this.#one("SELECT * FROM inquiries WHERE channel = ? AND call = ?", channel, call);
    return row && inquiryRow(row);
  }

  putInquiry({ channel, call }: CallKey, { askedAt, dueAt, vain, aliveSince }: InquiryRow): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO inquiries (channel, call, asked_at, due_at, vain, alive_since) VALUES (?, ?, ?, ?, ?, ?)",
      channel,
      call,
      askedAt,
      dueAt,
      vain,
      aliveSince ?? null,
    );
  }

  /** Forgets a call, its events and what is known of its recordings; returns how many events that were. */
  forget(key: CallKey): number {
    let events = 0;
    for (const call of [key.call, ...this.legsOf(key)]) {
      events += this.#eventCount(key.channel, call);
      this.#sql.exec("DELETE FROM events WHERE channel = ? AND call = ?", key.channel, call);
    }
    for (const table of ["legs", "recordings", "inquiries", "calls"]) {
      this.#sql.exec(`DELETE FROM ${table} WHERE channel = ? AND call = ?`, key.channel, key.call);
    }
    return events;
  }

  forgetMalformed(channel: string, before: number): void {
    this.#sql.exec("DELETE FROM malformed WHERE channel = ? AND heard_at < ?", channel, before);
  }

  recordingsOf({ channel, call }: CallKey): RecordingRow[] {
    return this.#all("SELECT * FROM recordings WHERE channel = ? AND call = ? ORDER BY id, part", channel, call).map(
      recordingRow,
    );
  }

  /** Recordings of `channels` that are due, but for those of the calls in `leaveOut` (`channel/call`). */
  dueRecordings(now: number, channels: readonly string[], leaveOut: readonly string[], most: number): RecordingRow[] {
    // A channel at a time, the longest due first: so the index leads to each, however many wait of others.
    const first = this.#all(
      `SELECT value AS channel, (SELECT min(due_at) FROM recordings WHERE channel = value AND due_at <= ?2) AS due
       FROM json_each(?1) WHERE due IS NOT NULL ORDER BY due`,
      JSON.stringify(channels),
      now,
    );
    const due = first.flatMap(({ channel = "" }) =>
      this.#all(
        `SELECT * FROM recordings WHERE channel = ? AND due_at <= ?
           AND channel || '/' || call NOT IN (SELECT value FROM json_each(?))
         ORDER BY due_at LIMIT ?`,
        channel,
        now,
        JSON.stringify(leaveOut),
        most,
      ),
    );
    return due.map(recordingRow).slice(0, most);
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

  /** Newest first. */
  malformed(most: number): Malformed[] {
    return this.#all("SELECT * FROM malformed ORDER BY number DESC LIMIT ?", most).map((row) => ({
      channel: String(row.channel),
      heardAt: Number(row.heard_at),
      field: String(row.field),
      problem: String(row.problem),
      method: String(row.method),
      type: text(row.type),
      query: String(row.query),
      body: String(row.body),
    }));
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

  /** The channels whose deliveries fail, and may rest because of it. */
  pauses(): Map<string, Trouble> {
    const stored = this.#recall<[string, Parameters<typeof remembered>[0]][]>("pauses") ?? [];
    return new Map(stored.map(([channel, trouble]) => [channel, remembered(trouble)]));
  }

  keepPauses(pauses: ReadonlyMap<string, Trouble>): void {
    this.#remember("pauses", [...pauses]);
  }

  /** What is known of the system. */
  learnt(): Known {
    return this.#recall<Known>("learnt") ?? { updates: false, audio: false, delivered: [] };
  }

  keepLearnt(learnt: Known): void {
    this.#remember("learnt", learnt);
  }

  /** What is known of the system while it is not known to be there. */
  outage(): Trouble | undefined {
    return this.#recall<Trouble | null>("outage") ?? undefined;
  }

  keepOutage(outage: Trouble | undefined): void {
    this.#remember("outage", outage ?? null);
  }

  /** When the account of a PBX was asked in the last minute. */
  asked(account: string): Asked {
    return this.#recall<Asked>(`asked ${account}`) ?? [];
  }

  keepAsked(account: string, asked: Asked): void {
    this.#remember(`asked ${account}`, asked);
  }

  /** No round of retention before then, ms since the epoch: written down before what is in R2 is deleted. */
  noRoundBefore(): number {
    return this.#recall<number>("round") ?? 0;
  }

  keepNoRoundBefore(at: number): void {
    this.#remember("round", at);
  }

  #recall<T>(name: string): T | undefined {
    const row = this.#one("SELECT value FROM memory WHERE name = ?", name);
    return row && (JSON.parse(String(row.value)) as T);
  }

  #remember(name: string, value: unknown): void {
    this.#sql.exec("INSERT OR REPLACE INTO memory (name, value) VALUES (?, ?)", name, JSON.stringify(value));
  }

  #all(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return all(this.#sql, query, ...bindings);
  }

  #one(query: string, ...bindings: SqlStorageValue[]): Row | undefined {
    return this.#all(query, ...bindings)[0];
  }
}
