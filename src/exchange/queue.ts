/** What waits to be told, and in which order within a class: the SQL behind the turns. */
import { type Class, classes } from "./outbox.ts";
import { all, type CallRow, type Counts, callRow, integer, type Row } from "./rows.ts";
import type { Waiting } from "./turns.ts";

/** How long a card is fresh, in ms: one that waits for longer gives way to one whose phone has just begun to ring. */
export const freshMs = 3_000;

export class Queue {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Of which of `channels` and `kinds` something is due, beyond the calls in `leaveOut` (`channel/call`). */
  waiting(now: number, channels: readonly string[], kinds: readonly Class[], leaveOut: readonly string[]): Waiting[] {
    return this.#all(
      `SELECT channel, class, since FROM (
         SELECT c.value AS channel, k.value AS class, (
           SELECT coalesce(owed_since, due_at) FROM calls WHERE channel = c.value AND class = k.value AND due_at <= ?
             AND channel || '/' || call NOT IN (SELECT value FROM json_each(?))
           ORDER BY due_at LIMIT 1) AS since
         FROM json_each(?) AS c, json_each(?) AS k)
       WHERE since IS NOT NULL`,
      now,
      JSON.stringify(leaveOut),
      JSON.stringify(channels),
      JSON.stringify(kinds),
    ).map((row) => ({ channel: String(row.channel), class: Number(row.class) as Class, since: Number(row.since) }));
  }

  /** The call whose turn it is: the oldest; but of cards that are not fresh any more the newest, and fresh ones before. */
  dueCall({ channel, class: kind }: Waiting, now: number, leaveOut: readonly string[]): CallRow | undefined {
    const first = (since: number, order: "ASC" | "DESC") =>
      this.#one(
        `SELECT * FROM calls WHERE channel = ? AND class = ? AND due_at > ? AND due_at <= ?
           AND channel || '/' || call NOT IN (SELECT value FROM json_each(?))
         ORDER BY due_at ${order} LIMIT 1`,
        channel,
        kind,
        since,
        now,
        JSON.stringify(leaveOut),
      );
    const row = kind === classes.card ? (first(now - freshMs, "ASC") ?? first(0, "DESC")) : first(0, "ASC");
    return row && callRow(row);
  }

  /** The calls of a channel that wait for the longest beyond `after` (ms since the epoch), `most` of each class. */
  waitingLong(channel: string, after: number, most: number): CallRow[] {
    return Object.values(classes).flatMap((kind) =>
      this.#all(
        "SELECT * FROM calls WHERE channel = ? AND class = ? AND due_at > ? ORDER BY due_at DESC LIMIT ?",
        channel,
        kind,
        after,
        most,
      ).map(callRow),
    );
  }

  /** The calls of a channel that so many refusals of their own got stuck, the newest first. */
  stuckByRefusals(channel: string, refusals: number, most: number): CallRow[] {
    return this.#all(
      `SELECT * FROM calls INDEXED BY calls_stuck
       WHERE channel = ? AND stuck = 1 AND started_at > 0 AND json_extract(told, '$.refusals') >= ?
       ORDER BY started_at DESC LIMIT ?`,
      channel,
      refusals,
      most,
    ).map(callRow);
  }

  /** The calls of a channel that wait for the operator, the newest first. */
  stuckCalls(channel: string, most: number): CallRow[] {
    return this.#all(
      `SELECT * FROM calls INDEXED BY calls_stuck WHERE channel = ? AND stuck = 1 AND started_at > 0
       ORDER BY started_at DESC LIMIT ?`,
      channel,
      most,
    ).map(callRow);
  }

  /** When the next call of `channels`, or their next recording, is due after `now`; undefined where nothing is. */
  nextDue(now: number, channels: readonly string[]): number | undefined {
    // A channel and a class at a time: so the index leads to each, however many calls are due.
    const row = this.#one(
      `SELECT min(due) AS due FROM (
         SELECT (SELECT min(due_at) FROM calls WHERE channel = c.value AND class = k.value AND due_at > ?1) AS due
           FROM json_each(?2) AS c, json_each(?3) AS k UNION ALL
         SELECT (SELECT min(due_at) FROM recordings WHERE channel = c.value AND due_at > ?1) AS due
           FROM json_each(?2) AS c)`,
      now,
      JSON.stringify(channels),
      JSON.stringify(Object.values(classes)),
    );
    return integer(row?.due);
  }

  /** How many calls there are, wait to be told something, and are stuck. */
  counts(): Counts {
    const count = (what: string) => Number(this.#one(`SELECT count(*) AS n FROM ${what}`)?.n);
    const queues = this.#all(
      `SELECT channel, class, count(*) AS n, min(owed_since) AS since FROM calls WHERE due_at IS NOT NULL
       GROUP BY channel, class`,
    );
    return {
      calls: count("calls"),
      queues: queues.map((row) => ({
        channel: String(row.channel),
        class: Number(row.class) as Class,
        calls: Number(row.n),
        since: Number(row.since),
      })),
      stuck: count("calls WHERE stuck = 1"),
      untold: count("calls WHERE untold = 1"),
      recordingsWaiting: count("recordings WHERE due_at IS NOT NULL"),
    };
  }

  #all(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return all(this.#sql, query, ...bindings);
  }

  #one(query: string, ...bindings: SqlStorageValue[]): Row | undefined {
    return this.#all(query, ...bindings)[0];
  }
}
