/** Numbers and extensions as Zadarma writes them, which is never quite the same. */
import { plain } from "../calls/plain.ts";

/** An extension as users of the PBX log in: `499499-100`. */
const login = /^\d{4,8}-(\d{2,6})$/;

/** By the short form, since events of one call mix both. */
export function extensionOf(written: string | null): string | undefined {
  const text = plain(written ?? "");
  const extension = login.exec(text)?.[1] ?? text;
  return /^\w{1,32}$/.test(extension) ? extension : undefined;
}

export function isExtension(written: string | null): boolean {
  return /^\d{2,6}$/.test(extensionOf(written) ?? "");
}

export function lineOf(written: string | null): string | undefined {
  return isExtension(written) ? undefined : numberOf(written);
}

/** With or without its plus, as it came: the fold knows the country. `0` stands for none. */
export function numberOf(written: string | null): string | undefined {
  const text = plain(written ?? "");
  const number = login.exec(text)?.[1] ?? text.replace(/[\s().-]/g, "");
  return /^\+?\d{1,20}$/.test(number) && !/^\+?0+$/.test(number) ? number : undefined;
}
