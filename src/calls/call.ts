/** A call as the customer lives it: a fold of its events, the same for any order and repetition of them. */
import type { Direction, FinalStatus, HeardEvent, Recording } from "./event.ts";
import { highest, type Leg, legsOf, rang } from "./legs.ts";
import { clearest, clearestNumber, type Numbering } from "./phone.ts";
import { rooted } from "./rooted.ts";

/** What the system may be told of a call's state. */
export type CallStatus = "ringing" | "in-progress" | FinalStatus;

/** An agent's talk. `since` in ms since the epoch, `seconds` absent where the PBX never says. */
export interface Talk {
  readonly extension: string;
  readonly since: number;
  readonly seconds?: number;
}

export interface Call {
  readonly id: string;
  /** Absent while no event tells. */
  readonly direction?: Direction;
  /** The direction is only a leg's guess: no event of the root was heard. */
  readonly guessed: boolean;
  /** Normalized; absent while unknown, or for good where `withheld`. */
  readonly phone?: string;
  readonly withheld: boolean;
  readonly line?: string;
  /** Both ends are extensions, by all that is heard of it. */
  readonly internal: boolean;
  readonly status: CallStatus;
  /** Extensions that were rung or that placed the call, sorted. */
  readonly rung: readonly string[];
  /** Agents who talked, in the order in which they did. */
  readonly talks: readonly Talk[];
  /** ms since the epoch. */
  readonly startedAt: number;
  /** Absent while the call lives. */
  readonly endedAt?: number;
  /** When its end was first heard of, ms since the epoch. */
  readonly endHeardAt?: number;
  /** Its end is only concluded from those of its legs: another leg may follow. */
  readonly concluded: boolean;
  /** What is known does not suffice for a verdict, and the PBX was not asked yet. */
  readonly doubtful: boolean;
  /** When a phone was last heard to begin to ring. */
  readonly lastRungAt?: number;
  /** When the first and the last of its webhooks came in. */
  readonly firstHeardAt: number;
  readonly lastHeardAt: number;
  /** Of talk, in the whole call. */
  readonly seconds?: number;
  readonly recordings: readonly Recording[];
  readonly notes: readonly string[];
}

/** The call that `events` tell of. Its numbers are read by `numbering`. */
export function fold(id: string, events: readonly HeardEvent[], numbering: Numbering = {}): Call {
  const heard = rooted(distinct(events));
  const said = heard.find((event) => event.direction)?.direction;
  // A guess that knows a number knows more.
  const guess = heard.find((event) => event.guess?.phone !== undefined) ?? heard.find((event) => event.guess);
  const direction = said ?? guess?.guess?.direction;
  const legs = legsOf(heard, direction, numbering);
  const human = legs.filter((leg) => leg.party === (direction === "outgoing" ? "customer" : "agent"));
  const ends = endsIn(heard);
  const talked = human.some((leg) => leg.talked) || ends.some((event) => event.ended === "answered");
  const over = ends.length > 0;
  const phone = phoneOf(heard, legs, numbering);
  return {
    id,
    direction,
    guessed: said === undefined,
    phone,
    withheld: phone === undefined && heard.some((event) => event.withheld),
    line: numberOf(heard, (event) => event.line, numbering) ?? numberOf(heard, (event) => event.guess?.line, numbering),
    internal: isInternal(heard),
    status: over ? outcomeOf(ends, human, talked, direction) : talked ? "in-progress" : "ringing",
    rung: rungIn(heard, legs),
    talks: talked ? talksIn(heard, legs, direction) : [],
    startedAt: beganAt(heard),
    endedAt: over ? Math.min(...ends.map((event) => event.at ?? event.heardAt)) : undefined,
    endHeardAt: over ? Math.min(...ends.map((event) => event.heardAt)) : undefined,
    concluded: over && ends.every((event) => event.concluded),
    doubtful: !talked && isDoubtful(heard, legs, ends, said),
    lastRungAt: highest(heard.flatMap(({ leg, heardAt }) => (leg?.status === "ringing" ? heardAt : []))),
    firstHeardAt: Math.min(...heard.map((event) => event.heardAt)),
    lastHeardAt: Math.max(...heard.map((event) => event.heardAt)),
    seconds: talked ? secondsOf(heard, human) : undefined,
    recordings: recordingsIn(heard),
    notes: [...new Set(heard.flatMap((event) => event.note || []))].sort(),
  };
}

/** Each event once, as it was first heard, in an order of their own; without an `unheard` end where there is a heard one. */
function distinct(events: readonly HeardEvent[]): HeardEvent[] {
  const first = new Map<string, HeardEvent>();
  const ended = events.some((event) => event.ended && event.ended !== "unheard");
  for (const event of events) {
    if (ended && event.ended === "unheard") continue;
    const key = `${event.id} ${event.call}`;
    const known = first.get(key);
    if (!known || event.heardAt < known.heardAt) first.set(key, event);
  }
  return [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event);
}

/** The ends that are told. One that is likely `answered` is not where a phone rang: who took the call would have been heard. */
function endsIn(heard: readonly HeardEvent[]): HeardEvent[] {
  const hasRung = heard.some(rang);
  return heard
    .filter((event) => event.ended)
    .map((event) => (event.likely && hasRung ? { ...event, ended: "unanswered", seconds: undefined } : event));
}

/** Where nobody is known to have talked: whether that is so only because little was heard. */
function isDoubtful(
  heard: readonly HeardEvent[],
  legs: readonly Leg[],
  ends: readonly HeardEvent[],
  said: Direction | undefined,
): boolean {
  if (heard.some((event) => event.asked)) return false;
  if (ends.length === 0) {
    const onlyAbout = heard.every((event) => event.recording !== undefined || event.note !== undefined);
    return onlyAbout || (said === undefined && legs.every((leg) => leg.outcome !== undefined));
  }
  const unsure = ends.every((event) => event.ended === "unanswered" && !event.concluded);
  return unsure && (legs.length === 0 || ends.some((event) => event.likely));
}

/** Which outcome wins: somebody talked; then what tells most of why nobody did. */
const incomingOutcomes: readonly FinalStatus[] = ["answered", "missed", "canceled", "busy", "failed"];
const outgoingOutcomes: readonly FinalStatus[] = ["answered", "busy", "missed", "canceled", "failed"];

/** What the PBX says of the whole call counts before what its legs say, but talk that was heard is never unsaid. */
function outcomeOf(
  ends: readonly HeardEvent[],
  human: readonly Leg[],
  talked: boolean,
  direction: Direction | undefined,
): FinalStatus {
  if (talked) return "answered";
  const ranked = direction === "outgoing" ? outgoingOutcomes : incomingOutcomes;
  const ofCall = ranked.find((status) => ends.some((event) => event.ended === status));
  const ofLegs = ranked.find((status) => status !== "answered" && human.some((leg) => leg.outcome === status));
  if (direction === "outgoing") return ofCall ?? ofLegs ?? "canceled";
  // A caller who gave up was missed, whoever's hanging up the PBX calls it.
  const outcome = ofCall ?? ofLegs ?? "missed";
  return outcome === "canceled" ? "missed" : outcome;
}

/**
 * A customer's call stays one, though on its way to a colleague it is told of by two extensions. Where only legs are heard of,
 * the number on another leg is a customer's.
 */
function isInternal(heard: readonly HeardEvent[]): boolean {
  if (heard.some((event) => event.internal === false)) return false;
  const between = heard.filter((event) => event.internal);
  return between.some((event) => !event.guess) || (between.length > 0 && !heard.some((event) => event.guess?.phone));
}

function phoneOf(heard: readonly HeardEvent[], legs: readonly Leg[], numbering: Numbering): string | undefined {
  const dialled = legs.filter((leg) => leg.party === "customer").flatMap((leg) => leg.number ?? []);
  return (
    phoneSaid(heard, numbering) ??
    clearest(dialled) ??
    extensionCalled(heard, legs) ??
    (heard.some((event) => event.withheld) ? undefined : numberOf(heard, (event) => event.guess?.phone, numbering))
  );
}

/** What two extensions say of each other is not the customer's number. */
function phoneSaid(heard: readonly HeardEvent[], { country, numbers }: Numbering): string | undefined {
  const telling = isInternal(heard) ? heard : heard.filter((event) => !event.internal);
  return clearestNumber(
    telling.flatMap(({ phone, writing = numbers }) =>
      phone === undefined ? [] : [{ number: phone, numbering: { country, numbers: writing } }],
    ),
  );
}

/** Between two extensions, the one that was called stands for the number. */
function extensionCalled(heard: readonly HeardEvent[], legs: readonly Leg[]): string | undefined {
  if (!isInternal(heard)) return undefined;
  return legs.find((leg) => leg.party === "customer" && leg.extension !== undefined)?.extension;
}

function numberOf(
  heard: readonly HeardEvent[],
  pick: (event: HeardEvent) => string | undefined,
  numbering: Numbering,
): string | undefined {
  return clearestNumber(heard.flatMap((event) => pick(event) ?? []).map((number) => ({ number, numbering })));
}

function rungIn(heard: readonly HeardEvent[], legs: readonly Leg[]): string[] {
  const placed = heard.flatMap((event) => event.extension || []);
  const toRing = heard.flatMap((event) => event.rings ?? []);
  const rung = legs.filter((leg) => leg.party === "agent").flatMap((leg) => leg.extension ?? []);
  return [...new Set([...placed, ...toRing, ...rung])].sort();
}

/** Who talked. On an outgoing call that is who placed it, and everyone it was handed to. */
function talksIn(heard: readonly HeardEvent[], legs: readonly Leg[], direction: Direction | undefined): Talk[] {
  const talking = legs.filter((leg) => leg.talked && leg.extension !== undefined);
  const known = new Set(talking.map((leg) => leg.extension));
  const customer = legs.find((leg) => leg.party === "customer" && leg.talked);
  const placed = direction === "outgoing" ? [...new Set(heard.flatMap((event) => event.extension || []))].sort() : [];
  const placing = placed
    .filter((extension) => !known.has(extension))
    .map((extension) => ({
      extension,
      since: customer?.since ?? beganAt(heard),
      seconds: customer?.seconds,
      transfers: 0,
      last: false,
    }));
  return [...placing, ...talking]
    .sort(
      (a, b) =>
        Number(a.last) - Number(b.last) ||
        a.transfers - b.transfers ||
        a.since - b.since ||
        ((a.extension ?? "") < (b.extension ?? "") ? -1 : 1),
    )
    .map(({ extension = "", since, seconds }) => ({ extension, since, seconds }));
}

function beganAt(heard: readonly HeardEvent[]): number {
  const said = heard.flatMap((event) => event.startedAt ?? []);
  return Math.min(...(said.length > 0 ? said : heard.map((event) => event.at ?? event.heardAt)));
}

function secondsOf(heard: readonly HeardEvent[], human: readonly Leg[]): number | undefined {
  const ofCall = highest(heard.flatMap((event) => event.seconds ?? []));
  return ofCall ?? secondsTogether(human.filter((leg) => leg.talked));
}

/** Of talks that overlap, such as those of both ends of one, the time is counted once. */
function secondsTogether(legs: readonly Leg[]): number | undefined {
  const talks = legs.flatMap(({ since, seconds }) => (seconds === undefined ? [] : [{ since, seconds }]));
  if (talks.length === 0) return undefined;
  let [sum, until] = [0, Number.NEGATIVE_INFINITY];
  for (const { since, seconds } of talks.sort((a, b) => a.since - b.since || a.seconds - b.seconds)) {
    const over = since + seconds * 1000;
    sum += Math.max(0, over - Math.max(since, until)) / 1000;
    until = Math.max(until, over);
  }
  return Math.round(sum);
}

const recordingStates: readonly Recording["status"][] = ["expected", "absent", "ready"];

/** Each recording once, as far as it got. One without an id only announces those that have one. */
function recordingsIn(heard: readonly HeardEvent[]): Recording[] {
  const byId = new Map<string, Recording>();
  for (const recording of heard.flatMap((event) => event.recording ?? [])) {
    const known = byId.get(recording.id);
    const rank = (status: Recording["status"]) => recordingStates.indexOf(status);
    const ahead = !known || rank(recording.status) > rank(known.status) ? recording : known;
    byId.set(recording.id, { ...ahead, url: clearest([known?.url, recording.url].flatMap((url) => url ?? [])) });
  }
  const named = [...byId.values()].filter((recording) => recording.id !== "");
  const told = named.length > 0 ? named : [...byId.values()];
  return told.sort((a, b) => (a.id < b.id ? -1 : 1));
}
