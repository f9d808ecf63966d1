/** Who is behind the addresses in Twilio's `From` and `To`: numbers, softphones (`client:ann`), SIP users. */
import { type ExtensionRange, isAmong } from "../calls/extension.ts";
import { normalize, type Writing } from "../calls/phone.ts";

/** What counts as an extension, where the channel says so. Twilio has none: a short number is one like any other. */
type Extensions = readonly ExtensionRange[] | undefined;

/** Numbers have their plus, but for what softphones dial and SIP users are called. */
export const writing: Writing = "national";

/** What stands for a hidden number: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN (as Twilio spells it too), UNAVAILABLE on a keypad. */
const hidden = new Set(["266696687", "7378742833", "2562533", "8656696", "8566696", "86282452253"]);

/** The same where it has a plus: without one it may be a desk phone. */
const hiddenWithPlus = new Set(["+464"]);

/** Digits, and what people write between them. Softphones send free text. */
const written = /^\+?[\d\s().-]+$/;

/** The SIP domains of Twilio's customers, regional ones too: `acme.sip.twilio.com`, `acme.sip.us1.twilio.com`. */
const sipDomain = /\.sip(\.[a-z0-9-]+){0,2}\.twilio\.com$/i;

/** The number in an address; undefined for users, for names, for extensions, and for callers who hide theirs. */
export function numberIn(address: string | null, extensions: Extensions): string | undefined {
  const text = textIn(address);
  const digits = digitsOf(text);
  if (!written.test(text) || digits.length < 2 || hidden.has(digits) || hiddenWithPlus.has(text)) return undefined;
  return isAmong(text, extensions ?? []) ? undefined : text;
}

/** Whether it stands for a caller from outside whose number is not told, a website's visitor too. */
export function isHidden(address: string | null): boolean {
  const text = textIn(address);
  return text !== "" && !sip(address) && userIn(address) === undefined && numberIn(address, undefined) === undefined;
}

/** The user of a softphone or of a SIP domain at Twilio: staff. A website's visitors call as `client:Anonymous`. */
export function userIn(address: string | null): string | undefined {
  const user = clientIn(address) ?? deskPhoneIn(address);
  return user?.toLowerCase() === "anonymous" ? undefined : user;
}

/** Whether it is a softphone or a SIP address: whom such a caller is put through to sees what `callerId` says, or Twilio fails. */
export function hasNoCallerId(from: string | null): boolean {
  return clientIn(from) !== undefined || sip(from) !== undefined;
}

/** The user of a SIP domain at Twilio. */
export function deskPhoneIn(address: string | null): string | undefined {
  const parts = sip(address);
  return parts && sipDomain.test(parts.host) ? parts.user : undefined;
}

/** As `userIn`, for an address that was dialled: a name at another SIP host is staff too, and so is an extension. */
export function dialledUserIn(address: string | null, extensions: Extensions): string | undefined {
  if (isAmong(textIn(address), extensions ?? [])) return textIn(address);
  return userIn(address) ?? (numberIn(address, extensions) === undefined ? sip(address)?.user : undefined);
}

/** Whether both are SIP addresses of one user; ports and parameters do not count. */
export function isSameUser(a: string | null, b: string | null): boolean {
  const [one, other] = [sip(a), sip(b)];
  return one !== undefined && one.user === other?.user && one.host.toLowerCase() === other.host.toLowerCase();
}

/** Whether `number` is one of `numbers`, however they are written. */
export function isOneOf(number: string | undefined, numbers: readonly string[], country: string | undefined): boolean {
  if (number === undefined) return false;
  const read = (text: string) => normalize(text, { country, numbers: writing });
  return numbers.some((known) => digitsOf(known) === digitsOf(number) || read(known) === read(number));
}

/** What a SIP address or a plain one names; what carriers add to a number (`;npdi`) is no part of it. */
function textIn(address: string | null): string {
  const text = sip(address)?.user ?? (address ?? "").trim().replace(/^(whatsapp|tel):/i, "");
  return /^(\+?[\d\s().-]+);/.exec(text)?.[1] ?? text;
}

function clientIn(address: string | null): string | undefined {
  return /^client:([^?]+)/i.exec(address ?? "")?.[1];
}

function sip(address: string | null): { user: string; host: string } | undefined {
  const [, user, host] = /^sips?:([^@]+)@([^:;?>]+)/i.exec(address ?? "") ?? [];
  return user !== undefined && host !== undefined ? { user: user.replace(/^%2B/i, "+"), host } : undefined;
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}
