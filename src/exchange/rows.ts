/** What the tables hold, as values: see docs/storage.md. */
import type { InquiryRow } from "./inquiry.ts";
import type { Class } from "./outbox.ts";
import type { RecordingRow } from "./recording-row.ts";
import type { Refusal } from "./standing.ts";
import { never, remembered, type Told } from "./told.ts";

/** As SQLite gives it. */
export type Row = Record<string, SqlStorageValue>;

/** All rows of a query, read at once: no cursor may outlive an await. */
export function all(sql: SqlStorage, query: string, ...bindings: SqlStorageValue[]): Row[] {
  return sql.exec<Row>(query, ...bindings).toArray();
}

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
  /** Since when something of it waits to be told. */
  readonly owedSince?: number;
  /** Its audio was excepted when the call began; it stays so. */
  readonly audioExcepted: boolean;
  /** The channel's `delivery` when the call was first heard of; absent while the channel was never known. */
  readonly mode?: Mode;
  /** Under which CHANNEL_KEY it is told: see keys.ts. */
  readonly keyDigest?: string;
  /** Not enough is known of it to tell, and nothing was told. */
  readonly untold: boolean;
}

export type Mode = "live" | "final" | "off";

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

/** Calls of a channel and a class that wait to be told, and since when the first of them does. */
export interface Queue {
  readonly channel: string;
  readonly class: Class;
  readonly calls: number;
  readonly since: number;
}

export interface Counts {
  readonly calls: number;
  readonly queues: readonly Queue[];
  readonly stuck: number;
  readonly untold: number;
  readonly recordingsWaiting: number;
}

/**
 * What is known of the system: whether it ever took an update, showed a new recording, took something of which channels, and
 * whose creates it refuses.
 */
export interface Known {
  readonly updates: boolean;
  readonly audio: boolean;
  readonly delivered: readonly string[];
  readonly refused?: readonly Refusal[];
}

/** Refused for good, or given up on: nothing is due, and not all is told. It waits for the operator. */
export function isStuck({ dueAt, told }: Pick<CallRow, "dueAt" | "told">): boolean {
  return dueAt === undefined && (told.refused !== undefined || told.notBefore === never);
}

export function callRow(row: Row): CallRow {
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
    told: remembered(JSON.parse(String(row.told))),
    class: integer(row.class) as Class | undefined,
    dueAt: integer(row.due_at),
    owedSince: integer(row.owed_since),
    audioExcepted: row.audio_excepted === 1,
    mode: text(row.mode) as Mode | undefined,
    keyDigest: text(row.key_digest),
    untold: row.untold === 1,
  };
}

export function recordingRow(row: Row): RecordingRow {
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

export function inquiryRow(row: Row): InquiryRow {
  return {
    askedAt: Number(row.asked_at),
    dueAt: Number(row.due_at),
    vain: Number(row.vain),
    aliveSince: integer(row.alive_since),
  };
}

export function text(value: SqlStorageValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function integer(value: SqlStorageValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
