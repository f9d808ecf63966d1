/** What an outcome makes of what the system was told: the one place where delivered, refused and unknown part ways. */
import type { Form } from "../system/forms.ts";
import type { NotTaken, Outcome } from "../system/outcome.ts";
import { backoff, giveUpAfterMs } from "./backoff.ts";
import type { Step } from "./outbox.ts";
import { recordingKey } from "./recording-row.ts";
import type { Told } from "./told.ts";

/** How long a system that we do not hear from any more may still be at work, in ms: a late update would undo the next one. */
export const settleMs = 15_000;

/** How often a recording is sent to a system that is there and does not get it, before it stays in R2. */
export const maxLostAttaches = 10;

/** The least that a call rests whose form was not welcome, in ms. */
const leastRestMs = 30_000;

/**
 * What else an outcome asks for, beyond what was told. `not-taken`: the system says no to the recording. `lost`: it was
 * sent too often in vain.
 */
export type Consequence = "none" | "attached" | "not-taken" | "lost" | "no-file" | "pause-channel" | "pause-system";

export interface Settled {
  readonly told: Told;
  readonly consequence: Consequence;
}

/** `told` after `step` came to `outcome` at `now` (ms since the epoch); `random` in [0, 1). */
export function settle(told: Told, step: Step, outcome: Outcome, now: number, random: number): Settled {
  switch (outcome.kind) {
    case "delivered":
      return delivered(told, step, outcome);
    case "refused":
    case "too-large":
      return refused(told, step, outcome);
    case "no-file":
      return { told: { ...unsent(told, step), ...said(outcome) }, consequence: "no-file" };
    case "unsent":
      return held(told, step, outcome, now, random);
    case "unwelcome":
      return unwelcome(told, step, outcome, now, random);
    case "limited":
      return { told: { ...unsent(told, step), ...said(outcome) }, consequence: "pause-system" };
    case "unknown":
      return unknown(told, step, outcome, now, random);
  }
}

function delivered(told: Told, step: Step, outcome: Extract<Outcome, { kind: "delivered" }>): Settled {
  const {
    refused: _,
    attaching,
    lostAttaches = 0,
    notBefore: __,
    problem: ___,
    answer: ____,
    edit: _____,
    ...kept
  } = told;
  const ids = { callId: outcome.callId, ticketId: outcome.ticketId ?? told.ticketId };
  const audio = outcome.audio ?? told.audio;
  // Assumed: the answer's `audio_record` changes with each recording that the call gets, and only then, so that a plain
  // update settles an attach whose outcome was unknown. Where it says nothing new, the recording is sent again.
  const attached = step.recording !== undefined || (attaching !== undefined && audio !== told.audio);
  const lost = attaching === undefined || attached ? 0 : lostAttaches + 1;
  const updatable = lost > 0 && step.kind === "ask" ? true : told.updatable;
  const next: Told = { ...kept, ...step.tells, ...ids, create: "done", audio, updatable };
  // An attach that was lost goes on counting: otherwise each update in between would let it try again at once.
  if (lost > 0 && lost < maxLostAttaches) return { told: { ...next, lostAttaches: lost }, consequence: "none" };
  const done = { ...next, attempt: 0, failingSince: undefined };
  return { told: done, consequence: attached ? "attached" : lost > 0 ? "lost" : "none" };
}

/**
 * What may have been the reason is left out, one after the other, before the form is given up: a call whose recording or
 * agent the system does not take must still get its ticket and its end.
 */
function refused(told: Told, step: Step, outcome: NotTaken): Settled {
  if (step.kind === "ask") return absent(told);
  const next: Told = { ...unsent(told, step), ...said(outcome) };
  const stuck: Settled = { told: { ...next, refused: JSON.stringify(step.form) }, consequence: "none" };
  if (told.edit !== undefined && !step.recording) return stuck;
  const first = step.kind === "create" && isAddressed(step.form) && outcome.kind !== "too-large";
  if (step.recording && !first) return { told: next, consequence: "not-taken" };
  const { assignee } = step.tells;
  if (step.kind === "update" && assignee) return { told: { ...next, assignee }, consequence: "none" };
  if (step.kind === "create" && isAddressed(step.form))
    return { told: { ...next, unaddressed: true }, consequence: "none" };
  return stuck;
}

/** It has no such call: the create was not done, and is sent again; at last without the recording that it carried. */
function absent(told: Told): Settled {
  const { attaching, lostAttaches = 0, ...rest } = told;
  const lost = attaching === undefined ? 0 : lostAttaches + 1;
  const next: Told = { ...rest, create: "none", notBefore: undefined };
  return lost < maxLostAttaches
    ? { told: { ...next, lostAttaches: lost || undefined }, consequence: "none" }
    : { told: next, consequence: "lost" };
}

/** It may be this call alone that the system does not let us touch: it waits longer each time, so as not to hold up others. */
function unwelcome(told: Told, step: Step, outcome: NotTaken, now: number, random: number): Settled {
  const attempt = told.attempt + 1;
  const notBefore = now + leastRestMs + backoff(attempt, random);
  return { told: { ...unsent(told, step), ...said(outcome), attempt, notBefore }, consequence: "pause-channel" };
}

/** Nothing was sent, for a reason of our own: the call waits longer each time, and is not given up for that. */
function held(told: Told, step: Step, outcome: NotTaken, now: number, random: number): Settled {
  const attempt = told.attempt + 1;
  const notBefore = now + backoff(attempt, random);
  return { told: { ...unsent(told, step), ...said(outcome), attempt, notBefore }, consequence: "none" };
}

function isAddressed(form: Form): boolean {
  return Object.keys(form).some((name) => name.endsWith("[]"));
}

function said({ why, answer }: NotTaken): Pick<Told, "problem" | "answer"> {
  return { problem: why, answer };
}

function unknown(
  told: Told,
  step: Step,
  outcome: Extract<Outcome, { kind: "unknown" }>,
  now: number,
  random: number,
): Settled {
  const attempt = told.attempt + 1;
  const failingSince = told.failingSince ?? now;
  const jitter = backoff(attempt, random);
  const wait = Math.max(outcome.waitMs ?? 0, jitter, outcome.slow ? settleMs : 0);
  const givenUp = now - failingSince > giveUpAfterMs;
  const attaching = step.recording ? recordingKey(step.recording) : told.attaching;
  // It may have been done: what the form said is told neither as it was nor as it should be.
  const unsure: Partial<Told> = Object.fromEntries(Object.keys(step.tells).map((key) => [key, undefined]));
  return {
    told: {
      ...told,
      ...unsure,
      attempt,
      failingSince,
      attaching,
      ...said(outcome),
      notBefore: givenUp ? Number.MAX_SAFE_INTEGER : now + wait,
    },
    consequence: "none",
  };
}

/** The form was not taken: a create that was on its way is not there. */
function unsent(told: Told, step: Step): Told {
  const rest = step.recording ? { ...told, attaching: undefined, lostAttaches: undefined } : told;
  return step.kind === "create" ? { ...rest, create: "none" } : rest;
}
