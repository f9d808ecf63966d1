/** What the system was told of a call so far, and what is believed of it: all that is remembered about deliveries. */
import type { CallStatus } from "../calls/call.ts";
import type { Assignee } from "../calls/desired.ts";
import { absent, type Belief, openIn, there } from "./belief.ts";
import type { Edit } from "./edit.ts";

export interface Told {
  /** Whether the call is at the system, and as it was told. */
  readonly belief: Belief;
  /** The system's own ids, once it told them. */
  readonly callId?: string;
  readonly ticketId?: string;
  readonly status?: CallStatus;
  readonly assignee?: Assignee;
  /** The comment that went with the final status, also where it is not known whether it arrived: it is never said twice. */
  readonly comment?: string;
  /** What was said about recordings that are not attached; likewise. */
  readonly remark?: string;
  /** The recording whose attaching has an unknown outcome, by `recordingKey`. */
  readonly attaching?: string;
  /** How often in a row that came to nothing, though the system is there. */
  readonly lostAttaches?: number;
  /** A digest of what the system last said of the call's audio. */
  readonly audio?: string;
  /** The only create of the call left its recording behind, and an ask showed that update_call works here. */
  readonly updatable?: true;
  /** Who was to see the card is left out, since a create that named them was refused. */
  readonly unaddressed?: true;
  /** The employee without whom an update went out, since the system refused it with them. */
  readonly declined?: Assignee;
  /** The form that was refused, as JSON: the same one is not sent again. */
  readonly refused?: string;
  /** How often in a row the system refused the credentials that the call was told with. */
  readonly refusals?: number;
  /** How often in a row the limit was said to be reached when the call was told. */
  readonly limits?: number;
  /** What the operator changed of the next form; it is sent so or not at all. */
  readonly edit?: Edit;
  /** How often in a row no delivery got through, and since when (ms since the epoch). */
  readonly attempt: number;
  readonly failingSince?: number;
  /** No further try before this time, ms since the epoch. */
  readonly notBefore?: number;
  /** Why the last delivery did not get through, and what the system answered to it, for the operator. */
  readonly problem?: string;
  readonly answer?: string;
}

/** Stands in `notBefore` for what is not tried again by itself: it waits for the operator. */
export const never = Number.MAX_SAFE_INTEGER;

export const untold: Told = { belief: absent, attempt: 0 };

/** What was refused or given up on may be tried once more, with `edit` made of it. What is believed stays as it is. */
export function afresh(told: Told, edit?: Edit): Told {
  return {
    ...told,
    edit,
    refused: undefined,
    refusals: undefined,
    limits: undefined,
    unaddressed: undefined,
    declined: undefined,
    lostAttaches: undefined,
    notBefore: undefined,
    failingSince: undefined,
    attempt: 0,
  };
}

/** What is to be tried again need not wait for that; what it does without by now it still does without. */
export function sooner(told: Told): Told {
  return { ...told, refusals: undefined, limits: undefined, notBefore: undefined, failingSince: undefined };
}

/** What was given up on is worth another try when more is heard of the call; but not a third create that nobody can ask for. */
export function revived(told: Told | undefined): Told | undefined {
  if (told?.notBefore !== never || openIn(told.belief).create?.again) return told;
  return { ...told, notBefore: undefined, failingSince: undefined, attempt: 0 };
}

/** As it was stored before there was a belief: until version 3 of the tables. */
interface Before {
  readonly create: "none" | "sent" | "done";
}

/** What was stored of it, by this version or the one before. */
export function remembered(stored: Partial<Told & Before>): Told {
  if (stored.belief) return { ...untold, ...stored };
  const { create, lostAttaches, ...kept } = stored;
  const since = stored.notBefore === undefined || stored.notBefore === never ? 0 : stored.notBefore;
  const open = stored.attaching === undefined ? undefined : { since };
  return { ...untold, ...kept, belief: beliefBefore(create, since, open), ...(lostAttaches && { lostAttaches: 1 }) };
}

function beliefBefore(create: Before["create"] = "none", since: number, word: { since: number } | undefined): Belief {
  if (create === "none") return absent;
  if (create === "sent") return { is: "unsettled", create: { since } };
  return word ? { is: "unsettled", word } : there;
}
