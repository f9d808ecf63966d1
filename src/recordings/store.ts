/** From the PBX to R2, never whole in memory. */
import { headBytes, type Kind, kindOf } from "./kind.ts";

/** What is stored, or why nothing is. `kind` undefined: no audio that the system takes. */
export type Stored =
  | { readonly kind: "stored"; readonly key: string; readonly bytes: number; readonly media?: Kind }
  | { readonly kind: "later"; readonly why: string }
  | { readonly kind: "never"; readonly why: string };

/** Parts of an upload whose length is not known beforehand; R2 wants all but the last alike and at least 5 MiB. */
const partBytes = 8 * 1024 * 1024;
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
  const reader = response.body.getReader();
  const { head, done } = await beginning(reader);
  const media = kindOf(head);
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
    const bytes = done
      ? await putWhole(bucket, key, head, options)
      : declared === null
        ? await putParts(bucket, key, head, reader, options)
        : await putStream(bucket, key, head, reader, response.body, Number(declared), options);
    return { kind: "stored", key, bytes, media: known };
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    return { kind: "later", why: `the recording broke off (${error instanceof Error ? error.name : "error"})` };
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Enough bytes to tell what it is, and whether that was all. */
async function beginning(reader: Reader): Promise<{ head: Uint8Array; done: boolean }> {
  let head = new Uint8Array();
  while (head.byteLength < headBytes) {
    const next = await reader.read();
    if (next.done) return { head, done: true };
    head = joined(head, next.value);
  }
  return { head, done: false };
}

async function putWhole(bucket: R2Bucket, key: string, bytes: Uint8Array, options: R2PutOptions): Promise<number> {
  await bucket.put(key, bytes, options);
  return bytes.byteLength;
}

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
  head: Uint8Array,
  reader: Reader,
  options: R2PutOptions,
): Promise<number> {
  const upload = await bucket.createMultipartUpload(key, options);
  try {
    const parts: R2UploadedPart[] = [];
    const buffer = new Uint8Array(partBytes);
    let [filled, total] = [0, 0];
    const flush = async () => {
      parts.push(await upload.uploadPart(parts.length + 1, buffer.slice(0, filled)));
      filled = 0;
    };
    let chunk: Uint8Array | undefined = head;
    while (chunk) {
      total += chunk.byteLength;
      if (total > maxStoredBytes) throw new RangeError(`larger than ${maxStoredBytes} bytes`);
      let rest: Uint8Array = chunk;
      while (rest.byteLength > 0) {
        const taken = rest.subarray(0, partBytes - filled);
        buffer.set(taken, filled);
        filled += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
        if (filled === partBytes) await flush();
      }
      const next: ReadableStreamReadResult<Uint8Array> = await reader.read();
      chunk = next.done ? undefined : next.value;
    }
    if (filled > 0) await flush();
    await upload.complete(parts);
    return total;
  } catch (error) {
    await upload.abort().catch(() => undefined);
    throw error;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}

/** `<channel>/<year>/<month>/<day>/<call>/<recording>`, in UTC, of characters that are safe in a key and a file name. */
export function stemOf(channel: string, startedAt: number, call: string, id: string, part: number): string {
  const day = new Date(startedAt).toISOString().slice(0, 10).replaceAll("-", "/");
  const name = `${safe(id) || "recording"}${part > 0 ? `-${part + 1}` : ""}`;
  return `${channel}/${day}/${safe(call)}/${name}`;
}

/** The name under which a stored recording is attached: the call's day and id, and the extension. */
export function filenameOf(key: string): string {
  const [, year = "", month = "", day = "", call = "", file = ""] = key.split("/");
  return `${year}-${month}-${day}-${call}${file.slice(file.lastIndexOf("."))}`;
}

function safe(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 128);
}
