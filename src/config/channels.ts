/** What the user configured: read once, checked whole, every fault named. */
import type { Writing } from "../calls/phone.ts";
import { providers } from "../providers/index.ts";
import type { Account, Provider } from "../providers/provider.ts";
import { type ChannelTable, channelTable } from "./channel.ts";
import { type Fault, faultOf } from "./faults.ts";
import { type ChannelSecrets, readSecrets } from "./secrets.ts";

export interface Channel extends Omit<ChannelTable, "provider"> {
  readonly name: string;
  readonly provider: Provider;
  /** How the provider writes numbers. */
  readonly numbers: Writing;
  /** The provider's own table, parsed. */
  readonly settings: unknown;
  readonly secrets: ChannelSecrets;
}

export interface Configuration {
  /** The channels that are without fault. */
  readonly channels: ReadonlyMap<string, Channel>;
  readonly faults: readonly Fault[];
}

const channelName = /^[a-z][a-z0-9-]{0,30}$/;
const variableName = /^CHANNELS(_.+)?$/;

const readings = new WeakMap<object, Configuration>();

/** Reads `CHANNELS`, every `CHANNELS_<ANYTHING>` and the secrets out of the worker's environment, once for each. */
export function readConfiguration(env: object): Configuration {
  const reading = readings.get(env) ?? parseConfiguration(env);
  readings.set(env, reading);
  return reading;
}

function parseConfiguration(env: object): Configuration {
  const faults: Fault[] = [];
  const channels = new Map<string, Channel>();
  const seen = new Map<string, string>();
  for (const [variable, value] of tables(env, faults)) {
    for (const [name, table] of Object.entries(value)) {
      const first = seen.get(name);
      seen.set(name, first ?? variable);
      if (first !== undefined) {
        channels.delete(name);
        faults.push({ channel: name, key: variable, problem: `the channel is given twice, in ${first} too` });
        continue;
      }
      const channel = readChannel(name, table, env);
      if ("faults" in channel) faults.push(...channel.faults);
      else channels.set(name, channel);
    }
  }
  if (seen.size === 0 && faults.length === 0) {
    faults.push({ key: "CHANNELS", problem: "no channel is configured. Add [vars.CHANNELS.<name>] to wrangler.toml" });
  }
  return { channels, faults };
}

/** The variables that hold channels, as objects by channel name. */
function tables(env: object, faults: Fault[]): [string, Record<string, unknown>][] {
  const found: [string, Record<string, unknown>][] = [];
  for (const [variable, raw] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variableName.test(variable)) continue;
    const value = typeof raw === "string" ? parse(raw) : raw;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      found.push([variable, value as Record<string, unknown>]);
    } else {
      faults.push({ key: variable, problem: "must be a table of channels, or the same as a JSON object" });
    }
  }
  return found;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readChannel(name: string, table: unknown, env: object): Channel | { faults: Fault[] } {
  if (!channelName.test(name)) {
    return { faults: [{ channel: name.slice(0, 40), key: "name", problem: `must match ${channelName.source}` }] };
  }
  if (name === "channels" || name.startsWith("channels-")) {
    return { faults: [{ channel: name, key: "name", problem: "is taken: its secrets would read as CHANNELS_..." }] };
  }
  if (typeof table !== "object" || table === null || Array.isArray(table)) {
    return { faults: [{ channel: name, key: "(table)", problem: "must be a table" }] };
  }
  const given = new Map<string, unknown>(Object.entries(table));
  const provider = providers.get(String(given.get("provider")));
  if (!provider) {
    const known = [...providers.keys()].join(", ");
    return { faults: [{ channel: name, key: "provider", problem: `must be one of: ${known}` }] };
  }
  const own = given.get(provider.name);
  given.delete(provider.name);
  const common = channelTable.safeParse(Object.fromEntries(given));
  const settings = provider.settings.safeParse(own ?? {});
  const secrets = readSecrets(name, provider, env);
  const faults = [
    ...(common.error?.issues.map((issue) => faultOf(name, issue)) ?? []),
    ...(settings.error?.issues.map((issue) => faultOf(name, issue, [provider.name])) ?? []),
    ...("faults" in secrets ? secrets.faults : []),
  ];
  if (!common.success || !settings.success || "faults" in secrets) return { faults };
  return { ...common.data, name, provider, numbers: provider.numbers, settings: settings.data, secrets };
}

/** The channel as its provider sees it. `origin` is the worker's own, for channels without a `url`. */
export function accountOf(channel: Channel, origin: string): Account {
  const path = channel.secrets.hookSecret === undefined ? "" : `/${encodeURIComponent(channel.secrets.hookSecret)}`;
  return {
    settings: channel.settings,
    secrets: channel.secrets.ofProvider,
    hookUrl: `${channel.url ?? origin}/hooks/${channel.name}${path}`,
    api: channel.api,
    lines: channel.lines,
    country: channel.country,
    extensions: channel.extensions,
  };
}
