/** From the PBX to R2, never whole in memory. */
import type { Download, Filled } from "./download.ts";
import type { NoMedia } from "./fetch.ts";
import { extensions, headBytes, type Kind, kindOf, ownLength } from "./kind.ts";

/** What is in R2. `media` absent: no audio that the system takes. `short`: it says that it is longer, and nobody else tells. */
export interface Stored {
  readonly kind: "stored";
  readonly key: string;
  readonly bytes: number;
  readonly media?: Kind;
  readonly short?: true;
}

/** Nothing is stored. `failed`: R2 did not take it, which is no fault of the PBX's. */
export type NotStored = NoMedia | { readonly kind: "failed"; readonly why: string };

/** R2 wants parts of 5 MiB at least, all but the last alike, 10,000 at most. One of them is in memory at a time. */
const partBytes = 5 * 1024 * 1024;

/** Stores what `download` brings under `stem` and the extension that its first bytes call for. */
export async function store(
  bucket: R2Bucket,
  download: Download,
  stem: string,
  metadata: Record<string, string>,
  maxBytes: number,
): Promise<Stored | NotStored> {
  const part = new Uint8Array(partBytes);
  try {
    for (;;) {
      const stored = await storeOnce(bucket, download, part, stem, metadata, maxBytes);
      if (stored.kind !== "anew") return stored;
    }
  } catch (error) {
    return { kind: "failed", why: `the archive failed (${error instanceof Error ? error.name : "error"})` };
  } finally {
    download.stop();
  }
}

/** The extension of what the system does not take. */
const other = "bin";

type Unfilled = Exclude<Filled, { kind: "filled" }>;

async function storeOnce(
  bucket: R2Bucket,
  download: Download,
  part: Uint8Array,
  stem: string,
  metadata: Record<string, string>,
  maxBytes: number,
): Promise<Stored | NotStored | Unfilled> {
  if ((download.length ?? 0) > maxBytes) return tooLarge(maxBytes);
  const first = await download.fill(part);
  if (first.kind !== "filled") return first;
  const head = part.slice(0, Math.min(first.bytes, headBytes));
  const kind = kindOf(head);
  if (kind === "page") return { kind: "later", why: "the PBX sent a page instead of a recording" };
  const media = kind === "unsupported" ? undefined : kind;
  const key = `${stem}.${media?.extension ?? other}`;
  const httpMetadata = { contentType: media?.type ?? "application/octet-stream" };
  const options = { httpMetadata, customMetadata: metadata };
  const whole = first.bytes < partBytes;
  const put = whole
    ? await bucket.put(key, part.subarray(0, first.bytes), options)
    : await putParts(bucket, key, download, part, maxBytes, options);
  if ("kind" in put) return put;
  const bytes = download.at;
  if (put.size !== bytes) return { kind: "failed", why: `the archive has ${put.size} of ${bytes} bytes` };
  const short = download.length === undefined && bytes < (ownLength(head) ?? 0);
  return { kind: "stored", key, bytes, media, ...(short && { short }) };
}

/** `part` holds the first one. What is not completed is not there. */
async function putParts(
  bucket: R2Bucket,
  key: string,
  download: Download,
  part: Uint8Array,
  maxBytes: number,
  options: R2MultipartOptions,
): Promise<R2Object | NotStored | Unfilled> {
  const upload = await bucket.createMultipartUpload(key, options);
  try {
    const parts = [await upload.uploadPart(1, part)];
    for (let bytes = partBytes; bytes === partBytes; ) {
      const next = download.at > maxBytes ? tooLarge(maxBytes) : await download.fill(part);
      if (next.kind !== "filled") {
        await abandon(upload);
        return next;
      }
      bytes = next.bytes;
      if (bytes > 0) parts.push(await upload.uploadPart(parts.length + 1, part.subarray(0, bytes)));
    }
    return await upload.complete(parts);
  } catch (error) {
    await abandon(upload);
    throw error;
  }
}

/** R2 itself throws away after seven days what could not be thrown away here. */
async function abandon(upload: R2MultipartUpload): Promise<void> {
  await upload.abort().catch(() => undefined);
}

function tooLarge(maxBytes: number): NotStored {
  return { kind: "never", why: `the recording is larger than ${maxBytes} bytes` };
}

/** `<channel>/<year>/<month>/<day>/<call>/<recording>`, in UTC, of characters that are safe in a key and a file name. */
export function stemOf(channel: string, startedAt: number, call: string, id: string, part: number): string {
  const day = new Date(startedAt).toISOString().slice(0, 10).replaceAll("-", "/");
  const name = `${safe(id) || "recording"}${part > 0 ? `~${part + 1}` : ""}`;
  return `${channel}/${day}/${safe(call)}/${name}`;
}

/** All keys that a recording of that stem may be stored under. */
export function keysUnder(stem: string): string[] {
  return [...extensions, other].map((extension) => `${stem}.${extension}`);
}

/** The name under which a stored recording is attached: the call's day and id, and the extension. */
export function filenameOf(key: string): string {
  const [, year = "", month = "", day = "", call = "", file = ""] = key.split("/");
  return `${year}-${month}-${day}-${call}${file.slice(file.lastIndexOf("."))}`;
}

/** Each id keeps a name of its own: what is not safe is written by its code point. */
function safe(id: string): string {
  return id.replace(/^\.|[^A-Za-z0-9._-]/gu, (character) => `~${character.codePointAt(0)?.toString(16)}~`);
}
