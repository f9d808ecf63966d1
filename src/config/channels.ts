/** What the user configured: read once, checked whole, every fault named. */
import type { Writing } from "../calls/phone.ts";
import { providers } from "../providers/index.ts";
import type { Account, Provider } from "../providers/provider.ts";
import { type ChannelTable, channelTable } from "./channel.ts";
import { type Fault, faultsOf, maxShown, type Place, sentences, type Warning } from "./faults.ts";
import { type Tables, tablesIn } from "./hints.ts";
import { jurisdictionFault } from "./jurisdiction.ts";
import { nearest } from "./nearest.ts";
import { type ChannelSecrets, readSecrets, secretNames } from "./secrets.ts";
import {
  isKeyOfChannel,
  isTable,
  misnamedVariables,
  misnamedWarning,
  misplacedKeys,
  noChannel,
  variables,
} from "./variables.ts";
import { warningsOf } from "./warnings.ts";
import { type Where, wherever } from "./where.ts";

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
  /** What works and is most likely not meant so. */
  readonly warnings: readonly Warning[];
}

const channelName = /^[a-z][a-z0-9-]{0,30}$/;

const readings = new WeakMap<object, Configuration>();

/** Reads `CHANNELS`, every `CHANNELS_<ANYTHING>` and the secrets out of the worker's environment, once for each. */
export function readConfiguration(env: object): Configuration {
  const reading = readings.get(env) ?? parseConfiguration(env);
  readings.set(env, reading);
  return reading;
}

/** `where`: for which Worker the configuration is, so that a fault names the cure that helps there. */
export function parseConfiguration(env: object, where: Where = wherever): Configuration {
  const faults: Fault[] = [];
  const warnings: Warning[] = [];
  const channels = new Map<string, Channel>();
  const seen = new Map<string, string>();
  for (const [variable, value] of variables(env, faults, warnings)) {
    faults.push(...misplacedKeys(variable, value));
    for (const [name, table] of Object.entries(value)) {
      if (isKeyOfChannel(name, table)) continue;
      const first = seen.get(name);
      seen.set(name, first ?? variable);
      if (first !== undefined) {
        channels.delete(name);
        const problem = `the channel is given twice, in ${first} too. Leave one of them out`;
        faults.push({ channel: name, key: variable, problem });
        continue;
      }
      const channel = readChannel({ variable, channel: name }, table, env, where);
      if ("faults" in channel) faults.push(...channel.faults);
      else channels.set(name, channel);
    }
  }
  const misnamed = misnamedVariables(env);
  if (seen.size === 0 && faults.length === 0) faults.push(noChannel(misnamed));
  // Whose a secret is can only be told once all channels are known.
  const names = faults.every(({ channel }) => channel !== undefined) ? [...seen.keys()] : undefined;
  warnings.push(...misnamed.map(misnamedWarning), ...warningsOf(env, [...channels.values()], names));
  const astray = jurisdictionFault(env);
  // Where the data must not lie, nothing is kept at all.
  return astray ? { channels: new Map(), faults: [astray, ...faults], warnings } : { channels, faults, warnings };
}

function readChannel(place: Place, table: unknown, env: object, where: Where): Channel | { faults: Fault[] } {
  const misnamed = nameFault(place.channel);
  if (misnamed === undefined) return readTable(place, table, env, where);
  const shown = { ...place, channel: place.channel.slice(0, maxShown) };
  const rest = readTable(shown, table, env, where);
  // What its secrets are called goes by the name that it will have.
  const others = "faults" in rest ? rest.faults.filter(({ variable }) => variable !== undefined) : [];
  return { faults: [{ ...shown, key: "name", problem: misnamed }, ...others] };
}

function readTable(place: Place, table: unknown, env: object, where: Where): Channel | { faults: Fault[] } {
  const name = place.channel;
  if (!isTable(table)) {
    const problem = `must be a table. Write [vars.${place.variable}.${name}], and its keys below it`;
    return { faults: [{ ...place, key: "(table)", problem }] };
  }
  const given = new Map<string, unknown>(Object.entries(table));
  const named = providers.get(String(given.get("provider")));
  // By the one that is most likely meant, the rest is read all the same: all faults are named at once.
  const provider = named ?? providers.get(providerMeant(given) ?? "");
  const own = provider && given.get(provider.name);
  if (provider) given.delete(provider.name);
  const common = channelTable.safeParse(Object.fromEntries(given));
  const settings = provider?.settings.safeParse(own ?? {});
  const secrets = readSecrets(name, provider, env, where);
  const known = tablesOf(provider);
  const faults = [
    ...(common.error?.issues.flatMap((issue) => faultsOf(place, issue, [], table, known)) ?? []),
    ...(settings?.error?.issues.flatMap((issue) => faultsOf(place, issue, [provider?.name ?? ""], table, known)) ?? []),
    ...("faults" in secrets ? secrets.faults : []),
  ];
  if (!provider || !named) {
    return { faults: [unknownProvider(place, given), ...faults.filter(({ key }) => key !== "provider")] };
  }
  if (!common.success || !settings?.success || "faults" in secrets) return { faults };
  return { ...common.data, name, provider, numbers: provider.numbers, settings: settings.data, secrets };
}

function nameFault(name: string): string | undefined {
  if (!channelName.test(name)) {
    const plain = name
      .trim()
      .toLowerCase()
      .replace(/[\s_.]+/g, "-");
    return sentences(`must match ${channelName.source}`, channelName.test(plain) ? `Write ${plain}` : undefined);
  }
  const taken = name === "channels" || name.startsWith("channels-");
  return taken ? "is taken: its secrets would read as CHANNELS_.... Choose another name" : undefined;
}

function unknownProvider(place: Place, given: ReadonlyMap<string, unknown>): Fault {
  const known = [...providers.keys()].map((name) => `"${name}"`).join(", ");
  const written = given.get("provider");
  if (written === undefined) return { ...place, key: "provider", problem: `is missing. Write one of: ${known}` };
  const meant = providerMeant(given);
  return { ...place, key: "provider", problem: sentences(`must be one of: ${known}`, meant && `Write "${meant}"`) };
}

function providerMeant(given: ReadonlyMap<string, unknown>): string | undefined {
  return nearest(String(given.get("provider")), providers.keys());
}

const ofProviders = new Map(
  [...providers.values()].map(({ name, settings }) => [name, tablesIn(settings).get("") ?? []] as const),
);

/** All that may stand in a channel of that provider. */
function tablesOf(provider: Provider | undefined): Tables {
  const own = provider ? tablesIn(provider.settings, provider.name) : new Map();
  const keys = new Map([...tablesIn(channelTable), ...own]);
  if (provider) keys.set("", [...(keys.get("") ?? []), provider.name]);
  const secrets = new Set(provider ? secretNames(provider).all : ["CHANNEL_KEY", "SYSTEM_AUTH", "HOOK_SECRET"]);
  return { keys, provider: provider?.name, ofProviders, secrets };
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
