import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filenameOf, stemOf } from "../../src/recordings/store.ts";

const evening = Date.UTC(2026, 8, 1, 23, 59, 59);

describe("a recording is kept under", () => {
  test.each<[string, string, string, number, string]>([
    ["its channel, day, call and id", "CA12", "RE34", 0, "support/2026/09/01/CA12/RE34"],
    ["the number of its part too, from the second on", "CA12", "RE34", 1, "support/2026/09/01/CA12/RE34~2"],
    ["a word where it has no id", "CA12", "", 0, "support/2026/09/01/CA12/recording"],
    [
      "what is not safe in a path as its code point",
      "in_1.5/../x",
      "a b\\😀",
      0,
      "support/2026/09/01/in_1.5~2f~..~2f~x/a~20~b~5c~~1f600~",
    ],
    ["a tilde too, which marks code points", "~2f~", "r", 0, "support/2026/09/01/~7e~2f~7e~/r"],
    ["a dot in front too, which hides a file or leads elsewhere", "..", ".r.1", 0, "support/2026/09/01/~2e~./~2e~r.1"],
    ["all of a long id", "c".repeat(500), "r", 0, `support/2026/09/01/${"c".repeat(500)}/r`],
  ])("%s", (_, call, id, part, stem) => expect(stemOf("support", evening, call, id, part)).toBe(stem));

  test("a name that never leaves its folder, whatever the PBX's ids", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: "binary" }), (call, id) => {
        expect(stemOf("support", evening, call, id, 0)).toMatch(
          /^support\/2026\/09\/01\/[\w~-][\w.~-]*\/[\w~-][\w.~-]*$/,
        );
      }),
    );
  });
});

describe("ids that differ are kept apart", () => {
  const stem = (call: string, id: string) => stemOf("support", evening, call, id, 0);
  /** Few letters, so that ids which another's escaping looks like come up. */
  const id = fc.oneof(fc.string({ unit: fc.constantFrom("~", "2", "f", "/", " ", "_", ".", "😀") }), fc.string());

  test("whatever stands in them", () => {
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(stem(one, "r1") === stem(other, "r1")).toBe(one === other);
        fc.pre(one !== "" && other !== "");
        expect(stem("c1", one) === stem("c1", other)).toBe(one === other);
      }),
      { numRuns: 1000 },
    );
  });

  test("though one be what the other is written as", () => {
    fc.assert(
      fc.property(id, (one) => {
        fc.pre(one !== "");
        const name = stem("c1", one).split("/").at(-1) ?? "";
        expect(stem("c1", name) === stem("c1", one)).toBe(name === one);
      }),
    );
  });

  test("also from the further files of another", () => {
    fc.assert(
      fc.property(id, id, fc.integer({ min: 1, max: 40 }), (one, other, part) => {
        expect(stemOf("support", evening, "c1", one, part)).not.toBe(stem("c1", other));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["RE34-2", "RE34", 1],
    ["RE34~2", "RE34", 1],
  ])("%s and %s, part %d", (one, other, part) =>
    expect(stem("c1", one)).not.toBe(stemOf("support", evening, "c1", other, part)),
  );

  test.each([
    ["1.5", "1:5"],
    ["a/b", "a~2f~b"],
    ["a b", "a_b"],
    ["c".repeat(200), "c".repeat(201)],
  ])("%s and %s", (one, other) => expect(stem(one, "r1")).not.toBe(stem(other, "r1")));
});

test("a recording is attached under its call's day and id, and what it is", () => {
  expect(filenameOf("support/2026/09/01/CA12/RE34~2.mp3")).toBe("2026-09-01-CA12.mp3");
});

test("the name of a file never needs quoting", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), (call) => {
      expect(filenameOf(`${stemOf("support", evening, call, "r1", 0)}.ogg`)).toMatch(/^2026-09-01-[\w.~-]+\.ogg$/);
    }),
  );
});
