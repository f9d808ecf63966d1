import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clearest, isCountry, normalize } from "../../src/calls/phone.ts";

describe("a number as the system should read it", () => {
  test.each([
    ["is E.164 where it carries its country", "+38 (044) 123-45-67", undefined, "+380441234567"],
    ["gets the plus that a PBX left out", "380441234567", undefined, "+380441234567"],
    ["is completed by the channel's country", "(044) 123-45-67", "UA", "+380441234567"],
    ["loses its country's trunk prefix", "89998887766", "RU", "+79998887766"],
    ["loses its country's international prefix", "00380441234567", "UA", "+380441234567"],
    ["keeps its own country in another's channel", "48221234567", "US", "+48221234567"],
    ["stays national where no country is known", "044 123 45 67", undefined, "0441234567"],
    ["is not taken for international while it is ambiguously short", "4512345678", undefined, "4512345678"],
    ["is an extension and stays one", "101", "UA", "101"],
    ["is an emergency number and stays one", "112", "UA", "112"],
    ["is no valid number and stays as it is, without the punctuation", "+1 (000) 00", undefined, "+100000"],
    ["is a name and stays one", " anonymous ", undefined, "anonymous"],
    ["is an address and stays one", "sip:101@pbx.example", "UA", "sip:101@pbx.example"],
    ["is nothing but punctuation and is empty", " (-) ", "UA", ""],
    ["is a lone plus and is empty", "+ -", undefined, ""],
    ["is empty and stays empty", "", "UA", ""],
  ])("%s", (_, number, country, read) => expect(normalize(number, country)).toBe(read));

  test("is read the same when it is read again", () => {
    const number = fc.string({ unit: fc.constantFrom(..."0123456789+-() ."), maxLength: 18 });
    const country = fc.constantFrom(undefined, "UA", "RU", "US", "PL");
    fc.assert(
      fc.property(number, country, (number, country) => {
        const read = normalize(number, country);
        expect(normalize(read, country)).toBe(read);
      }),
      { numRuns: 500 },
    );
  });

  test("is never refused, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(typeof normalize(text, "UA")).toBe("string");
      }),
    );
  });
});

describe("the clearest of several ways to write a number", () => {
  test.each([
    ["carries its country", ["0441234567", "+380441234567", "441234567"], "+380441234567"],
    ["failing that, is the longest", ["441234567", "0441234567"], "0441234567"],
    ["is never empty", ["", "101", ""], "101"],
    ["is absent where all are empty", ["", ""], undefined],
    ["is absent where there are none", [], undefined],
  ])("%s", (_, numbers, chosen) => expect(clearest(numbers)).toBe(chosen));

  test("is the same for any order of them", () => {
    const written = fc.array(fc.string({ unit: fc.constantFrom(..."01+") }), { minLength: 1, maxLength: 6 });
    const orders = written.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(orders, ([all, order]) => {
        expect(clearest(order)).toBe(clearest(all));
      }),
    );
  });
});

test.each(["UA", "US", "PL"])("%s is a country", (code) => expect(isCountry(code)).toBe(true));

test.each(["ua", "XX", "UKR", "", "constructor", "__proto__", "toString"])('"%s" is no country', (code) =>
  expect(isCountry(code)).toBe(false),
);
