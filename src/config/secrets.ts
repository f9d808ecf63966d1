/** A channel's Worker secrets, `<CHANNEL>_<NAME>`. */
import type { Provider } from "../providers/provider.ts";
import { rotation } from "../verify/hmac.ts";
import type { Fault } from "./faults.ts";

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

export function readSecrets(channel: string, provider: Provider, env: object): ChannelSecrets | { faults: Fault[] } {
  const variables = new Map<string, unknown>(Object.entries(env));
  const read = (name: string) => {
    const value = variables.get(secretName(channel, name));
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  };
  const required = ["CHANNEL_KEY", ...provider.secrets.required, ...(provider.needsHookSecret ? ["HOOK_SECRET"] : [])];
  const faults = required
    .filter((name) => rotation(read(name)).length === 0)
    .map((name) => missing(channel, secretName(channel, name)));
  const systemAuth = read("SYSTEM_AUTH");
  if (systemAuth !== undefined && !systemAuth.includes(":")) {
    faults.push({ channel, key: secretName(channel, "SYSTEM_AUTH"), problem: "must be email:api_key" });
  }
  const hookSecret = read("HOOK_SECRET");
  if (hookSecret !== undefined && (/[/\\]/.test(hookSecret) || /^\.+$/.test(hookSecret))) {
    const problem = "must be one part of a path: no / and no \\, and not dots alone";
    faults.push({ channel, key: secretName(channel, "HOOK_SECRET"), problem });
  }
  const channelKeys = rotation(read("CHANNEL_KEY"));
  const [channelKey] = channelKeys;
  if (faults.length > 0 || channelKey === undefined) return { faults };
  const names = [...provider.secrets.required, ...(provider.secrets.optional ?? [])];
  const ofProvider = new Map(names.flatMap((name) => pair(name, read(name))));
  return { channelKey, channelKeys, systemAuth, hookSecret, ofProvider };
}

function missing(channel: string, key: string): Fault {
  return { channel, key, problem: `the secret is missing. Run: npx wrangler secret put ${key}` };
}

function pair(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}
