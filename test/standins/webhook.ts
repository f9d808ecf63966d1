/** A webhook as a PBX sends it: what the stand-ins make and the tests spoil. */

export interface Webhook {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends it over real HTTP. */
export function send(webhook: Webhook): Promise<Response> {
  const { url, method, headers, body } = webhook;
  return fetch(url, { method, headers, body, redirect: "manual" });
}
