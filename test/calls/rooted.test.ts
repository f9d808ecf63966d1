/** Calls of which only legs are told, and calls of several ids. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold } from "../../src/calls/call.ts";
import { desiredOf, type Telling } from "../../src/calls/desired.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { joined } from "../../src/calls/joined.ts";
import { legEvent, legStories } from "../standins/telnyx.ts";
import { answers, at, began, comesIn, ends, leg, rings } from "./heard.ts";

const runs = { numRuns: 200, seed: 20261128 };
const rules: Telling = {
  ...{ assign: [], ignore: [], internal: false, credit: "last", delivery: "live" },
  recordings: { enabled: true, except: [] },
};

function shuffled<T>(list: readonly T[], minLength = list.length) {
  return fc.shuffledSubarray([...list], { minLength });
}

describe("a PBX that tells only of legs", () => {
  test.each(legStories.map((story) => [story.title, story] as const))("%s", (title, { hooks, becomes }) => {
    const events = hooks.map(legEvent);
    const whole = fold(title, events);
    expect(whole).toMatchObject(becomes);
    fc.assert(
      fc.property(shuffled(events), shuffled(events), (order, again) => {
        expect(fold(title, [...order, ...again])).toEqual(whole);
      }),
      runs,
    );
  });

  test.each(legStories.map((story) => [story.title, story] as const))("in part: %s", (title, { hooks, becomes }) => {
    const events = hooks.map(legEvent);
    fc.assert(
      fc.property(shuffled(events, 1), (part) => {
        const call = fold(title, part);
        const inOrder = events.filter((event) => part.includes(event));
        expect(call).toEqual(fold(title, inOrder));
        // Whatever is missing: nobody answered whom nobody was heard to answer, and nobody is taken for another.
        if (becomes.status !== "answered") expect(["answered", "in-progress"]).not.toContain(call.status);
        for (const { extension } of call.talks) expect(becomes.talks).toContainEqual({ extension });
      }),
      runs,
    );
  });

  test("a leg of which nobody tells which way it goes says nothing yet", () => {
    const [, answered] = legStories[0]?.hooks.map(legEvent) ?? [];
    expect(answered && fold("c", [answered])).toMatchObject({ direction: undefined, status: "ringing", talks: [] });
  });

  test("is over with its last leg, and not told so before another could follow", () => {
    const events = legStories.find(({ title }) => title.startsWith("out, the agent"))?.hooks.map(legEvent) ?? [];
    const busy = events.find(({ id }) => id === "B:hangup");
    const whole = fold("c", events);
    expect(whole).toMatchObject({ concluded: true, endHeardAt: began + 10_000 });
    expect(desiredOf(whole, rules)).toMatchObject({ status: "busy", overNotBefore: began + 15_000 });
    const withoutB = events.filter((event) => event !== busy);
    expect(fold("c", withoutB)).toMatchObject({ concluded: false, endedAt: undefined, status: "ringing" });
  });

  test("staff who are heard of alone talk with nobody that is known", () => {
    const events = legStories[0]?.hooks.filter(({ leg }) => leg === "B").map(legEvent) ?? [];
    expect(fold("c", events)).toMatchObject({ direction: undefined, status: "ringing", talks: [], rung: ["ann"] });
  });
});

describe("a leg event that names the extension alone", () => {
  const nameless = (second: number, status: "in-progress" | "answered" | "ringing", seconds?: number) =>
    at(second, { leg: { party: "agent", extension: "101", status, seconds } });

  test("is of the leg that the extension has, whichever", () => {
    const named = at(1, { leg: { id: "L1", party: "agent", extension: "101", status: "in-progress" } });
    const events = [comesIn(), named, nameless(40, "answered", 39), ends(40, "answered")];
    for (const order of [events, events.toReversed()]) {
      expect(fold("c1", order).talks).toEqual([{ extension: "101", since: began + 1000, seconds: 39 }]);
    }
  });

  test("is of its own where it has none", () => {
    expect(fold("c1", [comesIn(), nameless(3, "in-progress")])).toMatchObject({
      status: "in-progress",
      talks: [{ extension: "101" }],
    });
  });

  test("is of the last where the call came back to it", () => {
    const events = [
      comesIn(),
      answers(5, "100"),
      at(20, { leg: { id: "101<100", party: "agent", extension: "101", status: "in-progress", transferFrom: "100" } }),
      at(30, { leg: { id: "100<101", party: "agent", extension: "100", status: "in-progress", transferFrom: "101" } }),
      at(60, { ended: "answered", leg: { party: "agent", extension: "100", status: "answered", last: true } }),
    ];
    fc.assert(
      fc.property(shuffled(events), (order) => {
        expect(fold("c1", order).talks.map(({ extension }) => extension)).toEqual(["100", "101", "100"]);
      }),
      runs,
    );
  });
});

describe("a call of several ids", () => {
  const of = (call: string, event: HeardEvent): HeardEvent => ({ ...event, call });
  const agent = at(8, { direction: "outgoing", extension: "101" });

  test("is one, by the legs and rooms that lead to it, whichever comes first", () => {
    const events = [
      comesIn(),
      of("c1", at(3, { room: "r1" })),
      of("c2", agent),
      of("c2", at(12, { room: "r1" })),
      of("r1", at(70, { recording: { id: "a1", status: "ready" } })),
      of("c2", ends(60, "unanswered")),
      ends(61, "unanswered"),
      of("c9", comesIn({ phone: "+380501112233" })),
    ];
    fc.assert(
      fc.property(shuffled(events), (order) => {
        const calls = joined(order);
        expect(calls.map((call) => call.length).sort()).toEqual([1, 7]);
        const call = fold("c1", calls.find((some) => some.length === 7) ?? []);
        expect(call).toMatchObject({
          ...{ direction: "incoming", phone: "+380441234567", status: "answered", endedAt: began + 61_000 },
          ...{ talks: [{ extension: "101" }], recordings: [{ id: "a1" }] },
        });
      }),
      runs,
    );
  });

  test("came in, though a leg that takes it out of a queue says that it is a part of its own", () => {
    const takes = of("c2", at(20, { direction: "outgoing", extension: "101", ids: ["c1"] }));
    const events = [
      comesIn(),
      takes,
      of("c2", ends(60, "unanswered")),
      at(21, { leg: { id: "queue", party: "agent", status: "answered" } }),
    ];
    expect(fold("c1", events)).toMatchObject({ direction: "incoming", status: "in-progress", rung: ["101"] });
  });

  test("is not answered for whoever waits in a room alone", () => {
    expect(fold("c1", [comesIn(), at(3, { room: "r1" }), ends(61, "unanswered")])).toMatchObject({ status: "missed" });
  });

  test("is told by its root, though it goes by the id of a leg", () => {
    const events = [
      comesIn({ ids: ["c2"] }),
      of(
        "c2",
        at(9, {
          ids: ["c3"],
          guess: { direction: "outgoing" },
          leg: { id: "c3", party: "agent", extension: "102", status: "in-progress" },
        }),
      ),
    ];
    for (const id of ["c1", "c2"])
      expect(fold(id, events)).toMatchObject({ id, direction: "incoming", status: "in-progress", guessed: false });
  });
});

describe("too little is heard for a verdict", () => {
  const legOver = leg(9, "101", "missed");
  test.each<[string, HeardEvent[], boolean]>([
    ["of a root that is over without a leg", [comesIn(), ends(9, "unanswered")], true],
    ["of a leg that is over, without its root", [{ ...legOver, guess: { direction: "incoming" } }], true],
    ["of a recording alone", [at(9, { direction: "incoming", recording: { id: "r1", status: "ready" } })], true],
    [
      "of an end that a menu answered, while a phone rang",
      [comesIn(), rings(2, "101"), ends(9, "answered", { likely: true })],
      true,
    ],
    ["but not of a root whose leg is over", [comesIn(), legOver, ends(9, "unanswered")], false],
    ["nor of a root that says why", [comesIn(), ends(9, "busy")], false],
    ["nor of a leg that lives", [{ ...rings(2, "101"), guess: { direction: "incoming" } }], false],
    ["nor of a call that begins", [comesIn()], false],
    ["nor where somebody talked", [answers(3, "101"), ends(9, "unanswered")], false],
    ["nor once the PBX was asked", [comesIn(), ends(9, "unanswered"), at(12, { asked: true })], false],
  ])("%s", (_, events, doubtful) => expect(fold("c1", events).doubtful).toBe(doubtful));
});

describe("a machine", () => {
  test("that picks up an agent's phone answers nobody", () => {
    const machine = leg(9, "101", "in-progress", { machine: true });
    expect(fold("c1", [comesIn(), rings(2, "101"), machine, ends(30, "unanswered")])).toMatchObject({
      status: "missed",
      talks: [],
    });
  });

  test("that picks up the customer's phone was called all the same", () => {
    const machine = leg(9, "customer", "in-progress", { machine: true });
    expect(fold("c1", [at(0, { direction: "outgoing", phone: "+380441234567" }), machine])).toMatchObject({
      status: "in-progress",
    });
  });
});
