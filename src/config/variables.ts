/** The variables that hold channels, and what only looks like one. */
import { providers } from "../providers/index.ts";
import { channelTable } from "./channel.ts";
import { type Fault, maxShown, sentences, type Warning } from "./faults.ts";
import { readJson } from "./json-text.ts";
import { nearest } from "./nearest.ts";

export const variableName = /^CHANNELS(_.+)?$/;

/** The names of all channels that are configured, with or without fault. */
export function channelNames(env: object): string[] {
  return variables(env, [], []).flatMap(([, value]) => Object.keys(value));
}

/** The variables that hold channels, as objects by channel name. */
export function variables(env: object, faults: Fault[], warnings: Warning[]): [string, Record<string, unknown>][] {
  const found: [string, Record<string, unknown>][] = [];
  for (const [variable, raw] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variableName.test(variable)) continue;
    const reading = typeof raw === "string" ? readJson(raw) : { value: raw, twice: [] };
    if ("why" in reading) {
      const problem = `must be a table of channels, or the same as a JSON object. As JSON it breaks at line ${reading.line}, column ${reading.column}: ${reading.why}`;
      faults.push({ key: variable, problem });
    } else if (isTable(reading.value)) {
      found.push([variable, reading.value]);
      warnings.push(...reading.twice.map((path) => twice(variable, path)));
    } else {
      const kind = Array.isArray(reading.value) ? "It is a list" : "It is none";
      const problem = `must be a table of channels, or the same as a JSON object. ${kind}: write {"<name>": {...}}`;
      faults.push({ key: variable, problem });
    }
  }
  return found;
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON lets a key stand twice, and only the last counts. */
function twice(variable: string, [channel = "", ...rest]: readonly string[]): Warning {
  const what = rest.length === 0 ? "the channel" : "the key";
  const key = rest.length === 0 ? "(table)" : rest.map((part) => part.slice(0, maxShown)).join(".");
  const problem = `${what} stands twice in this JSON text, and only the last is read. Leave one of them out`;
  return { variable, channel: channel.slice(0, maxShown), key, problem };
}

const channelKeys = new Set([...Object.keys(channelTable.shape), ...providers.keys()]);

/** A key that belongs into a channel's table and stands where channels are named. */
export function isKeyOfChannel(name: string, table: unknown): boolean {
  if (!channelKeys.has(name)) return false;
  return !isTable(table) || (!Object.hasOwn(table, "provider") && !Object.hasOwn(table, "system"));
}

/** What was meant for one channel, and names none. */
export function misplacedKeys(variable: string, value: Readonly<Record<string, unknown>>): Fault[] {
  const misplaced = Object.entries(value).filter(([name, table]) => isKeyOfChannel(name, table));
  const key = misplaced.map(([name]) => name).join(", ");
  const problem = `stands right below [vars.${variable}], where only channels stand. Name the channel: [vars.${variable}.<name>], in JSON {"<name>": {...}}`;
  return key === "" ? [] : [{ variable, key, problem }];
}

/** Variables that look like ours and are none: `channels`, `CHANELS`. */
export function misnamedVariables(env: object): string[] {
  return Object.entries(env).flatMap(([variable, raw]) => {
    if (variableName.test(variable) || nearest(variable.split("_")[0] ?? "", ["CHANNELS"]) === undefined) return [];
    const reading = typeof raw === "string" ? readJson(raw) : { value: raw };
    return "value" in reading && isTable(reading.value) && Object.values(reading.value).every(isTable)
      ? [variable]
      : [];
  });
}

const none = "no channel is configured";

/** Whether that is all that is wrong: that nothing was configured yet. */
export function isNoChannel({ key, problem }: Fault): boolean {
  return key === "CHANNELS" && problem === sentences(none, addOne);
}

const addOne = "Add [vars.CHANNELS.<name>] to wrangler.toml";

export function noChannel([misnamed]: readonly string[]): Fault {
  const cure = misnamed === undefined ? addOne : `Write CHANNELS instead of ${misnamed}`;
  return { key: "CHANNELS", problem: sentences(none, cure) };
}

export function misnamedWarning(variable: string): Warning {
  return { key: variable, problem: "the variable is not read. Did you mean CHANNELS, or CHANNELS_<ANYTHING>?" };
}
