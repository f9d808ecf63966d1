/** Events of calls as providers read them out of webhooks; what a test leaves out, the webhook left out. */
import type { CallEvent, Direction, HeardEvent, LegEvent, LegStatus } from "../../src/calls/event.ts";

/** When the calls of the tests begin, ms since the epoch. */
export const began = Date.UTC(2026, 8, 1, 9, 0, 0);

/** What a webhook says that comes in `second` seconds after the call began, and tells that time too. */
export function at(second: number, says: Omit<Partial<CallEvent>, "call" | "id">): HeardEvent {
  const when = began + second * 1000;
  return { call: "c1", id: JSON.stringify([second, says]), at: when, heardAt: when, ...says };
}

/** The same webhook from a PBX that tells no times. */
export function timeless({ at: _, ...event }: HeardEvent): HeardEvent {
  return event;
}

/** A customer calls the company. */
export function comesIn(says: Partial<CallEvent> = {}): HeardEvent {
  return at(0, { direction: "incoming", phone: "+380441234567", line: "+380800111222", ...says });
}

/** The agent with `extension` calls a customer. */
export function goesOut(extension: string, says: Partial<CallEvent> = {}): HeardEvent {
  return at(0, { direction: "outgoing", phone: "+380441234567", line: "+380800111222", extension, ...says });
}

/** What is heard of a leg. `who`: an extension, `customer`, or a number outside that agents are reached at. */
export function leg(second: number, who: string, status: LegStatus, more: Partial<LegEvent> = {}): HeardEvent {
  const party = who === "customer" ? "customer" : "agent";
  const extension = /^\d{3}$/.test(who) ? who : undefined;
  return at(second, { leg: { id: who, party, extension, status, ...more } });
}

export const rings = (second: number, who: string, more?: Partial<LegEvent>) => leg(second, who, "ringing", more);
export const answers = (second: number, who: string, more?: Partial<LegEvent>) => leg(second, who, "in-progress", more);

export function ends(second: number, ended: CallEvent["ended"], says: Partial<CallEvent> = {}): HeardEvent {
  return at(second, { ended, ...says });
}

/** A leg's view of its unseen root. */
export function guesses(second: number, direction: Direction, phone?: string, line?: string): HeardEvent {
  return at(second, { guess: { direction, phone, line } });
}
