import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { anyCall, anyEvents } from "./any-call.ts";

/** Some of the events in any order, and some of those again, as webhooks that are repeated later. */
function heardSomehow(events: readonly HeardEvent[]) {
  const some = fc.shuffledSubarray([...events], { minLength: 1 });
  return some.chain((kept) =>
    fc.shuffledSubarray(kept).chain((repeated) => {
      const again = repeated.map((event) => ({ ...event, heardAt: event.heardAt + 30_000 }));
      const all = [...kept, ...again];
      return fc.record({ kept: fc.constant(kept), heard: fc.shuffledSubarray(all, { minLength: all.length }) });
    }),
  );
}

function sorted(events: readonly HeardEvent[]): HeardEvent[] {
  return events.toSorted((a, b) => a.heardAt - b.heardAt || (a.id < b.id ? -1 : 1));
}

describe.each([
  ["a call as PBXs tell it", anyCall],
  ["events that contradict each other", anyEvents],
])("%s", (_, events) => {
  test("is the same for any order and repetition of any of its events", () => {
    fc.assert(
      fc.property(events.chain(heardSomehow), ({ kept, heard }) => {
        expect(fold("c1", heard)).toEqual(fold("c1", sorted(kept)));
      }),
      { numRuns: 400 },
    );
  });

  test("is over for good once an event says so", () => {
    const final = new Set(["answered", "missed", "busy", "failed", "canceled"]);
    fc.assert(
      fc.property(
        events.chain((all) => fc.shuffledSubarray(all, { minLength: all.length })),
        (order) => {
          const calls = order.map((_, i) => fold("c1", order.slice(0, i + 1)));
          const over = calls.map((call) => final.has(call.status));
          expect(over).toEqual(over.toSorted((a, b) => Number(a) - Number(b)));
          expect(calls.map((call) => call.endedAt !== undefined)).toEqual(over);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test("a call that is over tells no talk without having been answered, and no length of talk either", () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const { status, talks, seconds } = fold("c1", events);
      const talked = status === "answered" || status === "in-progress";
      expect(talked || (talks.length === 0 && seconds === undefined)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
