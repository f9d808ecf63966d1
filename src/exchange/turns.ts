/**
 * Whose turn it is: the most urgent class first, but none waits for ever, and within a class the channels take turns, so
 * that a flood at one of them does not hold up the others. Remembered while the object lives, and no longer.
 */
import { type Class, classes } from "./outbox.ts";

/** Something is due of this class in this channel. */
export interface Waiting {
  readonly channel: string;
  readonly class: Class;
}

export interface Turns {
  /** How many requests in a row went to others while the class waited. */
  readonly passedOver: ReadonlyMap<Class, number>;
  /** The channels that had a turn, the latest last. */
  readonly served: readonly string[];
}

export const noTurns: Turns = { passedOver: new Map(), served: [] };

/** How often in a row a class that waits may be passed over. So cards have at least two of three requests. */
const maxPassedOver: ReadonlyMap<Class, number> = new Map<Class, number>([
  [classes.final, 4],
  [classes.change, 9],
  [classes.recording, 19],
]);

/** Which of those that wait is next; undefined where none is. */
export function nextTurn({ passedOver, served }: Turns, waiting: readonly Waiting[]): Waiting | undefined {
  const kinds = [...new Set(waiting.map((one) => one.class))].sort((a, b) => a - b);
  const longest = kinds.find(
    (kind) => (passedOver.get(kind) ?? 0) >= (maxPassedOver.get(kind) ?? Number.POSITIVE_INFINITY),
  );
  const kind = longest ?? kinds[0];
  const channels = waiting.filter((one) => one.class === kind);
  return channels.sort((a, b) => served.lastIndexOf(a.channel) - served.lastIndexOf(b.channel))[0];
}

/** `turn` had its turn, of those that waited. */
export function tookTurn({ passedOver, served }: Turns, turn: Waiting, waiting: readonly Waiting[]): Turns {
  const others = new Set(waiting.map((one) => one.class));
  const counts = [...others].map((kind): [Class, number] => [
    kind,
    kind === turn.class ? 0 : (passedOver.get(kind) ?? 0) + 1,
  ]);
  return {
    passedOver: new Map(counts),
    served: [...served.filter((channel) => channel !== turn.channel), turn.channel],
  };
}
