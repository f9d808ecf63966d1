/** Who is behind the addresses in Twilio's `From` and `To`: numbers, softphones (`client:ann`), SIP users. */

/** What stands for a hidden number: the words ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a keypad. */
const hidden = new Set(["266696687", "7378742833", "2562533", "8656696", "86282452253"]);

/** Digits, and what people write between them. Softphones send free text. */
const written = /^\+?[\d\s().-]+$/;

/** The SIP domains of Twilio's customers, regional ones too: `acme.sip.twilio.com`, `acme.sip.us1.twilio.com`. */
const sipDomain = /\.sip(\.[a-z0-9-]+){0,2}\.twilio\.com$/i;

/** Fewer digits than this in a SIP user are an extension, unless there is a plus. */
const minSipDigits = 7;

/** The number in an address; undefined for users, for names, and for callers who hide theirs. */
export function numberIn(address: string | null): string | undefined {
  const user = sip(address)?.user;
  const text = user ?? (address ?? "").trim().replace(/^whatsapp:/i, "");
  const digits = digitsOf(text);
  if (!written.test(text) || digits.length < 2 || hidden.has(digits)) return undefined;
  const extension = user !== undefined && !text.startsWith("+") && digits.length < minSipDigits;
  return extension ? undefined : text;
}

/** The user of a softphone or of a SIP domain at Twilio: staff. A website's visitors call as `client:Anonymous`. */
export function userIn(address: string | null): string | undefined {
  const client = clientIn(address);
  if (client !== undefined) return client.toLowerCase() === "anonymous" ? undefined : client;
  const parts = sip(address);
  return parts && sipDomain.test(parts.host) ? parts.user : undefined;
}

/** As `userIn`, for an address that was dialled: a SIP user elsewhere is staff too, unless it is a number on a trunk. */
export function dialledUserIn(address: string | null): string | undefined {
  return userIn(address) ?? (numberIn(address) === undefined ? sip(address)?.user : undefined);
}

/** Whether `number` is one of `numbers`, however they are punctuated. */
export function isOneOf(number: string | undefined, numbers: readonly string[]): boolean {
  return number !== undefined && numbers.some((known) => digitsOf(known) === digitsOf(number));
}

function clientIn(address: string | null): string | undefined {
  return /^client:([^?]+)/i.exec(address ?? "")?.[1];
}

function sip(address: string | null): { user: string; host: string } | undefined {
  const [, user, host] = /^sips?:([^@]+)@([^:;?>]+)/i.exec(address ?? "") ?? [];
  return user !== undefined && host !== undefined ? { user, host } : undefined;
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}
