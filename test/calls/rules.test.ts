import { describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import { assignmentOf, audioExcepted, creditedTo, ignoredBecause, type Rules } from "../../src/calls/rules.ts";
import { answers, at, comesIn, ends, goesOut, leg, rings } from "./heard.ts";

const rules: Rules = { assign: [], ignore: [], internal: false, credit: "last", recordings: { except: [] } };

const ringing = fold("c1", [comesIn(), rings(1, "101"), rings(1, "102")]);
const missed = fold("c1", [comesIn(), rings(1, "101"), ends(20, "missed")]);
const answered = fold("c1", [comesIn(), rings(1, "101"), answers(5, "102"), ends(15, "answered", { seconds: 10 })]);
const handedOver = fold("c1", [
  comesIn(),
  answers(0, "101"),
  answers(70, "102", { transferFrom: "101" }),
  answers(80, "103", { transferFrom: "102" }),
  ends(100, "answered"),
]);
const outgoing = fold("c1", [goesOut("101")]);

describe("a call is kept from the system", () => {
  const unmeasured = fold("c1", [comesIn(), answers(5, "101"), ends(90, "answered")]);
  const hidden = fold("c1", [comesIn({ phone: undefined, withheld: true })]);
  const short = fold("c1", [comesIn({ phone: "22-33-44" })], { country: "DE" });
  const national = { country: "UA" };

  test.each<[string, Call, Partial<Rules>, string | undefined]>([
    ["not without a rule", answered, {}, undefined],
    ["where both ends are extensions", fold("c1", [comesIn(), at(1, { internal: true })]), {}, "internal"],
    ["not where internal calls are wanted", fold("c1", [at(1, { internal: true })]), { internal: true }, undefined],
    ["by its phone", answered, { ignore: [{ phone: "+380441234567" }] }, "ignore rule 1"],
    [
      "by its phone as it is written at home",
      answered,
      { ...national, ignore: [{ phone: "044 1234567" }] },
      "ignore rule 1",
    ],
    ["by its phone without the plus", answered, { ignore: [{ phone: "380 44 123-45-67" }] }, "ignore rule 1"],
    ["by its phone with 00", answered, { ignore: [{ phone: "00380441234567" }] }, "ignore rule 1"],
    [
      "by its phone as at home, though the PBX writes internationally",
      answered,
      { ...national, numbers: "international", ignore: [{ phone: "044 1234567" }] },
      "ignore rule 1",
    ],
    [
      "by its phone in full, in a country where that is too long for a number",
      answered,
      { country: "DE", numbers: "international", ignore: [{ phone: "380441234567" }] },
      "ignore rule 1",
    ],
    [
      "by a short number that stayed as it came",
      short,
      { country: "DE", ignore: [{ phone: "223344" }] },
      "ignore rule 1",
    ],
    ["not by another's that ends so", answered, { ...national, ignore: [{ phone: "1234567" }] }, undefined],
    ["by how its phone begins, with 00", answered, { ignore: [{ phone: "00380 44*" }] }, "ignore rule 1"],
    ["by how its phone begins, with blanks", answered, { ignore: [{ phone: "+380 44*" }] }, "ignore rule 1"],
    ["by how its phone begins", answered, { ignore: [{ phone: "+38044*" }] }, "ignore rule 1"],
    ["not by how another phone begins", answered, { ignore: [{ phone: "+38050*" }] }, undefined],
    ["by any phone at all", answered, { ignore: [{ phone: "*" }] }, "ignore rule 1"],
    ["not by any phone where it is hidden", hidden, { ignore: [{ phone: "*" }] }, undefined],
    ["by its line", answered, { ignore: [{ line: "+380800111222" }] }, "ignore rule 1"],
    ["by who was rung", answered, { ignore: [{ extension: "101" }] }, "ignore rule 1"],
    ["by who talked", answered, { ignore: [{ extension: "102" }] }, "ignore rule 1"],
    ["by its direction", outgoing, { ignore: [{ direction: "incoming" }, { direction: "outgoing" }] }, "ignore rule 2"],
    ["only where all of a rule fits", answered, { ignore: [{ extension: "101", direction: "outgoing" }] }, undefined],
    ["for little talk", answered, { ignore: [{ shorter_than: 11 }] }, "ignore rule 1"],
    ["not for talk of just that length", answered, { ignore: [{ shorter_than: 10 }] }, undefined],
    ["not for no talk: who was missed must be called back", missed, { ignore: [{ shorter_than: 60 }] }, undefined],
    ["not for little talk while it lives", ringing, { ignore: [{ shorter_than: 60 }] }, undefined],
    ["not for talk of unknown length", unmeasured, { ignore: [{ shorter_than: 60 }] }, undefined],
  ])("%s", (_, call, some, because) => expect(ignoredBecause(call, { ...rules, ...some })).toBe(because));
});

describe("a call's audio is left alone", () => {
  test.each<[string, Call, Rules["recordings"]["except"], boolean]>([
    ["not without a rule", answered, [], false],
    ["by its line", answered, [{ line: "+380800111222" }], true],
    ["by its direction", outgoing, [{ direction: "outgoing" }], true],
    ["by an extension that is still rung", ringing, [{ extension: "102" }], true],
    ["not by another's", ringing, [{ extension: "103" }, { direction: "outgoing" }], false],
  ])("%s", (_, call, except, excepted) =>
    expect(audioExcepted(call, { ...rules, recordings: { except } })).toBe(excepted),
  );
});

describe("the ticket goes to", () => {
  const measured = fold("c1", [
    comesIn(),
    answers(0, "101"),
    leg(95, "101", "answered", { seconds: 5 }),
    answers(70, "102", { transferFrom: "101" }),
    ends(100, "answered"),
  ]);

  test.each<[string, Call, Rules["credit"], string | undefined]>([
    ["nobody while nobody talked", ringing, "last", undefined],
    ["nobody of a call that nobody answered", missed, "longest", undefined],
    ["the last", handedOver, "last", "103"],
    ["the first", handedOver, "first", "101"],
    ["the longest, by when the next began", handedOver, "longest", "101"],
    ["the longest, by the lengths that the PBX tells", measured, "longest", "102"],
    [
      "the first of the longest",
      fold("c1", [comesIn(), answers(0, "101"), answers(10, "102"), ends(20, "answered")]),
      "longest",
      "101",
    ],
  ])("%s", (_, call, credit, extension) => expect(creditedTo(call, credit)).toBe(extension));
});

describe("of the assignment rules", () => {
  const assign: Rules["assign"] = [
    { extension: "102", group_ids: ["7"] },
    { extension: "101", user_ids: ["1"] },
    { direction: "incoming", line: "+380800111222", pbx_user_ids: ["500"] },
  ];

  test.each<[string, Call, number | undefined]>([
    ["the first that fits anyone rung counts before talk", ringing, 0],
    ["that of who talked counts after it", answered, 0],
    ["that of the credited one counts, not of who talked before", handedOver, 2],
    ["none fits a call that none is about", fold("c1", [goesOut("103")]), undefined],
  ])("%s", (_, call, index) =>
    expect(assignmentOf(call, { ...rules, assign })).toBe(index === undefined ? undefined : assign[index]),
  );
});
