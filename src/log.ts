/** The log: one line of JSON an occurrence. No secret and no whole number ever gets here. */

/** All but the last four digits of a number hidden; a name or address keeps nothing. */
export function masked(phone: string | undefined): string | undefined {
  if (phone === undefined) return undefined;
  const digits = phone.replace(/\D/g, "");
  return digits.length > 4 ? `***${digits.slice(-4)}` : "***";
}

/** `text` with each run of digits that is long enough for a number masked. */
export function maskedIn(text: string): string {
  return text.replace(/\d{7,}/g, (digits) => `***${digits.slice(-4)}`);
}

export function log(level: "info" | "warn" | "error", what: string, facts: Readonly<Record<string, unknown>>): void {
  console[level](JSON.stringify({ what, ...facts }));
}
