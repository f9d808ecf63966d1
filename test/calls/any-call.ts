/** Calls as PBXs tell them, for properties: plausible ones, and events that no PBX would send together. */
import fc from "fast-check";
import type { CallEvent, HeardEvent } from "../../src/calls/event.ts";
import { answers, at, comesIn, ends, goesOut, guesses, leg, rings, timeless } from "./heard.ts";

const extensions = ["101", "102", "103"];
const notPickedUp = ["missed", "busy", "failed", "canceled"] as const;

const facts = {
  rung: fc.shuffledSubarray(extensions, { minLength: 1 }),
  answered: fc.boolean(),
  declined: fc.boolean(),
  handedTo: fc.shuffledSubarray(extensions, { maxLength: 2 }),
  otherwise: fc.constantFrom(...notPickedUp),
  ended: fc.constantFrom("answered", "unanswered", ...notPickedUp),
  alive: fc.boolean(),
  seconds: fc.option(fc.nat(600), { nil: undefined }),
  withheld: fc.boolean(),
  guessed: fc.boolean(),
  forwarded: fc.boolean(),
  recording: fc.constantFrom("none", "named", "placeholder", "absent"),
  note: fc.option(fc.constantFrom("no money", "line limit"), { nil: undefined }),
};
type Facts = { [K in keyof typeof facts]: (typeof facts)[K] extends fc.Arbitrary<infer T> ? T : never };

function incoming(said: Facts): HeardEvent[] {
  const winner = said.rung[0] ?? "101";
  const caller = said.withheld ? { phone: undefined, withheld: true as const } : {};
  const forward = said.forwarded ? { rings: said.rung } : {};
  return [
    said.guessed ? guesses(0, "incoming", "+380501112233") : comesIn({ ...caller, ...forward }),
    ...said.rung.map((extension, i) => rings(1 + i, extension)),
    ...(said.answered ? talks(said, winner) : [leg(30, winner, said.otherwise)]),
    ...said.rung.slice(1).map((extension) => leg(31, extension, said.answered ? "canceled" : said.otherwise)),
    ...closing(said),
  ];
}

function talks(said: Facts, winner: string): HeardEvent[] {
  const declined = said.declined ? [leg(12, winner, "answered", { connected: false })] : [];
  const handed = said.handedTo.filter((extension) => extension !== winner);
  const chain = [winner, ...handed];
  const transfers = handed.map((to, i) => answers(40 + i * 10, to, { transferFrom: chain[i] }));
  return [answers(10, winner), ...declined, ...transfers];
}

function outgoing(said: Facts): HeardEvent[] {
  const caller = said.rung[0] ?? "101";
  const handed = said.handedTo.filter((extension) => extension !== caller);
  return [
    said.guessed ? guesses(0, "outgoing", "+380501112233") : goesOut(caller),
    rings(1, caller),
    answers(3, caller),
    rings(4, "customer"),
    ...(said.answered ? [answers(9, "customer", { extension: caller })] : [leg(30, "customer", said.otherwise)]),
    ...handed.map((to, i) => answers(40 + i * 10, to, { transferFrom: caller })),
    ...closing(said),
  ];
}

function closing({ alive, ended, seconds, recording, note }: Facts): HeardEvent[] {
  const recordings: HeardEvent[] = {
    none: [],
    absent: [at(92, { recording: { id: "r1", status: "absent" } })],
    placeholder: [at(90, { recording: { id: "", status: "expected" } })],
    named: [
      at(90, { recording: { id: "", status: "expected" } }),
      at(95, { recording: { id: "r1", status: "ready", url: "https://media.example/r1" } }),
    ],
  }[recording];
  return alive ? recordings : [ends(91, ended, { seconds, note }), ...recordings];
}

/** Some PBXs tell no times; and every webhook takes its own time to come in. */
function arriving(events: readonly HeardEvent[], hasTimes: boolean, delays: readonly number[]): HeardEvent[] {
  return events
    .map((event, i) => ({ ...event, heardAt: event.heardAt + (delays[i % delays.length] ?? 0) }))
    .map((event) => (hasTimes ? event : timeless(event)));
}

const delays = fc.array(fc.nat(60_000), { minLength: 1, maxLength: 8 });

/** The events of one call in the order in which they happened. */
export const anyCall: fc.Arbitrary<HeardEvent[]> = fc
  .tuple(fc.record(facts), fc.constantFrom(incoming, outgoing), fc.boolean(), delays)
  .map(([said, story, hasTimes, delays]) => arriving(story(said), hasTimes, delays));

const text = fc.constantFrom("", " ", "-", "+", "101", "+380441234567", "anonymous", "sip:101@pbx.example", "0");
const status = fc.constantFrom("ringing", "in-progress", "answered", ...notPickedUp);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const direction = fc.constantFrom("incoming", "outgoing");

const says: fc.Arbitrary<Omit<Partial<CallEvent>, "call" | "id">> = fc.record({
  at: maybe(fc.nat(1e6)),
  direction: maybe(direction),
  phone: maybe(text),
  withheld: maybe(fc.constant(true)),
  line: maybe(text),
  extension: maybe(text),
  rings: maybe(fc.subarray(extensions)),
  guess: maybe(fc.record({ direction, phone: maybe(text), line: maybe(text) })),
  leg: maybe(
    fc.record({
      id: fc.constantFrom("101", "102", "customer"),
      party: maybe(fc.constantFrom("agent", "customer")),
      number: maybe(text),
      extension: maybe(text),
      status,
      seconds: maybe(fc.nat(600)),
      connected: maybe(fc.constant(false)),
      presumed: maybe(fc.constant(true)),
      transferFrom: maybe(text),
      last: maybe(fc.constant(true)),
    }),
  ),
  ended: maybe(fc.constantFrom("answered", "unanswered", ...notPickedUp)),
  seconds: maybe(fc.nat(600)),
  recording: maybe(
    fc.record({
      id: fc.constantFrom("", "r1", "r2"),
      status: fc.constantFrom("expected", "ready", "absent"),
      url: maybe(fc.webUrl()),
      part: maybe(fc.nat(2)),
    }),
  ),
  note: maybe(fc.constantFrom("", "no money")),
});

/** Events that contradict each other, of empty texts and of numbers that are none. */
export const anyEvents: fc.Arbitrary<HeardEvent[]> = fc
  .array(fc.tuple(fc.nat(100), says), { minLength: 1, maxLength: 10 })
  .map((drawn) => drawn.map(([second, event], i) => ({ ...at(second, event), id: `e${i}` })));
