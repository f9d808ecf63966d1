/**
 * Fair in budget: each channel that is alive has an equal part of the minute kept for it, so that a flood at one of them
 * does not use up what the others need. What is beyond the parts kept for others is for whoever has need.
 */

/** Who wants to send: a channel, `among` the channels of its system; those `waiting` have something due. */
export interface Claim {
  readonly channel: string;
  readonly among: readonly string[];
  readonly waiting?: readonly string[];
}

/** A channel that has the system for itself. */
export const alone: Claim = { channel: "", among: [""] };

/** When requests of the last minute left, oldest first, and for which channel each of them; "" where that is not known. */
export interface Window {
  readonly ms: number;
  readonly sent: readonly number[];
  readonly whose: readonly string[];
}

/** When something was last sent for a channel, ms since the epoch. */
export type Seen = readonly [channel: string, at: number];

/** For how long a channel is alive after something was sent for it, in ms. */
export const aliveMs = 15 * 60_000;
/** How many requests are kept for each channel that is not alive, so that its first cards pop up at once. */
export const firstRequests = 10;
/** The most of a minute that is kept so, for all of those together. */
const firstShare = 0.25;

/** Which channels a minute is divided among: those that are alive, `claim`'s own for one, and how many are not. */
export interface Division {
  readonly alive: readonly string[];
  readonly idle: number;
}

export function divided({ channel, among, waiting = [] }: Claim, seen: readonly Seen[], now: number): Division {
  const recent = seen.filter(([, at]) => at > now - aliveMs).map(([name]) => name);
  const alive = new Set([channel, ...[...recent, ...waiting].filter((name) => among.includes(name))]);
  return { alive: [...alive], idle: among.filter((name) => !alive.has(name)).length };
}

/** How many of `most` requests a minute each channel that is alive may count on. */
export function partOf(most: number, { alive, idle }: Division): number {
  return Math.max(1, Math.floor((most - firsts(most, idle)) / alive.length));
}

function firsts(most: number, idle: number): number {
  return Math.min(idle * firstRequests, Math.floor(most * firstShare));
}

/**
 * How long until a request of `channel` finds room among `most` a minute, in ms: within its part as soon as the minute has
 * room at all, beyond it where there is more than what is kept for others.
 */
export function roomMs({ ms, sent, whose }: Window, most: number, channel: string, by: Division, now: number): number {
  const part = partOf(most, by);
  const used = new Map(by.alive.map((name) => [name, 0]));
  for (const name of whose) used.set(name, (used.get(name) ?? 0) + 1);
  const others = by.alive.filter((name) => name !== channel);
  let kept = others.reduce((sum, name) => sum + Math.max(0, part - (used.get(name) ?? 0)), firsts(most, by.idle));
  let total = sent.length;
  const hasRoom = () => total < most && ((used.get(channel) ?? 0) < part || total + kept < most);
  let wait = 0;
  for (let i = 0; i < sent.length && !hasRoom(); i++) {
    const name = whose[i] ?? "";
    const left = (used.get(name) ?? 0) - 1;
    used.set(name, left);
    if (left < part && others.includes(name)) kept++;
    total--;
    wait = (sent[i] ?? now) + ms - now;
  }
  return wait;
}
