/** The log: one line of JSON an occurrence. No secret and no whole number ever gets here. */

/** All but the last four digits of a number hidden; a name or address keeps nothing. */
export function masked(phone: string | undefined): string | undefined {
  if (phone === undefined) return undefined;
  const digits = phone.replace(/\D/g, "");
  return digits.length > 4 ? `***${digits.slice(-4)}` : "***";
}

/** `text` with whatever is long enough for a number masked, however it is punctuated; a date is none. */
export function maskedIn(text: string): string {
  const number = /(?<!\d)(?!\d{4}-\d\d-\d\d)\d(?:[ ().-]{0,2}\d){6,}/g;
  return text.replace(number, (written) => `***${written.replace(/\D/g, "").slice(-4)}`);
}

export function log(level: "info" | "warn" | "error", what: string, facts: Readonly<Record<string, unknown>>): void {
  console[level](JSON.stringify({ what, ...facts }));
}
