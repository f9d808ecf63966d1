/** A delivery: one form sent and judged, with what its answer says of the system's limit. */
import type { Channel } from "../config/channels.ts";
import { type Attachment, basic, send } from "./client.ts";
import type { Form } from "./forms.ts";
import { judge, maxKeptBytes, type Outcome } from "./outcome.ts";

/** The system's limit of requests a minute, for all clients together, and what is left of it where it says so. */
export interface Rate {
  readonly limit: number;
  readonly remaining?: number;
}

export interface Delivered {
  readonly outcome: Outcome;
  /** Absent where there was no answer; `"untold"` where it does not say. */
  readonly rate?: Rate | "untold";
}

/** `rated`: the system was seen to tell its limit. */
export async function deliver(
  channel: Channel,
  form: Form,
  rated: boolean,
  attachment?: Attachment,
): Promise<Delivered> {
  const answer = await send(channel, form, attachment);
  const judged = judge(answer, form.action, Date.now(), rated);
  const repeats = judged.kind !== "delivered" && "body" in answer;
  const outcome = repeats ? { ...judged, answer: concealed(answer.body, channel).slice(0, maxKeptBytes) } : judged;
  return { outcome, rate: "headers" in answer ? rateOf(answer.headers) : undefined };
}

/** A system in trouble may repeat what it was sent, in JSON with its slashes escaped: our credentials are taken out. */
function concealed(text: string, { secrets: { channelKey, systemAuth } }: Channel): string {
  const apiKey = systemAuth?.slice(systemAuth.indexOf(":") + 1);
  const sent = [
    channelKey,
    encodeURIComponent(channelKey),
    systemAuth && basic(systemAuth).slice("Basic ".length),
    apiKey,
  ];
  const shapes = sent.flatMap((secret) => (secret ? [secret, secret.replaceAll("/", "\\/")] : []));
  return shapes.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

function rateOf(headers: Headers): Rate | "untold" {
  const limit = Number(headers.get("x-rate-limit") ?? Number.NaN);
  const remaining = Number(headers.get("x-rate-limit-remaining") ?? Number.NaN);
  if (!Number.isInteger(limit) || limit <= 0) return "untold";
  return Number.isInteger(remaining) ? { limit, remaining } : { limit };
}
