import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import { clock, commentOn, placeholders } from "../../src/calls/comment.ts";
import { answers, comesIn, ends } from "./heard.ts";

const call = fold("c1", [comesIn(), answers(5, "101"), ends(80, "answered", { seconds: 75 })]);

describe("the comment on a call", () => {
  test.each<[string, Call, string | undefined, string | undefined, string | undefined]>([
    ["is short and useful by default", call, "101", undefined, "line +380800111222, agent 101, talk 1:15"],
    ["leaves out what is not known", { ...call, line: undefined, seconds: undefined }, "101", undefined, "agent 101"],
    ["tells a talk of no length", { ...call, line: undefined, seconds: 0 }, undefined, undefined, "talk 0:00"],
    [
      "ends with what the PBX noted",
      { ...call, notes: ["no money"] },
      undefined,
      undefined,
      "line +380800111222, talk 1:15, no money",
    ],
    [
      "is none where nothing is known",
      { ...call, line: undefined, seconds: undefined },
      undefined,
      undefined,
      undefined,
    ],
    ["is none where none is wanted", { ...call, notes: ["no money"] }, "101", "", undefined],
    ["follows the channel's template", call, "101", "{line} took {duration}", "+380800111222 took 1:15"],
    [
      "names all that a template may",
      { ...call, notes: ["a", "b"] },
      "101",
      "{agent} {direction} {duration} {line} {note} {phone} {status}",
      "101 incoming 1:15 +380800111222 a; b +380441234567 answered",
    ],
    [
      "leaves the place of what is not known empty",
      { ...call, line: undefined },
      undefined,
      "on {line} by {agent}.",
      "on by .",
    ],
    ["is none where the template comes out empty", { ...call, notes: [] }, undefined, " {note} {agent} ", undefined],
    ["keeps the template's lines", call, "101", "{line}\n{agent}", "+380800111222\n101"],
    [
      "takes a value as it is, whatever it looks like",
      { ...call, line: "$& {phone} $1" },
      undefined,
      "{line}",
      "$& {phone} $1",
    ],
    ["knows no placeholders of an object's own", call, undefined, "{constructor}{__proto__}x", "x"],
  ])("%s", (_, call, agent, template, comment) => expect(commentOn(call, agent, template)).toBe(comment));

  test("has a value for every placeholder of a call of which all is known", () => {
    const noted = { ...call, notes: ["no money"] };
    const values = [...placeholders].map(([name]) => commentOn(noted, "101", `{${name}}`));
    expect(values).not.toContain(undefined);
  });
});

describe("a length of talk", () => {
  test.each([
    [0, "0:00"],
    [9.4, "0:09"],
    [59.6, "1:00"],
    [600, "10:00"],
    [3599.5, "1:00:00"],
    [3661, "1:01:01"],
    [100 * 3600, "100:00:00"],
  ])("of %d seconds reads %s", (seconds, reads) => expect(clock(seconds)).toBe(reads));

  test("reads back as what it was", () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seconds) => {
        const parts = clock(seconds).split(":").map(Number);
        expect(parts.reduce((sum, part) => sum * 60 + part, 0)).toBe(seconds);
      }),
    );
  });
});
