/** The legs of a call: what each one's events together say of it. */
import type { Direction, FinalStatus, HeardEvent, LegEvent, LegStatus, Party } from "./event.ts";
import { clearestNumber, type Numbering } from "./phone.ts";

export interface Leg {
  readonly party: Party;
  /** The agent on it, or on a customer's leg the agent who talks to them. */
  readonly extension?: string;
  readonly number?: string;
  /** Somebody talked on it. */
  readonly talked: boolean;
  /** When the talk began, ms since the epoch. */
  readonly since: number;
  readonly seconds?: number;
  /** How it ended; absent while it lives. */
  readonly outcome?: FinalStatus;
  /** How many transfers led to it. */
  readonly transfers: number;
  /** The PBX says that nobody talked after it. */
  readonly last: boolean;
  /** That there was talk is only likely. */
  readonly presumed: boolean;
}

type LegHeard = HeardEvent & { readonly leg: LegEvent };

/** Which end of a leg wins where its events disagree: a loser never overwrites the winner. */
const outcomes: readonly FinalStatus[] = ["answered", "missed", "busy", "canceled", "failed"];

export function legsOf(events: readonly HeardEvent[], direction: Direction | undefined, numbering: Numbering): Leg[] {
  const byId = new Map<string, LegHeard[]>();
  for (const event of events) {
    if (!event.leg) continue;
    const heard = byId.get(event.leg.id) ?? [];
    byId.set(event.leg.id, [...heard, { ...event, leg: event.leg }]);
  }
  const handedFrom = transfersOf(byId);
  const legs = [...byId.values()].map((heard) => ({
    ...legOf(heard, direction, numbering),
    transfers: depth(heard, handedFrom),
  }));
  const sure = legs.some((leg) => leg.talked && !leg.presumed);
  return legs.map((leg) => (sure && leg.presumed ? { ...leg, talked: false } : leg));
}

function legOf(
  heard: readonly LegHeard[],
  direction: Direction | undefined,
  numbering: Numbering,
): Omit<Leg, "transfers"> {
  const legs = heard.map((event) => event.leg);
  const number = clearestNumber(legs.flatMap((leg) => (leg.number ? [{ number: leg.number, numbering }] : [])));
  const party = legs.find((leg) => leg.party)?.party ?? (direction === "outgoing" ? "customer" : "agent");
  const extension = legs.flatMap((leg) => leg.extension || []).sort()[0];
  const said = new Set<LegStatus>(legs.map((leg) => leg.status));
  const joined = !legs.some((leg) => leg.connected === false);
  const talked = joined && (said.has("in-progress") || said.has("answered"));
  return {
    party,
    extension: extension ?? (party === "agent" ? number : undefined),
    number,
    talked,
    since: talkBegan(heard),
    seconds: highest(legs.flatMap((leg) => leg.seconds ?? [])),
    outcome: outcomes.find((status) => said.has(status) && (joined || status !== "answered")),
    last: legs.some((leg) => leg.last),
    presumed: legs.every((leg) => leg.presumed || (leg.status !== "in-progress" && leg.status !== "answered")),
  };
}

/** When the PBX said that talk began; failing that, its end less its length; failing that, when we heard of the leg. */
function talkBegan(heard: readonly LegHeard[]): number {
  const when = (event: LegHeard) => event.at ?? event.heardAt;
  const answers = heard.filter((event) => event.leg.status === "in-progress").map(when);
  if (answers.length > 0) return Math.min(...answers);
  return Math.min(...heard.map((event) => when(event) - (event.leg.seconds ?? 0) * 1000));
}

/** Who handed the call to the leg. */
function giverOf(heard: readonly LegHeard[]): string | undefined {
  return heard.flatMap((event) => event.leg.transferFrom || []).sort()[0];
}

/** Who handed the call to each extension. A leg's id need not be its extension. */
function transfersOf(byId: ReadonlyMap<string, readonly LegHeard[]>): Map<string, string> {
  const handedFrom = new Map<string, string>();
  for (const [id, heard] of byId) {
    const to = heard.flatMap((event) => event.leg.extension || []).sort()[0] ?? id;
    const from = giverOf(heard);
    if (from !== undefined && from !== to) handedFrom.set(to, from);
  }
  return handedFrom;
}

/** A call handed back and forth makes a ring: each extension of it counts once. */
function depth(heard: readonly LegHeard[], handedFrom: ReadonlyMap<string, string>): number {
  const seen = new Set<string>();
  let from = giverOf(heard);
  while (from !== undefined && !seen.has(from)) {
    seen.add(from);
    from = handedFrom.get(from);
  }
  return seen.size;
}

export function highest(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}
