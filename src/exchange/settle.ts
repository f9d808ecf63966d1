/** What an outcome makes of what the system was told: the one place where delivered, refused and unknown part ways. */
import type { Outcome } from "../system/outcome.ts";
import { backoff, giveUpAfterMs } from "./backoff.ts";
import type { Step } from "./outbox.ts";
import { recordingKey } from "./recording-row.ts";
import type { Told } from "./told.ts";

/** How long a system that did not answer in time may still be at work on a create, in ms. */
const settleMs = 15_000;

/** What else an outcome asks for, beyond what was told. */
export type Consequence = "none" | "attached" | "too-large" | "pause-channel" | "pause-system";

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
      return refused(told, step, outcome.why);
    case "too-large":
      return step.recording ? { told: unsent(told, step), consequence: "too-large" } : refused(told, step, outcome.why);
    case "unwelcome":
      return { told: { ...unsent(told, step), problem: outcome.why }, consequence: "pause-channel" };
    case "limited":
      return { told: { ...unsent(told, step), problem: outcome.why }, consequence: "pause-system" };
    case "unknown":
      return unknown(told, step, outcome, now, random);
  }
}

function delivered(told: Told, step: Step, outcome: Extract<Outcome, { kind: "delivered" }>): Settled {
  const { refused: _, attaching, notBefore: __, failingSince: ___, problem: ____, ...kept } = told;
  const ids = { callId: outcome.callId, ticketId: outcome.ticketId ?? told.ticketId };
  // Assumed: the answer's `audio_record` tells whether the call has audio, so that a plain update settles an attach whose
  // outcome was unknown. Where it says nothing, or an earlier recording may speak for it, the recording is sent again.
  const foundAttached = attaching !== undefined && outcome.hasRecording && !told.attached;
  const attached = step.recording !== undefined || foundAttached;
  const count = (told.attached ?? 0) + Number(attached);
  return {
    told: { ...kept, ...step.tells, ...ids, create: "done", attempt: 0, attached: count },
    consequence: attached ? "attached" : "none",
  };
}

function refused(told: Told, step: Step, why: string): Settled {
  // It has no such call: the create was not done, and is sent again.
  if (step.kind === "ask") return { told: { ...told, create: "none", notBefore: undefined }, consequence: "none" };
  return { told: { ...unsent(told, step), refused: JSON.stringify(step.form), problem: why }, consequence: "none" };
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
  const wait = Math.max(outcome.waitMs ?? jitter, step.kind === "create" && outcome.slow ? settleMs : 0);
  const givenUp = now - failingSince > giveUpAfterMs;
  const attaching = step.kind === "attach" && step.recording ? recordingKey(step.recording) : told.attaching;
  return {
    told: {
      ...told,
      attempt,
      failingSince,
      attaching,
      problem: outcome.why,
      notBefore: givenUp ? Number.MAX_SAFE_INTEGER : now + wait,
    },
    consequence: "none",
  };
}

/** The form was not taken: a create that was on its way is not there. */
function unsent(told: Told, step: Step): Told {
  return step.kind === "create" ? { ...told, create: "none" } : told;
}
