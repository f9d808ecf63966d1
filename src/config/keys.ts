/**
 * Under which CHANNEL_KEY a call is told: the one under which it was created, since another's is another channel to the
 * system. With the call only a digest is kept, never the key.
 */
import { createHash } from "node:crypto";
import type { Channel } from "./channels.ts";
import { secretName } from "./secrets.ts";

/** A digest of the key that is used first, of 16 characters: by it the key is found again among those that are configured. */
export function keyDigest({ system, name, secrets }: Channel, key = secrets.channelKey): string {
  return createHash("sha256")
    .update(JSON.stringify([system, name, key]))
    .digest("base64url")
    .slice(0, 16);
}

/** The channel with the key of that digest as the one to use; undefined where no configured key has it. */
export function keyed(channel: Channel, digest: string): Channel | undefined {
  const channelKey = channel.secrets.channelKeys.find((key) => keyDigest(channel, key) === digest);
  return channelKey === undefined ? undefined : { ...channel, secrets: { ...channel.secrets, channelKey } };
}

/** The channel as `system` has it. To a system that it moved away from nothing goes that may be the new one's alone. */
export function ofSystem(channel: Channel, system: string): Channel {
  if (channel.system === system) return channel;
  return { ...channel, system, secrets: { ...channel.secrets, systemAuth: undefined } };
}

/** What the operator reads of a call whose key is not configured any more. */
export function keyIsGone({ name }: Channel): string {
  const secret = secretName(name, "CHANNEL_KEY");
  return `its ticket was made under a CHANNEL_KEY that is not configured any more. Set ${secret} to "<new>,<old>", and it goes on`;
}
