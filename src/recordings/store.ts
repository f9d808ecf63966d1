/** From the PBX to R2, never whole in memory. */
import { headBytes, type Kind, kindOf } from "./kind.ts";

/** What is stored, or why nothing is. `kind` undefined: no audio that the system takes. */
export type Stored =
  | { readonly kind: "stored"; readonly key: string; readonly bytes: number; readonly media?: Kind }
  | { readonly kind: "later"; readonly why: string }
  | { readonly kind: "never"; readonly why: string };

/** Parts of an upload whose length is not known beforehand; R2 wants all but the last alike and at least 5 MiB. */
const partBytes = 5 * 1024 * 1024;
/** The largest file that is stored, in bytes. */
export const maxStoredBytes = 2 * 1024 * 1024 * 1024;

/** Stores what `response` brings under `stem` and the extension that its first bytes call for. */
export async function store(
  bucket: R2Bucket,
  response: Response,
  stem: string,
  metadata: Record<string, string>,
): Promise<Stored> {
  if (!response.body) return { kind: "later", why: "the PBX sent an empty recording" };
  const declared = response.headers.get("content-encoding") ? null : response.headers.get("content-length");
  if (Number(declared ?? 0) > maxStoredBytes) {
    await response.body.cancel();
    return { kind: "never", why: `the recording is larger than ${maxStoredBytes} bytes` };
  }
  const reader = response.body.getReader({ mode: "byob" });
  const first = await reader.readAtLeast(declared === null ? partBytes : headBytes, new Uint8Array(partBytes));
  const head = first.value ?? new Uint8Array();
  const media = kindOf(head.subarray(0, headBytes));
  if (media === "page") {
    await reader.cancel();
    return { kind: "later", why: "the PBX sent a page instead of a recording" };
  }
  const known = media === "unsupported" ? undefined : media;
  const key = `${stem}.${known?.extension ?? "bin"}`;
  const options = {
    httpMetadata: { contentType: known?.type ?? "application/octet-stream" },
    customMetadata: metadata,
  };
  try {
    const bytes =
      declared === null
        ? await putParts(bucket, key, head, reader, options)
        : await putStream(bucket, key, head, reader, response.body, Number(declared), options);
    return { kind: "stored", key, bytes, media: known };
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (error instanceof RangeError)
      return { kind: "never", why: `the recording is larger than ${maxStoredBytes} bytes` };
    return { kind: "later", why: `the recording broke off (${error instanceof Error ? error.name : "error"})` };
  }
}

type Reader = ReadableStreamBYOBReader;

/** The length is known: the stream is piped natively. One that breaks off stores nothing. */
async function putStream(
  bucket: R2Bucket,
  key: string,
  head: Uint8Array,
  reader: Reader,
  body: ReadableStream<Uint8Array>,
  length: number,
  options: R2PutOptions,
): Promise<number> {
  const { readable, writable } = new FixedLengthStream(length);
  const put = bucket.put(key, readable, options);
  const pipe = async () => {
    const writer = writable.getWriter();
    await writer.write(head);
    writer.releaseLock();
    reader.releaseLock();
    await body.pipeTo(writable);
  };
  await Promise.all([put, pipe()]);
  return length;
}

/** The length is not known: parts of equal size, one in memory at a time. */
async function putParts(
  bucket: R2Bucket,
  key: string,
  first: Uint8Array,
  reader: Reader,
  options: R2PutOptions,
): Promise<number> {
  const upload = await bucket.createMultipartUpload(key, options);
  try {
    const parts: R2UploadedPart[] = [];
    let [part, total] = [first, 0];
    while (part.byteLength > 0) {
      total += part.byteLength;
      if (total > maxStoredBytes) throw new RangeError(`larger than ${maxStoredBytes} bytes`);
      parts.push(await upload.uploadPart(parts.length + 1, part));
      if (part.byteLength < partBytes) break;
      // The buffer is handed over and back, so that no second one is needed.
      const next = await reader.readAtLeast(partBytes, part);
      part = next.value ?? new Uint8Array();
    }
    await upload.complete(parts);
    return total;
  } catch (error) {
    await upload.abort().catch(() => undefined);
    throw error;
  }
}

/** `<channel>/<year>/<month>/<day>/<call>/<recording>`, in UTC, of characters that are safe in a key and a file name. */
export function stemOf(channel: string, startedAt: number, call: string, id: string, part: number): string {
  const day = new Date(startedAt).toISOString().slice(0, 10).replaceAll("-", "/");
  const name = `${safe(id) || "recording"}${part > 0 ? `~${part + 1}` : ""}`;
  return `${channel}/${day}/${safe(call)}/${name}`;
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
