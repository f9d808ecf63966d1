/**
 * How much may be sent to a system: its limit is for all clients together, and one request too many blocks them all for
 * 20 minutes. Every request is counted in a sliding minute before it leaves, and the count outlives a restart.
 */
import { aliveMs, alone, type Claim, divided, partOf, roomMs, type Seen } from "./parts.ts";

export interface Governor {
  /** When each request of the last minute left, ms since the epoch, oldest first. */
  readonly sent: readonly number[];
  /** For which channel each of them left; of those before, which came first, that is not known. */
  readonly whose?: readonly string[];
  /** The channels that something was sent for of late. */
  readonly seen?: readonly Seen[];
  /** What the system's answers said: the limit that counts, how much others had used, and when the latest request left. */
  readonly heard?: { readonly limit: number; readonly others: number; readonly at: number };
  /** A limit above the documented one that does not count yet: the least that was told, first `since` then and last `at`. */
  readonly raise?: { readonly limit: number; readonly since: number; readonly at: number };
  /** The least and the most that others surely had used in each of the last minutes, the latest last. */
  readonly watched?: readonly Watched[];
  /** When the last request left that was answered, whatever the answer told. */
  readonly answeredAt?: number;
  /** Nothing is sent before this time. */
  readonly pausedUntil?: number;
  readonly pausedBecause?: string;
}

/** `from`: when the minute began, ms since the epoch. */
interface Watched {
  readonly from: number;
  readonly least: number;
  readonly most: number;
}

export const idle: Governor = { sent: [] };

/** A minute and a second: requests may take unevenly long to arrive. */
export const windowMs = 61_000;
const surelyCountedMs = 59_000;
/** How long it is remembered how much others used: what they did once they may do again at any time. */
const memoryMs = 20 * 60_000;
/** How long others are watched until nothing more is left to them for what they may do of a sudden. */
const watchMs = 10 * 60_000;
/** How much of the limit others may want of a sudden; the longer they were watched, the less of it. */
const unwatchedShare = 0.6;
/** The documented limit, until an answer tells another. */
export const assumedLimit = 300;
/** How long a limit above that is heard of before it counts, unless the operator asks for more, in ms. */
export const raiseMs = 10 * 60_000;
/** How much of the limit is left to the user's other clients, and at least how many requests: ours may be under way. */
const reserveShare = 0.1;
const minReserve = 4;
/** How much is left to others for growing of a sudden, as a share of what lay between their least and their most of late. */
const swingShare = 0.8;
/** How far apart requests are while no answer of the last minute tells how much others use, in ms. */
const blindGapMs = 1_000;
/** How long a block lasts where the system does not say, in ms. */
export const blockMs = 20 * 60_000;
/** How much of what is ours is used in the first minute after a pause, in the second and so on; then all of it. */
const slowStart = [0.25, 0.5, 0.75] as const;

/** How urgent a request is: of two that have to wait for room, `eager` ones find some that others left. */
export type Haste = "eager" | "patient";
/** How much of what is ours patient requests leave to eager ones. */
const leftToEager = 0.1;

/**
 * How long to wait before `claim`'s next request may be sent, in ms; 0 for at once. `rpm`: how many requests a minute the
 * operator wants at most.
 */
export function waitMs(
  governor: Governor,
  now: number,
  rpm: number | undefined,
  haste: Haste = "eager",
  claim: Claim = alone,
): number {
  const paused = Math.max(0, (governor.pausedUntil ?? 0) - now);
  const { sent, whose } = windowOf(governor, now);
  const last = sent.at(-1) ?? 0;
  const blind = (governor.answeredAt ?? 0) <= now - windowMs;
  if (blind && now - last < blindGapMs) return Math.max(paused, last + blindGapMs - now);
  const ours = share(governor, now, rpm);
  const by = divided(claim, governor.seen ?? [], now);
  // One after another, so that room comes back as evenly, and a card that comes in between need not wait for long.
  const gap = Math.ceil(windowMs / ours);
  const own = whose.filter((name) => name === claim.channel).length;
  const many = own > partOf(ours, by) / 2 && claim.among.length > 1;
  const spread = many ? (sent[whose.lastIndexOf(claim.channel)] ?? 0) + gap - now : 0;
  const room = (most: number) => roomMs({ ms: windowMs, sent, whose }, most, claim.channel, by, now);
  if (haste === "eager") return Math.max(paused, spread, room(ours));
  const patience = sent.length > ours / 2 ? last + gap - now : 0;
  return Math.max(paused, patience, spread, room(Math.ceil(ours * (1 - leftToEager))));
}

/** The requests of the last minute, and whose each of them was. */
function windowOf({ sent, whose = [] }: Governor, now: number): { sent: number[]; whose: string[] } {
  const recent = sent.filter((at) => at > now - windowMs);
  const names = recent.map((_, i) => whose[whose.length - recent.length + i] ?? "");
  return { sent: recent, whose: names };
}

/** How many requests a minute are ours: the limit less the reserve and what others use; one at least. */
function share(governor: Governor, now: number, rpm: number | undefined): number {
  const limit = limitOf(governor, rpm);
  const left = Math.max(0, limit - othersNeed(governor, limit, now));
  return Math.max(1, Math.floor(Math.min(rpm ?? left, left) * started(governor.pausedUntil, now)));
}

/** The limit that counts: the operator may ask for more than is documented as soon as the system says that it is allowed. */
function limitOf({ heard, raise }: Governor, rpm = 0): number {
  return raise && rpm > assumedLimit ? raise.limit : (heard?.limit ?? assumedLimit);
}

/** How much of the limit is not ours: what others use, and a reserve that is the larger the more unevenly they send. */
function othersNeed({ heard, watched = [], raise }: Governor, limit: number, now: number): number {
  const recent = watched.filter(({ from }) => from > now - memoryMs);
  // What is said to be allowed beyond the limit that counts is theirs first.
  const beyond = Math.max(0, (raise?.limit ?? 0) - limit);
  const latest = heard && heard.at > now - windowMs ? Math.max(0, heard.others - beyond) : 0;
  const unwatched = limit * unwatchedShare * (1 - Math.min(1, (recent.length * windowMs) / watchMs));
  const swing = Math.max(0, ...recent.map(({ most }) => most)) - Math.min(...recent.map(({ least }) => least));
  const reserve = Math.max(Math.ceil(limit * reserveShare), minReserve);
  return Math.max(latest, unwatched) + Math.max(reserve, swing * swingShare);
}

/** How much of our share may be used so long after a pause, in (0, 1]. */
function started(pausedUntil: number | undefined, now: number): number {
  if (pausedUntil === undefined) return 1;
  return slowStart[Math.max(0, Math.floor((now - pausedUntil) / windowMs))] ?? 1;
}

/** A request of a channel leaves now. */
export function spend(governor: Governor, now: number, channel: string): Governor {
  const { sent, whose } = windowOf(governor, now);
  const seen = (governor.seen ?? []).filter(([name, at]) => name !== channel && at > now - aliveMs);
  return { ...governor, sent: [...sent, now], whose: [...whose, channel], seen: [...seen, [channel, now]] };
}

/**
 * What an answer said of the limit (`X-Rate-Limit`, `X-Rate-Limit-Remaining`) to a request that left at `sentAt`. What the
 * system counted and we did not send is others'; of ours it surely counted those of the last 59 seconds.
 */
export function learn(
  governor: Governor,
  rate: { limit: number; remaining?: number } | undefined,
  sentAt: number,
): Governor {
  const { heard } = governor;
  const answered = { ...governor, answeredAt: Math.max(governor.answeredAt ?? 0, sentAt) };
  if (!rate) return answered;
  const { limit, raise } = counting(governor, rate.limit, sentAt);
  if (rate.remaining === undefined) {
    const others = heard?.others ?? 0;
    const counts =
      heard && heard.at > sentAt ? { limit: Math.min(heard.limit, limit), others, at: heard.at } : undefined;
    return { ...answered, heard: counts ?? { limit, others, at: sentAt }, raise };
  }
  const used = rate.limit - rate.remaining;
  if (heard && heard.at > sentAt) {
    // Old news, but for what is less: it may have been judged just now, after all that we sent.
    const surely = used - governor.sent.filter((at) => at > sentAt - windowMs).length;
    const less = { limit: Math.min(heard.limit, limit), others: Math.max(heard.others, surely), at: heard.at };
    return { ...answered, heard: less, raise: rate.limit <= heard.limit ? undefined : governor.raise };
  }
  const counted = governor.sent.filter((at) => at > sentAt - surelyCountedMs && at < sentAt).length + 1;
  const others = Math.max(0, used - counted);
  const most = heard?.at === sentAt ? Math.max(heard.others, others) : others;
  const surely = used - governor.sent.filter((at) => at > sentAt - windowMs && at <= sentAt).length;
  const watched = watching(governor.watched ?? [], Math.max(0, surely), sentAt);
  return { ...answered, heard: { limit, others: most, at: sentAt }, raise, watched };
}

/** The limit that counts once another is told: a lower one at once, one above what is documented if it was told for long. */
function counting({ heard, raise }: Governor, told: number, at: number): Pick<Governor, "raise"> & { limit: number } {
  const counts = Math.max(heard?.limit ?? 0, assumedLimit);
  if (told <= counts) return { limit: told };
  const goesOn = raise !== undefined && at - raise.at <= raiseMs;
  const since = goesOn ? Math.min(raise.since, at) : at;
  const limit = goesOn ? Math.min(raise.limit, told) : told;
  if (at - since >= raiseMs) return { limit };
  return { limit: counts, raise: { limit, since, at: goesOn ? Math.max(raise.at, at) : at } };
}

function watching(watched: readonly Watched[], others: number, at: number): Watched[] {
  const recent = watched.filter(({ from }) => from > at - memoryMs);
  const last = recent.at(-1);
  if (!last || at >= last.from + windowMs) return [...recent, { from: at, least: others, most: others }];
  const [least, most] = [Math.min(last.least, others), Math.max(last.most, others)];
  return [...recent.slice(0, -1), { from: last.from, least, most }];
}

/** The system is to be left alone: for as long as it says, but a minute at least, otherwise for as long as its block lasts. */
export function pause(governor: Governor, now: number, because: string, forMs = blockMs): Governor {
  const until = Math.max(governor.pausedUntil ?? 0, now + Math.max(forMs, windowMs));
  return { ...governor, pausedUntil: until, pausedBecause: because };
}
