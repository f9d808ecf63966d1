import { describe, expect, test } from "vitest";
import { type ExtensionRange, isAmong } from "../../src/calls/extension.ts";

describe("a number is among the extensions of a channel", () => {
  const hundreds: ExtensionRange[] = [
    { from: "100", to: "199" },
    { from: "0010", to: "0019" },
    { from: "8500", to: "8500" },
  ];

  test.each([
    ["the first of a range", "100", true],
    ["the last of a range", "199", true],
    ["beyond a range", "200", false],
    ["longer than a range", "1000", false],
    ["with leading zeros, as the range has them", "0015", true],
    ["with leading zeros that the range does not have", "0150", false],
    ["a single one", "8500", true],
    ["its neighbour", "8501", false],
    ["a number with its plus", "+150", false],
    ["a name", "1o5", false],
    ["nothing", "", false],
  ])("%s: %s is %s", (_, number, among) => expect(isAmong(number, hundreds)).toBe(among));

  test("of none, where there are none", () => expect(isAmong("100", [])).toBe(false));
});
