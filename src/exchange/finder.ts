/**
 * Calls as they are looked for: the SQL behind lists. An index leads to each, a channel at a time and the newest first; what
 * no index knows is looked at call by call, so many at a time.
 */
import type { CallStatus } from "../calls/call.ts";
import { type Bound, boundOf, type Page, type Place } from "./pages.ts";
import { all, type CallRow, callRow, type Row } from "./rows.ts";
import type { CallView } from "./views.ts";

/** What calls are looked for by. Times in ms since the epoch. */
export interface Search {
  /** Who the other party is, in any spelling. */
  readonly phone?: string;
  /** Began then or later, and before then. */
  readonly from?: number;
  readonly to?: number;
  readonly status?: CallStatus;
  readonly delivery?: CallView["delivery"];
  /** The states of recordings: the call has one of these. */
  readonly recording?: readonly string[];
  /** It has none of these. */
  readonly noRecording?: readonly string[];
}

/** A row with its place among all calls. */
export type Placed = CallRow & { readonly system: string };

/** How many calls of a channel one page looks at: where so many are none that are looked for, the next goes on from there. */
export const maxWalked = 10_000;

/** Nothing that was sent can have made the call; also as it was stored until version 3. */
const absent =
  "coalesce(json_extract(told, '$.belief.is'), json_extract(told, '$.create'), 'none') IN ('absent', 'none')";

/** What `deliveryOf` in views.ts says, to SQLite. */
const deliveries: Readonly<Record<CallView["delivery"], string>> = {
  owed: `(due_at IS NOT NULL OR stuck = 0 AND ignored IS NULL AND untold = 0 AND ${absent})`,
  stuck: "stuck = 1 AND due_at IS NULL",
  ignored: "due_at IS NULL AND stuck = 0 AND ignored IS NOT NULL",
  untold: "untold = 1 AND due_at IS NULL AND stuck = 0 AND ignored IS NULL",
  done: `due_at IS NULL AND stuck = 0 AND ignored IS NULL AND untold = 0 AND NOT ${absent}`,
};

/** Whether the call has a recording in one of the states ?1. */
const recorded = `EXISTS (SELECT 1 FROM recordings WHERE recordings.channel = walked.channel AND recordings.call = walked.call
  AND state IN (SELECT value FROM json_each(?)))`;

export class Finder {
  readonly #sql: SqlStorage;
  readonly #system: string;

  constructor(sql: SqlStorage, system: string) {
    this.#sql = sql;
    this.#system = system;
  }

  /** The calls of a channel beyond `after`; `phone` is written as the channel has it. */
  page(channel: string, search: Search, after: Place | undefined, most: number): Page<Placed> {
    const bound = earlier(boundOf(after, this.#system, channel), search.to);
    const lead = leadOf(search);
    const walk: SqlStorageValue[] = [channel, bound.startedAt, bound.call, search.from ?? 0];
    if (search.phone !== undefined) walk.push(search.phone);
    const { filters, bindings } = filtersOf(search);
    const found = this.#all(
      `SELECT * FROM (SELECT * FROM ${lead} LIMIT ${maxWalked}) AS walked WHERE ${filters} LIMIT ?`,
      ...walk,
      ...bindings,
      most + 1,
    ).map((row) => ({ ...callRow(row), system: this.#system }));
    const calls = found.slice(0, most);
    const last = calls.at(-1);
    if (found.length > most && last) {
      const { startedAt, call } = last;
      return { calls, next: { startedAt, system: this.#system, channel, call } };
    }
    // Of so many calls that were looked at, the last: more may lie beyond.
    const [end] = this.#all(`SELECT started_at, call FROM ${lead} LIMIT 1 OFFSET ${maxWalked - 1}`, ...walk);
    if (!end) return { calls };
    const next = { startedAt: Number(end.started_at), system: this.#system, channel, call: String(end.call) };
    return { calls, next };
  }

  #all(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return all(this.#sql, query, ...bindings);
  }
}

/** The index that leads to what is looked for, and where in it; those that wait for the operator are few. */
function leadOf({ phone, delivery }: Search): string {
  const beyond = "channel = ? AND (started_at, call) < (?, ?) AND started_at >= ?";
  const newest = "ORDER BY started_at DESC, call DESC";
  if (phone !== undefined) return `calls INDEXED BY calls_of_phone WHERE ${beyond} AND phone = ? ${newest}`;
  if (delivery === "stuck") return `calls INDEXED BY calls_stuck WHERE ${beyond} AND stuck = 1 ${newest}`;
  if (delivery === "untold") return `calls INDEXED BY calls_untold WHERE ${beyond} AND untold = 1 ${newest}`;
  return `calls INDEXED BY calls_of_channel WHERE ${beyond} ${newest}`;
}

function filtersOf({ status, delivery, recording, noRecording }: Search) {
  const filters: [text: string, ...bindings: SqlStorageValue[]][] = [["true"]];
  if (status !== undefined) filters.push(["status = ?", status]);
  if (delivery !== undefined) filters.push([deliveries[delivery]]);
  if (recording !== undefined) filters.push([recorded, JSON.stringify(recording)]);
  if (noRecording !== undefined) filters.push([`NOT ${recorded}`, JSON.stringify(noRecording)]);
  return {
    filters: filters.map(([text]) => text).join(" AND "),
    bindings: filters.flatMap(([, ...bindings]) => bindings),
  };
}

function earlier(bound: Bound, to: number | undefined): Bound {
  return to === undefined || to > bound.startedAt ? bound : { startedAt: to, call: "" };
}
