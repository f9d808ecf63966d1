/**
 * What is believed of a call at the system. A request that was sent is not over until the system itself has answered it:
 * until then it may still act, minutes later. So nobody's silence and nobody else's page makes a call absent or a status the
 * last; docs/delivery.md has the transitions as a table.
 */

export type Belief =
  /** Nothing that was sent can have made it. */
  | { readonly is: "absent"; readonly word?: OpenWord }
  /** Something that was sent may still make or change it. */
  | { readonly is: "unsettled"; readonly create?: OpenCreate; readonly word?: OpenWord }
  /** It is there, and as it was told. */
  | { readonly is: "there" };

/** A create of which it is not known whether it was done. Times in ms since the epoch. */
export interface OpenCreate {
  /** When it was given up. */
  readonly since: number;
  /** When the system was asked that first said that it has no such call. */
  readonly absentAt?: number;
  /** The system cannot be asked: it knows no `update_call`. */
  readonly mute?: true;
  /** It was made once more without being asked for. */
  readonly again?: true;
}

/** An update of which it is not known whether it was done, so that what it said may still come over what was said later. */
export interface OpenWord {
  /** When the last of them was given up, ms since the epoch. */
  readonly since: number;
  /** The last word was said again a minute after. */
  readonly again?: true;
}

/** What was sent: something that makes the call, or something that finds it there. */
export type Sent = "create" | "update";

export const absent: Belief = { is: "absent" };
export const there: Belief = { is: "there" };

/** How long after a create was given up the system is asked whether it has the call, and how long after a first no, in ms. */
export const askAfterMs = 30_000;
export const askAgainMs = 90_000;
/** How long after it was given up a create is made once more where the system cannot be asked, in ms. */
export const createAgainMs = 15 * 60_000;
/** How long after an update was given up the last word is said again, and once more, in ms. */
export const sayAgainMs = 60_000;
export const sayLastMs = 11 * 60_000;

/** Something was sent of which nothing will be known after `givenUpAt`, or is not known by then. */
export function doubted(belief: Belief, sent: Sent, givenUpAt: number): Belief {
  const { create, word } = openIn(belief);
  const unsettled = { is: "unsettled", create, word } as const;
  if (sent === "update") return { ...unsettled, word: { since: givenUpAt } };
  return { ...unsettled, create: { ...(create?.mute && { mute: true, again: true }), since: givenUpAt } };
}

/** What left at `sentAt` was done, and the call is there. */
export function confirmed(belief: Belief, sentAt: number): Belief {
  const { word } = openIn(belief);
  if (!word || sentAt >= word.since + sayLastMs) return there;
  return { is: "unsettled", word: sentAt >= word.since + sayAgainMs ? { ...word, again: true } : word };
}

/** The system itself, asked at `sentAt`, says that it has no such call: believed when it says so twice, far enough apart. */
export function denied(belief: Belief, sentAt: number): Belief {
  const { create, word } = openIn(belief);
  if (!create) return belief;
  const { absentAt } = create;
  if (absentAt === undefined) return { is: "unsettled", create: { ...create, absentAt: sentAt }, word };
  return sentAt >= absentAt + askAgainMs ? { is: "absent", word } : belief;
}

/** The system itself was asked, and its answer says nothing of the call: nobody ever saw it take an update. */
export function unaskable(belief: Belief): Belief {
  const { create, word } = openIn(belief);
  return create ? { is: "unsettled", create: { since: create.since, mute: true }, word } : belief;
}

/** The system was seen to take an update since: it can be asked after all. */
export function askable(belief: Belief): Belief {
  const { create, word } = openIn(belief);
  return create?.mute ? { is: "unsettled", create: { ...create, mute: undefined }, word } : belief;
}

/** When what is open may be settled, by the next ask, create or repetition of the last word, in ms since the epoch. */
export function settlesAt(belief: Belief): number {
  const { create, word } = openIn(belief);
  if (create?.mute) return create.since + createAgainMs;
  if (create) return create.absentAt === undefined ? create.since + askAfterMs : create.absentAt + askAgainMs;
  if (!word || belief.is === "absent") return 0;
  return word.since + (word.again ? sayLastMs : sayAgainMs);
}

/** What of it is open. */
export function openIn(belief: Belief): { readonly create?: OpenCreate; readonly word?: OpenWord } {
  if (belief.is === "there") return {};
  return belief.is === "absent" ? { word: belief.word } : belief;
}
