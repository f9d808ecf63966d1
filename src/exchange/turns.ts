/**
 * Whose turn it is: the most urgent class first, but none waits for ever, and within a class the channels take turns, so
 * that a flood at one of them does not hold up the others. Remembered while the object lives, and no longer.
 */
import type { Haste } from "./governor.ts";
import { type Class, classes } from "./outbox.ts";

/** Something is due of this class in this channel, for the first of them since then (ms since the epoch). */
export interface Waiting {
  readonly channel: string;
  readonly class: Class;
  readonly since: number;
}

/** A form that left at `at` (ms since the epoch) and is not answered yet. */
export interface UnderWay {
  readonly channel: string;
  readonly class: Class;
  readonly at: number;
}

/** Forms under way at once, as long as they are answered soon. */
const maxDeliveries = 4;
/** After this time, in ms, a form is slow: a few that are never answered must not hold up cards until they are given up. */
export const slowMs = 3_000;
/** The most with those that are slow: the platform lets six connections wait for an answer. */
const maxWithSlow = 6;
/** Of those, the most of a channel where its system has others. */
const maxOfChannel = 5;
/** Of those, the most that are no cards: slow answers must not hold up cards. */
const maxOthers = 3;
/** The most of a class: neither slow uploads nor what fails time and again may hold up the rest. */
const maxOf: ReadonlyMap<Class, number> = new Map([
  [classes.recording, 2],
  [classes.again, 2],
]);

/** The classes of which one more form may be under way, the most urgent first. */
export function openClasses(underWay: readonly UnderWay[], now: number): Class[] {
  const count = (counts: (form: UnderWay) => boolean) => underWay.filter(counts).length;
  if (underWay.length >= maxWithSlow || count((form) => !isSlow(form, now)) >= maxDeliveries) return [];
  if (count((form) => form.class !== classes.card) >= maxOthers) return [classes.card];
  return order.filter((kind) => count((form) => form.class === kind) < (maxOf.get(kind) ?? maxWithSlow));
}

/** Whether one more form of the channel, `among` those of its system, may be under way. */
export function hasPlace(underWay: readonly UnderWay[], channel: string, among: readonly string[]): boolean {
  return among.length < 2 || underWay.filter((form) => form.channel === channel).length < maxOfChannel;
}

export function isSlow({ at }: UnderWay, now: number): boolean {
  return now - at >= slowMs;
}

/** The most urgent first. */
const order: readonly Class[] = [classes.card, classes.final, classes.again, classes.change, classes.recording];

export interface Turns {
  /** How many requests in a row went to others while the class waited. */
  readonly passedOver: ReadonlyMap<Class, number>;
  /** The channels that had a turn, the latest last. */
  readonly served: readonly string[];
}

export const noTurns: Turns = { passedOver: new Map(), served: [] };

/** For how long a class may be passed over, in ms; then every so manieth turn is its own. */
const patience: ReadonlyMap<Class, { readonly ms: number; readonly turns: number }> = new Map([
  // However many cards there are: from then on as many are hidden again.
  [classes.final, { ms: 60_000, turns: 2 }],
  [classes.again, { ms: 30_000, turns: 4 }],
  [classes.change, { ms: 10 * 60_000, turns: 10 }],
  [classes.recording, { ms: 30 * 60_000, turns: 20 }],
]);

/** Which of those that wait is next, at `now` (ms since the epoch); undefined where none is. */
export function nextTurn(turns: Turns, waiting: readonly Waiting[], now: number): Waiting | undefined {
  const byClass = waiting.toSorted((a, b) => order.indexOf(a.class) - order.indexOf(b.class));
  const kind = (byClass.find((one) => starves(turns, one, now)) ?? byClass[0])?.class;
  const channels = waiting.filter((one) => one.class === kind);
  return channels.sort((a, b) => turns.served.lastIndexOf(a.channel) - turns.served.lastIndexOf(b.channel))[0];
}

/** A card has no time to lose, and neither has what had to wait for so long that it is its turn. */
export function hasteOf(turns: Turns, turn: Waiting, now: number): Haste {
  return turn.class === classes.card || starves(turns, turn, now) ? "eager" : "patient";
}

function starves({ passedOver }: Turns, { class: kind, since }: Waiting, now: number): boolean {
  const limit = patience.get(kind);
  return limit !== undefined && now - since > limit.ms && (passedOver.get(kind) ?? 0) >= limit.turns - 1;
}

/** `turn` had its turn, of those that waited. */
export function tookTurn({ passedOver, served }: Turns, turn: Waiting, waiting: readonly Waiting[]): Turns {
  const others = new Set(waiting.map((one) => one.class));
  const counts = [...others].map((kind): [Class, number] => [
    kind,
    kind === turn.class ? 0 : (passedOver.get(kind) ?? 0) + 1,
  ]);
  return {
    passedOver: new Map([...passedOver, ...counts]),
    served: [...served.filter((channel) => channel !== turn.channel), turn.channel],
  };
}
