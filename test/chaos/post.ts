/** When each webhook of a run is sent: out of order, twice, late, or lost on the way and sent again, as PBXs do. */
import type { Webhook } from "../standins/webhook.ts";
import type { Placed } from "./calls.ts";
import { type Random, random } from "./random.ts";

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

/** Of so many calls the last ones come in a rush, the others with ease, each so many ms after the one before. */
const rush = { of: 125, calls: 60, gapMs: 200, easeMs: 4_000 };
/** How often a webhook is sent twice, gets lost on the way, and is answered in vain. */
const share = { twice: 0.2, lost: 0.08, deaf: 0.05, forged: 0.08 };
/** How many calls are over within a minute; the others live. */
const brief = 0.3;

/** When a webhook that was not answered 2xx is sent again, ms later. */
export function repeatMs(call: string, at: number): number {
  return random("repeat", call, at).between(5_000, 15_000);
}

/** In the order in which they are sent. */
export function posts(seed: number, placed: readonly Placed[], forged: readonly Placed[]): Post[] {
  const all = placed.flatMap((call, i) => ofCall(seed, call, beginOf(i), call.once ? inOrder : asTheyCome));
  const strangers = forged.flatMap((call, i) =>
    call.webhooks.map(
      (webhook, j): Post => ({
        at: beginOf(Math.floor(i / share.forged)) + j,
        webhook,
        call: call.id,
        kind: "forged",
        odd: [],
      }),
    ),
  );
  return [...all, ...strangers].sort((a, b) => a.at - b.at);
}

/** How many calls are placed that are forged as a whole. */
export function forgedCalls(calls: number): number {
  return Math.ceil(calls * share.forged);
}

/** When call `i` begins, in ms since the run began: in a rush, deliveries come to more than the helpdesk's limit. */
export function beginOf(i: number): number {
  const [round, place] = [Math.floor(i / rush.of), i % rush.of];
  const eased = rush.of - rush.calls;
  const roundMs = rush.calls * rush.gapMs + eased * rush.easeMs;
  return round * roundMs + Math.min(place, eased) * rush.easeMs + Math.max(0, place - eased) * rush.gapMs;
}

/** How much later than it should each webhook of a call is sent, and which one must have been answered before. */
interface Manner {
  lateMs(drawn: Random): number;
  lostMs(drawn: Random): number;
  waitsFor(call: Placed, i: number): Webhook | undefined;
}

const asTheyCome: Manner = {
  lateMs: (drawn) => late(drawn.next(), drawn.next()),
  lostMs: (drawn) => (drawn.chance(share.lost) ? drawn.between(5_000, 15_000) : 0),
  waitsFor: ({ provider, webhooks: [first] }, i) =>
    provider === "twilio" && first?.url.endsWith("/hooks/sales") && i > 0 ? first : undefined,
};

/** What is told once only, when it is over, must be known by then: no webhook before the last one may come after it. */
const inOrder: Manner = { lateMs: () => 0, lostMs: () => 0, waitsFor: ({ webhooks }, i) => webhooks[i - 1] };

function ofCall(seed: number, call: Placed, from: number, manner: Manner): Post[] {
  const drawn = random(seed, "post", call.id);
  const gapMs = drawn.chance(brief) ? briefGapMs : livingGapMs;
  let now = from + drawn.between(0, rush.gapMs);
  const sent = call.webhooks.flatMap((webhook, i) => {
    now += i === 0 ? drawn.between(200, 2_000) : gapMs(drawn);
    const lost = manner.lostMs(drawn);
    const delay = manner.lateMs(drawn);
    const at = now + delay + lost;
    const post = (at: number, kind: Post["kind"], odd: Post["odd"], sent = webhook): Post => ({
      at,
      webhook: sent,
      call: call.id,
      kind,
      odd,
      waitsFor: manner.waitsFor(call, i),
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

function briefGapMs(drawn: Random): number {
  return drawn.between(200, 6_000);
}

/** It rings for seconds, somebody talks for minutes. */
function livingGapMs(drawn: Random): number {
  const how = drawn.next();
  if (how < 0.5) return drawn.between(200, 6_000);
  return how < 0.8 ? drawn.between(5_000, 30_000) : drawn.between(30_000, 240_000);
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
