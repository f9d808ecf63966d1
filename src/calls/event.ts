/** What one webhook says about a call, in the field's words. A PBX's own words end where a provider's `read` ends. */

import type { Writing } from "./phone.ts";

/** As the company sees it. */
export type Direction = "incoming" | "outgoing";

/** How a leg or a call ended. `answered`: somebody talked. `canceled`: the side that called gave up. */
export type FinalStatus = "answered" | "missed" | "busy" | "failed" | "canceled";

/** How far a leg got. `over`: whether somebody talked on it, or why nobody did, its other events say. */
export type LegStatus = "ringing" | "in-progress" | FinalStatus | "over";

/** A leg's other end: staff, or the customer. */
export type Party = "agent" | "customer";

/**
 * One webhook's contribution to a call. Everything but the ids may be absent: what a webhook does not say stays absent,
 * and the fold (call.ts) finds it in the call's other events. Times are ms since the epoch by the PBX's clock.
 */
export interface CallEvent {
  /** The PBX's id of the call: the root leg's, whichever leg the webhook is about, as far as the webhook tells. */
  readonly call: string;
  /** Ids of the PBX's that mean a part of the call, such as its legs': whatever is told of one of them is of this call. */
  readonly ids?: readonly string[];
  /**
   * The id of a room, such as a conference, that `call` went into: whatever is told of it, and of who else is there, is of
   * one call. Who came in by a call of their own talks.
   */
  readonly room?: string;
  /** Two webhooks of a call with the same id say the same thing; the second is a duplicate. */
  readonly id: string;
  /** When it happened. */
  readonly at?: number;
  /** When the call began. */
  readonly startedAt?: number;
  readonly direction?: Direction;
  /** `true`: both ends are extensions. `false`: one of them is none; that outweighs all events that say `true`. */
  readonly internal?: boolean;
  /** The other party's number as the PBX wrote it; the fold normalizes it. */
  readonly phone?: string;
  /** How `phone` is written, where it is not as the PBX writes numbers: as an agent dialled it. */
  readonly writing?: Writing;
  /** The other party hides the number, so that no later event will tell it. */
  readonly withheld?: true;
  /** The company's own number. */
  readonly line?: string;
  /** The agent who placed the call. */
  readonly extension?: string;
  /** What only holds while no event of the call says it for sure: a leg's view of its unseen root. */
  readonly guess?: { readonly direction: Direction; readonly phone?: string; readonly line?: string };
  readonly leg?: LegEvent;
  /** Extensions that are about to be rung, where it is our own answer that tells the PBX to. */
  readonly rings?: readonly string[];
  /**
   * The call as a whole is over. `unanswered`: over, and how it ended is for its legs to say. `unheard`: no end was ever
   * heard of, so that we take it for over; it counts only until an end is heard of after all.
   */
  readonly ended?: FinalStatus | "unanswered" | "unheard";
  /** The end is only concluded, from the ends of all legs that are known: another may still be heard of. */
  readonly concluded?: true;
  /** That an `answered` end means talk is only likely: it does not where a phone was heard to ring that nobody took. */
  readonly likely?: true;
  /** The PBX's own books say so, since it was asked. */
  readonly asked?: true;
  /** Seconds of talk in the whole call. */
  readonly seconds?: number;
  readonly recording?: Recording;
  /** What staff should read in the ticket, such as a PBX's reason for a failure. */
  readonly note?: string;
}

/** A `CallEvent` as it is stored: with the time at which its webhook came in, ms since the epoch. */
export type HeardEvent = CallEvent & { readonly heardAt: number };

/** What a webhook says about one leg. */
export interface LegEvent {
  /**
   * Unique within the call: a leg's own id, or the extension where the PBX names legs by it. Absent where it tells of
   * `extension` without saying on which of its legs.
   */
  readonly id?: string;
  /**
   * Where the PBX tells only of legs: whether it came in to the company's PBX, or was dialled by it, as far as this webhook
   * tells. The first leg that came in, or where none did the first that was dialled, makes the call.
   */
  readonly made?: "inward" | "outward" | "untold";
  /** Who made it, where `made` is told: the caller of a leg that came in, the line of one that was dialled. */
  readonly from?: string;
  /** Absent: an agent on an incoming call, the customer on an outgoing one. */
  readonly party?: Party;
  /** The number that was dialled to make the leg. */
  readonly number?: string;
  /** The agent on this leg, or on a customer's leg the agent who talks to them. */
  readonly extension?: string;
  readonly status: LegStatus;
  /** Seconds of talk on this leg. */
  readonly seconds?: number;
  /** `false`: picked up, yet never joined to the other party (a whisper declined, say), so that nobody talked. */
  readonly connected?: false;
  /** A machine picked it up: a mailbox is not staff, nobody talked. */
  readonly machine?: true;
  /** It leads to other legs: where any is known, nobody talked on it as long as nobody did on those. */
  readonly through?: true;
  /** The extension that handed the call to this leg. */
  readonly transferFrom?: string;
  /** The PBX says that nobody talked after this leg. */
  readonly last?: true;
  /** That there was talk on it is only likely: it counts where no other leg is known to have been talked on. */
  readonly presumed?: true;
}

/** A recording as webhooks announce it. */
export interface Recording {
  /** The PBX's id of the recording; empty where it only says that there will be one. */
  readonly id: string;
  /** `expected`: announced, perhaps not there yet. `absent`: there will be none. */
  readonly status: "expected" | "ready" | "absent";
  /** Where the PBX says it is. Only its host is ever used, and only where the provider allows it. */
  readonly url?: string;
}
