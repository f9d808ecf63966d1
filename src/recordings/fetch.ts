/** Fetching a recording from a PBX: only from allowed hosts, credentials only to the host that they are for. */

import type { Recording } from "../calls/event.ts";
import type { Account, ApiRequest, RecordingSource } from "../providers/provider.ts";
import { beginning } from "../system/client.ts";
import { allowed } from "./hosts.ts";

/** `later`: not ready, or out of reach for now. `never`: asking again would not help. */
export type Opened =
  | { readonly kind: "media"; readonly response: Response; readonly parts: number }
  | { readonly kind: "later"; readonly why: string }
  | { readonly kind: "never"; readonly why: string };

const maxRedirects = 5;
/** How much of an API's answer is read, in bytes. */
const maxAnswerBytes = 64 * 1024;
/** How long the PBX may take to begin its answer, and for all of it, in ms. */
const answerTimeoutMs = 30_000;
export const mediaTimeoutMs = 10 * 60_000;

/** Opens the recording. `parts`: how many files its id stands for. */
export async function open(
  source: RecordingSource,
  recording: Recording,
  part: number,
  call: string,
  account: Account,
): Promise<Opened> {
  const request = await source.locate(recording, call, account);
  const first = await follow(request, source.hosts, account.api);
  if (first.kind !== "media" || !request.links) return first;
  const links = request.links(await json(first.response));
  if (links.kind !== "found") return links;
  const url = links.urls[part];
  if (url === undefined) return { kind: "later", why: "the PBX names no file" };
  const media = await follow({ url, headers: {} }, source.hosts, account.api);
  return media.kind === "media" ? { ...media, parts: links.urls.length } : media;
}

/** Redirects are followed by hand: the platform would send our headers along to any host. */
export async function follow(request: ApiRequest, hosts: readonly string[], api: string | undefined): Promise<Opened> {
  let url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  let headers: Readonly<Record<string, string>> = request.headers;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    if (!url || !allowed(url, hosts, api)) {
      return { kind: "never", why: "the PBX names a place that recordings may not be fetched from" };
    }
    const response = await ask(url, headers);
    if (!response) return { kind: "later", why: "the PBX could not be reached" };
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return opened(response);
    await response.body?.cancel();
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (next?.origin !== url.origin) headers = {};
    url = next;
  }
  return { kind: "later", why: "the PBX redirects without end" };
}

/** Compressed media would hide its length, so none is asked for. */
async function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<Response | undefined> {
  const begun = new AbortController();
  const timer = setTimeout(() => begun.abort(), answerTimeoutMs);
  const signal = AbortSignal.any([begun.signal, AbortSignal.timeout(mediaTimeoutMs)]);
  try {
    return await fetch(url, { headers: { ...headers, "accept-encoding": "identity" }, redirect: "manual", signal });
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function opened(response: Response): Promise<Opened> {
  if (response.status === 200) return { kind: "media", response, parts: 1 };
  await response.body?.cancel();
  const why = `the PBX answered ${response.status}`;
  // Anything but 410 may change: not ready yet, too many requests, credentials being rotated.
  return { kind: response.status === 410 ? "never" : "later", why };
}

async function json(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await beginning(response, maxAnswerBytes));
  } catch {
    return undefined;
  }
}
