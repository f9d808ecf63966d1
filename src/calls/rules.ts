/** Rules of a channel against a call: what is ignored, whose audio is left alone, whose ticket it is. */
import type { AssignRule, IgnoreRule } from "../config/channel.ts";
import type { Call, Talk } from "./call.ts";
import type { Direction } from "./event.ts";
import { byHand, type Numbering, normalize } from "./phone.ts";

/** What the rules of a channel are read with. */
export interface Rules extends Numbering {
  readonly assign: readonly AssignRule[];
  readonly ignore: readonly IgnoreRule[];
  readonly internal: boolean;
  readonly credit: "last" | "first" | "longest";
  readonly recordings: { readonly except: readonly Selection[] };
}

interface Selection {
  readonly line?: string;
  readonly extension?: string;
  readonly direction?: Direction;
}

/** Why the call is kept from the system, or undefined where it is not. */
export function ignoredBecause(call: Call, rules: Rules): string | undefined {
  if (call.internal && !rules.internal) return "internal";
  const rule = rules.ignore.findIndex(
    (rule) =>
      selects(rule, call, involved(call), rules) &&
      (rule.phone === undefined || samePhone(rule.phone, call.phone, rules)) &&
      (rule.shorter_than === undefined || talkedLess(call, rule.shorter_than)),
  );
  return rule < 0 ? undefined : `ignore rule ${rule + 1}`;
}

/** A call that nobody talked on is not a short one: a missed caller is never ignored for it. */
function talkedLess(call: Call, seconds: number): boolean {
  return call.status === "answered" && (call.seconds ?? Number.POSITIVE_INFINITY) < seconds;
}

/** Whether the call's audio must be neither fetched nor kept. */
export function audioExcepted(call: Call, rules: Rules): boolean {
  return rules.recordings.except.some((rule) => selects(rule, call, involved(call), rules));
}

/** The agent who gets the ticket of a call that was talked on. */
export function creditedTo(call: Call, credit: Rules["credit"]): string | undefined {
  if (credit === "first") return call.talks[0]?.extension;
  if (credit === "last") return call.talks.at(-1)?.extension;
  return longest(call)?.extension;
}

/** The first assignment rule that fits: the credited agent's extension once somebody talked, before it anyone's rung. */
export function assignmentOf(call: Call, rules: Rules): AssignRule | undefined {
  const credited = creditedTo(call, rules.credit);
  const extensions = credited === undefined ? awaited(call) : [credited];
  return rules.assign.find((rule) => selects(rule, call, extensions, rules));
}

/** Whose call it may still be: of one that somebody else took, who was rung is nobody. */
export function awaited({ status, rung }: Call): readonly string[] {
  return status === "answered" || status === "in-progress" ? [] : rung;
}

function selects(rule: Selection, call: Call, extensions: readonly string[], numbering: Numbering): boolean {
  return (
    (rule.direction === undefined || rule.direction === call.direction) &&
    (rule.line === undefined || samePhone(rule.line, call.line, numbering)) &&
    (rule.extension === undefined || extensions.includes(rule.extension))
  );
}

/** `pattern` may end in `*`, for every number that begins so. */
function samePhone(pattern: string, phone: string | undefined, numbering: Numbering): boolean {
  if (phone === undefined) return false;
  if (pattern.endsWith("*")) return phone.startsWith(beginning(pattern.slice(0, -1)));
  return normalize(pattern, byHand(numbering)) === phone;
}

/** Without what people write between digits; `00` stands for the plus, since no number that is complete begins so. */
function beginning(pattern: string): string {
  return /^[+\d\s().\-/]*$/.test(pattern) ? pattern.replace(/[^+\d]/g, "").replace(/^00/, "+") : pattern;
}

function involved(call: Call): string[] {
  return [...call.rung, ...call.talks.map((talk) => talk.extension)];
}

/** Talk without a length lasts until the next one begins, the last until the call ends. */
function longest(call: Call): Talk | undefined {
  const lengths = call.talks.map((talk, i) => {
    const until = call.talks[i + 1]?.since ?? call.endedAt ?? talk.since;
    return { talk, seconds: talk.seconds ?? (until - talk.since) / 1000 };
  });
  return lengths.reduce<(typeof lengths)[number] | undefined>(
    (best, length) => (best === undefined || length.seconds > best.seconds ? length : best),
    undefined,
  )?.talk;
}
