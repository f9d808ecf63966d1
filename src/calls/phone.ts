/** Numbers as the system should read them: E.164 where that can be known. A number means what its PBX says it means. */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min";

/**
 * How numbers are written where they have no plus. `international`: with their country code, or as `00` and that code.
 * `national`: as people of the channel's country write them. `either`: now so, now so, as hands dial them.
 */
export type Writing = "international" | "national" | "either";

/** What numbers are read with. */
export interface Numbering {
  /** ISO 3166 code of the country whose numbers come without one. */
  readonly country?: string;
  /** Default: `national`. */
  readonly numbers?: Writing;
}

/** A number as it came, and what it is to be read with. */
export interface Spelling {
  readonly number: string;
  readonly numbering: Numbering;
}

/** Digits, and what people write between them. Anything else is a name or an address, not a number. */
const written = /^[\s(]*\+?[\d\s().\-/]*$/;

/** The fewest digits of a number that is known to have its country code. Shorter ones, as some islands have, may be local. */
const minInternationalDigits = 8;
/** The same where it is not known whether it has: hardly a number without a code is that long. */
const minSureDigits = 11;
/** The fewest digits that a country completes: shorter ones are services, extensions, or local. */
const minNationalDigits = 7;
/** The same where the prefix is missing that the country dials before an area: a local number is shorter. */
const minUnprefixedDigits = 9;

export function isCountry(code: string): code is CountryCode {
  return isSupportedCountry(code);
}

/**
 * `number` in E.164 where its country is written in it, or `country` tells it; otherwise as it is, without the
 * punctuation. What can be read in two ways stays as it came: another's number is worse than an incomplete one.
 */
export function normalize(number: string, { country, numbers = "national" }: Numbering = {}): string {
  const text = number.trim();
  if (!written.test(text)) return text;
  const compact = text.replace(/[^\d+]/g, "");
  if (!/\d/.test(compact)) return "";
  if (compact.startsWith("+")) return parsePhoneNumberFromString(compact)?.number ?? compact;
  return readings[numbers](withCode(compact), atHome(compact, country)) ?? compact;
}

/** As people write who need not write as the PBX does, in a channel's configuration for one. */
export function byHand({ country, numbers }: Numbering): Numbering {
  return { country, numbers: numbers === "international" ? "either" : numbers };
}

/** The ways in which a channel may have kept a number that somebody looks for: read as by hand, as by its PBX, and as it came. */
export function keptAs(number: string, numbering: Numbering): string[] {
  const asItCame = normalize(number).replace(/^\+/, "");
  const read = [normalize(number, byHand(numbering)), normalize(number, numbering), asItCame];
  return [...new Set(read)].filter((text) => text !== "");
}

/** Of several ways in which one number was written, the one that says most: what came with its plus was not completed. */
export function clearestNumber(spellings: readonly Spelling[]): string | undefined {
  const read = (some: readonly Spelling[]) =>
    clearest(some.map(({ number, numbering }) => normalize(number, numbering)));
  return read(spellings.filter(({ number }) => /^[\s(]*\+.*\d/.test(number))) ?? read(spellings);
}

/** Of several texts that say the same, the one that says most; the same for any order. Empty ones are none. */
export function clearest(texts: readonly string[]): string | undefined {
  const plus = (text: string) => Number(text.startsWith("+"));
  const given = texts.filter((text) => text !== "");
  return given.sort((a, b) => plus(b) - plus(a) || b.length - a.length || (a < b ? -1 : 1))[0];
}

/** A number whose country code is written in it. `digits`: how many; infinitely many where `00` says that it is. */
interface WithCode {
  readonly number: string;
  readonly digits: number;
}

/** A number that the channel's country completes. `prefixed`: as it is dialled from another area. `whole`: nothing lacks. */
interface AtHome {
  readonly number: string;
  readonly prefixed: boolean;
  readonly whole: boolean;
}

type Read = (withCode: WithCode | undefined, atHome: AtHome | undefined) => string | undefined;

/** Which of the two readings counts; undefined where neither does. */
const readings: Readonly<Record<Writing, Read>> = {
  international: (withCode, atHome) =>
    atLeast(minInternationalDigits, withCode)?.number ?? (atHome?.prefixed ? atHome.number : undefined),
  national: (withCode, atHome) => theOne(atHome, withCode, atLeast(minSureDigits, withCode)),
  either: (withCode, atHome) => theOne(atHome, withCode, withCode),
};

function atLeast(digits: number, withCode: WithCode | undefined): WithCode | undefined {
  return withCode && withCode.digits >= digits ? withCode : undefined;
}

/** The only reading that there is. `rival`: what a number that is whole at home is not believed beside. */
function theOne(atHome: AtHome | undefined, withCode: WithCode | undefined, rival: WithCode | undefined) {
  if (atHome?.whole) return rival === undefined || rival.number === atHome.number ? atHome.number : undefined;
  return withCode === undefined ? atHome?.number : atLeast(minSureDigits, withCode)?.number;
}

/** No country code begins with a zero. */
function withCode(digits: string): WithCode | undefined {
  const [, prefix, coded = ""] = /^(00)?([1-9]\d*)$/.exec(digits) ?? [];
  const read = parsePhoneNumberFromString(`+${coded}`);
  if (!read?.isValid()) return undefined;
  return { number: read.number, digits: prefix === undefined ? coded.length : Number.POSITIVE_INFINITY };
}

function atHome(digits: string, country: string | undefined): AtHome | undefined {
  if (country === undefined || !isCountry(country) || digits.length < minNationalDigits) return undefined;
  const read = parsePhoneNumberFromString(digits, country);
  if (!read?.isValid()) return undefined;
  const long = digits.length >= minUnprefixedDigits;
  const { number, nationalNumber } = read;
  // The country's own code, though without a plus.
  if (number === `+${digits}`) return long ? { number, prefixed: false, whole: true } : undefined;
  const prefixed = digits.startsWith("0") || digits.length > nationalNumber.length;
  const whole = prefixed || digits !== nationalNumber || isShownSo(digits, read.formatNational());
  return whole || long ? { number, prefixed, whole } : undefined;
}

/** Whether the country writes such numbers without a prefix. One that it has no way to write has no blanks either. */
function isShownSo(digits: string, shown: string): boolean {
  return shown !== digits && shown.replace(/\D/g, "") === digits;
}
