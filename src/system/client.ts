/** One request to the system API: how it is sent. What its answer means is for outcome.ts to say. */
import type { Channel } from "../config/channels.ts";
import { type Form, fieldsOf } from "./forms.ts";
import { type FilePart, type Multipart, multipart } from "./multipart.ts";
import { type Answer, maxBodyBytes, type Silence } from "./outcome.ts";

/** How long the system may take to answer a form, in ms, and a form with a file. */
export const formTimeoutMs = 30_000;
export const fileTimeoutMs = 10 * 60_000;

/** A file on its way from R2. */
export interface Attachment extends FilePart {
  readonly body: ReadableStream<Uint8Array>;
}

/** Sends `form`, with `attachment` as its file. Never throws for what the network or the system does. */
export async function send(channel: Channel, form: Form, attachment?: Attachment): Promise<Answer | Silence> {
  const body = multipart(fieldsOf(form, channel.arrays), crypto.randomUUID(), attachment);
  const signal = AbortSignal.timeout(attachment ? fileTimeoutMs : formTimeoutMs);
  const url = `${channel.system}/api/v2/telephony/calls/${encodeURIComponent(channel.secrets.channelKey)}/`;
  const headers = new Headers({ "content-type": body.contentType, accept: "application/json" });
  if (channel.secrets.systemAuth) headers.set("authorization", basic(channel.secrets.systemAuth));
  try {
    const stream = attachment ? around(body, attachment.body, signal) : body.head;
    const response = await fetch(url, { method: "POST", headers, body: stream, redirect: "manual", signal });
    return { status: response.status, headers: response.headers, body: await beginning(response, maxBodyBytes) };
  } catch (error) {
    await attachment?.body.cancel().catch(() => undefined);
    const slow = error instanceof Error && error.name === "TimeoutError";
    return { fault: slow ? "the system did not answer in time" : "the connection to the system failed" };
  }
}

/** The form around the file as a stream of known length, which is then sent with a Content-Length. */
function around(body: Multipart, file: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream {
  const { readable, writable } = new FixedLengthStream(body.length);
  // Rejects when the system answers before it has read all, as with 413: the answer tells then.
  pump(body, file, writable, signal).catch(() => undefined);
  return readable;
}

async function pump(
  body: Multipart,
  file: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await write(writable, body.head);
  await file.pipeTo(writable, { preventClose: true, signal });
  await write(writable, body.tail);
  await writable.close();
}

async function write(writable: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(bytes);
  writer.releaseLock();
}

/** The first `maxBytes` of an answer as text; the rest is not read. */
export async function beginning(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader && length < maxBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.byteLength;
  }
  await reader?.cancel();
  return new TextDecoder().decode(await new Blob(chunks).arrayBuffer()).slice(0, maxBytes);
}

export function basic(credentials: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(credentials)))}`;
}
