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
  /** It leads to other legs, which tell whether anybody talked. */
  readonly through: boolean;
}

type LegHeard = HeardEvent & { readonly leg: LegEvent };
type ById = Map<string, LegHeard[]>;

/** Which end of a leg wins where its events disagree: a loser never overwrites the winner. */
const outcomes: readonly FinalStatus[] = ["answered", "missed", "busy", "canceled", "failed"];

export function legsOf(events: readonly HeardEvent[], direction: Direction | undefined, numbering: Numbering): Leg[] {
  const heard = events.flatMap((event) => (event.leg ? [{ ...event, leg: event.leg }] : []));
  const byId: ById = new Map();
  for (const event of heard) if (event.leg.id !== undefined) add(byId, event.leg.id, event);
  const stepsTo = stepsIn(byId);
  const named = [...byId].map(([id, of]) => ({ id, of, steps: stepsTo(of) }));
  for (const event of heard) if (event.leg.id === undefined) add(byId, latestOf(event.leg.extension, named), event);
  const legs = [...byId.values()].map((of) => ({ ...legOf(of, direction, numbering), transfers: stepsTo(of) }));
  const sure = heard.some(rang) || legs.some((leg) => leg.talked && !leg.presumed);
  return legs.map((leg) => {
    const others = leg.through ? legs.filter((other) => other !== leg) : [];
    const alone = others.length > 0 && !others.some(({ talked }) => talked);
    return (sure && leg.presumed) || alone ? { ...leg, talked: false } : leg;
  });
}

/** Whether a phone of the company rang, or a machine picked up: then nobody talked whom nobody was heard to answer. */
export function rang({ leg }: HeardEvent): boolean {
  return leg?.party === "agent" && (leg.status === "ringing" || leg.machine === true);
}

function add(byId: ById, id: string, event: LegHeard): void {
  const heard = byId.get(id);
  if (heard) heard.push(event);
  else byId.set(id, [event]);
}

interface Named {
  readonly id: string;
  readonly of: readonly LegHeard[];
  readonly steps: number;
}

/** Of an extension's legs the last, which is meant where none is named; a leg of its own where there is none. */
function latestOf(extension: string | undefined, named: readonly Named[]): string {
  const own = named.filter(({ of }) => of.some(({ leg }) => leg.extension === extension));
  const last = own.sort((a, b) => b.steps - a.steps || talkBegan(b.of) - talkBegan(a.of) || (a.id < b.id ? -1 : 1))[0];
  return last?.id ?? `of ${extension}`;
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
  const machine = party === "agent" && legs.some((leg) => leg.machine);
  const joined = !machine && !legs.some((leg) => leg.connected === false);
  const talked = joined && (said.has("in-progress") || said.has("answered"));
  const outcome = outcomes.find((status) => said.has(status) && (joined || status !== "answered"));
  return {
    party,
    extension: extension ?? (party === "agent" ? number : undefined),
    number,
    talked,
    since: talkBegan(heard),
    seconds: highest(legs.flatMap((leg) => leg.seconds ?? [])),
    outcome: outcome ?? (said.has("over") ? (talked ? "answered" : "missed") : undefined),
    last: legs.some((leg) => leg.last),
    through: legs.some((leg) => leg.through),
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

/** How many transfers led to a leg, by who handed the call to whom; a leg's id need not be its extension. */
function stepsIn(byId: ById): (heard: readonly LegHeard[]) => number {
  const handed = [...byId].map(([id, heard]) => {
    const to = heard.flatMap((event) => event.leg.extension || []).sort()[0] ?? id;
    const from = giverOf(heard);
    return { to, from: from === to ? undefined : from };
  });
  const steps = new Map<string, number>();
  let reached = handed.filter(({ from }) => from === undefined).map(({ to }) => to);
  // A call handed back and forth makes a ring: each extension of it counts once.
  for (let step = 0; reached.length > 0; step++) {
    for (const extension of reached) if (!steps.has(extension)) steps.set(extension, step);
    reached = handed.filter(({ to, from }) => reached.includes(from ?? to) && !steps.has(to)).map(({ to }) => to);
  }
  return (heard) => {
    const from = giverOf(heard);
    return from === undefined ? 0 : 1 + (steps.get(from) ?? 0);
  };
}

export function highest(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}
