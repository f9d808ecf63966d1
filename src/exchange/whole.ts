/**
 * What is known of a whole, a system or one of its channels, from what becomes of single calls: whether it is there for
 * anybody. One poisoned call proves nothing of it, however often it fails. While a whole is in trouble a call that has not
 * failed yet is tried all the same, so that poisoned ones hold up nobody; the others wait for ever longer.
 */
import type { Outcome } from "../system/outcome.ts";
import { type Class, classes } from "./outbox.ts";

export interface Trouble {
  /** Calls that failed for the first time, each another, with nothing delivered since; no more than prove it. */
  readonly calls: readonly string[];
  /** How often in a row it came to nothing since that is proven; 0 where it is not. */
  readonly times: number;
  /** Calls that failed before are not tried until then, ms since the epoch. */
  readonly until: number;
  readonly because: string;
  /** Calls wait for long because of it: they are freed once something is delivered. */
  readonly waits?: true;
  /** When the first of them failed, ms since the epoch: what failed since then did so while nothing was delivered. */
  readonly since?: number;
}

/** What proves that a whole is in trouble, and how it is dealt with then. */
export interface Kind {
  /** Calls whose first failure proves it. */
  readonly calls: number;
  /** How far apart calls that failed before are tried: doubling from the first to the second, with jitter, in ms. */
  readonly waitMs: readonly [least: number, most: number];
  /** A file that goes along may be why it fails: a call's upload is then no try of one that has not failed yet. */
  readonly files: boolean;
}

/** A system that does not answer. */
export const down: Kind = { calls: 5, waitMs: [2_000, 60_000], files: true };
/** A channel whose credentials the system refuses. */
export const rest: Kind = { calls: 3, waitMs: [30_000, 15 * 60_000], files: false };

/** A form of `call` failed. `fresh`: it had not failed before. */
export interface Failure {
  readonly call: string;
  readonly fresh: boolean;
  readonly because: string;
  /** For how long the system asks to be left alone, in ms. */
  readonly waitMs?: number;
  /** The call is to wait for so long that it should be freed. */
  readonly waits?: boolean;
}

/** How far apart those calls are tried that have not failed yet, in ms. */
export const probeMs = 2_000;
/** How long a `Retry-After` is heeded for all calls, in ms: to ask once more costs one request. */
const maxHeededMs = 10 * 60_000;

const none: Trouble = { calls: [], times: 0, until: 0, because: "" };

export function isProven(trouble: Trouble | undefined): boolean {
  return trouble !== undefined && trouble.times > 0;
}

/** What is known after a failure at `now` (ms since the epoch), `random` in [0, 1); the same object where nothing changes. */
export function failed(
  trouble: Trouble | undefined,
  failure: Failure,
  kind: Kind,
  now: number,
  random: number,
): Trouble | undefined {
  if (trouble && isProven(trouble)) return provenAgain(trouble, failure, kind, now, random);
  const known = trouble?.calls ?? [];
  const counts = failure.fresh && !known.includes(failure.call);
  const waits = trouble?.waits ?? (failure.waits ? true : undefined);
  if (!counts && waits === trouble?.waits) return trouble;
  const calls = counts ? [...known, failure.call] : known;
  const suspected = {
    ...(trouble ?? none),
    calls,
    waits,
    since: trouble ? trouble.since : now,
    because: failure.because,
  };
  if (calls.length < kind.calls) return suspected;
  return { ...suspected, times: 1, until: now + nextMs(1, failure, kind, random), waits: true };
}

/** What was tried out of turn, or had left before, does not make the others wait for longer. */
function provenAgain(trouble: Trouble, failure: Failure, kind: Kind, now: number, random: number): Trouble {
  if (failure.fresh || now < trouble.until) return trouble;
  const times = trouble.times + 1;
  return { ...trouble, times, until: now + nextMs(times, failure, kind, random), because: failure.because };
}

function nextMs(times: number, { waitMs = 0 }: Failure, kind: Kind, random: number): number {
  const [least, most] = kind.waitMs;
  const ceiling = Math.min(most, least * 2 ** Math.min(times - 1, 20));
  return Math.max(Math.round(ceiling * (0.5 + random / 2)), Math.min(waitMs, maxHeededMs));
}

/** Something answered for it, though with a no: it is there. What waits is freed once something is delivered. */
export function answered(trouble: Trouble | undefined): Trouble | undefined {
  if (!trouble || (trouble.calls.length === 0 && !isProven(trouble))) return trouble;
  return { ...none, waits: true, since: trouble.since };
}

/** A longer `Retry-After` makes a call wait for what may be over long before, in ms. */
const longMs = 60_000;
/** How often in a row a call may have failed to be believed that it waits for the whole, and not for itself. */
const maxHopeful = 3;

/** Somebody wants to know at once: one call that failed before asks, and if it is in vain the wait goes on from there. */
export function hastened(trouble: Trouble | undefined, now: number): Trouble | undefined {
  return trouble && trouble.until > now ? { ...trouble, until: now } : trouble;
}

/** What `outcome` is of a form of `call`, which failed `attempt` times in a row before; `withFile`: one went along. */
export function failureOf(call: string, attempt: number, withFile: boolean, outcome: Outcome): Failure {
  const waitMs = outcome.kind === "delivered" ? undefined : outcome.waitMs;
  return {
    call,
    // A file that does not get through says more of the file than of the system.
    fresh: attempt === 0 && !(withFile && outcome.kind === "unknown"),
    because: outcome.kind === "delivered" ? "" : outcome.why,
    waitMs,
    waits: (waitMs ?? 0) > longMs && attempt < maxHopeful,
  };
}

/** What is known of a system after a form came to `outcome`; the same object where nothing changes. */
export function systemAfter(
  before: Trouble | undefined,
  outcome: Outcome,
  failure: Failure,
  now: number,
  random: number,
): Trouble | undefined {
  switch (outcome.kind) {
    case "delivered":
      return undefined;
    case "refused":
      return failure.waits ? { ...(answered(before) ?? { ...none, since: now }), waits: true } : answered(before);
    case "unwelcome":
      return answered(before);
    case "unknown":
      return failed(before, failure, down, now, random);
    // Nothing was sent, or anybody in between may have said so.
    default:
      return before;
  }
}

/** The same of a channel. */
export function channelAfter(
  before: Trouble | undefined,
  outcome: Outcome,
  failure: Failure,
  now: number,
  random: number,
): Trouble | undefined {
  if (outcome.kind === "delivered") return undefined;
  return outcome.kind === "unwelcome" ? failed(before, failure, rest, now, random) : before;
}

/** What is under way at a whole, by class, and when a call that had not failed yet last left. */
export interface Probing {
  readonly classes: readonly Class[];
  readonly probedAt: number;
}

/** From when on a form of the class may leave, ms since the epoch: one at a time, though an upload may take its time. */
export function opensAt(
  trouble: Trouble | undefined,
  kind: Kind,
  form: Class,
  { classes: busy, probedAt }: Probing,
): number {
  if (!trouble || !isProven(trouble)) return 0;
  if (busy.some((other) => laneOf(other) === laneOf(form))) return Number.POSITIVE_INFINITY;
  const failedBefore = form === classes.again || (form === classes.recording && kind.files);
  return failedBefore ? trouble.until : probedAt + probeMs;
}

function laneOf(form: Class): Class {
  return form === classes.again || form === classes.recording ? form : classes.card;
}

/** As it was stored until rests were proven by several calls. */
interface Before {
  readonly call: string;
  readonly until: number;
  readonly times: number;
  readonly because: string;
}

/** What was stored of a trouble, by this version or the one before. */
export function remembered(stored: Trouble | Before): Trouble {
  if (!("call" in stored)) return stored;
  const { call, ...kept } = stored;
  return { ...kept, calls: [call], ...(kept.times > 0 && { waits: true as const }) };
}
