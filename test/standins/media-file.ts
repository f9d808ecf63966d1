/** One recording as a PBX hands it out, with the ways in which that goes wrong. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { bytesOf, type Source, sha256Of } from "./audio.ts";

export interface MediaOptions {
  readonly source: Source | Uint8Array;
  /** The Content-Type; default `audio/mpeg`. */
  readonly type?: string;
  /** No Content-Length. */
  readonly chunked?: boolean;
  /** 404 before this time, ms since the epoch. */
  readonly readyAt?: number;
  /** 404 so many times first. */
  readonly notReadyTimes?: number;
  /** 302 to there, a path or another host's URL. */
  readonly redirectTo?: string;
  /** The connection is lost after so many bytes; `times` in a row, default 1. */
  readonly cutAfter?: { readonly bytes: number; readonly times?: number };
  /** Whether parts can be asked for; default `true`. */
  readonly ranges?: boolean;
  /** 200 with an HTML page that says that something is wrong. */
  readonly html?: true;
  /** This status and nothing else. */
  readonly status?: number;
  /** ms since the epoch. */
  readonly now?: () => number;
}

export interface Media {
  /** Bytes of the whole file. */
  readonly size: number;
  /** How often it was asked for. */
  readonly asked: number;
  /** Hexadecimal, of the whole file. */
  sha256(): Promise<string>;
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function media(options: MediaOptions): Media {
  const source = options.source instanceof Uint8Array ? bytesOf(options.source) : options.source;
  const { now = Date.now, readyAt = 0, notReadyTimes = 0, cutAfter } = options;
  let asked = 0;
  let cuts = 0;
  return {
    size: source.size,
    get asked() {
      return asked;
    },
    sha256: () => sha256Of(source),
    async serve(request, response) {
      asked++;
      if (now() < readyAt || asked <= notReadyTimes) return say(response, 404, "Not ready yet.");
      if (options.status !== undefined) return say(response, options.status, "As the test wants it.");
      if (options.redirectTo) return say(response, 302, "It is elsewhere.", { location: options.redirectTo });
      if (options.html) return say(response, 200, "<!doctype html><h1>Something went wrong</h1>", htmlType);
      const cut = cutAfter && cuts++ < (cutAfter.times ?? 1) ? cutAfter.bytes : undefined;
      await stream(request, response, source, options, cut);
    },
  };
}

const htmlType = { "content-type": "text/html; charset=utf-8" };

function say(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "text/plain", ...headers }).end(text);
}

async function stream(
  request: IncomingMessage,
  response: ServerResponse,
  source: Source,
  { type = "audio/mpeg", chunked = false, ranges = true }: MediaOptions,
  cutAfterBytes: number | undefined,
): Promise<void> {
  const range = ranges ? rangeOf(request.headers.range, source.size) : undefined;
  if (range === "unsatisfiable") return say(response, 416, "", { "content-range": `bytes */${source.size}` });
  const { from, to } = range ?? { from: 0, to: source.size - 1 };
  response.writeHead(range ? 206 : 200, {
    "content-type": type,
    ...(ranges ? { "accept-ranges": "bytes" } : {}),
    ...(range ? { "content-range": `bytes ${from}-${to}/${source.size}` } : {}),
    ...(chunked ? {} : { "content-length": to - from + 1 }),
  });
  if (request.method === "HEAD") return void response.end();
  if (cutAfterBytes !== undefined) return cut(response, source.read(from, Math.min(to, from + cutAfterBytes - 1)));
  // A client that has heard enough hangs up: that is its right.
  await pipeline(source.read(from, to), response).catch(() => {});
}

/** Sends what there is, waits until the system took it, and breaks the connection. */
async function cut(response: ServerResponse, chunks: AsyncIterable<Buffer>): Promise<void> {
  response.flushHeaders();
  for await (const chunk of chunks) await new Promise((written) => response.write(chunk, written));
  response.destroy();
}

/**
 * The one part that a Range header asks for, its first and last byte; `undefined` where it asks for none, or for what
 * may be ignored.
 */
export function rangeOf(
  header: string | undefined,
  size: number,
): { readonly from: number; readonly to: number } | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(size - 1, Number(last));
  return from >= size || to < from ? "unsatisfiable" : { from, to };
}
