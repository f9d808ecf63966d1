/** Numbers and extensions as Zadarma writes them, which is never quite the same. */
import { type ExtensionRange, isAmong } from "../calls/extension.ts";
import { plain } from "../calls/plain.ts";

/** What counts as an extension, where the channel says so. */
export type Extensions = readonly ExtensionRange[] | undefined;

/** An extension as users of the PBX log in, `499499-100`, in a field that holds nothing but extensions. */
const login = /^\d{4,8}-(\d{2,6})$/;

/** The same where a number may stand as well, which people write with hyphens too: ids of PBXs have six digits and more. */
const loginForSure = /^[1-9]\d{5,7}-(\d{2,6})$/;

/** Zadarma's extensions have three digits: https://zadarma.com/en/support/api/ */
const short = /^[1-9]\d{2}$/;

/**
 * What every phone takes for an emergency call (3GPP TS 22.101, 10.1.1), if it has three digits. A PBX with as many
 * extensions names them in the channel's `extensions`.
 */
const emergencies: ReadonlySet<string> = new Set(["110", "112", "118", "119", "911", "999"]);

/** Of a field that holds an extension, by the short form, since events of one call mix both. */
export function extensionOf(written: string | null): string | undefined {
  const text = plain(written ?? "");
  const extension = login.exec(text)?.[1] ?? text;
  return /^\w{1,32}$/.test(extension) ? extension : undefined;
}

/** Whether what may be a number is an extension: by its form, never by being short. */
export function isExtension(written: string | null, extensions: Extensions): boolean {
  const text = plain(written ?? "");
  if (loginIn(text, extensions) !== undefined) return true;
  return extensions ? isAmong(text, extensions) : short.test(text) && !emergencies.has(text);
}

/** The extension that logs in so: one of three digits, or one that the channel names. */
function loginIn(text: string, extensions: Extensions): string | undefined {
  const [, extension] = loginForSure.exec(text) ?? [];
  if (extension === undefined) return undefined;
  return extension.length === 3 || isAmong(extension, extensions ?? []) ? extension : undefined;
}

/** Zadarma's own mailbox, or one that is called so; not what the channel names as an extension. */
export function isMailbox(written: string | null | undefined, extensions: Extensions): boolean {
  const text = plain(written ?? "");
  return /^(8500|voice[-_ ]?mail)$/i.test(extensionOf(text) ?? text) && !isAmong(text, extensions ?? []);
}

export function lineOf(written: string | null, extensions: Extensions): string | undefined {
  return isExtension(written, extensions) ? undefined : numberOf(written, extensions);
}

/** With or without its plus, as it came: the fold knows the country. `0` stands for none. */
export function numberOf(written: string | null, extensions?: Extensions): string | undefined {
  const text = plain(written ?? "");
  const number = loginIn(text, extensions) ?? text.replace(/[\s().-]/g, "");
  return /^\+?\d{1,20}$/.test(number) && !/^\+?0+$/.test(number) ? number : undefined;
}
