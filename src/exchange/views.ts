/** What the operator sees of calls. Numbers of people are masked, and what webhooks and the system said stays inside. */
import type { Call } from "../calls/call.ts";
import { masked, maskedIn } from "../log.ts";
import type { Form } from "../system/forms.ts";
import type { RecordingRow } from "./recording-row.ts";
import { type CallRow, isStuck, type Malformed } from "./rows.ts";

/** A call in a list. Times in ms since the epoch. */
export interface CallView {
  /** The system that it is told to. */
  readonly system: string;
  readonly channel: string;
  readonly call: string;
  readonly direction?: string;
  readonly phone?: string;
  readonly line?: string;
  readonly status: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /**
   * `owed`: something is still to be told. `stuck`: it waits for the operator. `ignored`: kept from the system. `untold`:
   * nothing was told, nor will be by what is known.
   */
  readonly delivery: "done" | "owed" | "stuck" | "ignored" | "untold";
  readonly ticket?: string;
  readonly problem?: string;
}

export interface CallDetail extends CallView {
  /** Why it is kept from the system: `internal`, `ignore rule <n>` counted from 1, or `off`. */
  readonly ignored?: string;
  readonly agents: readonly { readonly extension: string; readonly since: number; readonly seconds?: number }[];
  readonly rung: readonly string[];
  readonly seconds?: number;
  readonly notes: readonly string[];
  readonly told: {
    /** Whether the call is at the system, and as it was told. */
    readonly belief: "absent" | "unsettled" | "there";
    readonly status?: string;
    readonly attempt: number;
    readonly answer?: string;
    readonly nextTryAt?: number;
  };
  /** What is sent next, or would be if it were replayed. */
  readonly form?: Readonly<Record<string, string | readonly string[]>>;
  readonly recordings: readonly {
    readonly id: string;
    readonly state: string;
    readonly key?: string;
    readonly bytes?: number;
    readonly problem?: string;
  }[];
}

export function view(row: CallRow, system: string): CallView {
  return {
    system,
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

export function detail(
  row: CallRow,
  system: string,
  call: Call,
  recordings: readonly RecordingRow[],
  form?: Form,
): CallDetail {
  const { belief, status, attempt, answer } = row.told;
  return {
    ...view(row, system),
    ignored: row.ignored,
    agents: call.talks.map(({ extension, since, seconds }) => ({ extension: maskedIn(extension), since, seconds })),
    rung: call.rung.map(maskedIn),
    seconds: call.seconds,
    notes: call.notes.map(maskedIn),
    told: { belief: belief.is, status, attempt, answer: answer && maskedIn(answer), nextTryAt: row.dueAt },
    form: form && maskedForm(form),
    recordings: recordings.map(({ id, state, key, bytes, problem }) => ({ id, state, key, bytes, problem })),
  };
}

function maskedForm(form: Form): Record<string, string | string[]> {
  const entries: [string, string | readonly string[] | undefined][] = Object.entries(form);
  const shown = entries.flatMap(([name, value]): [string, string | string[]][] => {
    if (value === undefined || name === "call_id" || name === "pbx_call_id") return [];
    return [[name, typeof value === "string" ? maskedIn(value) : value.map(maskedIn)]];
  });
  return Object.fromEntries(shown);
}

export function malformedView(hook: Malformed): Malformed {
  return { ...hook, query: maskedIn(decodedOnce(hook.query)), body: maskedIn(decodedOnce(hook.body)) };
}

/** An escaped plus and its digits would look like a longer number. */
function decodedOnce(text: string): string {
  return text.replaceAll(/%2B/gi, "+");
}

function deliveryOf(row: CallRow): CallView["delivery"] {
  if (row.dueAt !== undefined) return "owed";
  if (isStuck(row)) return "stuck";
  if (row.ignored !== undefined) return "ignored";
  if (row.untold) return "untold";
  // A call that is told when it is over, or once its number is known, is not done before.
  return row.told.belief.is === "absent" ? "owed" : "done";
}
