import { describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { at, began, comesIn, goesOut, guesses, rings, timeless } from "./heard.ts";

type Row = [title: string, events: HeardEvent[], becomes: Partial<Call>];

const after = (second: number) => began + second * 1000;

function tells(rows: readonly Row[]) {
  test.each(rows)("%s", (_, events, becomes) => expect(fold("c1", events)).toMatchObject(becomes));
}

describe("what the events say of the other side", () => {
  tells([
    [
      "a sure fact wins over a guess",
      [guesses(0, "outgoing", "101", "102"), comesIn()],
      {
        direction: "incoming",
        phone: "+380441234567",
        line: "+380800111222",
      },
    ],
    [
      "a guess holds while nothing is sure",
      [guesses(0, "incoming", "+380501112233", "+380800111222")],
      {
        direction: "incoming",
        phone: "+380501112233",
        line: "+380800111222",
      },
    ],
    [
      "the number that was dialled is the customer's",
      [goesOut("101", { phone: undefined }), rings(1, "customer", { number: "380501112233" })],
      {
        phone: "+380501112233",
      },
    ],
    [
      "a hidden number stays hidden, whatever a leg guesses",
      [comesIn({ phone: undefined, withheld: true }), guesses(1, "incoming", "101")],
      {
        phone: undefined,
        withheld: true,
      },
    ],
    [
      "a number that is told after all is not hidden",
      [comesIn({ phone: undefined, withheld: true }), at(1, { phone: "+380501112233" })],
      {
        phone: "+380501112233",
        withheld: false,
      },
    ],
    ["a number without a digit is none", [comesIn({ phone: " - ", line: "" })], { phone: undefined, line: undefined }],
    ["an extension without a name is none", [goesOut(""), rings(1, "102", { extension: "" })], { rung: [] }],
    [
      "of two ways to write a number the clearer wins",
      [comesIn({ phone: "0441234567" }), at(1, { phone: "+380441234567" })],
      {
        phone: "+380441234567",
      },
    ],
    [
      "who our own answer rings counts as rung",
      [comesIn({ rings: ["103", "101"] }), rings(1, "101"), rings(1, "102")],
      { rung: ["101", "102", "103"] },
    ],
    ["both ends are extensions", [comesIn(), at(1, { internal: true })], { internal: true }],
    [
      "one event that tells of a customer outweighs all that tell of two extensions",
      [comesIn({ internal: false }), at(1, { internal: true, phone: "101" }), at(2, { internal: true })],
      { internal: false, phone: "+380441234567" },
    ],
    [
      "a customer's number is not what two extensions say of each other",
      [comesIn({ phone: "112", internal: false }), at(1, { internal: true, phone: "1010" })],
      { internal: false, phone: "112" },
    ],
    ["between extensions it is", [at(1, { internal: true, phone: "101" })], { internal: true, phone: "101" }],
    ["the call began when the PBX says so", [comesIn(), at(3, { startedAt: after(-2) })], { startedAt: after(-2) }],
    ["failing that, it began with its first event", [rings(3, "101"), comesIn()], { startedAt: after(0) }],
    [
      "notes come once each, sorted",
      [at(1, { note: "b" }), at(2, { note: "a" }), at(3, { note: "b" })],
      { notes: ["a", "b"] },
    ],
  ]);

  test("a number is read as its PBX writes it, and one that was dialled as hands write", () => {
    const numbering = { country: "IT", numbers: "international" } as const;
    const said = { phone: "34612345678" };
    expect(fold("c1", [comesIn(said)], numbering).phone).toBe("+34612345678");
    expect(fold("c1", [goesOut("101", { ...said, writing: "either" })], numbering).phone).toBe("34612345678");
    expect(
      fold("c1", [goesOut("101", { phone: undefined, guess: { direction: "outgoing", ...said } })], numbering),
    ).toMatchObject({ phone: "+34612345678" });
    expect(fold("c1", [comesIn({ line: "390612345678" })], numbering).line).toBe("+390612345678");
  });

  test("a number that came with its plus counts before one that had to be completed", () => {
    const events = [comesIn({ phone: "0491511234567" }), at(1, { phone: "+491511234567" })];
    for (const order of [events, events.toReversed()]) {
      expect(fold("c1", order, { country: "DE" }).phone).toBe("+491511234567");
    }
  });

  test("a national number is completed by the channel's country", () => {
    expect(fold("c1", [comesIn({ phone: "044 123-45-67" })], { country: "UA" }).phone).toBe("+380441234567");
  });
});

describe("its recordings", () => {
  const says = (second: number, id: string, status: "expected" | "ready" | "absent", url?: string) =>
    at(second, { recording: { id, status, url } });

  tells([
    [
      "are announced without a name at first",
      [says(1, "", "expected")],
      { recordings: [{ id: "", status: "expected" }] },
    ],
    [
      "make the placeholder superfluous once named",
      [says(1, "", "expected"), says(9, "r1", "ready")],
      {
        recordings: [{ id: "r1", status: "ready" }],
      },
    ],
    [
      "are there once they are, however late the announcement",
      [says(9, "r1", "ready"), says(10, "r1", "expected")],
      {
        recordings: [{ id: "r1", status: "ready" }],
      },
    ],
    [
      "are there although they were denied",
      [says(5, "r1", "absent"), says(9, "r1", "ready")],
      {
        recordings: [{ id: "r1", status: "ready" }],
      },
    ],
    [
      "keep the address that any event tells",
      [says(1, "r1", "expected", "https://a.example/1"), says(9, "r1", "ready")],
      {
        recordings: [{ id: "r1", status: "ready", url: "https://a.example/1" }],
      },
    ],
  ]);

  test("are as many as their ids, in the order of these", () => {
    const call = fold("c1", [says(1, "r2", "ready"), says(2, "r1", "expected"), says(3, "r1", "ready")]);
    expect(call.recordings.map((recording) => recording.id)).toEqual(["r1", "r2"]);
  });
});

test("a webhook that comes again counts as it first came", () => {
  const event = timeless(comesIn());
  const again = { ...event, heardAt: event.heardAt + 90_000 };
  expect(fold("c1", [again, event])).toEqual(fold("c1", [event]));
});
