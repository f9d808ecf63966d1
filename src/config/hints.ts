/** What to write instead: the usual mistakes of a configuration, each with its cure. What was written is never repeated. */
import { getCountries, getCountryCallingCode, isSupportedCountry } from "libphonenumber-js/min";
import type { core, ZodType } from "zod";
import { placeholders } from "../calls/comment.ts";
import type { Place } from "./faults.ts";
import { nearest } from "./nearest.ts";
import { secretName } from "./secrets.ts";

/** The keys that the tables of a channel know, by the table's path: `""` is the channel's own, `recordings.except` a list's. */
export interface Tables {
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** The provider's name, where it is known. */
  readonly provider?: string;
  /** The keys of every provider's own table, by the provider's name. */
  readonly ofProviders: ReadonlyMap<string, readonly string[]>;
  /** The names of all secrets, without the channel's prefix. */
  readonly secrets: ReadonlySet<string>;
}

/** A zod schema as far as it is looked into here. */
interface Schema {
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly def: { readonly innerType?: Schema; readonly element?: Schema };
}

/** The tables that `schema` is made of, by path; places in a list are left out of it. */
export function tablesIn(schema: ZodType, under = ""): Map<string, string[]> {
  return tables(schema as unknown as Schema, under);
}

function tables(schema: Schema, under: string): Map<string, string[]> {
  const inner = schema.def.innerType ?? schema.def.element;
  if (!schema.shape) return inner ? tables(inner, under) : new Map();
  const below = Object.entries(schema.shape).flatMap(([key, value]) => [...tables(value, join(under, key))]);
  return new Map([[under, Object.keys(schema.shape)], ...below]);
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** What was meant by a key that its table does not have: another one, or another table. */
export function unknownKey(place: Place, key: string, path: readonly string[], known: Tables): string | undefined {
  const here = path.filter((part) => !/^\d+$/.test(part)).join(".");
  const own = known.keys.get(here) ?? [];
  const secret = secretMeant(key, place.channel, known);
  const lower = key.toLowerCase();
  const elsewhere = (word: string) => [...known.keys].find(([at, keys]) => at !== here && keys.includes(word))?.[0];
  const stranger = [...known.ofProviders].find(([name, keys]) => name !== known.provider && keys.includes(lower));
  const table = elsewhere(lower);
  const meant = nearest(key, own);
  if (known.ofProviders.has(lower) && lower !== known.provider) {
    return `It belongs to a channel whose provider is "${lower}"`;
  }
  if (meant !== undefined) return `Did you mean ${meant}?`;
  if (table !== undefined) return belongs(place, table);
  if (stranger) return `It is a key of ${stranger[0]}'s table, and this channel's provider is another`;
  if (secret !== undefined) return `It is a secret and does not stand here: set ${secretName(place.channel, secret)}`;
  const all = [...known.keys.values()].flat();
  const far = nearest(key, all);
  const where = far === undefined ? undefined : elsewhere(far);
  return far === undefined || where === undefined ? undefined : `Did you mean ${far}? ${belongs(place, where)}`;
}

/** A secret's name as it may have been written into a table: in full, or without its provider's. */
function secretMeant(key: string, channel: string, { secrets, provider = "" }: Tables): string | undefined {
  const own = `${provider.toUpperCase()}_`;
  const spellings = [...secrets].flatMap((name) => [
    [name, name] as const,
    [secretName(channel, name), name] as const,
    [name.startsWith(own) ? name.slice(own.length) : name, name] as const,
  ]);
  const bySpelling = new Map(spellings);
  return bySpelling.get(nearest(key, bySpelling.keys()) ?? "");
}

function belongs({ variable, channel }: Place, table: string): string {
  const heading = `[vars.${variable}.${channel}${table === "" ? "" : `.${table}`}]`;
  const above = table === "" ? ", above the headings of its other tables" : "";
  return `It belongs to ${heading}${above}`;
}

/** What to write for a value that is wrong. `path` is that of its key. */
export function cure(place: Place, path: readonly string[], issue: core.$ZodIssue, value: unknown): string | undefined {
  const key = path.findLast((part) => !/^\d+$/.test(part)) ?? "";
  if (value === undefined) return missing.get(key);
  if (key === "recordings" && typeof value === "boolean") {
    return value ? "Leave it out: they are on" : "Write recordings = { enabled = false }";
  }
  const own = byKey.get(key)?.(value);
  return own ?? byKind(place, path, issue, value);
}

const missing = new Map([["system", 'Write system = "https://<your helpdesk>"']]);

const byKey: ReadonlyMap<string, (value: unknown) => string | undefined> = new Map<
  string,
  (value: unknown) => string | undefined
>([
  ["system", (value) => address(value, true)],
  ["url", (value) => address(value, false)],
  ["api", (value) => address(value, false)],
  ["redirect", (value) => address(value, false)],
  ["country", country],
  ["comment", comment],
  ["time_zone", zone],
  ["wait", unit("seconds", "30 minutes are 1800")],
  ["shorter_than", unit("seconds", "5 for five seconds")],
  ["ring_seconds", unit("seconds", "30 for half a minute")],
  ["silence", unit("minutes", "four hours are 240")],
  ["retention", unit("days", "three months are 90")],
  ["max_bytes", unit("bytes", "256 MiB are 268435456")],
  ["rpm", unit("requests a minute", "60 for one a second")],
]);

/** By what the schema wants: what it takes to make that of the value. */
function byKind(place: Place, path: readonly string[], issue: core.$ZodIssue, value: unknown): string | undefined {
  const key = path.join(".");
  if (issue.code === "invalid_value") {
    const words = issue.values.map(String);
    const meant = synonyms.get(String(value).toLowerCase());
    const word = meant !== undefined && words.includes(meant) ? meant : nearest(String(value), words);
    return word && `Did you mean "${word}"?`;
  }
  if (issue.code !== "invalid_type") return undefined;
  if (issue.expected === "boolean") return "Write true or false, without quotes";
  if (issue.expected === "array") {
    return typeof value === "object" ? `Write ${key} = [{ ... }]` : `Write ${key} = ["..."], also for a single one`;
  }
  if (issue.expected === "object") return `Write ${key} = { ... }, or a heading: ${heading(place, path)}`;
  if (issue.expected === "string" && typeof value !== "object") return "Write it in quotes";
  return undefined;
}

function heading({ variable, channel }: Place, path: readonly string[]): string {
  return `[vars.${[variable, channel, ...path].join(".")}]`;
}

const synonyms = new Map([
  ["inbound", "incoming"],
  ["in", "incoming"],
  ["outbound", "outgoing"],
  ["out", "outgoing"],
  ["false", "off"],
  ["no", "off"],
  ["none", "off"],
  ["disabled", "off"],
  ["trial", "off"],
]);

/** A number of `what`; `example` says how much something is. */
function unit(what: string, example: string): (value: unknown) => string {
  return (value) =>
    typeof value === "string" ? `Write ${what} as a bare number: ${example}` : `It counts ${what}: ${example}`;
}

/** An address that is none of the kind that is wanted. `bare`: without a path. */
function address(value: unknown, bare: boolean): string | undefined {
  if (typeof value !== "string") return "Write it in quotes";
  const text = value.trim();
  if (text === "") return undefined;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return "Begin with https://";
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const cures = [
    url.protocol === "https:" ? undefined : "Begin with https://",
    url.username || url.password ? "Leave out the credentials" : undefined,
    url.search || url.hash ? "Leave out what follows the ? or #" : undefined,
    bare && url.pathname.length > 1 ? "Leave out the path" : undefined,
  ].filter((part) => part !== undefined);
  return cures.length > 0 ? cures.join(". ") : undefined;
}

/** Codes that are in use beside ISO 3166. */
const otherCodes = new Map([
  ["UK", "GB"],
  ["EN", "GB"],
  ["GBR", "GB"],
  ["ENGLAND", "GB"],
  ["EL", "GR"],
  ["USA", "US"],
]);

/** The code of a country that was written in another way: in small letters, by name, by what is dialled before its numbers. */
function country(value: unknown): string | undefined {
  if (typeof value !== "string") return 'Write two letters in quotes, such as "PL"';
  const text = value.trim();
  const code = otherCodes.get(text.toUpperCase()) ?? text.toUpperCase();
  const found = isSupportedCountry(code) ? code : (countryNamed(text) ?? countryDialled(text));
  return found && `Write "${found}"`;
}

function countryNamed(text: string): string | undefined {
  const names = new Intl.DisplayNames(["en"], { type: "region" });
  const byName = new Map(getCountries().map((code) => [names.of(code) ?? code, code] as const));
  return byName.get(nearest(text, byName.keys()) ?? "");
}

/** Undefined where several countries share it. */
function countryDialled(text: string): string | undefined {
  const [, digits] = /^(?:\+|00)?(\d{1,3})$/.exec(text) ?? [];
  const [one, ...others] = getCountries().filter((code) => getCountryCallingCode(code) === digits);
  return others.length > 0 ? undefined : one;
}

/** The zone of a city that was written without its continent, or nearly so. */
function zone(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const zones = Intl.supportedValuesOf("timeZone");
  const found = nearest(value, zones) ?? zones.find((name) => nearest(value, [name.split("/").at(-1) ?? ""]));
  return found && `Did you mean "${found}"?`;
}

/** The first placeholder that there is not, and which is like it. */
function comment(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const names = [...value.matchAll(/\{([^}]*)\}/g)].map(([, name = ""]) => name);
  const meant = names.filter((name) => !placeholders.has(name)).map((name) => nearest(name, placeholders.keys()));
  return meant[0] && `Did you mean {${meant[0]}}?`;
}
