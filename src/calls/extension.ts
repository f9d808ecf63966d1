/** Which numbers are the company's extensions, where the channel says so. */

/** Digits, as many in both: `100` to `199`; twice the same for a single one. */
export interface ExtensionRange {
  readonly from: string;
  readonly to: string;
}

export function isAmong(number: string, extensions: readonly ExtensionRange[]): boolean {
  const digits = /^\d+$/.test(number);
  return extensions.some(({ from, to }) => digits && number.length === from.length && from <= number && number <= to);
}
