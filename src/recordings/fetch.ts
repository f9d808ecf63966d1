/** Fetching a recording from a PBX: only from allowed hosts, credentials only to the host that they are for. */

import type { Recording } from "../calls/event.ts";
import type { Account, ApiRequest, RecordingSource } from "../providers/provider.ts";
import { beginning } from "../system/client.ts";
import { allowed } from "./hosts.ts";
import type { Limits } from "./limits.ts";

/** The PBX's answer to a request for a recording. */
export interface Media {
  readonly kind: "media";
  readonly response: Response;
  /** Ends the answer, whose body then breaks off. */
  stop(): void;
}

/** `later`: not ready, or out of reach for now. `never`: asking again would not help. */
export interface NoMedia {
  readonly kind: "later" | "never";
  readonly why: string;
}

/** A recording that can be had. `parts`: how many files its id stands for. */
export interface Opened {
  readonly kind: "opened";
  readonly media: Media;
  readonly parts: number;
  /** Asks for the same file once more; with `range`, the headers that ask for its rest, any of 200, 206 and 416 may come. */
  again(range: Readonly<Record<string, string>> | undefined): Promise<Media | NoMedia>;
}

/** Where a recording may be fetched from, and until when. */
export interface Bounds {
  readonly hosts: readonly string[];
  readonly api: string | undefined;
  readonly answerMs: number;
  readonly over: AbortSignal;
}

const maxRedirects = 5;
/** How much of an API's answer is read, in bytes. */
const maxAnswerBytes = 64 * 1024;

export async function open(
  source: RecordingSource,
  recording: Recording,
  part: number,
  call: string,
  account: Account,
  { answerMs, totalMs }: Limits,
): Promise<Opened | NoMedia> {
  const bounds = { hosts: source.hosts, api: account.api, answerMs, over: AbortSignal.timeout(totalMs) };
  const request = await source.locate(recording, call, account);
  const first = await follow(request, bounds);
  if (first.kind !== "media") return first;
  if (!request.links) return opened(first, request, 1, bounds);
  const links = request.links(await json(first.response));
  if (links.kind !== "found") return links;
  const url = links.urls[part];
  if (url === undefined) return { kind: "later", why: "the PBX names no file" };
  const linked = { url, headers: {} };
  const media = await follow(linked, bounds);
  return media.kind === "media" ? opened(media, linked, links.urls.length, bounds) : media;
}

function opened(media: Media, request: ApiRequest, parts: number, bounds: Bounds): Opened {
  return { kind: "opened", media, parts, again: (range) => follow(request, bounds, range) };
}

/** Redirects are followed by hand: the platform would send our headers along to any host. */
export async function follow(
  request: ApiRequest,
  bounds: Bounds,
  range?: Readonly<Record<string, string>>,
): Promise<Media | NoMedia> {
  let url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  let headers: Readonly<Record<string, string>> = request.headers;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    if (!url || !allowed(url, bounds.hosts, bounds.api)) {
      return { kind: "never", why: "the PBX names a place that recordings may not be fetched from" };
    }
    const media = await ask(url, { ...headers, ...range }, bounds);
    if (!media) return { kind: "later", why: "the PBX could not be reached" };
    const { status, headers: said, body } = media.response;
    const location = said.get("location");
    if (status < 300 || status >= 400 || location === null) return judged(media, range !== undefined);
    await body?.cancel();
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (next?.origin !== url.origin) headers = {};
    url = next;
  }
  return { kind: "later", why: "the PBX redirects without end" };
}

/** Compressed media would hide its length, so none is asked for. */
async function ask(url: URL, headers: Record<string, string>, bounds: Bounds): Promise<Media | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), bounds.answerMs);
  const signal = AbortSignal.any([abort.signal, bounds.over]);
  try {
    const sent = { ...headers, "accept-encoding": "identity" };
    const response = await fetch(url, { headers: sent, redirect: "manual", signal });
    return { kind: "media", response, stop: () => abort.abort() };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function judged(media: Media, ranged: boolean): Promise<Media | NoMedia> {
  const { status, body } = media.response;
  if (status === 200 || (ranged && (status === 206 || status === 416))) return media;
  await body?.cancel();
  // Anything but 410 may change: not ready yet, too many requests, credentials being rotated.
  return { kind: status === 410 ? "never" : "later", why: `the PBX answered ${status}` };
}

async function json(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await beginning(response, maxAnswerBytes));
  } catch {
    return undefined;
  }
}
