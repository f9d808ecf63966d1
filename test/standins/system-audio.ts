/** The recordings that the helpdesk was sent: measured while they stream in, kept on disk, and never whole in memory. */
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** Of a longer file only the beginning is kept; its hash and its length are still those of the whole. */
export const keptBytes = 20 * 1024 * 1024;

const signatureBytes = 12;

export interface Audio {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** Bytes received. */
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** The first bytes, by which a file says what it is. */
  readonly head: Buffer;
  /** Bytes on disk. */
  readonly kept: number;
}

export class AudioStore {
  /** Made for the first recording. */
  #directory: string | undefined;
  readonly #audios = new Map<number, Audio>();
  #lastId = 0;

  async receive(name: string, type: string, stream: Readable): Promise<Audio> {
    const id = ++this.#lastId;
    const audio = { id, name, type, ...(await this.#write(id, stream)) };
    this.#audios.set(id, audio);
    return audio;
  }

  find(id: number): Audio | undefined {
    return this.#audios.get(id);
  }

  /** The kept bytes from `from` up to and including `to`. */
  read(audio: Audio, from: number, to: number): Readable {
    return createReadStream(this.#path(audio.id), { start: from, end: to });
  }

  forget(): void {
    this.#audios.clear();
  }

  get directory(): string | undefined {
    return this.#directory;
  }

  async close(): Promise<void> {
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }

  async #write(id: number, stream: Readable): Promise<Omit<Audio, "id" | "name" | "type">> {
    const file = await open(this.#path(id), "w");
    const hash = createHash("sha256");
    let head = Buffer.alloc(0);
    let bytes = 0;
    let kept = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if (head.length < signatureBytes) head = Buffer.concat([head, chunk.subarray(0, signatureBytes - head.length)]);
        hash.update(chunk);
        bytes += chunk.length;
        const keep = chunk.subarray(0, keptBytes - kept);
        if (keep.length > 0) await file.write(keep);
        kept += keep.length;
      }
    } finally {
      await file.close();
    }
    return { bytes, sha256: hash.digest("hex"), head, kept };
  }

  #path(id: number): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), "helpdesk-"));
    return join(this.#directory, String(id));
  }
}
