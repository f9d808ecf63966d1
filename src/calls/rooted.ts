/**
 * A call as its root tells it. What is told of another of its ids, that came to the call in a room or as a leg's leg, is of a
 * leg; and where the PBX tells only of legs, the leg that came in, or the first that was dialled, is retold as the call.
 */
import type { CallEvent, HeardEvent, LegEvent } from "./event.ts";

/** The ids, beside that of the call, that an event says are of it. */
export function idsIn({ call, ids = [], room }: CallEvent): readonly string[] {
  const all = room === undefined ? ids : [...ids, room];
  return all.filter((id) => id !== call);
}

/** `events` of one call as they are where the PBX tells of the call. */
export function rooted(events: readonly HeardEvent[]): readonly HeardEvent[] {
  const root = rootIn(events);
  const own = root === undefined ? events : events.map((event) => (isOf(event, root) ? event : asLegs(event)));
  return madeOf(own);
}

/** Of several ids that of a call that came in; otherwise one that no other says is a part of it; of several the older. */
function rootIn(events: readonly HeardEvent[]): string | undefined {
  const calls = new Set(events.map(({ call }) => call));
  if (calls.size < 2) return undefined;
  const parts = new Set(events.flatMap(idsIn));
  const known = [...calls].map((call) => {
    const own = events.filter((event) => event.call === call);
    const cameIn = own.some(({ direction }) => direction === "incoming");
    const rank = cameIn ? 0 : parts.has(call) ? 2 : 1;
    return { call, rank, since: Math.min(...own.map(({ at, heardAt }) => at ?? heardAt)) };
  });
  return known.sort((a, b) => a.rank - b.rank || a.since - b.since || (a.call < b.call ? -1 : 1))[0]?.call;
}

/** That a call is taken for over is of the whole, by whichever of its ids it goes. */
function isOf({ call, ended }: HeardEvent, root: string): boolean {
  return call === root || ended === "unheard";
}

/** What of an event of another id counts for the call: the leg that it is of, its recording, its note. */
function asLegs({ id, call, at, heardAt, asked, recording, note, ...event }: HeardEvent): HeardEvent {
  return { id, call, at, heardAt, asked, recording, note, leg: ownLeg(call, event) };
}

function ownLeg(id: string, { leg, room, ended, extension }: Omit<HeardEvent, "id" | "call" | "heardAt">) {
  if (leg && room === undefined) return leg;
  if (room === undefined && ended === undefined && extension === undefined) return undefined;
  const status = room !== undefined ? "in-progress" : ended === undefined ? "ringing" : "over";
  const who = extension === undefined ? {} : ({ party: "agent", extension } as const);
  return { id, ...who, ...leg, status } satisfies LegEvent;
}

interface Way {
  readonly id: string;
  readonly made: "inward" | "outward" | "untold";
  /** It is of an extension: staff was dialled, or calls. */
  readonly staff: boolean;
  readonly since: number;
  /** When it ended, ms since the epoch. */
  readonly over?: number;
}

/** A call of which only legs are told. */
function madeOf(events: readonly HeardEvent[]): readonly HeardEvent[] {
  if (!events.some(({ leg }) => leg?.made)) return events;
  const ways = waysIn(events);
  const root = rootOf(ways);
  return events.map((event) => {
    const way = ways.find(({ id }) => id === event.leg?.id);
    if (!event.leg || !way) return event;
    return root ? retold(event, event.leg, way, root, ways) : rootless(event, event.leg, way);
  });
}

/** A leg of which nobody told which way it goes says nothing yet, and staff alone not whom they talk with. */
function rootless(event: HeardEvent, leg: LegEvent, { staff }: Way): HeardEvent {
  return { ...event, leg: staff ? { ...leg, party: "agent", connected: false } : undefined };
}

function retold(event: HeardEvent, leg: LegEvent, way: Way, root: Way, ways: readonly Way[]): HeardEvent {
  const direction = root.made === "inward" && !root.staff ? "incoming" : "outgoing";
  const ended = endIn(event, leg, way, root, ways);
  if (way.id === root.id && root.made === "inward") {
    const who = way.staff ? { extension: leg.extension } : { phone: event.phone ?? leg.from, line: leg.number };
    return { ...event, ...who, direction, ...ended, leg: undefined };
  }
  if (way.made === "untold" && !way.staff) return { ...event, direction, ...ended, leg: undefined };
  const party = direction === "incoming" || way.staff ? "agent" : "customer";
  const customer = party === "customer" ? { phone: leg.number, line: leg.from } : {};
  return { ...event, direction, ...customer, ...ended, leg: { ...leg, party } };
}

/** A call that came in is over with its root, one that was dialled with the last of its legs. */
function endIn(event: HeardEvent, leg: LegEvent, way: Way, root: Way, ways: readonly Way[]): Partial<HeardEvent> {
  const at = timeOf(event);
  if (way.over !== at || !isOver(leg)) return {};
  if (root.made === "inward") {
    if (way.id !== root.id) return {};
    return { ended: leg.status === "canceled" && !root.staff ? "missed" : "unanswered" };
  }
  return ways.every(({ over }) => over !== undefined && over <= at) ? { ended: "unanswered", concluded: true } : {};
}

/** Undefined while it may be a leg that is not known well enough. */
function rootOf(ways: readonly Way[]): Way | undefined {
  const inOrder = [...ways].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
  const cameIn = inOrder.find(({ made }) => made === "inward");
  if (cameIn || inOrder.some(({ made, staff }) => made === "untold" && !staff)) return cameIn;
  return inOrder.some(({ staff }) => !staff) ? inOrder[0] : undefined;
}

function waysIn(events: readonly HeardEvent[]): Way[] {
  const ids = new Set(events.flatMap(({ leg }) => (leg?.made ? (leg.id ?? []) : [])));
  return [...ids].map((id): Way => {
    const heard = events.filter(({ leg }) => leg?.id === id);
    const made = heard.map(({ leg }) => leg?.made).find((way) => way === "inward" || way === "outward");
    const ends = heard.filter(({ leg }) => isOver(leg)).map(timeOf);
    return {
      id,
      made: made ?? "untold",
      staff: heard.some(({ leg }) => leg?.extension !== undefined),
      since: Math.min(...heard.map(timeOf)),
      over: ends.length > 0 ? Math.min(...ends) : undefined,
    };
  });
}

function timeOf({ at, heardAt }: HeardEvent): number {
  return at ?? heardAt;
}

function isOver(leg: LegEvent | undefined): boolean {
  return leg !== undefined && leg.status !== "ringing" && leg.status !== "in-progress";
}
