/** From a webhook to what its provider makes of it, without a network between. */
import type { HeardEvent } from "../../src/calls/event.ts";
import { decode } from "../../src/hooks/body.ts";
import type { Hook } from "../../src/hooks/hook.ts";
import type { Account, Provider } from "../../src/providers/provider.ts";
import type { Webhook } from "../standins/webhook.ts";

/** The webhook as the receiver hands it to a provider; it came in at `receivedAt` (ms since the epoch). */
export function hookOf(webhook: Webhook, receivedAt: number): Promise<Hook> {
  const headers = new Headers(webhook.headers);
  const bytes = new Uint8Array(new TextEncoder().encode(webhook.body ?? ""));
  return decode({ method: webhook.method, headers }, webhook.url, bytes, receivedAt);
}

/** The events of a genuine webhook; none for one of no interest. Throws where it is forged or malformed. */
export async function hear<S>(
  provider: Provider<S>,
  account: Account<S>,
  webhook: Webhook,
  receivedAt: number,
): Promise<HeardEvent[]> {
  const hook = await hookOf(webhook, receivedAt);
  const verdict = await provider.verify(hook, account);
  if (!verdict.genuine) throw new Error(`forged: ${verdict.reason}`);
  const reading = provider.read(hook, account);
  if (reading.kind === "malformed") throw new Error(`malformed: ${reading.field}`);
  return reading.kind === "heard" ? reading.events.map((event) => ({ ...event, heardAt: receivedAt })) : [];
}
