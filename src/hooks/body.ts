/** A webhook's body: read with a bound, decoded by what it says it is. */
import type { Hook } from "./hook.ts";

/** The largest body that is read, in bytes. PBX webhooks are a few KiB. */
export const maxBodyBytes = 256 * 1024;

/** A body that is larger than `maxBodyBytes`; what is beyond was not read. */
export class BodyTooLarge extends Error {}

/** Reads the body up to `maxBodyBytes`. Throws `BodyTooLarge`. */
export async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) throw new BodyTooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (!next || next.done) break;
    length += next.value.byteLength;
    if (length > maxBodyBytes) {
      await reader?.cancel();
      throw new BodyTooLarge();
    }
    chunks.push(next.value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** Decodes a webhook. A body that does not parse as what it claims to be gives no fields: its provider then finds none. */
export async function decode(
  request: { method: string; headers: Headers },
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  receivedAt: number,
): Promise<Hook> {
  const type = request.headers.get("content-type")?.toLowerCase() ?? "";
  const body = bytes.byteLength === 0 ? "none" : kind(type);
  const text = body === "multipart" ? "" : new TextDecoder().decode(bytes);
  const source = request.headers.get("cf-connecting-ip") ?? undefined;
  const fields = await fieldsOf(body, text, url, request.headers, bytes);
  return { method: request.method, url, headers: request.headers, body, text, fields, source, receivedAt };
}

function kind(type: string): Hook["body"] {
  if (type.startsWith("application/x-www-form-urlencoded")) return "form";
  if (type.startsWith("multipart/form-data")) return "multipart";
  return /^application\/(\S+\+)?json\b/.test(type) ? "json" : "other";
}

async function fieldsOf(
  body: Hook["body"],
  text: string,
  url: string,
  headers: Headers,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<URLSearchParams> {
  switch (body) {
    case "none":
      return new URL(url).searchParams;
    case "form":
      return new URLSearchParams(text);
    case "multipart":
      return multipartFields(headers.get("content-type") ?? "", bytes);
    case "json":
      return jsonFields(text);
    case "other":
      return new URLSearchParams();
  }
}

async function multipartFields(type: string, bytes: Uint8Array<ArrayBuffer>): Promise<URLSearchParams> {
  const fields = new URLSearchParams();
  try {
    const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
    for (const [name, value] of form) if (typeof value === "string") fields.append(name, value);
  } catch {
    return new URLSearchParams();
  }
  return fields;
}

/** Parses JSON with numbers as the text they were written in: ids beyond 2^53 would be rounded. Throws `SyntaxError`. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? (context?.source ?? String(value)) : value,
  );
}

function jsonFields(text: string): URLSearchParams {
  const fields = new URLSearchParams();
  try {
    const value = parseJson(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return fields;
    for (const [name, field] of Object.entries(value)) {
      if (typeof field === "string" || typeof field === "number" || typeof field === "boolean") {
        fields.append(name, String(field));
      }
    }
  } catch {
    return new URLSearchParams();
  }
  return fields;
}
