/** When each webhook of a run is sent: out of order, twice, late, or lost on the way and sent again, as PBXs do. */
import type { Webhook } from "../standins/webhook.ts";
import type { Placed } from "./calls.ts";
import { random } from "./random.ts";

export interface Post {
  /** ms since the run began. */
  at: number;
  readonly webhook: Webhook;
  readonly call: string;
  /** `forged`: must be answered 403. `deaf`: its answer is lost, so that it is sent again. */
  readonly kind: "genuine" | "forged" | "deaf";
  /** Sent once this one was answered: Twilio dials nobody before it was told whom. */
  readonly waitsFor?: Webhook;
  /** What the PBX or the network does with it. */
  readonly odd: readonly ("sent twice" | "overtaken" | "late" | "lost, then repeated" | "answered in vain")[];
  /** How often it was sent in vain. */
  readonly repeats?: number;
}

/** How far apart calls begin on average, in ms: their deliveries come close to the helpdesk's limit. */
const gapMs = 750;
/** How often a webhook is sent twice, gets lost on the way, and is answered in vain. */
const share = { twice: 0.2, lost: 0.08, deaf: 0.05, forged: 0.08 };

/** When a webhook that was not answered 2xx is sent again, ms later. */
export function repeatMs(call: string, at: number): number {
  return random("repeat", call, at).between(5_000, 15_000);
}

/** In the order in which they are sent. */
export function posts(seed: number, placed: readonly Placed[], forged: readonly Placed[]): Post[] {
  const all = placed.flatMap((call, i) => ofCall(seed, call, i * gapMs));
  const strangers = forged.flatMap((call, i) =>
    call.webhooks.map(
      (webhook, j): Post => ({ at: (i / share.forged) * gapMs + j, webhook, call: call.id, kind: "forged", odd: [] }),
    ),
  );
  return [...all, ...strangers].sort((a, b) => a.at - b.at);
}

/** How many calls are placed that are forged as a whole. */
export function forgedCalls(calls: number): number {
  return Math.ceil(calls * share.forged);
}

function ofCall(seed: number, call: Placed, from: number): Post[] {
  const drawn = random(seed, "post", call.id);
  let now = from + drawn.between(0, gapMs);
  const [first] = call.webhooks;
  const asksFirst = call.provider === "twilio" && first?.url.endsWith("/hooks/sales");
  const sent = call.webhooks.flatMap((webhook) => {
    now += drawn.between(200, 6_000);
    const lost = drawn.chance(share.lost) ? drawn.between(5_000, 15_000) : 0;
    const delay = late(drawn.next(), drawn.next());
    const at = now + delay + lost;
    const post = (at: number, kind: Post["kind"], odd: Post["odd"], sent = webhook): Post => ({
      at,
      webhook: sent,
      call: call.id,
      kind,
      odd,
      waitsFor: asksFirst && webhook !== first ? first : undefined,
    });
    const deaf = drawn.chance(share.deaf);
    const odd: Post["odd"] = [
      ...(delay > 5_000 ? (["late"] as const) : []),
      ...(lost > 0 ? (["lost, then repeated"] as const) : []),
      ...(deaf ? (["answered in vain"] as const) : []),
    ];
    return [
      post(at, deaf ? "deaf" : "genuine", odd),
      ...(drawn.chance(share.twice) ? [post(at + drawn.between(0, 60_000), "genuine", ["sent twice"])] : []),
      ...(drawn.chance(share.forged) ? [post(at, "forged", [], spoilt(webhook, call.id))] : []),
    ];
  });
  return sent.map((post) => (isOvertaken(post, sent, call) ? { ...post, odd: [...post.odd, "overtaken"] } : post));
}

/** A later webhook of the call is sent before it. */
function isOvertaken({ webhook, at }: Post, sent: readonly Post[], { webhooks }: Placed): boolean {
  const place = webhooks.indexOf(webhook);
  return place >= 0 && sent.some((other) => other.at < at && webhooks.indexOf(other.webhook) > place);
}

/** Of three of four the next one is sent later; few are minutes late. */
function late(how: number, much: number): number {
  const most = how < 0.75 ? 300 : how < 0.92 ? 5_000 : how < 0.99 ? 30_000 : 240_000;
  return much * most;
}

/** The same of a call that nobody placed, with a signature that is none: whoever believes it makes a ticket of it. */
function spoilt({ body = "", headers, ...webhook }: Webhook, call: string): Webhook {
  const wrong = Object.entries(headers).map(([name, value]) => {
    return [name, name.endsWith("signature") ? (value.startsWith("A") ? "B" : "A") + value.slice(1) : value];
  });
  return { ...webhook, headers: Object.fromEntries(wrong), body: body.replaceAll(call, `${call.slice(0, -4)}gggg`) };
}
