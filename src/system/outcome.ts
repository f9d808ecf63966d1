/**
 * What became of a delivery: judged from the status first, the body's shape never trusted. A no counts from the system
 * itself alone: what stands in front of it knows nothing of its calls.
 */
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

/** No answer came. */
export interface Silence {
  readonly fault: string;
}

/** What a delivered form made of the call in the system. */
export interface Accepted {
  readonly callId: string;
  readonly ticketId?: string;
  /** A digest of what it says of the call's audio; absent where it has none, or does not say. */
  readonly audio?: string;
}

/**
 * A form that was not taken, or not surely. `why` is for logs, `answer` (`maxKeptBytes` at most) for the operator alone;
 * `waitMs` where whoever answered asks to come again after that.
 */
interface Said {
  readonly why: string;
  readonly answer?: string;
  readonly waitMs?: number;
}

export type NotTaken =
  /** It understood and said no: the same form will get the same answer. */
  | ({ readonly kind: "refused"; readonly status: number } & Said)
  /** Credentials, channel key or address are wrong: no form of this channel gets through. */
  | ({ readonly kind: "unwelcome" } & Said)
  /** The limit of the whole system is reached. */
  | ({ readonly kind: "limited" } & Said & Spoken)
  /** Nothing was sent, since the file that was to go along is not there any more. */
  | ({ readonly kind: "no-file" } & Said)
  /** Nothing was sent, since the file could not be had just now. */
  | ({ readonly kind: "unsent" } & Said)
  /** The file is too large for it; the form itself may be fine. */
  | ({ readonly kind: "too-large" } & Said & Spoken)
  /** It may or may not have been done. `page`: what stands in front of the system said 4xx. */
  | ({ readonly kind: "unknown"; readonly page?: true } & Said);

/** `own`: the system itself says so, and did nothing. Otherwise it is heeded, and settles nothing. */
interface Spoken {
  readonly own: boolean;
}

export type Outcome = ({ readonly kind: "delivered" } & Accepted) | NotTaken;

/** A whole number of any size, as text, since one beyond 2^53 would be rounded. Assumed: 0 and less are no ids. */
const id = z.string().regex(/^[1-9]\d{0,63}$/);

/** The documented shape, its ids as text. */
const shape = z.looseObject({
  data: z.looseObject({ call_id: id, ticket_id: z.unknown().optional(), audio_record: z.unknown().optional() }),
});

/** Statuses that say nothing of the form, whoever gives them: another server was meant, or another time. */
const elsewhere: ReadonlySet<number> = new Set([408, 421, 423, 425]);

/**
 * Judges an answer to `action`. `now` in ms since the epoch turns a `Retry-After` date into a wait. `rated`: the system was
 * seen to send `X-Rate-Limit`, so that an answer without it is not its own.
 */
export function judge(
  answer: Answer | Silence,
  action: "create_call" | "update_call",
  now: number,
  rated: boolean,
): Outcome {
  if ("fault" in answer) return { kind: "unknown", why: answer.fault };
  const { status } = answer;
  const waitMs = retryAfter(answer.headers.get("retry-after"), now);
  if (status >= 200 && status < 300) return accepted(answer, waitMs);
  const own = isOwn(answer, rated);
  const said = { why: whyNot(status, own), answer: answer.body.slice(0, maxKeptBytes), waitMs };
  if (status === 429 || isBlock(answer)) return { kind: "limited", ...said, own };
  if (status === 413) return { kind: "too-large", ...said, own };
  const client = status >= 400 && status < 500;
  if (client && own && !elsewhere.has(status)) return negative(status, action, said);
  // A redirect is a maintenance page or a moved installation as often as anything: nothing is known to be done.
  return { kind: "unknown", ...said, ...(client && !own && { page: true }) };
}

/** A no of the system's own. */
function negative(status: number, action: "create_call" | "update_call", said: Said): Outcome {
  if (status === 401 || status === 403) return { kind: "unwelcome", ...said };
  // To a create, 404 says that there is no such channel; to an update, that there is no such call.
  if (status === 404 && action === "create_call") return { kind: "unwelcome", ...said };
  // No installation is without create_call: another server than was meant.
  if (status === 405 && action === "create_call") return { kind: "unknown", ...said };
  return { kind: "refused", ...said, status };
}

/** Assumed: what the system itself says is a JSON object, with `X-Rate-Limit` beside it where it ever sent that. */
function isOwn({ headers, body }: Answer, rated: boolean): boolean {
  const said = parse(body);
  const isObject = typeof said === "object" && said !== null && !Array.isArray(said);
  return isObject && (!rated || headers.has("x-rate-limit"));
}

function whyNot(status: number, own: boolean): string {
  const front = !own && status >= 400 && status < 500;
  return front ? `something in front of the system answered ${status}` : `the system answered ${status}`;
}

/** Assumed: a block may also be answered 403, with nothing left of the limit. A 5xx may come of work that was done. */
function isBlock({ status, headers }: Answer): boolean {
  return status === 403 && headers.get("x-rate-limit-remaining")?.trim() === "0";
}

function accepted(answer: Answer, waitMs: number | undefined): Outcome {
  const parsed = shape.safeParse(parse(answer.body));
  if (!parsed.success) {
    const why = `the system answered ${answer.status} without the documented JSON`;
    return { kind: "unknown", why, answer: answer.body.slice(0, maxKeptBytes), waitMs };
  }
  const { call_id, ticket_id, audio_record } = parsed.data.data;
  return {
    kind: "delivered",
    callId: call_id,
    ticketId: typeof ticket_id === "string" && ticket_id !== "" && ticket_id !== "0" ? ticket_id : undefined,
    audio: audio_record ? digest(JSON.stringify(audio_record)) : undefined,
  };
}

/** An address may be secret, and as long as it likes: this tells one from another. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

/** JSON, its ids as they are written. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text, (name, value, context?: { source?: string }) =>
      typeof value === "number" && idNames.has(name) ? (context?.source ?? value) : value,
    );
  } catch {
    return undefined;
  }
}

const idNames: ReadonlySet<string> = new Set(["call_id", "ticket_id"]);

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
