/** A file on its way from a PBX, over as many answers as it takes: one that breaks off is asked for its rest. */
import type { Media, NoMedia, Opened } from "./fetch.ts";
import { continued, rangeFrom, type Version, versionOf } from "./range.ts";

/** How often one try goes on, or begins anew, after an answer that broke off. */
export const maxResumes = 10;
/** How much is read at once, in bytes. What was read when an answer breaks off is not lost. */
const chunkBytes = 256 * 1024;

/** `filled`: so many bytes, fewer than there is room for only at the end. `anew`: the file begins again with its first byte. */
export type Filled = { readonly kind: "filled"; readonly bytes: number } | { readonly kind: "anew" } | NoMedia;

export class Download {
  readonly #opened: Opened;
  readonly #stallMs: number;
  #media: Media;
  #reader: ReadableStreamBYOBReader | undefined;
  #version: Version;
  #buffer = new ArrayBuffer(chunkBytes);
  #at = 0;
  #resumes = 0;
  /** How many bytes the present answer brought. */
  #brought = 0;

  constructor(opened: Opened, stallMs: number) {
    this.#opened = opened;
    this.#stallMs = stallMs;
    this.#media = opened.media;
    this.#reader = readerOf(opened.media);
    this.#version = versionOf(opened.media.response);
  }

  /** How long the file is, in bytes; undefined where the PBX does not tell. */
  get length(): number | undefined {
    return this.#version.length;
  }

  /** How many bytes of it were handed out. */
  get at(): number {
    return this.#at;
  }

  /** Fills `part` from its beginning with what is next. */
  async fill(part: Uint8Array): Promise<Filled> {
    let bytes = 0;
    while (bytes < part.byteLength) {
      const chunk = await this.#read(part.byteLength - bytes);
      if (chunk instanceof Uint8Array) {
        part.set(chunk, bytes);
        bytes += chunk.byteLength;
        this.#at += chunk.byteLength;
        this.#brought += chunk.byteLength;
      } else if (chunk === "end" && this.#at === (this.length ?? this.#at)) {
        break;
      } else {
        const ended = await this.#resume();
        if (ended) return ended;
      }
    }
    return { kind: "filled", bytes };
  }

  /** No more of it is wanted. */
  stop(): void {
    this.#media.stop();
  }

  /** The PBX may be slow, but not silent. */
  async #read(most: number): Promise<Uint8Array | "end" | "broken"> {
    const timer = setTimeout(() => this.#media.stop(), this.#stallMs);
    try {
      const read = await this.#reader?.read(new Uint8Array(this.#buffer, 0, Math.min(most, chunkBytes)));
      if (read?.value) this.#buffer = read.value.buffer as ArrayBuffer;
      return read?.done === false ? read.value : "end";
    } catch {
      // The buffer went down with the read.
      this.#buffer = new ArrayBuffer(chunkBytes);
      return "broken";
    } finally {
      clearTimeout(timer);
    }
  }

  /** Goes on where the file broke off, or from its beginning; undefined where the rest follows. */
  async #resume(): Promise<Filled | undefined> {
    this.#media.stop();
    if (this.#brought === 0 || this.#resumes++ >= maxResumes) return { kind: "later", why: "the recording broke off" };
    const range = rangeFrom(this.#version, this.#at);
    const media = await this.#opened.again(range);
    if (media.kind !== "media") return media;
    const version = continued(this.#version, this.#at, media.response);
    if (version) return this.#goOn(media, version, this.#at);
    if (media.response.status === 200) return this.#goOn(media, versionOf(media.response), 0);
    // The rest of another file, or none.
    await media.response.body?.cancel();
    const whole = await this.#opened.again(undefined);
    return whole.kind === "media" ? this.#goOn(whole, versionOf(whole.response), 0) : whole;
  }

  #goOn(media: Media, version: Version, at: number): { kind: "anew" } | undefined {
    const anew = at < this.#at;
    this.#media = media;
    this.#reader = readerOf(media);
    this.#version = version;
    this.#at = at;
    this.#brought = 0;
    return anew ? { kind: "anew" } : undefined;
  }
}

function readerOf({ response }: Media): ReadableStreamBYOBReader | undefined {
  return response.body?.getReader({ mode: "byob" });
}
