/** A recording as the Exchange keeps track of it. */
import type { Call } from "../calls/call.ts";
import type { Recording } from "../calls/event.ts";
import type { Fetched } from "../recordings/courier.ts";

export interface RecordingRow {
  readonly channel: string;
  readonly call: string;
  /** The PBX's id; empty where it only said that there will be one. */
  readonly id: string;
  readonly part: number;
  /**
   * `waiting`: still to be fetched. `stored`: in R2, to be attached. `attached`: the ticket has it. `kept`: in R2 only,
   * the system cannot take it. `gone`: it never came. `absent`: the PBX says that there is none.
   */
  readonly state: "waiting" | "stored" | "attached" | "kept" | "gone" | "absent";
  /** Where the PBX says it is. */
  readonly url?: string;
  /** Its key in R2, its size in bytes, and what it is. */
  readonly key?: string;
  readonly bytes?: number;
  readonly type?: string;
  /** The PBX said that it is there, rather than that it will be. */
  readonly ready: boolean;
  /** Next try, ms since the epoch, and how many there were. */
  readonly dueAt?: number;
  readonly attempt: number;
  /** Why it is not fetched or not attached. */
  readonly problem?: string;
}

export function recordingKey(row: { readonly id: string; readonly part: number }): string {
  return `${row.id}#${row.part}`;
}

export function pending(row: RecordingRow): boolean {
  return row.state === "waiting";
}

export function attachable(row: RecordingRow): boolean {
  return row.state === "stored";
}

/** What staff should read about recordings that the ticket will not have, or not all of: a sentence each, without its stop. */
export function remarksOn(rows: readonly RecordingRow[]): string[] {
  const remarks = rows.flatMap((row) => {
    if (row.state === "kept")
      return [`Recording not attached: ${row.problem ?? "the system did not take it"}; it is kept in the archive`];
    if (row.state === "gone") return [`Recording not available: ${row.problem ?? "it never came"}`];
    const attached = row.state === "stored" || row.state === "attached";
    return attached && row.problem ? [`Recording may be incomplete: ${row.problem}`] : [];
  });
  return [...new Set(remarks)];
}

/** `row` when the operator wants another try; undefined where that would end as before. */
export function retried(row: RecordingRow, maxBytes: number, now: number): RecordingRow | undefined {
  const { key: _, bytes: __, problem: ___, ...lost } = row;
  if (row.state === "gone") return { ...lost, state: "waiting", attempt: 0, dueAt: now };
  const fits = row.type !== undefined && (row.bytes ?? 0) <= maxBytes;
  return row.state === "kept" && fits ? { ...row, state: "stored", problem: undefined } : undefined;
}

/** A call whose audio is to be left alone has none to wait for. */
export function leaveAlone(known: readonly RecordingRow[]): RecordingRow[] {
  return known.filter(pending).map((row) => ({ ...row, state: "absent", ready: false, dueAt: undefined }));
}

/** What a call's announcements change: rows to write, and placeholders that named recordings take the place of. */
export function announce(
  channel: string,
  call: Call,
  known: readonly RecordingRow[],
  now: number,
  expectedAfterMs: number,
): { put: RecordingRow[]; remove: RecordingRow[] } {
  const placeholder = known.find((row) => row.id === "");
  const fetchedByCall =
    placeholder !== undefined &&
    (["stored", "attached", "kept"].includes(placeholder.state) ||
      (pending(placeholder) && placeholder.key !== undefined));
  if (fetchedByCall) return { put: furtherByCall(channel, call, known, now), remove: [] };
  const named = call.recordings.some((recording) => recording.id !== "");
  const put = call.recordings.flatMap((recording) => {
    const key = recordingKey({ id: recording.id, part: 0 });
    const row = known.find((row) => recordingKey(row) === key);
    return announced(channel, call.id, recording, row, now, expectedAfterMs) ?? [];
  });
  return { put, remove: named && placeholder ? [placeholder] : [] };
}

/** When it was asked by the call, the PBX had fewer files than it has named by now: it is asked for the rest in the same way. */
function furtherByCall(channel: string, call: Call, known: readonly RecordingRow[], now: number): RecordingRow[] {
  const named = call.recordings.filter(({ id, status }) => id !== "" && status === "ready").length;
  const from = known.filter(({ id }) => id === "").length;
  return Array.from({ length: Math.max(0, named - from) }, (_, i) => {
    return { channel, call: call.id, id: "", part: from + i, state: "waiting", ready: true, attempt: 0, dueAt: now };
  });
}

function announced(
  channel: string,
  call: string,
  recording: Recording,
  row: RecordingRow | undefined,
  now: number,
  expectedAfterMs: number,
): RecordingRow | undefined {
  const { id, url, status } = recording;
  const ready = status === "ready";
  const fresh: RecordingRow = { channel, call, id, part: 0, url, state: "waiting", ready, attempt: 0 };
  if (!row)
    return status === "absent"
      ? { ...fresh, state: "absent" }
      : { ...fresh, dueAt: ready ? now : now + expectedAfterMs };
  // It was only expected so far, perhaps in vain, and now it is there.
  const missing = row.state === "waiting" || row.state === "absent" || row.state === "gone";
  if (ready && !row.ready && missing) return { ...fresh, dueAt: now };
  if (row.state !== "waiting") return undefined;
  if (status === "absent") return { ...row, state: "absent", dueAt: undefined };
  return row.url === undefined && url !== undefined ? { ...row, url } : undefined;
}

interface Handling {
  readonly max_bytes: number;
  /** No more tries after this time, ms since the epoch; where R2 is why, after the other. */
  readonly deadline: number;
  readonly archiveDeadline: number;
  readonly now: number;
  /** How long to wait before try `attempt`, in ms. */
  readonly backoff: (attempt: number) => number;
}

/** `row` after a try to fetch it, and new rows where its id turned out to stand for several files. */
export function fetched(row: RecordingRow, result: Fetched, handling: Handling): RecordingRow[] {
  if (result.kind !== "stored") return [missed(row, result, handling)];
  const { key, bytes, media, parts = 1, short } = result;
  const has = { ...row, key, bytes, type: media?.type };
  // What comes twice with the same length is all that the PBX has, whatever the file says of itself.
  if (short && bytes !== row.bytes) return [missed(has, { kind: "later", why: cutShort }, handling)];
  const more = Array.from({ length: row.part === 0 ? parts - 1 : 0 }, (_, i): RecordingRow => {
    const { channel, call, id } = row;
    return { channel, call, id, part: i + 1, state: "waiting", ready: true, attempt: 0, dueAt: handling.now };
  });
  return [arrived(has, undefined, handling.max_bytes), ...more];
}

const cutShort = "it is shorter than it says";

/** Another try, or the end of them: what is there by then is better than nothing. */
function missed(row: RecordingRow, result: Exclude<Fetched, { kind: "stored" }>, handling: Handling): RecordingRow {
  const attempt = row.attempt + 1;
  const dueAt = handling.now + handling.backoff(attempt);
  const deadline = result.kind === "failed" ? handling.archiveDeadline : handling.deadline;
  if (result.kind !== "never" && dueAt <= deadline) return { ...row, attempt, problem: result.why, dueAt };
  if (row.key !== undefined) return arrived({ ...row, attempt }, cutShort, handling.max_bytes);
  return { ...row, attempt, problem: result.why, state: "gone", dueAt: undefined };
}

/** It is in R2, and is attached unless the system could not take it. */
function arrived(row: RecordingRow, flaw: string | undefined, maxBytes: number): RecordingRow {
  const { bytes = 0, type } = row;
  const tooLarge = bytes > maxBytes ? `it has ${bytes} bytes, more than the ${maxBytes} allowed` : undefined;
  const why = tooLarge ?? (type ? undefined : "it is no mp3, mp4, wav or ogg");
  return { ...row, state: why ? "kept" : "stored", problem: why ?? flaw, dueAt: undefined };
}
