/** Going on where a file broke off: what to ask for, and whether an answer is the rest of it (RFC 9110, 13.1.5 and 14). */

/** What an answer says of the file that it brings, by which the same file is known again. */
export interface Version {
  /** In bytes; absent where it is not told. */
  readonly length?: number;
  readonly etag?: string;
  readonly modified?: string;
  /** What the rest is asked for by: a strong tag, or a date that is as good. */
  readonly validator?: string;
  /** Compressed on its way: its bytes cannot be counted. */
  readonly encoded: boolean;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
}

export function versionOf({ headers }: Answer): Version {
  const encoded = isEncoded(headers);
  const length = headers.get("content-length");
  const etag = headers.get("etag") ?? undefined;
  const modified = headers.get("last-modified") ?? undefined;
  const validator = etag === undefined ? strongDate(modified, headers.get("date")) : strongTag(etag);
  return { length: encoded || length === null ? undefined : Number(length), etag, modified, validator, encoded };
}

/** The headers that ask for what follows byte `at`; undefined where nothing would tell the rest of another file apart. */
export function rangeFrom(version: Version, at: number): Record<string, string> | undefined {
  const { validator, length, encoded } = version;
  if (at === 0 || encoded || (validator === undefined && length === undefined)) return undefined;
  return { range: `bytes=${at}-`, ...(validator !== undefined && { "if-range": validator }) };
}

/** `version` as `answer` completes it, where that is the rest of the same file from byte `at` on; undefined where not. */
export function continued(version: Version, at: number, { status, headers }: Answer): Version | undefined {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (status !== 206 || Number(from) !== at || isEncoded(headers)) return undefined;
  const length = total === "*" ? undefined : Number(total);
  // A server need not heed If-Range: what it says of the file must not have changed either.
  const other =
    differs(version.etag, headers.get("etag")) ||
    differs(version.modified, headers.get("last-modified")) ||
    (version.length !== undefined && length !== undefined && version.length !== length);
  const known = version.validator !== undefined || (length !== undefined && version.length === length);
  return known && !other ? { ...version, length: version.length ?? length } : undefined;
}

function isEncoded(headers: Headers): boolean {
  return (headers.get("content-encoding") ?? "identity") !== "identity";
}

function strongTag(etag: string): string | undefined {
  return etag.startsWith("W/") ? undefined : etag;
}

/** A date tells versions apart only if none can have come after it within its second (RFC 9110, 8.8.2.2). */
function strongDate(modified: string | undefined, date: string | null): string | undefined {
  const age = Date.parse(date ?? "") - Date.parse(modified ?? "");
  return age >= 1000 ? modified : undefined;
}

function differs(before: string | undefined, now: string | null): boolean {
  return before !== undefined && now !== null && before !== now;
}
