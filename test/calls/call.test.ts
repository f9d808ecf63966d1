import { describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { answers, at, began, comesIn, ends, goesOut, leg, rings, timeless } from "./heard.ts";

type Row = [title: string, events: HeardEvent[], becomes: Partial<Call>];

const after = (second: number) => began + second * 1000;
const talk = (extension: string, second: number, seconds?: number) => ({ extension, since: after(second), seconds });

function tells(rows: readonly Row[]) {
  test.each(rows)("%s", (_, events, becomes) => expect(fold("c1", events)).toMatchObject(becomes));
}

describe("an incoming call", () => {
  const voicemail = { party: "agent", connected: false, extension: undefined } as const;

  tells([
    ["rings before anybody is rung", [comesIn()], { status: "ringing", rung: [], talks: [], endedAt: undefined }],
    ["rings a group", [comesIn(), rings(1, "102"), rings(1, "101")], { status: "ringing", rung: ["101", "102"] }],
    [
      "is answered by one of a group, and the loser changes nothing",
      [comesIn(), rings(1, "101"), rings(1, "102"), answers(5, "102"), leg(5, "101", "canceled")],
      { status: "in-progress", rung: ["101", "102"], talks: [talk("102", 5)] },
    ],
    [
      "was answered, whatever became of the other legs",
      [comesIn(), leg(9, "101", "missed"), answers(9, "102"), leg(60, "103", "failed"), ends(70, "unanswered")],
      { status: "answered", endedAt: after(70) },
    ],
    [
      "is missed when the caller gives up",
      [comesIn(), rings(1, "101"), ends(20, "canceled")],
      { status: "missed", talks: [], seconds: undefined },
    ],
    [
      "is missed when the caller only met the menu",
      [comesIn(), ends(20, "unanswered")],
      { status: "missed", rung: [] },
    ],
    [
      "is missed when only the voicemail picked up",
      [
        comesIn(),
        leg(20, "101", "missed"),
        answers(21, "voicemail", voicemail),
        ends(60, "unanswered", { seconds: 39 }),
      ],
      { status: "missed", talks: [], seconds: undefined },
    ],
    [
      "is missed when the only one who picked up declined it",
      [comesIn(), answers(4, "101"), leg(6, "101", "answered", { connected: false }), ends(9, "unanswered")],
      { status: "missed", rung: ["101"], talks: [] },
    ],
    [
      "is busy when everybody was",
      [comesIn(), leg(2, "101", "busy"), leg(2, "102", "busy"), ends(3, "unanswered")],
      { status: "busy" },
    ],
    [
      "is missed when one was busy and another let it ring",
      [comesIn(), leg(2, "101", "busy"), leg(20, "102", "missed"), ends(21, "unanswered")],
      { status: "missed" },
    ],
    [
      "keeps the PBX's word on the whole call before its legs'",
      [comesIn(), leg(20, "101", "missed"), ends(21, "failed")],
      { status: "failed" },
    ],
    [
      "was answered although its END denies the ANSWER",
      [comesIn(), answers(5, "101"), ends(60, "missed")],
      { status: "answered", talks: [talk("101", 5)] },
    ],
    [
      "was answered although the ANSWER never came",
      [comesIn(), rings(1, "101"), ends(60, "answered", { seconds: 50 })],
      { status: "answered", talks: [], seconds: 50 },
    ],
    [
      "stays over when a ringing comes late",
      [comesIn(), ends(20, "missed"), rings(30, "101")],
      { status: "missed", endedAt: after(20), rung: ["101"] },
    ],
    [
      "is corrected when an answer comes late",
      [comesIn(), ends(20, "missed"), answers(5, "101")],
      { status: "answered", endedAt: after(20) },
    ],
    [
      "is taken for over where nobody ever heard of its end",
      [comesIn(), rings(1, "101"), ends(9000, "unheard")],
      { status: "missed", endedAt: after(9000) },
    ],
    [
      "is taken for over after talk too",
      [comesIn(), answers(5, "101"), ends(9000, "unheard")],
      { status: "answered", endedAt: after(9000) },
    ],
    [
      "is over when the PBX says so, though it was taken for over before",
      [comesIn(), ends(9000, "unheard"), ends(9100, "busy", { at: after(60) })],
      { status: "busy", endedAt: after(60), notes: [] },
    ],
    [
      "is forwarded to a number outside, which is who talked",
      [comesIn(), answers(8, "mobile", { number: "380501112233" }), ends(60, "answered")],
      { status: "answered", phone: "+380441234567", talks: [talk("+380501112233", 8)] },
    ],
  ]);
});

describe("an outgoing call", () => {
  tells([
    ["rings who placed it", [goesOut("101")], { status: "ringing", rung: ["101"], direction: "outgoing" }],
    [
      "is talk for who placed it once the customer answers",
      [goesOut("101"), rings(1, "customer"), answers(6, "customer")],
      { status: "in-progress", talks: [talk("101", 6)] },
    ],
    [
      "finds the customer busy",
      [goesOut("101"), leg(3, "customer", "busy"), ends(3, "unanswered")],
      { status: "busy" },
    ],
    [
      "finds nobody there",
      [goesOut("101"), leg(40, "customer", "missed"), ends(40, "unanswered")],
      { status: "missed" },
    ],
    ["is given up", [goesOut("101"), rings(1, "customer"), ends(8, "canceled")], { status: "canceled" }],
    ["is given up before the customer is rung", [goesOut("101"), ends(2, "unanswered")], { status: "canceled" }],
    ["cannot be placed", [goesOut("101"), leg(1, "customer", "failed"), ends(1, "unanswered")], { status: "failed" }],
    [
      "still rings while only the agent has picked up",
      [goesOut("101"), rings(1, "101"), answers(4, "101"), rings(5, "customer")],
      { status: "ringing", talks: [] },
    ],
    [
      "was not answered when only the agent picked up",
      [
        goesOut("101"),
        answers(4, "101"),
        leg(30, "customer", "missed"),
        leg(30, "101", "answered"),
        ends(30, "missed"),
      ],
      { status: "missed", talks: [], seconds: undefined },
    ],
    [
      "takes a leg of unknown party for the customer's",
      [goesOut("101"), at(6, { leg: { id: "l1", status: "in-progress", number: "0441234567" } })],
      { status: "in-progress" },
    ],
  ]);
});

describe("who talked", () => {
  const handedOver = [comesIn(), answers(5, "101"), answers(60, "102", { transferFrom: "101" }), ends(100, "answered")];
  const lengths = [leg(61, "101", "answered", { seconds: 55 }), leg(100, "102", "answered", { seconds: 40 })];

  tells([
    ["is everyone the call was handed to, in turn", handedOver, { talks: [talk("101", 5), talk("102", 60)] }],
    ["is told with lengths, which add up", [...handedOver, ...lengths], { seconds: 95 }],
    [
      "is counted once where the PBX tells the length of the whole call",
      [...handedOver, ...lengths, at(101, { seconds: 97 })],
      { seconds: 97, talks: [talk("101", 5, 55), talk("102", 60, 40)] },
    ],
    [
      "begins a length before its end where no answer was heard",
      [comesIn(), leg(100, "102", "answered", { seconds: 40 }), ends(100, "answered")],
      { talks: [talk("102", 60, 40)] },
    ],
    [
      "ends with whom the PBX calls the last",
      [
        comesIn(),
        answers(5, "101", { transferFrom: "102" }),
        answers(9, "102"),
        leg(99, "102", "answered", { last: true }),
      ],
      { talks: [talk("101", 5), talk("102", 9)] },
    ],
    [
      "survives a call handed back and forth",
      [comesIn(), answers(5, "101", { transferFrom: "102" }), answers(60, "102", { transferFrom: "101" })],
      { talks: [talk("101", 5), talk("102", 60)] },
    ],
    [
      "of an outgoing call is who placed it, then who it was handed to",
      [goesOut("101"), answers(6, "customer"), answers(50, "102", { transferFrom: "101" }), ends(90, "answered")],
      { talks: [talk("101", 6), talk("102", 50)] },
    ],
  ]);

  /** Answered one after the other, heard the other way round, by a PBX that tells no times. */
  const chain = (ids: readonly string[]) => {
    const [first, second, third] = ids;
    const legs = [
      answers(9, "101", { id: first }),
      answers(7, "102", { id: second, transferFrom: "101" }),
      answers(5, "103", { id: third, transferFrom: "102" }),
    ];
    return fold("c1", [comesIn(), ...legs].map(timeless)).talks.map(({ extension }) => extension);
  };

  test("is in order of the transfers, whatever order they are heard in", () => {
    expect(chain(["101", "102", "103"])).toEqual(["101", "102", "103"]);
  });

  test("is in order of the transfers where legs have ids of their own", () => {
    expect(chain(["CA1", "CA2", "CA3"])).toEqual(["101", "102", "103"]);
  });
});
