/** What a recording really is, by its first bytes, whatever name and type it came with. */

export const extensions = ["mp3", "mp4", "wav", "ogg"] as const;

export interface Kind {
  readonly extension: (typeof extensions)[number];
  readonly type: string;
}

/** How many bytes are enough to tell. */
export const headBytes = 64;

const mp3: Kind = { extension: "mp3", type: "audio/mpeg" };
const mp4: Kind = { extension: "mp4", type: "audio/mp4" };
const wav: Kind = { extension: "wav", type: "audio/wav" };
const ogg: Kind = { extension: "ogg", type: "audio/ogg" };

/** `page`: text, such as an error page, and no recording. `unsupported`: audio perhaps, but none that the system takes. */
export function kindOf(head: Uint8Array): Kind | "page" | "unsupported" {
  const ascii = (from: number, length: number) => String.fromCharCode(...head.subarray(from, from + length));
  if (ascii(0, 3) === "ID3" || isMpegFrame(head)) return mp3;
  if (ascii(0, 4) === "RIFF" && ascii(8, 4) === "WAVE") return wav;
  if (ascii(0, 4) === "OggS") return ogg;
  if (ascii(4, 4) === "ftyp") return mp4;
  return isText(head) ? "page" : "unsupported";
}

/** How long a file says that it is, in bytes; undefined where it does not, or was written before its end was known. */
export function ownLength(head: Uint8Array): number | undefined {
  if (kindOf(head) !== wav) return undefined;
  const size = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(4, true);
  return size === 0 || size >= unknownSize ? undefined : size + 8;
}

/** Who writes a RIFF header before the sound puts one of several large numbers there, of which this is the least. */
const unknownSize = 0x7fff_0000;

/** An MPEG audio frame header: 11 set bits, then a version, layer, bit rate and sampling rate that are not reserved. */
function isMpegFrame(head: Uint8Array): boolean {
  const [a = 0, b = 0, c = 0] = head;
  const sync = a === 0xff && (b & 0xe0) === 0xe0;
  const version = (b >> 3) & 3;
  const layer = (b >> 1) & 3;
  return sync && version !== 1 && layer !== 0 && c >> 4 !== 15 && ((c >> 2) & 3) !== 3;
}

/** Markup in any encoding, or UTF-8 without control characters. Nothing at all counts as text: it is no recording either. */
function isText(head: Uint8Array): boolean {
  if (head[0] === 0x3c) return true;
  const printable = head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
  try {
    // The head may end within a character.
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(head, { stream: true });
    return printable;
  } catch {
    return false;
  }
}
