/**
 * What a request to the API asks for. A parameter that is not known, or cannot be read, narrows nothing, and all calls would
 * look like those that were asked for: so it is named, and nothing is answered.
 */
import * as z from "zod";
import { read } from "../exchange/pages.ts";
import { problem } from "../hooks/problem.ts";

/** How many calls one answer lists at most. */
export const maxListed = 200;

const statuses = ["ringing", "in-progress", "canceled", "missed", "failed", "answered", "busy"] as const;
const deliveries = ["done", "owed", "stuck", "ignored", "untold"] as const;
/** The states of a recording, the first of them those whose audio is there. */
const there = ["stored", "attached", "kept"] as const;
const recordings = [...there, "waiting", "gone", "absent"] as const;

const time = "a time by ISO 8601, such as 2026-11-03T08:00+01:00 or 2026-11-03; without a zone it is in UTC";
/** How each is written, for who wrote it otherwise. */
const spellings: Readonly<Record<string, string>> = {
  phone: "a whole number, in any spelling",
  from: time,
  to: time,
  before: "a time in ms since the epoch",
  status: oneOf(statuses),
  delivery: oneOf(deliveries),
  stuck: "true",
  untold: "true",
  recording: oneOf(["true", "false", ...recordings]),
  limit: `a number up to ${maxListed}`,
  next: "what the page before gave as next",
};

const moment = z.string().transform((text, context) => readMoment(text) ?? unread(context));
const place = z.string().transform((text, context) => read(text) ?? unread(context));
const ms = z.string().regex(/^\d{1,15}$/);
const set = z.literal("true");
const channel = z.string();

export const listing = z
  .strictObject({
    channel,
    phone: z
      .string()
      .max(128)
      .regex(/[\p{L}\d]/u)
      .transform(withPlus),
    /** Began then or later, and before then; `before` is the older spelling of `to`. */
    from: moment,
    to: moment,
    before: ms.transform(Number),
    status: z.enum(statuses),
    delivery: z.enum(deliveries),
    /** The older spellings of `delivery=stuck` and `delivery=untold`. */
    stuck: set,
    untold: set,
    recording: z.enum(["true", "false", ...recordings]),
    limit: ms.transform(Number).pipe(z.number().min(1).max(maxListed)),
    next: place,
  })
  .partial();
export type Listing = z.infer<typeof listing>;

/** Whether the call has a recording, or one in that state, as the states that count. */
export function recordingStates(recording: Listing["recording"]) {
  if (recording === undefined) return {};
  if (recording === "false") return { noRecording: there };
  return { recording: recording === "true" ? there : [recording] };
}

export const replaying = z.strictObject({ channel, delivery: z.enum(["stuck", "owed"]) }).partial();
export const none = z.strictObject({});

/** The parameters of the request, or the answer that names the one that is wrong. */
export function parametersOf<T>(request: Request, schema: z.ZodObject & z.ZodType<T>): T | Response {
  const given = [...new URL(request.url).searchParams];
  const twice = given.find(([name], i) => given.findIndex(([other]) => other === name) < i);
  if (twice) return wrong(twice[0], "is given twice");
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const known = Object.keys(schema.shape);
  if (issue?.code !== "unrecognized_keys") return wrong(String(issue?.path[0]), `is to be ${spelling(schema, issue)}`);
  const are = known.length === 0 ? "there are none here" : `there are ${known.join(", ")}`;
  return wrong(issue.keys[0] ?? "", `is not known: ${are}`);
}

/** In the words of this address, where it takes fewer values than another. */
function spelling(schema: z.ZodObject, issue: z.core.$ZodIssue | undefined): string {
  const field = String(issue?.path[0]);
  if (issue?.code === "invalid_value" && schema.shape[field] !== undefined) return oneOf(issue.values.map(String));
  return spellings[field] ?? "not readable";
}

/** Nothing that the caller sent is sent back but a name. */
function wrong(name: string, what: string): Response {
  const field = /^\w{1,32}$/.test(name) ? name : undefined;
  const detail = `${field ?? "One of them"} ${what}.`;
  return problem({ status: 400, title: "Parameter not known, or not readable", detail, field });
}

function unread(context: z.RefinementCtx): never {
  context.addIssue({ code: "custom", message: "not readable" });
  return z.NEVER;
}

/** A plus that is not escaped arrives as a blank. */
function withPlus(text: string): string {
  return text.replace(/^ (?=[\d(])/, "+");
}

/** A moment, or the beginning of a day, in ms since the epoch. */
function readMoment(text: string): number | undefined {
  const written = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+ -]\d\d:?\d\d)?)?$/.exec(text);
  const [, date = "", clock = "T00:00Z"] = written ?? [];
  if (!z.iso.date().safeParse(date).success) return undefined;
  const [, time = "", zone = "Z"] = /^(T.{5}[\d:.]*?)(Z|[+ -]\d\d:?\d\d)?$/.exec(clock) ?? [];
  const at = Date.parse(date + time + zone.replace(" ", "+").replace(/^(.\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(at) ? undefined : at;
}

function oneOf(values: readonly string[]): string {
  return values.length > 1 ? `one of ${values.join(", ")}` : values.join();
}
