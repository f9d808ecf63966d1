/** Mutants: each of them known to be genuine, however strange, or to be forged. */
import { random } from "../chaos/random.ts";
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
  for (let draws = 0; draws < maxDraws; draws++) {
    const call = wanted === "genuine" ? `CAfuzz${seed}x${Math.floor(i / perCall)}` : `${mark}${i}`;
    const draft = account.of(chance.pick(genuine), call);
    const strange = chance.chance(0.8) ? spoilt(draft, chance) : draft;
    const { wire, sent } = wanted === "genuine" ? signed(account, strange) : believed(account, draft, strange);
    const bare = chance.chance(wanted === "genuine" ? 0.8 : 0.3);
    const final = bare ? wire : disturbed(wire, chance, account.signatureHeader);
    const untouched =
      final.body === wire.body && final.headers["content-type"] === wire.headers["content-type"] ? sent : undefined;
    const truth = account.judge(final, untouched);
    if (truth === wanted || truth === "unsigned")
      return { truth, wire: final, call: account.callOf(read(final, untouched) ?? new URLSearchParams()) };
  }
  const forged = account.sign(account.of(genuine[0], `${mark}${i}`));
  return {
    truth: "forged",
    wire: { ...forged, headers: { ...forged.headers, [account.signatureHeader]: "none" } },
    call: `${mark}${i}`,
  };
}

function signed(account: Account, draft: Draft): { wire: Wire; sent: Draft } {
  return { wire: account.sign(draft), sent: draft };
}

/** What was signed, and what is sent in its place with its signature. */
function believed(account: Account, draft: Draft, strange: Draft): { wire: Wire; sent: Draft } {
  const { headers } = account.sign(draft);
  const { wire } = signed(account, strange);
  const signature = headers[account.signatureHeader];
  const { [account.signatureHeader]: _, ...others } = wire.headers;
  return {
    wire: { ...wire, headers: signature === undefined ? others : { ...others, [account.signatureHeader]: signature } },
    sent: strange,
  };
}
