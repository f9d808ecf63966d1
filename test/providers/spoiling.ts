/** Genuine webhooks, each spoilt in one place. */
import type { Webhook } from "../standins/webhook.ts";

export interface Spoilt {
  /** What was done, for the message of a failing test. */
  readonly what: string;
  readonly webhook: Webhook;
}

/** Spoils, one at a time, every field, the URL and the signature. For signatures that cover the whole webhook. */
export function anything(webhook: Webhook): Spoilt[] {
  return [...fields(webhook), ...url(webhook), ...signature(webhook)];
}

/** Changes each field in one character, drops it, and adds one. `names` are those that the signature covers. */
export function fields(webhook: Webhook, names: readonly string[] = fieldNames(webhook)): Spoilt[] {
  const changed = names.flatMap((name) => [
    { what: `${name} changed`, webhook: withFields(webhook, (all) => all.set(name, other(all.get(name) ?? ""))) },
    { what: `${name} dropped`, webhook: withFields(webhook, (all) => all.delete(name)) },
  ]);
  return [...changed, { what: "a field added", webhook: withFields(webhook, (all) => all.append("Added", "1")) }];
}

/** Changes the path in one character. */
export function url(webhook: Webhook): Spoilt[] {
  const spoilt = new URL(webhook.url);
  spoilt.pathname = other(spoilt.pathname);
  return [{ what: "path changed", webhook: { ...webhook, url: spoilt.href } }];
}

/** Changes in one character, cuts, empties and drops whatever header has "signature" in its name. */
export function signature(webhook: Webhook): Spoilt[] {
  return Object.entries(webhook.headers)
    .filter(([name]) => /signature/i.test(name))
    .flatMap(([name, value]) => {
      const { [name]: _, ...others } = webhook.headers;
      const put = (text: string) => ({ ...webhook, headers: { ...others, [name]: text } });
      return [
        { what: `${name} begins differently`, webhook: put(other(value.slice(0, 1)) + value.slice(1)) },
        { what: `${name} ends differently`, webhook: put(other(value)) },
        { what: `${name} cut`, webhook: put(value.slice(0, -1)) },
        { what: `${name} emptied`, webhook: put("") },
        { what: `${name} dropped`, webhook: { ...webhook, headers: others } },
      ];
    });
}

function fieldNames(webhook: Webhook): string[] {
  return [...new Set(fieldsOf(webhook).keys())];
}

function fieldsOf({ url, headers, body }: Webhook): URLSearchParams {
  if (body === undefined) return new URL(url).searchParams;
  return isJson(headers) ? new URLSearchParams(Object.entries(JSON.parse(body))) : new URLSearchParams(body);
}

function withFields(webhook: Webhook, change: (fields: URLSearchParams) => void): Webhook {
  const all = fieldsOf(webhook);
  change(all);
  if (webhook.body === undefined) return { ...webhook, url: `${webhook.url.replace(/\?.*$/, "")}?${all}` };
  return { ...webhook, body: isJson(webhook.headers) ? JSON.stringify(Object.fromEntries(all)) : all.toString() };
}

function isJson(headers: Webhook["headers"]): boolean {
  return Object.entries(headers).some(([name, value]) => /^content-type$/i.test(name) && value.includes("json"));
}

/** `text` with another last character; one character where there is none. */
function other(text: string): string {
  return text.slice(0, -1) + (text.endsWith("0") ? "1" : "0");
}
