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
  /** It falls silent after so many bytes, and the connection stays; `times` in a row, default 1. */
  readonly stallAfter?: { readonly bytes: number; readonly times?: number };
  /** Whether parts can be asked for; default `true`. */
  readonly ranges?: boolean;
  /** By which a client that has a part knows that the rest is still of the same file. */
  readonly etag?: string;
  readonly lastModified?: string;
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
  const { now = Date.now, readyAt = 0, notReadyTimes = 0, cutAfter, stallAfter } = options;
  let asked = 0;
  let broken = 0;
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
      const ends = cutAfter ?? stallAfter;
      const end = ends && broken++ < (ends.times ?? 1) ? { afterBytes: ends.bytes, silent: !cutAfter } : undefined;
      await stream(request, response, source, options, end);
    },
  };
}

/** A file that is another one from the second time on that it is asked for. */
export function replaced(before: Media, after: Media): Media {
  return {
    ...after,
    get asked() {
      return before.asked + after.asked;
    },
    serve: (request, response) => (before.asked === 0 ? before : after).serve(request, response),
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
  { type = "audio/mpeg", chunked = false, ranges = true, etag, lastModified }: MediaOptions,
  end: { readonly afterBytes: number; readonly silent: boolean } | undefined,
): Promise<void> {
  const [ifRange] = [request.headers["if-range"]].flat();
  const asked = ranges && isSame(ifRange, etag, lastModified) ? request.headers.range : undefined;
  const range = rangeOf(asked, source.size);
  if (range === "unsatisfiable") return say(response, 416, "", { "content-range": `bytes */${source.size}` });
  const { from, to } = range ?? { from: 0, to: source.size - 1 };
  response.writeHead(range ? 206 : 200, {
    "content-type": type,
    ...(ranges ? { "accept-ranges": "bytes" } : {}),
    ...(etag ? { etag } : {}),
    ...(lastModified ? { "last-modified": lastModified } : {}),
    ...(range ? { "content-range": `bytes ${from}-${to}/${source.size}` } : {}),
    ...(chunked ? {} : { "content-length": to - from + 1 }),
  });
  if (request.method === "HEAD") return void response.end();
  if (end !== undefined)
    return breakOff(response, source.read(from, Math.min(to, from + end.afterBytes - 1)), end.silent);
  // A client that has heard enough hangs up: that is its right.
  await pipeline(source.read(from, to), response).catch(() => {});
}

/** What `If-Range` names, where it is there; a weak tag is never the same (RFC 9110, 13.1.5). */
function isSame(ifRange: string | undefined, etag: string | undefined, lastModified: string | undefined): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === etag;
  return lastModified !== undefined && ifRange === lastModified;
}

/** Sends what there is, waits until the system took it, and breaks the connection or says no more. */
async function breakOff(response: ServerResponse, chunks: AsyncIterable<Buffer>, silent: boolean): Promise<void> {
  response.flushHeaders();
  for await (const chunk of chunks) await new Promise((written) => response.write(chunk, written));
  if (!silent) response.destroy();
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
