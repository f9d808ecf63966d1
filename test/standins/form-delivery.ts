/** Forms as a client of the helpdesk sends them, for tests of what the helpdesk makes of them. */
import type { System } from "./system.ts";

export type Fields = Readonly<Record<string, string>>;

export function deliver(
  system: Pick<System, "url">,
  channelKey: string,
  fields: Fields,
  mp3?: Buffer,
  signal?: AbortSignal,
): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  if (mp3) body.append("audio_record", new Blob([new Uint8Array(mp3)], { type: "audio/mpeg" }), "call.mp3");
  return fetch(`${system.url}/api/v2/telephony/calls/${channelKey}/`, { method: "POST", body, signal });
}
