/** Numbers as the system should read them: E.164 where that can be known. */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min";

/** Digits, and what people write between them. Anything else is a name or an address, not a number. */
const written = /^\+?[\d\s().\-/]+$/;

/** The fewest digits of a number that carries its country code without a plus. Shorter ones are ambiguous. */
const minInternationalDigits = 11;

export function isCountry(code: string): code is CountryCode {
  return isSupportedCountry(code);
}

/**
 * `number` in E.164 where its country is written in it or `country` (ISO 3166) tells it; otherwise as it is, without
 * the punctuation. PBXs leave the plus out now and then: a number that is only valid with one gets it.
 */
export function normalize(number: string, country?: string): string {
  const text = number.trim();
  if (!written.test(text)) return text;
  const compact = text.replace(/[^\d+]/g, "");
  if (!/\d/.test(compact)) return "";
  if (compact.startsWith("+")) return parsePhoneNumberFromString(compact)?.number ?? compact;
  const national = country && isCountry(country) ? parsePhoneNumberFromString(compact, country) : undefined;
  if (national?.isValid()) return national.number;
  const international = parsePhoneNumberFromString(`+${compact}`);
  if (compact.length >= minInternationalDigits && international?.isValid()) return international.number;
  return compact;
}

/** Of several ways in which a PBX wrote one number, the one that says most; the same for any order. Empty ones are none. */
export function clearest(numbers: readonly string[]): string | undefined {
  const plus = (number: string) => Number(number.startsWith("+"));
  const given = numbers.filter((number) => number !== "");
  return given.sort((a, b) => plus(b) - plus(a) || b.length - a.length || (a < b ? -1 : 1))[0];
}
