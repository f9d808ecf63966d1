/** What a channel's table may hold. Every key is explained in docs/configuration.md. */
import * as z from "zod";
import { placeholders } from "../calls/comment.ts";
import type { ExtensionRange } from "../calls/extension.ts";
import { isCountry } from "../calls/phone.ts";

const id = z.union([z.string().min(1), z.number().int()]).transform(String);
const ids = z.array(id).min(1);
const number = z.union([z.string().min(1), z.number().int()]).transform(String);
const direction = z.enum(["incoming", "outgoing"]);

const extensionsForm = 'must be an extension such as 8500, or a range such as "100-199" with as many digits in both';

/** A single extension is a range of one. */
const extensionRange = z.union([z.string(), z.number()], extensionsForm).transform((value, context): ExtensionRange => {
  const [, from = "", to = from] = /^\s*(\d{1,10})(?:\s*-\s*(\d{1,10}))?\s*$/.exec(String(value)) ?? [];
  if (from === "" || from.length !== to.length) context.addIssue({ code: "custom", message: extensionsForm });
  else if (from > to)
    context.addIssue({ code: "custom", message: "is a range that ends before it begins. Write the lower one first" });
  return { from, to };
});

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether the address is on this very machine. */
export function isLoopback(url: URL): boolean {
  return loopback.has(url.hostname);
}

/** A rule over several keys is looked at even where one of them is wrong: all faults are named at once. */
const always = { when: ({ value }: { value: unknown }) => isTable(value) };

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An absolute URL without credentials, query or fragment; the trailing slash is cut off. */
function address(
  allowed: (url: URL) => boolean,
  message: string,
  written: (url: URL, text: string) => string = normalized,
) {
  return z.string().transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || url.username || url.password || url.search || url.hash || !allowed(url)) {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
    return written(url, text).replace(/\/+$/, "");
  });
}

function normalized(url: URL): string {
  return url.origin + url.pathname;
}

/** In the capitals in which its host was typed: Twilio signs them. */
function asTyped(url: URL, text: string): string {
  const [host = ""] = /(?<=:\/\/)[^/?#]+/.exec(text) ?? [];
  return host.toLowerCase() === url.host ? `${url.protocol}//${host}${url.pathname}` : normalized(url);
}

const secure = (url: URL) => url.protocol === "https:";
const secureOrLoopback = (url: URL) => secure(url) || (url.protocol === "http:" && isLoopback(url));
const web = (url: URL) => secure(url) || url.protocol === "http:";

const assignment = z
  .strictObject({
    line: number.optional(),
    extension: id.optional(),
    direction: direction.optional(),
    user_ids: ids.optional(),
    group_ids: ids.optional(),
    pbx_user_ids: ids.optional(),
  })
  .refine(({ user_ids, group_ids, pbx_user_ids }) => [user_ids, group_ids, pbx_user_ids].filter(Boolean).length === 1, {
    ...always,
    message: "needs exactly one of user_ids, group_ids and pbx_user_ids",
  });

const selective = "needs at least one condition: without any it would match every call";

const ignored = z
  .strictObject({
    phone: number.optional(),
    line: number.optional(),
    extension: id.optional(),
    direction: direction.optional(),
    shorter_than: z.number().positive().optional(),
  })
  .refine((rule) => Object.keys(rule).length > 0, selective);

const excepted = z
  .strictObject({ line: number.optional(), direction: direction.optional(), extension: id.optional() })
  .refine((rule) => Object.keys(rule).length > 0, selective);

/** Seconds to wait for a recording after the call, days to keep what was stored, bytes that are still attached. */
export const recordingDefaults = { enabled: true, wait: 30 * 60, retention: 90, max_bytes: 256 * 1024 * 1024 } as const;

const recordings = z.strictObject({
  enabled: z.boolean().default(recordingDefaults.enabled),
  wait: z.number().int().min(0).default(recordingDefaults.wait),
  retention: z.number().int().min(1).default(recordingDefaults.retention),
  max_bytes: z.number().int().min(1).default(recordingDefaults.max_bytes),
  except: z.array(excepted).default([]),
});

/** Minutes without a webhook after which a call whose end never came is taken for over. */
export const silenceDefault = 240;

const comment = z
  .string()
  .refine(
    (template) => [...template.matchAll(/\{([^}]*)\}/g)].every(([, name]) => placeholders.has(name ?? "")),
    `has an unknown placeholder; there are ${[...placeholders.keys()].map((name) => `{${name}}`).join(", ")}`,
  );

export const channelTable = z
  .object({
    provider: z.string(),
    system: address((url) => secureOrLoopback(url) && url.pathname === "/", "must be https://<system_domain>"),
    url: address(
      web,
      "must be the public base URL of this worker, such as https://hooks.example.com",
      asTyped,
    ).optional(),
    country: z.string().refine(isCountry, "must be an ISO 3166 code of two capitals, such as UA").optional(),
    delivery: z.enum(["live", "final", "off"]).default("live"),
    lines: z.array(number).default([]),
    extensions: z.array(extensionRange).optional(),
    assign: z.array(assignment).default([]),
    credit: z.enum(["last", "first", "longest"]).default("last"),
    ignore: z.array(ignored).default([]),
    internal: z.boolean().default(false),
    comment: comment.optional(),
    arrays: z.enum(["repeat", "comma"]).default("repeat"),
    recordings: recordings.prefault({}),
    silence: z.number().int().min(1).default(silenceDefault),
    rpm: z.number().int().min(1).optional(),
    api: address(web, "must be the base URL of the PBX's API, such as https://api.example.com").optional(),
  })
  .strict()
  .refine(({ delivery, ignore }) => delivery === "final" || ignore.every((rule) => rule?.shorter_than === undefined), {
    path: ["ignore"],
    message: 'shorter_than needs delivery = "final"',
    when: ({ value }) => isTable(value) && value.delivery === "live" && Array.isArray(value.ignore),
  });

/** A channel's table, checked, without what only its provider has. */
export type ChannelTable = z.infer<typeof channelTable>;
export type AssignRule = z.infer<typeof assignment>;
export type IgnoreRule = z.infer<typeof ignored>;
