/**
 * The kinds of harm that a run does, what the books must show of each where Trunkline does not hold it, and which mechanism
 * does: cut out, it must show. A kind whose `without` is missing has no proof yet.
 */
import type { Wrong } from "./ledger.ts";
import { type Sabotage, sabotages } from "./sabotage.ts";

export interface Proof {
  readonly kind: string;
  readonly shows: readonly Wrong[];
  /** A mechanism, as `--without` names it. */
  readonly without?: string;
}

export const proofs: readonly Proof[] = [
  {
    kind: "a create is done up to 90 seconds after it was given up",
    shows: ["doubled"],
    without: "asking before a second create",
  },
  { kind: "a create is done after a kill", shows: ["doubled"], without: "marking a create before it leaves" },
  {
    kind: "an update is done up to ten minutes after it was given up",
    shows: ["cards left", "wrong status"],
    without: "saying the last word again",
  },
  {
    kind: "a page of the front's says 404 or 403",
    shows: ["doubled", "left owed"],
    without: "taking a no from the system alone",
  },
  {
    kind: "an installation knows no update_call",
    shows: ["doubled", "lost"],
    without: "creating once more where nothing can be asked",
  },
  {
    kind: "an attach that was done is not answered",
    shows: ["doubled recordings"],
    without: "telling an attach that was done from one that was lost",
  },
  {
    kind: "no answer shows whether a recording is there",
    shows: ["doubled recordings"],
    without: "holding a lost recording back until the system is surely done",
  },
  {
    kind: "ids are larger than a number holds",
    shows: ["done untold", "wrong status"],
    without: "keeping the system's ids to the last digit",
  },
  { kind: "a comment was in a form of unknown outcome", shows: ["comments twice"], without: "saying a comment once" },
  {
    kind: "a channel is faulty or gone, and mended",
    shows: ["without alarm", "lost", "wrong status"],
    without: "an alarm for whatever is owed or open",
  },
  {
    kind: "a call is open or owed",
    shows: ["without alarm"],
    without: "an alarm for whatever is owed or open",
  },
  {
    kind: "live becomes final with cards on screens",
    shows: ["cards left", "wrong status"],
    without: "keeping the mode that a call began with",
  },
  {
    kind: "a channel's key is changed",
    shows: ["left owed", "doubled", "lost"],
    without: "keeping to the key that a call was created under",
  },
  {
    kind: "some calls are refused for good",
    shows: ["cards late", "left owed"],
    without: "trying a fresh call though others fail",
  },
  { kind: "some calls always get 500", shows: ["cards late"], without: "trying a fresh call though others fail" },
  {
    kind: "the operator replays what is not settled",
    shows: ["doubled", "doubled recordings"],
    without: "believing what was believed though the operator replays",
  },
];

/** The sabotage that proves it, where there is one. */
export function sabotageOf({ without }: Proof): Sabotage | undefined {
  return sabotages.find(({ name }) => name === without);
}
