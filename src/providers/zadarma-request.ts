/** Requests to Zadarma's API: signed over path and query, answered with a `status` that counts more than HTTP's. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { maskedIn } from "../log.ts";
import { zadarmaSignature } from "../verify/zadarma-signature.ts";
import type { ApiRequest, Links } from "./provider.ts";

export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

/** A GET of `path`, which ends in a slash. */
export async function signedGet(
  api: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
  { key, secret }: Credentials,
): Promise<ApiRequest> {
  const query = queryOf({ ...parameters, format: "json" });
  const signature = await requestSignature(path, query, secret);
  return { url: `${api}${path}?${query}`, headers: { authorization: `${key}:${signature}` } };
}

/** Sorted, and encoded as PHP's `http_build_query` does. What is sent must be, to the letter, what was signed. */
export function queryOf(parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters);
  query.sort();
  // The one character that a form leaves alone and PHP does not.
  return query.toString().replaceAll("*", "%2A");
}

export function requestSignature(path: string, query: string, secret: string): Promise<string> {
  return zadarmaSignature(secret, `${path}${query}${createHash("md5").update(query).digest("hex")}`);
}

/** One file comes as `link`, the files of all legs as `links`. */
const located = z.object({
  status: z.literal("success"),
  link: z.string().optional(),
  links: z.array(z.string()).optional(),
});
const declined = z.object({ message: z.string() });

/**
 * Where the recordings are. Too early reads "File not found", the rate limit "You exceeded the rate limit", both now and
 * then with HTTP 200; no answer is known that would mean never.
 */
export function linksIn(answer: unknown): Links {
  const success = located.safeParse(answer).data;
  const urls = [...new Set([success?.link ?? [], success?.links ?? []].flat())];
  if (urls.length > 0) return { kind: "found", urls };
  return { kind: "later", why: refusalIn(answer) ?? "the answer names no recording" };
}

/** Why the API declined; undefined where it does not say. */
export function refusalIn(answer: unknown): string | undefined {
  const message = declined.safeParse(answer).data?.message;
  return message ? excerpt(message) : undefined;
}

/** How much of a refusal is kept, in characters. */
const maxWhyLength = 120;

/** What could be a key, a token or a signature is left out. */
function excerpt(message: string): string {
  const plain = message.replace(/[\p{Cc}\p{Cf}]+/gu, " ").replace(/[\w+/=]{20,}/g, "...");
  return maskedIn(plain).trim().slice(0, maxWhyLength);
}
