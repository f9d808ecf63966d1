import { describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import { type Desired, desiredOf, hiddenPhone, type Telling } from "../../src/calls/desired.ts";
import { answers, at, comesIn, ends, goesOut, guesses, rings } from "./heard.ts";

const rules: Telling = {
  assign: [],
  ignore: [],
  internal: false,
  credit: "last",
  delivery: "live",
  recordings: { enabled: true, except: [] },
};

/** A PBX that tells of each phone that rings on its own, and can be asked after a call. */
const provider = { ringWait: { quietMs: 500, mostMs: 1_500 }, state: {} };

const ringing = fold("c1", [comesIn(), rings(1, "101"), rings(1, "102")]);
const talking = fold("c1", [comesIn(), rings(1, "101"), answers(5, "102")]);
const answered = fold("c1", [comesIn(), answers(5, "102"), ends(80, "answered", { seconds: 75 })]);

describe("the system should know", () => {
  test.each<[string, Call, Partial<Telling>, Partial<Desired>]>([
    [
      "that a call rings, and for whom",
      ringing,
      {},
      {
        direction: "incoming",
        phone: "+380441234567",
        status: "ringing",
        audience: { kind: "pbxUsers", ids: ["101", "102"] },
        assignee: undefined,
        comment: undefined,
      },
    ],
    [
      "who talks, and that the ticket is theirs",
      talking,
      {},
      {
        status: "in-progress",
        audience: { kind: "pbxUsers", ids: ["102"] },
        assignee: { kind: "pbxUser", id: "102" },
      },
    ],
    [
      "for whom it is about to ring, where our own answer says so",
      fold("c1", [comesIn({ rings: ["102", "101"] })]),
      {},
      { status: "ringing", audience: { kind: "pbxUsers", ids: ["101", "102"] } },
    ],
    [
      "nobody by a name that would read as two",
      fold("c1", [comesIn(), rings(1, "101"), rings(1, "7,8")]),
      {},
      { audience: { kind: "pbxUsers", ids: ["101"] } },
    ],
    ["nobody in particular of a call that rings nobody", fold("c1", [comesIn()]), {}, { audience: undefined }],
    ["a comment once the call is over", answered, {}, { comment: "line +380800111222, agent 102, talk 1:15" }],
    ["the comment that the channel wants", answered, { comment: "{status}" }, { comment: "answered" }],
    ["no comment where none is wanted", answered, { comment: "" }, { comment: undefined }],
    [
      "the employees of a rule",
      ringing,
      { assign: [{ user_ids: ["1", "2"] }] },
      {
        audience: { kind: "users", ids: ["1", "2"] },
        assignee: undefined,
      },
    ],
    ["the group of a rule", ringing, { assign: [{ group_ids: ["7"] }] }, { audience: { kind: "groups", ids: ["7"] } }],
    [
      "the ticket of a group as that of who talks",
      talking,
      { assign: [{ group_ids: ["7"] }] },
      {
        audience: { kind: "groups", ids: ["7"] },
        assignee: { kind: "pbxUser", id: "102" },
      },
    ],
    [
      "the ticket as the only employee's whom a rule names",
      talking,
      { assign: [{ user_ids: ["1"] }] },
      {
        assignee: { kind: "user", id: "1" },
      },
    ],
    [
      "the ticket as the only extension's that a rule names",
      talking,
      { assign: [{ pbx_user_ids: ["500"] }] },
      {
        audience: { kind: "pbxUsers", ids: ["500"] },
        assignee: { kind: "pbxUser", id: "500" },
      },
    ],
    [
      "a hidden number as hidden",
      fold("c1", [comesIn({ phone: undefined, withheld: true })]),
      {},
      { phone: hiddenPhone },
    ],
    [
      "a number that never came as hidden, once the call is over",
      fold("c1", [comesIn({ phone: undefined }), ends(9, "missed")]),
      {},
      { phone: hiddenPhone, status: "missed" },
    ],
    [
      "a call of which only a leg's guess tells",
      fold("c1", [guesses(0, "outgoing", "+380501112233")]),
      {},
      {
        direction: "outgoing",
        phone: "+380501112233",
      },
    ],
  ])("%s", (_, call, some, desired) => expect(desiredOf(call, { ...rules, ...some })).toMatchObject(desired));
});

describe("the system should know nothing", () => {
  test.each<[string, Call, Partial<Telling>]>([
    ["of a call whose direction is not known yet", fold("c1", [rings(1, "101")]), {}],
    ["of a call whose number is not known yet", fold("c1", [goesOut("101", { phone: undefined })]), {}],
    ["of a call whose number has no digit, while more may come", fold("c1", [comesIn({ phone: "-" })]), {}],
  ])("%s", (_, call, some) => expect(desiredOf(call, { ...rules, ...some })).toBeUndefined());
});

test("a call that was answered elsewhere is nobody's in particular, whoever was rung", () => {
  const elsewhere = fold("c1", [comesIn(), rings(1, "101"), answers(5, "external"), ends(80, "answered")]);
  const nobodys = { status: "answered", audience: undefined, assignee: undefined };
  expect(desiredOf(elsewhere, rules)).toMatchObject(nobodys);
  expect(desiredOf(elsewhere, { ...rules, assign: [{ extension: "101", user_ids: ["7"] }] })).toMatchObject(nobodys);
});

test("whether a call is ignored is not asked here: one whose card popped up is told to its end", () => {
  expect(desiredOf(answered, { ...rules, ignore: [{ extension: "102" }] })).toMatchObject({ status: "answered" });
  expect(desiredOf(fold("c1", [comesIn(), at(1, { internal: true })]), rules)).toMatchObject({ status: "ringing" });
});

describe("a ticket is not made", () => {
  const said = (second: number) => at(second, {}).heardAt;
  const atEnd: Partial<Telling> = { delivery: "final" };
  const unrecorded: Partial<Telling> = { ...atEnd, recordings: { enabled: false, except: [] } };
  const announced = (status: "expected" | "absent") =>
    fold("c1", [comesIn(), ends(80, "answered"), at(81, { recording: { id: "r1", status } })]);

  const ring = (...seconds: number[]) =>
    fold("c1", [comesIn(), ...seconds.map((second, i) => rings(second, `10${i}`))]);
  const last = ends(9, "unanswered", { concluded: true });

  test.each<[title: string, call: Call, notBefore: number | undefined, some?: Partial<Telling>]>([
    ["later than at once where the root tells", ringing, undefined],
    ["before the root had time to tell what a leg only guesses", fold("c1", [guesses(3, "incoming", "101")]), said(5)],
    [
      "later than that, however much more its legs guess",
      fold("c1", [guesses(3, "incoming", "101"), rings(9, "101")]),
      said(5),
    ],
    [
      "before a call without a number had time to tell it",
      fold("c1", [comesIn({ phone: undefined }), ends(9, "missed")]),
      said(14),
    ],
    [
      "later for a number that is hidden for good",
      fold("c1", [comesIn({ phone: undefined, withheld: true }), ends(9, "missed")]),
      undefined,
    ],
    ["before a recording had time to be announced, where it takes one along", answered, said(85), atEnd],
    ["later for that where it may be updated", answered, undefined],
    ["later for that where no recordings are fetched", answered, undefined, unrecorded],
    ["later than at once where a recording is announced", announced("expected"), undefined, atEnd],
    ["later than at once where there will be none", announced("absent"), undefined, atEnd],
    ["before half a second went by without a further ring", ring(0, 0.2), said(0.7), { provider }],
    ["later than a second and a half for rings", ring(0, 0.4, 0.8, 1.2), said(1.5), { provider }],
    ["later for rings once somebody took the call", talking, undefined, { provider }],
    ["later for rings of a call that goes out", fold("c1", [goesOut("101")]), undefined, { provider }],
    [
      "before a root alone was asked for its legs",
      fold("c1", [comesIn(), ends(9, "unanswered")]),
      said(19),
      { provider },
    ],
    ["later for them where the PBX cannot be asked", fold("c1", [comesIn(), ends(9, "unanswered")]), undefined],
    [
      "later for them once they are known",
      fold("c1", [comesIn(), ends(9, "unanswered"), at(10, { asked: true })]),
      undefined,
      { provider },
    ],
    ["before another leg could follow the last", fold("c1", [goesOut("101"), last]), said(14)],
  ])("%s", (_, call, notBefore, some) => expect(desiredOf(call, { ...rules, ...some })?.notBefore).toBe(notBefore));
});
