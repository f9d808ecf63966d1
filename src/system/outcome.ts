/** What became of a delivery: judged from the status first, the body's shape never trusted. */
import { createHash } from "node:crypto";
import * as z from "zod";

/** What the system answered; `body` ends after `maxBodyBytes`. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** How much of an answer is read, and how much of one that says no is kept for the operator, in bytes. */
export const maxBodyBytes = 64 * 1024;
export const maxKeptBytes = 2048;

/** No answer came: `slow` where we gave up waiting, so that the system may still be at work on it. */
export interface Silence {
  readonly fault: string;
  readonly slow: boolean;
}

/** What a delivered form made of the call in the system. */
export interface Accepted {
  readonly callId: string;
  readonly ticketId?: string;
  /** A digest of what it says of the call's audio; absent where it has none, or does not say. */
  readonly audio?: string;
}

/** A form that was not taken, or not surely. `why` is for logs, `answer` (`maxKeptBytes` at most) for the operator alone. */
interface Said {
  readonly why: string;
  readonly answer?: string;
}

export type NotTaken =
  /** It understood and said no: the same form will get the same answer. */
  | ({ readonly kind: "refused" } & Said)
  /** Credentials, channel key or address are wrong: no form of this channel gets through. */
  | ({ readonly kind: "unwelcome" } & Said)
  /** The limit of the whole system is reached. `waitMs` where it says for how long. */
  | ({ readonly kind: "limited"; readonly waitMs?: number } & Said)
  /** Nothing was sent, since the file that was to go along is not there any more. */
  | ({ readonly kind: "no-file" } & Said)
  /** Nothing was sent, since the file could not be had just now. */
  | ({ readonly kind: "unsent" } & Said)
  /** The file is too large for it; the form itself may be fine. */
  | ({ readonly kind: "too-large" } & Said)
  /** It may or may not have been done. */
  | ({ readonly kind: "unknown"; readonly slow: boolean; readonly waitMs?: number } & Said);

export type Outcome = ({ readonly kind: "delivered" } & Accepted) | NotTaken;

/** The documented shape; ids come as numbers or text. */
const shape = z.looseObject({
  data: z.looseObject({
    call_id: z.union([z.number(), z.string().min(1)]),
    ticket_id: z.union([z.number(), z.string()]).nullish(),
    audio_record: z.unknown().optional(),
  }),
});

/** Judges an answer to `action`. `now` in ms since the epoch turns a `Retry-After` date into a wait. */
export function judge(answer: Answer | Silence, action: "create_call" | "update_call", now: number): Outcome {
  if ("fault" in answer) return { kind: "unknown", why: answer.fault, slow: answer.slow };
  const { status } = answer;
  const said = { why: `the system answered ${status}`, answer: answer.body.slice(0, maxKeptBytes) };
  const waitMs = retryAfter(answer.headers.get("retry-after"), now);
  if (status >= 200 && status < 300) return accepted(answer);
  if (status === 429 || isBlock(answer)) return { kind: "limited", ...said, waitMs };
  if (status === 401 || status === 403) return { kind: "unwelcome", ...said };
  // To a create, 404 says that there is no such channel; to an update, that there is no such call.
  if (status === 404 && action === "create_call") return { kind: "unwelcome", ...said };
  if (status === 413) return { kind: "too-large", ...said };
  if (status >= 400 && status < 500 && status !== 408 && status !== 425) return { kind: "refused", ...said };
  // A redirect is a maintenance page or a moved installation as often as anything: nothing is known to be done.
  return { kind: "unknown", ...said, slow: status === 408 || status === 504 || status === 524, waitMs };
}

/** Assumed: a block may also be answered 403, with nothing left of the limit. A 5xx may come of work that was done. */
function isBlock({ status, headers }: Answer): boolean {
  return status === 403 && headers.get("x-rate-limit-remaining")?.trim() === "0";
}

function accepted(answer: Answer): Outcome {
  const parsed = shape.safeParse(parse(answer.body));
  if (!parsed.success) {
    const why = `the system answered ${answer.status} without the documented JSON`;
    return { kind: "unknown", why, answer: answer.body.slice(0, maxKeptBytes), slow: false };
  }
  const { call_id, ticket_id, audio_record } = parsed.data.data;
  return {
    kind: "delivered",
    callId: String(call_id),
    ticketId: ticket_id === null || ticket_id === undefined ? undefined : String(ticket_id),
    audio: audio_record ? digest(JSON.stringify(audio_record)) : undefined,
  };
}

/** An address may be secret, and as long as it likes: this tells one from another. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The longest `Retry-After` that is heeded, in ms: what is further off is a mistake, and nobody would see the call wait. */
const maxRetryAfterMs = 24 * 60 * 60_000;

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), as ms to wait; undefined where it is neither. */
export function retryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Math.min(maxRetryAfterMs, Number(text) * 1000);
  // `Date.parse` would find a date in almost anything that holds a number.
  const date = text.endsWith(" GMT") ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(maxRetryAfterMs, Math.max(0, date - now));
}
