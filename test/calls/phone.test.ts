import fc from "fast-check";
import examples from "libphonenumber-js/examples.mobile.json" with { type: "json" };
import { getCountries, getExampleNumber, isValidPhoneNumber, parsePhoneNumberFromString } from "libphonenumber-js/min";
import { describe, expect, test } from "vitest";
import {
  byHand,
  clearest,
  clearestNumber,
  isCountry,
  normalize,
  type Spelling,
  type Writing,
} from "../../src/calls/phone.ts";

const writings: readonly Writing[] = ["international", "national", "either"];

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
    ["carries its country in brackets", "(+380) 44 123-45-67", "US", "+380441234567"],
    ["is nothing but punctuation and is empty", " (-) ", "UA", ""],
    ["is a lone plus and is empty", "+ -", undefined, ""],
    ["is empty and stays empty", "", "UA", ""],
  ])("%s", (_, number, country, read) => expect(normalize(number, { country })).toBe(read));

  test("is read the same when it is read again", () => {
    const number = fc.string({ unit: fc.constantFrom(..."0123456789+-() ."), maxLength: 18 });
    const numbering = fc.record({
      country: fc.constantFrom(undefined, "UA", "RU", "US", "PL", "DE", "IT"),
      numbers: fc.constantFrom(...writings),
    });
    fc.assert(
      fc.property(number, numbering, (number, numbering) => {
        const read = normalize(number, numbering);
        expect(normalize(read, numbering)).toBe(read);
      }),
      { numRuns: 500 },
    );
  });

  test("is never refused, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(typeof normalize(text, { country: "UA" })).toBe("string");
      }),
    );
  });
});

describe("a number without a plus is read as its PBX writes it", () => {
  const asCame = undefined;

  test.each<[string, string, string, ...(string | undefined)[]]>([
    // What, the number, the channel's country; then as an international, a national and a mixed writer's.
    ["of the country, with its code", "4915112345678", "DE", "+4915112345678", "+4915112345678", "+4915112345678"],
    ["from abroad", "380501112233", "DE", "+380501112233", "+380501112233", "+380501112233"],
    ["from abroad, and right at home too", "34612345678", "IT", "+34612345678", asCame, asCame],
    ["as at home, and right abroad too", "84951234567", "RU", "+84951234567", asCame, asCame],
    ["as at home, and nowhere else", "89161234567", "RU", "+79161234567", "+79161234567", "+79161234567"],
    ["of the country, with its code, and short", "4721234567", "NO", ...Array(3).fill("+4721234567")],
    ["of another country, with its code, and short", "4721234567", "UA", "+4721234567", asCame, asCame],
    ["with the country's prefix", "0501112233", "UA", "+380501112233", "+380501112233", "+380501112233"],
    ["without the country's prefix", "501112233", "UA", asCame, "+380501112233", "+380501112233"],
    ["of a country without a prefix", "951210000", "UZ", "+951210000", "+998951210000", asCame],
    ["of a country of short numbers", "34412345", "DK", asCame, "+4534412345", "+4534412345"],
    ["that begins with an Italian zero", "06 1234 5678", "IT", "+390612345678", "+390612345678", "+390612345678"],
    ["with 00", "0049 151 12345678", "US", "+4915112345678", "+4915112345678", "+4915112345678"],
    ["with 00, and short", "0037244", "US", asCame, asCame, asCame],
    ["with another prefix for abroad", "011 49 151 12345678", "US", ...Array(3).fill("+4915112345678")],
    ["local, seven digits", "234 56 78", "UA", asCame, asCame, asCame],
    ["local, eight digits", "2233 4455", "DE", asCame, asCame, asCame],
    ["local, six digits", "223344", "GE", asCame, asCame, asCame],
    ["a SIP number", "499499", "DE", asCame, asCame, asCame],
    ["of a service", "0611", "NL", asCame, asCame, asCame],
    ["an emergency", "112", "DE", asCame, asCame, asCame],
  ])("%s: %s in %s", (_, number, country, international, national, either) => {
    const read = (numbers: Writing) => normalize(number, { country, numbers });
    const came = number.replaceAll(" ", "");
    expect({ international: read("international"), national: read("national"), either: read("either") }).toEqual({
      international: international ?? came,
      national: national ?? came,
      either: either ?? came,
    });
  });
});

test.each(["112", "08", "911", "0611", "03311", "061123", "223344", "312345", "499499"])(
  "%s is of a service, local or an extension, and stays as it is in every country, whoever writes it",
  (number) => {
    const changed = getCountries().flatMap((country) =>
      writings.filter((numbers) => normalize(number, { country, numbers }) !== number).map((by) => [country, by]),
    );
    expect(changed).toEqual([]);
  },
);

describe("no number becomes another's", () => {
  const channels = [undefined, "DE", "UA", "IT", "US", "RU", "GB", "PL", "GE", "CN", "AT", "BR", "SG", "IS", "KZ"];
  const mobiles = getCountries().flatMap((country) => getExampleNumber(country, examples)?.number ?? []);
  /** The landlines that libphonenumber gives for examples, of large countries and of such as have rules of their own. */
  const landlines = [
    ...["+12015550123", "+441212345678", "+4930123456", "+33123456789", "+380311234567", "+48123456789"],
    ...["+390212345678", "+73011234567", "+34810123456", "+31101234567", "+41212345678", "+431234567890"],
    ...["+3212345678", "+902123456789", "+861012345678", "+81312345678", "+917410410123", "+551123456789"],
    ...["+97221234567", "+302123456789", "+468123456", "+35813123456", "+4532123456", "+4721234567"],
    ...["+77123456789", "+998669050123", "+375152450911", "+37322212345", "+40211234567", "+3592123456"],
    ...["+995322123456", "+541123456789", "+522001234567", "+3613123456", "+36212345678", "+61212345678"],
  ].filter((number) => isValidPhoneNumber(number));
  const numbers = [...mobiles, ...landlines];

  const spellings: Record<string, (digits: string) => string> = {
    "with its plus": (digits) => `+${digits}`,
    "without it": (digits) => digits,
    "with 00": (digits) => `00${digits}`,
    "with punctuation": (digits) => `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}`,
    "with a plus and punctuation": (digits) => `+${digits.slice(0, 2)} ${digits.slice(2, 5)}.${digits.slice(5)}`,
  };
  const written = (spelling: string) =>
    numbers.map((number) => ({ number, text: spellings[spelling]?.(number.slice(1)) ?? "" }));

  test("of which there are many", () => {
    expect(mobiles.length).toBeGreaterThan(240);
    expect(landlines.length).toBeGreaterThan(25);
  });

  test.each(
    (["international", "either"] as const).flatMap((writing) =>
      Object.keys(spellings).map((spelling) => [writing, spelling] as const),
    ),
  )("of a writer that is %s, %s", (writing, spelling) => {
    const wrong = channels.flatMap((country) =>
      written(spelling).filter(({ number, text }) => {
        const read = normalize(text, { country, numbers: writing });
        return read !== number && read !== text.replace(/[^+\d]/g, "");
      }),
    );
    expect(wrong).toEqual([]);
  });

  test.each(["with its plus", "with 00", "with a plus and punctuation"])("of a national writer, %s", (spelling) => {
    const wrong = channels.flatMap((country) =>
      written(spelling).filter(({ number, text }) => {
        const read = normalize(text, { country, numbers: "national" });
        return read !== number && read !== text.replace(/[^+\d]/g, "");
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("of a national writer that leaves the plus out, though it should not, if it is long", () => {
    const wrong = channels.flatMap((country) =>
      written("without it").filter(({ number, text }) => {
        const read = normalize(text, { country, numbers: "national" });
        return text.length >= 11 && read !== number && read !== text;
      }),
    );
    expect(wrong).toEqual([]);
  });

  test.each(["national", "either"] as const)("of a writer that is %s, as at home", (writing) => {
    const read = numbers.map((number) => {
      const { country, formatNational } = parsed(number);
      return { number, read: normalize(formatNational, { country, numbers: writing }), came: formatNational };
    });
    const another = read.filter(({ number, read, came }) => read !== number && read !== came.replace(/\D/g, ""));
    expect(another).toEqual([]);
    expect(read.filter(({ number, read }) => read === number).length / read.length).toBeGreaterThan(0.8);
  });

  test("of an international writer, but for a few islands', stays incomplete", () => {
    const kept = numbers.filter((number) => normalize(number.slice(1), { numbers: "international" }) !== number);
    expect(kept).toEqual(["+2908999", "+6907290"]);
  });

  function parsed(number: string) {
    const read = parsePhoneNumberFromString(number);
    return { country: read?.country, formatNational: read?.formatNational() ?? "" };
  }
});

describe("what an operator writes", () => {
  test("may be as at home where the PBX writes internationally, if it can be nothing else", () => {
    const read = (number: string) => normalize(number, byHand({ country: "UA", numbers: "international" }));
    expect([read("050 111 22 33"), read("380501112233"), read("501112233")]).toEqual(Array(3).fill("+380501112233"));
    expect(normalize("84951234567", byHand({ country: "RU", numbers: "international" }))).toBe("84951234567");
  });
});

describe("of several spellings of a number", () => {
  const spelt = (number: string, numbers: Writing, country = "DE") => ({ number, numbering: { country, numbers } });

  test.each<[string, Spelling[], string | undefined]>([
    [
      "that which came with its plus counts before a longer one that was completed",
      [spelt("0491511234567", "national"), spelt("+38050111223", "international")],
      "+38050111223",
    ],
    [
      "each is read as it was written",
      [spelt("223344", "either"), spelt("380501112233", "international")],
      "+380501112233",
    ],
    ["a lone plus is none", [spelt("+ ", "national"), spelt("112", "national")], "112"],
    ["there may be none", [], undefined],
  ])("%s", (_, spellings, chosen) => {
    expect(clearestNumber(spellings)).toBe(chosen);
    expect(clearestNumber(spellings.toReversed())).toBe(chosen);
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
