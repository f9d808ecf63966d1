/** Is a webhook genuine? Every mechanism in this room answers with a verdict. */

/** `reason` is for the operator's log: it names the probable cause and never a secret. The caller only learns 403. */
export type Verdict = { readonly genuine: true } | { readonly genuine: false; readonly reason: string };

export const genuine: Verdict = { genuine: true };

export function forged(reason: string): Verdict {
  return { genuine: false, reason };
}
