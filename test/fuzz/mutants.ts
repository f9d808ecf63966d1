/** Mutants: each of them known to be genuine, however strange, or to be forged. */
import { type Random, random } from "../chaos/random.ts";
import type { Account, Truth } from "./accounts.ts";
import { type Draft, read, type Wire } from "./draft.ts";
import { disturbed, spoilt } from "./spoil.ts";

export interface Mutant {
  readonly truth: Truth;
  readonly wire: Wire;
  /** The call that it would be of. */
  readonly call: string;
}

/** Of the mutants, so many are signed anew: strange, yet genuine. */
const genuineShare = 0.2;
/** How often another is drawn where one turned out other than it was meant. */
const maxDraws = 20;
/** Genuine mutants of one call: a call's events are limited. */
const perCall = 100;

/** In the call id of each forged mutant; in no genuine one's. */
export const mark = "f0f06ed0";

/** The `i`th mutant of a run. */
export function mutant(account: Account, genuine: readonly [Draft, ...Draft[]], seed: number, i: number): Mutant {
  const chance = random(seed, account.channel, i);
  const wanted = chance.chance(genuineShare) ? "genuine" : "forged";
  const call = wanted === "genuine" ? `CAfuzz${seed}x${Math.floor(i / perCall)}` : `${mark}${i}`;
  for (let draws = 0; draws < maxDraws; draws++) {
    const drawn = draw(account, account.of(chance.pick(genuine), call), wanted, chance);
    if (drawn.truth === wanted || drawn.truth === "unsigned") return { ...drawn, truth: drawn.truth };
  }
  const wire = account.sign(account.of(genuine[0], `${mark}${i}`));
  return { truth: "forged", wire: withSignature(account, wire, "none"), call: `${mark}${i}` };
}

/** One that is meant to be as `wanted`, and what it turned out to be; undefined where that cannot be told. */
function draw(account: Account, draft: Draft, wanted: Truth, chance: Random) {
  const strange = chance.chance(0.8) ? spoilt(draft, chance) : draft;
  const signed = account.sign(strange);
  // A forger has the signature of what was sent before.
  const before = account.sign(draft).headers[account.signatureHeader];
  const sent = wanted === "genuine" ? signed : withSignature(account, signed, before);
  const whole = chance.chance(wanted === "genuine" ? 0.8 : 0.3);
  const wire = whole ? sent : disturbed(sent, chance, account.signatureHeader);
  const asWritten = wire.body === sent.body && wire.headers["content-type"] === sent.headers["content-type"];
  const untouched = asWritten ? strange : undefined;
  const fields = read(wire, untouched) ?? new URLSearchParams();
  return { truth: account.judge(wire, untouched), wire, call: account.callOf(fields) };
}

function withSignature({ signatureHeader }: Account, wire: Wire, signature: string | undefined): Wire {
  const { [signatureHeader]: _, ...others } = wire.headers;
  return { ...wire, headers: signature === undefined ? others : { ...others, [signatureHeader]: signature } };
}
