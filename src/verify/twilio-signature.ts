/**
 * Twilio's signature, which Twilio's imitators share: base64(HMAC-SHA1(key, URL + names and values of the form)), or SHA-256
 * where the account says so. https://www.twilio.com/docs/usage/security (read 2026-08) and the SDKs, which accept a few
 * spellings of the URL more.
 */
import type { Hook } from "../hooks/hook.ts";
import { anyEqual, equal } from "./equal.ts";
import { base64, hex, hmac, rotation } from "./hmac.ts";
import { forged, genuine, type Verdict } from "./verdict.ts";

interface Facts {
  /** The header that holds the signature. */
  readonly header: string;
  /** The secret that it is made with. */
  readonly key: string;
}

/** Checks that the URL and the fields of the form, or the URL and through it the hash of another body, are signed. */
export function urlAndFormSignature({ header, key }: Facts) {
  return async (hook: Hook, secrets: ReadonlyMap<string, string>): Promise<Verdict> => {
    const offered = hook.headers.get(header);
    if (!offered) return forged(`no ${header} header: not from the PBX, or is a proxy in front that removes it?`);
    const keys = rotation(secrets.get(key));
    if (keys.length === 0) return forged(`${key} is empty`);
    if (!(await bodyIsCovered(hook))) return forged("body is not the one that bodySHA256 stands for");
    const form = hook.body === "form" ? formText(hook.fields) : "";
    const hash = hashOf(hook);
    const expected = keys.flatMap((value) => spellings(hook.url).map((url) => signature(hash, value, url + form)));
    if (await anyEqual([offered], await Promise.all(expected))) return genuine;
    return forged(`URL differs: is a proxy or custom domain in front? set url. Or ${key} is not the signing account's`);
  };
}

/**
 * A form is signed by its fields. Any other body must match the hash in the signed URL, and a URL that promises a body
 * must come with it: a replay could otherwise bring fields of its own. Multipart is never sent, and its text not kept.
 */
async function bodyIsCovered(hook: Hook): Promise<boolean> {
  const promised = queryOf(hook.url).get("bodySHA256");
  if (hook.body === "form" || (hook.body === "none" && promised === null)) return true;
  if (hook.body === "multipart") return false;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(hook.text));
  return equal((promised ?? "").toLowerCase(), hex(new Uint8Array(digest)));
}

/** What is signed of a form: names sorted as bytes are, each with its values: once each, sorted, empty ones too. */
export function formText(fields: URLSearchParams): string {
  const byName = [...valuesByName(fields)].sort(([a], [b]) => (a < b ? -1 : 1));
  return byName.flatMap(([name, values]) => [...new Set(values)].sort().map((value) => name + value)).join("");
}

/** In one pass: whoever is not known yet must not make us look for each name anew. */
function valuesByName(fields: URLSearchParams): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const [name, value] of fields) {
    const values = byName.get(name);
    if (values) values.push(value);
    else byName.set(name, [value]);
  }
  return byName;
}

/** A webhook of an account whose rules say so names its algorithm: `key=...,algorithm=HMAC_SHA256`. */
function hashOf({ headers }: Hook): "SHA-1" | "SHA-256" {
  const settings = headers.get("x-twilio-webhooks-signature-settings") ?? "";
  return /(^|[,;\s])algorithm=HMAC_SHA256\b/i.test(settings) ? "SHA-256" : "SHA-1";
}

async function signature(hash: "SHA-1" | "SHA-256", key: string, text: string): Promise<string> {
  return base64(await hmac(hash, key, text));
}

/**
 * The URLs that the signature may have been made over. Signers disagree on credentials and ports, on what needs escaping
 * in a query, and the platform gives us URLs that went through the WHATWG parser: no default port, `%27` for `'`.
 */
function spellings(url: string): string[] {
  const raw = url.replace(/#.*$/s, "");
  const normalized = URL.canParse(raw) ? new URL(raw).href : raw;
  const authorities = [raw, normalized].flatMap(authoritySpellings);
  return [...new Set(authorities.flatMap(querySpellings))];
}

/** With and without credentials; with and without a port, be it the scheme's own. */
function authoritySpellings(url: string): string[] {
  const parts = /^(?<scheme>https?:\/\/)(?<user>[^/?]*@)?(?<host>\[[^\]/]*\]|[^/?:]*)(?<port>:\d*)?(?<rest>.*)$/is.exec(
    url,
  );
  if (!parts?.groups) return [url];
  const { scheme = "", user = "", host = "", port, rest = "" } = parts.groups;
  const own = scheme.toLowerCase() === "https://" ? ":443" : ":80";
  return [user, ""].flatMap((user) => ["", port ?? own].map((port) => scheme + user + host + port + rest));
}

/** As it is; with apostrophes as they were before the WHATWG parser; escaped anew as Node's `querystring` does. */
function querySpellings(url: string): string[] {
  const start = url.indexOf("?");
  if (start < 0 || start === url.length - 1) return [url];
  const [path, query] = [url.slice(0, start + 1), url.slice(start + 1)];
  const escaped = [...valuesByName(queryOf(url))].flatMap(([name, values]) =>
    values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  );
  return [url, path + query.replaceAll("%27", "'"), path + escaped.join("&")];
}

function queryOf(url: string): URLSearchParams {
  const [, query = ""] = /^[^?#]*\?([^#]*)/s.exec(url) ?? [];
  return new URLSearchParams(query);
}
