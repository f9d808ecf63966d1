/**
 * Lists of calls, a page at a time, newest first, across channels and systems. Where a page ended is a place in one order of
 * all calls, so that the next begins right there, whatever came in meanwhile and however many calls began in one millisecond.
 */

/** Where a call stands among all. */
export interface Place {
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly system: string;
  readonly channel: string;
  readonly call: string;
}

export interface Page<T> {
  readonly calls: readonly T[];
  /** The last place that was looked at; absent where nothing lies beyond. */
  readonly next?: Place;
}

/** The newest first; of one millisecond in the order of their names, backwards, as the tables' indexes have them. */
export function byPlace(a: Place, b: Place): number {
  return (
    b.startedAt - a.startedAt || byName(b.system, a.system) || byName(b.channel, a.channel) || byName(b.call, a.call)
  );
}

/** By code points, as SQLite compares texts. */
function byName(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [[...a], [...b]];
  const i = left.findIndex((character, at) => character !== right[at]);
  return (left[i]?.codePointAt(0) ?? -1) - (right[i < 0 ? left.length : i]?.codePointAt(0) ?? -1);
}

/** One page of at most `most` calls out of several, each in the order of places and none longer than it says. */
export function together<T extends Place>(pages: readonly Page<T>[], most: number): Page<T> {
  // Beyond the first of these places one of them may have more.
  const [horizon] = pages.flatMap(({ next }) => next ?? []).sort(byPlace);
  const all = pages.flatMap(({ calls }) => calls).sort(byPlace);
  const sure = horizon ? all.filter((call) => byPlace(call, horizon) <= 0) : all;
  const calls = sure.slice(0, most);
  return { calls, next: calls.length < sure.length ? placeOf(calls.at(-1)) : horizon };
}

function placeOf(call: Place | undefined): Place | undefined {
  return call && { startedAt: call.startedAt, system: call.system, channel: call.channel, call: call.call };
}

/** Calls of a channel lie beyond it that began before `startedAt`, or in that millisecond and come after `call`. */
export interface Bound {
  readonly startedAt: number;
  readonly call: string;
}

/** From where on a channel's calls follow `after`. */
export function boundOf(after: Place | undefined, system: string, channel: string): Bound {
  if (!after) return { startedAt: Number.MAX_SAFE_INTEGER, call: "" };
  const order = byName(system, after.system) || byName(channel, after.channel);
  if (order === 0) return after;
  // Of one millisecond all of the channel's calls come after that place, or before it.
  return { startedAt: order < 0 ? after.startedAt + 1 : after.startedAt, call: "" };
}

/** A place as a text that tells nothing to whom it is handed. */
export function written({ startedAt, system, channel, call }: Place): string {
  const bytes = new TextEncoder().encode(JSON.stringify([startedAt, system, channel, call]));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The place that was written so; undefined where none was. */
export function read(text: string): Place | undefined {
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const place: unknown = JSON.parse(decoder.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
    if (!Array.isArray(place) || place.length !== 4) return undefined;
    const [startedAt, ...names] = place as unknown[];
    if (!Number.isSafeInteger(startedAt) || !names.every((name) => typeof name === "string")) return undefined;
    const [system = "", channel = "", call = ""] = names as string[];
    return { startedAt: startedAt as number, system, channel, call };
  } catch {
    return undefined;
  }
}
