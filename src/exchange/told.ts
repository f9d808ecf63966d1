/** What the system was told of a call so far: the one thing about deliveries that is remembered. */
import type { CallStatus } from "../calls/call.ts";
import type { Assignee } from "../calls/desired.ts";
import type { Edit } from "./edit.ts";

export interface Told {
  /** `sent`: a create_call is on its way or its outcome is unknown, so that the system must be asked before another. */
  readonly create: "none" | "sent" | "done";
  /** The system's own ids, once it told them. */
  readonly callId?: string;
  readonly ticketId?: string;
  readonly status?: CallStatus;
  readonly assignee?: Assignee;
  /** The comment that went with the final status. */
  readonly comment?: string;
  /** What was said about recordings that are not attached. */
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
  /** The form that was refused, as JSON: the same one is not sent again. */
  readonly refused?: string;
  /** How often in a row the system refused the credentials that the call was told with. */
  readonly refusals?: number;
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

export const untold: Told = { create: "none", attempt: 0 };

/** What was refused or given up on may be tried once more, with `edit` made of it where there is one. */
export function afresh(told: Told, edit?: Edit): Told {
  return {
    ...told,
    edit,
    refused: undefined,
    unaddressed: undefined,
    lostAttaches: undefined,
    notBefore: undefined,
    failingSince: undefined,
    attempt: 0,
  };
}

/** What was given up on is worth another try when more is heard of the call. */
export function revived(told: Told | undefined): Told | undefined {
  if (told?.notBefore !== Number.MAX_SAFE_INTEGER) return told;
  return { ...told, notBefore: undefined, failingSince: undefined, attempt: 0 };
}
