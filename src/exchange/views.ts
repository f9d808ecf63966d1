/** What the operator sees of calls. Numbers of people are masked, and what webhooks and the system said stays inside. */
import type { Call } from "../calls/call.ts";
import { masked, maskedIn } from "../log.ts";
import type { RecordingRow } from "./recording-row.ts";
import type { CallRow, Malformed } from "./rows.ts";

/** A call in a list. Times in ms since the epoch. */
export interface CallView {
  readonly channel: string;
  readonly call: string;
  readonly direction?: string;
  readonly phone?: string;
  readonly line?: string;
  readonly status: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** `owed`: something is still to be told. `stuck`: it waits for the operator. `ignored`: kept from the system. */
  readonly delivery: "done" | "owed" | "stuck" | "ignored";
  readonly ticket?: string;
  readonly problem?: string;
}

export interface CallDetail extends CallView {
  readonly agents: readonly { readonly extension: string; readonly since: number; readonly seconds?: number }[];
  readonly rung: readonly string[];
  readonly seconds?: number;
  readonly notes: readonly string[];
  readonly told: {
    readonly status?: string;
    readonly attempt: number;
    readonly answer?: string;
    readonly nextTryAt?: number;
  };
  readonly recordings: readonly {
    readonly id: string;
    readonly state: string;
    readonly key?: string;
    readonly bytes?: number;
    readonly problem?: string;
  }[];
}

export function view(row: CallRow): CallView {
  return {
    channel: row.channel,
    call: row.call,
    direction: row.direction,
    phone: masked(row.phone),
    line: row.line,
    status: row.status,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    delivery: deliveryOf(row),
    ticket: row.told.ticketId,
    problem: row.told.problem,
  };
}

export function detail(row: CallRow, call: Call, recordings: readonly RecordingRow[]): CallDetail {
  const { status, attempt, answer } = row.told;
  return {
    ...view(row),
    agents: call.talks.map(({ extension, since, seconds }) => ({ extension: maskedIn(extension), since, seconds })),
    rung: call.rung.map(maskedIn),
    seconds: call.seconds,
    notes: call.notes.map(maskedIn),
    told: { status, attempt, answer: answer && maskedIn(answer), nextTryAt: row.dueAt },
    recordings: recordings.map(({ id, state, key, bytes, problem }) => ({ id, state, key, bytes, problem })),
  };
}

export function malformedView(hook: Malformed): Malformed {
  return { ...hook, query: maskedIn(decodedOnce(hook.query)), body: maskedIn(decodedOnce(hook.body)) };
}

/** An escaped plus and its digits would look like a longer number. */
function decodedOnce(text: string): string {
  return text.replaceAll(/%2B/gi, "+");
}

function deliveryOf({ ignored, dueAt, told }: CallRow): CallView["delivery"] {
  if (dueAt !== undefined) return "owed";
  if (told.refused !== undefined || told.notBefore === Number.MAX_SAFE_INTEGER) return "stuck";
  return ignored === undefined ? "done" : "ignored";
}
