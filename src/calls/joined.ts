/** Which of a PBX's ids are of one call: what is told of a leg, or of a room where legs meet, is told of the call. */
import type { CallEvent } from "./event.ts";
import { idsIn } from "./rooted.ts";

/** `events` of any calls, those of each call together, whichever of its ids they name; in any order the same. */
export function joined<E extends CallEvent>(events: readonly E[]): E[][] {
  const groups = new Map<string, Set<string>>();
  const groupOf = (id: string) => groups.get(id) ?? new Set([id]);
  for (const event of events) {
    const together = new Set([event.call, ...idsIn(event)].flatMap((id) => [...groupOf(id)]));
    for (const id of together) groups.set(id, together);
  }
  const calls = new Map<Set<string>, E[]>();
  for (const event of events) {
    const group = groupOf(event.call);
    calls.set(group, [...(calls.get(group) ?? []), event]);
  }
  return [...calls.values()];
}
