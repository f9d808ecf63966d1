/** What became of a delivery: judged from the status first, the body's shape never trusted. */
import * as z from "zod";

/** What the system answered; `body` is cut off after `maxBodyBytes`. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** How much of an answer is read and kept for the operator, in bytes. */
export const maxBodyBytes = 2048;

/** No answer came: `slow` where we gave up waiting, so that the system may still be at work on it. */
export interface Silence {
  readonly fault: string;
  readonly slow: boolean;
}

/** What a delivered form made of the call in the system. */
export interface Accepted {
  readonly callId: string;
  readonly ticketId?: string;
  readonly hasRecording: boolean;
}

export type Outcome =
  | ({ readonly kind: "delivered" } & Accepted)
  /** It understood and said no: the same form will get the same answer. */
  | { readonly kind: "refused"; readonly why: string }
  /** Credentials, channel key or address are wrong: no form of this channel gets through. */
  | { readonly kind: "unwelcome"; readonly why: string }
  /** The limit of the whole system is reached. `waitMs` where it says for how long. */
  | { readonly kind: "limited"; readonly why: string; readonly waitMs?: number }
  /** The file is too large for it; the form itself may be fine. */
  | { readonly kind: "too-large"; readonly why: string }
  /** It may or may not have been done. */
  | { readonly kind: "unknown"; readonly why: string; readonly slow: boolean; readonly waitMs?: number };

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
  const why = `the system answered ${status}`;
  const waitMs = retryAfter(answer.headers.get("retry-after"), now);
  if (status >= 200 && status < 300) return accepted(answer);
  if (status === 429) return { kind: "limited", why, waitMs };
  if (status === 401 || status === 403) return { kind: "unwelcome", why };
  // To a create, 404 says that there is no such channel; to an update, that there is no such call.
  if (status === 404 && action === "create_call") return { kind: "unwelcome", why };
  if (status === 413) return { kind: "too-large", why };
  if (status >= 400 && status < 500 && status !== 408 && status !== 425) return { kind: "refused", why };
  // A redirect is a maintenance page or a moved installation as often as anything: nothing is known to be done.
  return { kind: "unknown", why, slow: status === 408 || status === 504 || status === 524, waitMs };
}

function accepted(answer: Answer): Outcome {
  const parsed = shape.safeParse(parse(answer.body));
  if (!parsed.success) {
    return { kind: "unknown", why: `the system answered ${answer.status} without the documented JSON`, slow: false };
  }
  const { call_id, ticket_id, audio_record } = parsed.data.data;
  return {
    kind: "delivered",
    callId: String(call_id),
    ticketId: ticket_id === null || ticket_id === undefined ? undefined : String(ticket_id),
    hasRecording: Boolean(audio_record),
  };
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
