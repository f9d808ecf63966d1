/** What an outcome makes of what the system was told: the one place where delivered, refused and unknown part ways. */
import type { Form } from "../system/forms.ts";
import type { NotTaken, Outcome } from "../system/outcome.ts";
import { backoff, giveUpAfterMs } from "./backoff.ts";
import { type Belief, confirmed, denied, doubted, openIn, there, unaskable } from "./belief.ts";
import { blockMs } from "./governor.ts";
import type { Step } from "./outbox.ts";
import { recordingKey } from "./recording-row.ts";
import { never, type Told } from "./told.ts";

/** How often a recording is sent to a system that is there and does not get it, before it stays in R2. */
export const maxLostAttaches = 10;
/** The same where no answer of the system's ever showed that a recording arrived: each may have. */
export const maxBlindAttaches = 2;
/** How often the system may refuse the credentials that one call is told with, before the call waits for the operator. */
export const maxRefusals = 4;
/** How often in a row a call may meet the limit before it waits longer than all others. */
const maxLimits = 2;
/** How long a call rests after the first of these, in ms; after each further one twice as long. */
const refusedRestMs = 30_000;

/**
 * What else an outcome asks for, beyond what was told. `not-taken`: the system says no to the recording. `lost`: it was
 * sent too often in vain.
 */
export type Consequence = "none" | "attached" | "not-taken" | "lost" | "no-file" | "pause-channel" | "pause-system";

export interface Settled {
  readonly told: Told;
  readonly consequence: Consequence;
}

/** A step on its way. `before`: what was told when it left, at `at` (ms since the epoch). */
export interface Sent {
  readonly step: Step;
  readonly before: Told;
  readonly at: number;
}

/** What is known of the system, learnt from whatever it was sent. */
export interface Learnt {
  /** It once took an update, so that it can be asked. */
  readonly updates: boolean;
  /** It once took something of this channel. */
  readonly delivered: boolean;
  /** Its answer once showed that a call had got a recording. */
  readonly audio: boolean;
}

/** `told` while `step` is on its way, as if nothing were heard of it any more by `givenUpAt`: so a crash finds it. */
export function inDoubt(told: Told, step: Step, givenUpAt: number): Told {
  // It may have been done: what the form said is told neither as it was nor as it should be.
  const unsure: Partial<Told> = Object.fromEntries(Object.keys(step.tells).map((key) => [key, undefined]));
  const { comment = told.comment, remark = told.remark } = step.tells;
  const attaching = step.recording ? recordingKey(step.recording) : told.attaching;
  const belief = doubted(told.belief, step.kind === "create" ? "create" : "update", givenUpAt);
  // Made once more without being asked for: if nothing becomes known of that one either, the operator has to look.
  const blind = step.kind === "create" && openIn(belief).create?.mute === true;
  return { ...told, ...unsure, comment, remark, attaching, belief, notBefore: blind ? never : told.notBefore };
}

/** `told` after what was `sent` came to `outcome` at `now` (ms since the epoch); `random` in [0, 1). */
export function settle(told: Told, sent: Sent, outcome: Outcome, learnt: Learnt, now: number, random: number): Settled {
  const { step } = sent;
  const back = asBefore(told, sent.before);
  switch (outcome.kind) {
    case "delivered":
      return delivered(back, sent, outcome, learnt);
    case "refused":
      // No installation that takes updates answers so to one: it was another server.
      if (outcome.status === 405 && step.kind !== "ask") return unknown(back, step, outcome, learnt, now, random);
      return refused(back, sent, outcome, outcome.status === 404 || learnt.updates, now, random);
    case "too-large":
      if (step.recording) return withoutFile(outcome.own ? back : inDoubt(back, step, now), outcome, now);
      if (outcome.own && step.kind !== "ask") return refused(back, sent, outcome, false, now, random);
      return unknown(back, step, outcome, learnt, now, random);
    case "no-file":
      return { told: { ...back, ...said(outcome) }, consequence: "no-file" };
    case "unsent":
      return held(back, outcome, now, random);
    case "unwelcome":
      return unwelcome(back, sent, outcome, now);
    case "limited":
      return limited(outcome.own ? back : inDoubt(back, step, now), outcome, now);
    case "unknown":
      return unknown(back, step, outcome, learnt, now, random);
  }
}

/** `told` as if the form had not left, but for what the operator did meanwhile. */
function asBefore(told: Told, { belief, status, assignee, comment, remark, attaching }: Told): Told {
  return { ...told, belief, status, assignee, comment, remark, attaching, notBefore: undefined };
}

function delivered(
  told: Told,
  { step, at }: Sent,
  outcome: Extract<Outcome, { kind: "delivered" }>,
  learnt: Learnt,
): Settled {
  const {
    refused: _,
    refusals: __,
    limits: ___,
    notBefore: ____,
    problem: _____,
    answer: ______,
    edit,
    ...kept
  } = told;
  const belief = confirmed(told.belief, at);
  const ids = { callId: outcome.callId, ticketId: outcome.ticketId ?? told.ticketId };
  const audio = outcome.audio ?? told.audio;
  const well = { attempt: 0, failingSince: undefined, edit: step.kind === "repeat" ? edit : undefined };
  const next: Told = { ...kept, ...step.tells, ...ids, ...well, belief, audio };
  // Assumed: the answer's `audio_record` changes with each recording that the call gets, and only then, so that a plain
  // update settles an attach whose outcome was unknown. Where it never says anything new, the recording is sent again.
  const attached = step.recording !== undefined || (told.attaching !== undefined && audio !== told.audio);
  if (attached) return { told: { ...next, attaching: undefined, lostAttaches: undefined }, consequence: "attached" };
  if (told.attaching === undefined) return { told: next, consequence: "none" };
  const found: Told = step.kind === "ask" ? { ...next, updatable: true } : next;
  if (belief.is !== "there") return { told: found, consequence: "none" };
  return lost(found, learnt.audio ? maxLostAttaches : maxBlindAttaches);
}

/** The system is there, and the recording did not get to it. */
function lost({ attaching: _, lostAttaches = 0, ...told }: Told, most: number): Settled {
  const times = lostAttaches + 1;
  if (times >= most) return { told, consequence: "lost" };
  return { told: { ...told, lostAttaches: times }, consequence: "none" };
}

/**
 * What may have been the reason is left out, one after the other, before the form is given up: a call whose recording or
 * agent the system does not take must still get its ticket and its end. `tells`: to an ask it says that there is no call.
 */
function refused(
  told: Told,
  { step, at }: Sent,
  outcome: NotTaken & { readonly status?: number },
  tells: boolean,
  now: number,
  random: number,
): Settled {
  if (step.kind === "ask") {
    const asked: Told = { ...told, notBefore: asAsked(outcome, now) };
    return tells ? absentIf(asked, denied(told.belief, at)) : askedInVain(asked, outcome);
  }
  // What it says again was told before: there is no call any more that could be wrong.
  if (step.kind === "repeat" && outcome.status === 404) {
    const gone: Told = { ...told, belief: there, attaching: undefined };
    return { told: gone, consequence: told.attaching === undefined ? "none" : "lost" };
  }
  // Not the form is wrong where it is to come again: nothing is left out of it.
  if (outcome.waitMs !== undefined)
    return { told: failed({ ...told, ...said(outcome) }, outcome, now, random), consequence: "none" };
  const next: Told = { ...told, ...said(outcome) };
  const early = step.kind === "repeat" && earlyRepeat(next, at);
  if (early) return early;
  const stuck: Settled = { told: { ...next, refused: JSON.stringify(step.form) }, consequence: "none" };
  if (told.edit !== undefined && !step.recording) return stuck;
  const addressed = step.kind === "create" && isAddressed(step.form);
  if (step.recording && (told.edit !== undefined || !addressed)) return { told: next, consequence: "not-taken" };
  const { assignee } = step.tells;
  if (step.kind === "update" && assignee) return { told: { ...next, declined: assignee }, consequence: "none" };
  return addressed ? { told: { ...next, unaddressed: true }, consequence: "none" } : stuck;
}

/** Whatever the last word is answered after a minute, it is said once more after eleven; undefined where it was. */
function earlyRepeat(told: Told, at: number): Settled | undefined {
  const belief = confirmed(told.belief, at);
  return belief.is === "there" ? undefined : { told: { ...told, belief }, consequence: "none" };
}

/**
 * It has no such call: once it has said so twice, the create was not done, and is sent again; at last without its recording.
 * That it answers does not get the call through: how often that failed, and since when, goes on.
 */
function absentIf(told: Told, belief: Belief): Settled {
  const next: Told = { ...told, belief };
  if (belief.is !== "absent") return { told: next, consequence: "none" };
  const untold = { ...next, status: undefined, assignee: undefined, comment: undefined, remark: undefined };
  return told.attaching === undefined ? { told: untold, consequence: "none" } : lost(untold, maxLostAttaches);
}

/** It knows no update_call: nothing can be asked. */
function askedInVain(told: Told, outcome: NotTaken): Settled {
  return { told: { ...told, ...said(outcome), belief: unaskable(told.belief) }, consequence: "none" };
}

/** The recording stays behind, whoever says that it is too large. */
function withoutFile(told: Told, outcome: NotTaken, now: number): Settled {
  const next = { ...told, ...said(outcome), attaching: undefined, lostAttaches: undefined };
  return { told: { ...next, notBefore: asAsked(outcome, now) }, consequence: "not-taken" };
}

/** It may be this call alone that the system does not let us touch: it waits longer each time, and then for the operator. */
function unwelcome(told: Told, { step, at }: Sent, outcome: NotTaken, now: number): Settled {
  const early = step.kind === "repeat" && earlyRepeat({ ...told, ...said(outcome) }, at);
  if (early) return { ...early, consequence: "pause-channel" };
  const refusals = (told.refusals ?? 0) + 1;
  const stuck = refusals >= maxRefusals;
  const { why, answer } = outcome;
  const next: Told = {
    ...told,
    refusals,
    attempt: told.attempt + 1,
    failingSince: refusals === 1 ? now : (told.failingSince ?? now),
    notBefore: stuck ? never : now + Math.max(outcome.waitMs ?? 0, refusedRestMs * 2 ** (refusals - 1)),
    problem: stuck ? `${why}, ${refusals} times: is the channel key right, and may it touch this call?` : why,
    answer,
  };
  return { told: next, consequence: "pause-channel" };
}

/**
 * All rest, and this call goes after the others then. Where it meets the limit each time it may be this call alone that is
 * answered so: it waits longer each time, so that it does not bring the others to rest for ever.
 */
function limited(told: Told, outcome: NotTaken, now: number): Settled {
  const limits = (told.limits ?? 0) + 1;
  const failingSince = told.failingSince ?? now;
  const restMs = (outcome.waitMs ?? blockMs) * 2 ** Math.min(limits - maxLimits, 10);
  const wait = limits > maxLimits ? { notBefore: now + restMs } : {};
  const end = told.notBefore === never || now - failingSince > giveUpAfterMs ? { notBefore: never } : wait;
  return { told: { ...told, ...said(outcome), limits, failingSince, ...end }, consequence: "pause-system" };
}

/** Nothing was sent, for a reason of our own: the call waits longer each time, and is not given up for that. */
function held(told: Told, outcome: NotTaken, now: number, random: number): Settled {
  const attempt = told.attempt + 1;
  const notBefore = now + backoff(attempt, random);
  return { told: { ...told, ...said(outcome), attempt, notBefore }, consequence: "none" };
}

function isAddressed(form: Form): boolean {
  return Object.entries(form).some(([name, value]) => name.endsWith("[]") && value !== undefined);
}

function said({ why, answer }: NotTaken): Pick<Told, "problem" | "answer"> {
  return { problem: why, answer };
}

/** Not before whoever answered asks it to come again. */
function asAsked({ waitMs }: NotTaken, now: number): number | undefined {
  return waitMs === undefined ? undefined : now + waitMs;
}

/** It did not get through once more, and waits longer each time, and as long as it is asked to; in the end for the operator. */
function failed(told: Told, { waitMs = 0 }: NotTaken, now: number, random: number): Told {
  const attempt = told.attempt + 1;
  const failingSince = told.failingSince ?? now;
  const givenUp = told.notBefore === never || now - failingSince > giveUpAfterMs;
  const notBefore = givenUp ? never : now + Math.max(waitMs, backoff(attempt, random));
  return { ...told, attempt, failingSince, notBefore };
}

function unknown(
  told: Told,
  step: Step,
  outcome: NotTaken & { readonly page?: true },
  learnt: Learnt,
  now: number,
  random: number,
): Settled {
  // Nothing of the channel was ever taken: it is likelier that the wrong address answers than that something is in between.
  const astray = outcome.page && !learnt.delivered;
  const problem = astray ? `${outcome.why}: the address of the system or the channel key is wrong` : outcome.why;
  const next = failed(inDoubt(told, step, now), outcome, now, random);
  return { told: { ...next, problem, answer: outcome.answer }, consequence: "none" };
}
