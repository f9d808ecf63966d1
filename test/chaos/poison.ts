/** Calls that the helpdesk never takes, for reasons of its own, until somebody mends it. */
import type { Behaviour, Seen } from "../standins/system.ts";
import { random } from "./random.ts";

/**
 * How it answers: every form of the call, or whatever changes one that is there. An ask is not among the latter: a no of the
 * helpdesk's own would rightly be taken for absence.
 */
const answers = [
  { status: 403, of: "any" },
  { status: 422, of: "any" },
  { status: 422, of: "known" },
  { status: 500, of: "any" },
] as const;

/** Of how many calls each, where every delivery would fail. */
const share = 0.03;

export class Poison {
  readonly #seed: number;
  readonly #share: number;
  #mended = false;

  constructor(seed: number, faults: number) {
    this.#seed = seed;
    this.#share = faults * share;
  }

  mend(): void {
    this.#mended = true;
  }

  /** Whether the call is one of them, mended or not. */
  has(call: string): boolean {
    return this.#answerTo(call) !== undefined;
  }

  of(call: string, { fields }: Pick<Seen, "fields">): Behaviour | undefined {
    const answer = this.#mended ? undefined : this.#answerTo(call);
    if (!answer || (answer.of === "known" && fields.call_id === undefined)) return undefined;
    return { status: answer.status, body: { error: "this call is not taken" } };
  }

  #answerTo(call: string): (typeof answers)[number] | undefined {
    return answers[Math.floor(random(this.#seed, "poison", call).next() / this.#share)];
  }
}
