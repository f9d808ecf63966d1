/**
 * multipart/form-data with a length that is known beforehand, so that it is never sent chunked (RFC 7578; the escaping
 * of names is the WHATWG form encoding's: https://html.spec.whatwg.org/#multipart-form-data).
 */

const encoder = new TextEncoder();

export interface FilePart {
  readonly field: string;
  readonly filename: string;
  readonly type: string;
  /** Exact, in bytes. */
  readonly size: number;
}

/** A form around a file: `head`, then the file's bytes, then `tail`. Without a file, `head` holds it all. */
export interface Multipart {
  readonly contentType: string;
  /** Of the whole body, in bytes. */
  readonly length: number;
  readonly head: Uint8Array<ArrayBuffer>;
  readonly tail: Uint8Array<ArrayBuffer>;
}

/** `token` makes the boundary; it must be unguessable, so that no value can hold it. */
export function multipart(fields: readonly (readonly [string, string])[], token: string, file?: FilePart): Multipart {
  const boundary = `trunkline-${token}`;
  const parts = fields.map(([name, value]) => `--${boundary}\r\n${disposition(name)}\r\n\r\n${value}\r\n`).join("");
  const end = `--${boundary}--\r\n`;
  const opening = file
    ? `--${boundary}\r\n${disposition(file.field)}; filename="${escaped(file.filename)}"\r\nContent-Type: ${file.type}\r\n\r\n`
    : end;
  const head = new Uint8Array(encoder.encode(parts + opening));
  const tail = new Uint8Array(encoder.encode(file ? `\r\n${end}` : ""));
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: head.byteLength + (file?.size ?? 0) + tail.byteLength,
    head,
    tail,
  };
}

function disposition(name: string): string {
  return `Content-Disposition: form-data; name="${escaped(name)}"`;
}

/** A name cannot end its quotes or its line. */
function escaped(name: string): string {
  return name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}
