/** A channel's Worker secrets, `<CHANNEL>_<NAME>`. */
import { providers } from "../providers/index.ts";
import type { Provider } from "../providers/provider.ts";
import { rotation } from "../verify/hmac.ts";
import type { Fault } from "./faults.ts";
import type { Where } from "./where.ts";

export interface ChannelSecrets {
  /** Identifies the telephony channel to the system. */
  readonly channelKey: string;
  /** All that are configured while it is rotated, the new one first: a call is told under the one that it was created under. */
  readonly channelKeys: readonly string[];
  /** `email:api_key`, for a system that demands it. */
  readonly systemAuth?: string;
  /** The path segment that makes up the only address of the channel. */
  readonly hookSecret?: string;
  /** The provider's own, by the name after the prefix. */
  readonly ofProvider: ReadonlyMap<string, string>;
}

/** The name of a channel's secret: `secretName("acme-eu", "CHANNEL_KEY")` is `ACME_EU_CHANNEL_KEY`. */
export function secretName(channel: string, name: string): string {
  return `${channel.toUpperCase().replaceAll("-", "_")}_${name}`;
}

/** The names of a channel's secrets, without its prefix. */
export function secretNames(provider: Provider): { readonly required: string[]; readonly all: string[] } {
  const { required, optional = [] } = provider.secrets;
  return {
    required: ["CHANNEL_KEY", ...required, ...(provider.needsHookSecret ? ["HOOK_SECRET"] : [])],
    all: [...general, ...required, ...optional],
  };
}

/** What every channel may have. */
export const general: readonly string[] = ["CHANNEL_KEY", "SYSTEM_AUTH", "HOOK_SECRET"];

/** What any channel may have, by whichever provider. */
export const everySecret: ReadonlySet<string> = new Set([
  ...general,
  ...[...providers.values()].flatMap((provider) => secretNames(provider).all),
]);

/** Of a channel whose provider is not known, only what all have is read. */
export function readSecrets(
  channel: string,
  provider: Provider | undefined,
  env: object,
  where: Where,
): ChannelSecrets | { faults: Fault[] } {
  const variables = new Map<string, unknown>(Object.entries(env));
  const read = (name: string) => {
    const value = variables.get(secretName(channel, name));
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  };
  const { required, all } = provider ? secretNames(provider) : { required: ["CHANNEL_KEY"], all: general };
  const faults = required
    .filter((name) => rotation(read(name)).length === 0)
    .map((name) => missing(channel, secretName(channel, name), where));
  const systemAuth = read("SYSTEM_AUTH");
  if (systemAuth !== undefined && !systemAuth.includes(":")) {
    faults.push({ channel, key: secretName(channel, "SYSTEM_AUTH"), problem: "must be email:api_key, with the colon" });
  }
  const hookSecret = read("HOOK_SECRET");
  if (hookSecret !== undefined && (/[/\\]/.test(hookSecret) || /^\.+$/.test(hookSecret))) {
    const problem = "must be one part of a path: no / and no \\, and not dots alone. Take letters and digits";
    faults.push({ channel, key: secretName(channel, "HOOK_SECRET"), problem });
  }
  const channelKeys = rotation(read("CHANNEL_KEY"));
  const [channelKey] = channelKeys;
  if (faults.length > 0 || channelKey === undefined) return { faults };
  const names = all.filter((name) => !general.includes(name));
  const ofProvider = new Map(names.flatMap((name) => pair(name, read(name))));
  return { channelKey, channelKeys, systemAuth, hookSecret, ofProvider };
}

function missing(channel: string, key: string, { setSecret }: Where): Fault {
  return { channel, key, problem: `the secret is missing. ${setSecret(key)}` };
}

function pair(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}
