/** Forms as a client of the helpdesk sends them, for tests of what the helpdesk makes of them. */
import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { System } from "./system.ts";

export type Fields = Readonly<Record<string, string>>;

/** Not by `fetch`, which sends a form again by itself that is answered 421. */
export async function deliver(
  system: Pick<System, "url">,
  channelKey: string,
  fields: Fields,
  mp3?: Buffer,
  signal?: AbortSignal,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (mp3) form.append("audio_record", new Blob([new Uint8Array(mp3)], { type: "audio/mpeg" }), "call.mp3");
  const encoded = new Response(form);
  const body = Buffer.from(await encoded.arrayBuffer());
  const headers = { "content-type": encoded.headers.get("content-type") ?? "", "content-length": body.length };
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const url = `${system.url}/api/v2/telephony/calls/${channelKey}/`;
  request(url, { method: "POST", headers, agent: false, signal }, (answer) => {
    const named = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
    text(answer).then((said) => resolve(new Response(said, { status: answer.statusCode, headers: named })), reject);
  })
    .on("error", reject)
    .end(body);
  return promise;
}
