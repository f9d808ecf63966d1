/** Recordings to hand out: real ones, and ones of any length that are made while they are read. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The same short sentence in each format that the helpdesk takes. */
export const samples = {
  mp3: { path: join(import.meta.dirname, "audio", "call.mp3"), type: "audio/mpeg" },
  wav: { path: join(import.meta.dirname, "audio", "call.wav"), type: "audio/x-wav" },
  ogg: { path: join(import.meta.dirname, "audio", "call.ogg"), type: "audio/ogg" },
  m4a: { path: join(import.meta.dirname, "audio", "call.m4a"), type: "audio/mp4" },
} as const;

export type Format = keyof typeof samples;

export function sample(format: Format): Promise<Buffer> {
  return readFile(samples[format].path);
}

/** A file of `size` bytes that is the same each time and is never held whole. */
export interface Source {
  readonly size: number;
  /** Its bytes from `from` up to and including `to`, in chunks; all of them by default. */
  read(from?: number, to?: number): AsyncGenerator<Buffer, void, undefined>;
}

export function bytesOf(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    async *read(from = 0, to = bytes.length - 1) {
      if (to >= from) yield Buffer.from(bytes.subarray(from, to + 1));
    },
  };
}

/** A tone as 16 bit PCM at 8 kHz, mono, with the header that goes with it. `size` is at least 44, less than 4 GiB. */
export function longWav(size: number): Source {
  return endless(wavHeader(size), tone(), size);
}

/** Silent MPEG frames of 128 kbit/s at 44.1 kHz that carry noise where no decoder looks. */
export function longMp3(size: number): Source {
  return endless(Buffer.alloc(0), mpegFrames(), size);
}

/** Hexadecimal. */
export async function sha256Of(source: Source): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of source.read()) hash.update(chunk);
  return hash.digest("hex");
}

/** Bytes in buffers that are still of use to somebody, by which a test sees that a long recording is not held. */
export function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  // Buffers are freed beside the program: the second collection waits for what the first one found.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** Where each block carries its own number, so that a lost, repeated or misplaced one changes the hash. */
const stampAt = 40;

function endless(header: Buffer, block: Buffer, size: number): Source {
  const blockAt = (index: number): Buffer => {
    const copy = Buffer.from(block);
    copy.writeUInt32BE(index, stampAt);
    return copy;
  };
  return {
    size,
    async *read(from = 0, to = size - 1) {
      const end = to + 1;
      if (from < header.length && from < end) yield header.subarray(from, Math.min(header.length, end));
      let at = Math.max(from, header.length);
      while (at < end) {
        const index = Math.floor((at - header.length) / block.length);
        const begin = header.length + index * block.length;
        const chunk = blockAt(index).subarray(at - begin, Math.min(block.length, end - begin));
        at += chunk.length;
        yield chunk;
      }
    },
  };
}

function wavHeader(size: number): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(size - 8, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(size - 44, 40);
  return header;
}

/** Four seconds of 440 Hz: whole waves, so that blocks join without a click but for the stamp. */
function tone(): Buffer {
  const samplesOfTone = 32_000;
  const block = Buffer.alloc(2 * samplesOfTone);
  for (let i = 0; i < samplesOfTone; i++) {
    block.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / 8000)), 2 * i);
  }
  return block;
}

function mpegFrames(): Buffer {
  const frameBytes = 417;
  const afterSideInformation = 4 + 32;
  const block = Buffer.alloc(157 * frameBytes);
  let noise = 1;
  for (let at = 0; at < block.length; at++) {
    const within = at % frameBytes;
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
    // 0xff would look like another frame's beginning.
    if (within >= afterSideInformation) block[at] = (noise >>> 16) % 255;
    if (within === 0) block.writeUInt32BE(0xfffb_9064, at);
  }
  return block;
}
