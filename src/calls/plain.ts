/** Text from outside as people may read it: no character that does not show, that turns what follows around, or ends a line. */
import type { CallEvent } from "./event.ts";

/** How much is taken of a text that may hold anything, in characters. */
export const maxTextLength = 128;

/** In one line, without what would not show. */
export function plain(written: string): string {
  return (
    written
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
      .trim()
      .slice(0, maxTextLength)
      // Half of a character, where the cut went through one.
      .replace(/\p{Cs}$/u, "")
      .trim()
  );
}

/** These are for looking up, not for reading: each must stay what its PBX calls it. */
const names = new Set(["call", "id", "ids", "room", "url"]);

/** The event with its texts made plain, however deep they stand in it. */
export function plainly(event: CallEvent): CallEvent {
  return made(event) as CallEvent;
}

function made(said: unknown): unknown {
  if (typeof said === "string") return plain(said);
  if (Array.isArray(said)) return said.map(made);
  if (typeof said !== "object" || said === null) return said;
  return Object.fromEntries(Object.entries(said).map(([name, value]) => [name, names.has(name) ? value : made(value)]));
}
