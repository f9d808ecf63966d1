/** A case of an account at Twilio, as its file tells it. */
import { createHash, createHmac } from "node:crypto";
import { formText } from "../../src/verify/twilio-signature.ts";
import type { Webhook } from "../standins/webhook.ts";
import { type Api, began, channelName, channelOf, origin, type Played, play, type Sent } from "./play.ts";

export interface TwilioStep {
  readonly fields?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly method?: "GET" | "POST";
  readonly rawQuery?: string;
  /** What Twilio signs in place of where it sends to. */
  readonly signBase?: string;
  readonly alg?: "sha1" | "sha256";
  readonly headers?: Readonly<Record<string, string>>;
  /** Webhooks that come at one moment. */
  readonly together?: readonly TwilioStep[] | readonly Readonly<Record<string, string>>[];
  /** In ms, before it. */
  readonly wait?: number;
  readonly bodyHas?: string;
}

type OneOf<T> = T | readonly T[];

export interface TwilioCase {
  readonly met?: string;
  readonly channel: { readonly url?: string };
  readonly steps: readonly TwilioStep[];
  readonly api?: {
    readonly calls?: readonly Readonly<Record<string, unknown>>[];
    readonly recordings?: readonly string[];
  };
  readonly expect: {
    readonly answers?: readonly number[];
    readonly tickets: readonly {
      readonly direction?: OneOf<string>;
      readonly phone?: OneOf<string>;
      readonly status?: OneOf<string>;
      readonly agents?: readonly string[];
      readonly recordings?: number;
      readonly comment?: string;
      readonly commentNot?: readonly string[];
      readonly optional?: boolean;
    }[];
  };
}

interface Place {
  readonly base: string;
  /** The path of the channel. */
  readonly hook: string;
  readonly token: string;
  readonly begin: number;
}

const token = "auth-token-of-a-case";
const account = "AC0cc175b9c0f1b6a831c399e269772661";
/** How long after one webhook the next comes in, in ms. */
const stepMs = 30;

export function playTwilio(told: TwilioCase): Promise<Played> {
  const secrets = {
    SUPPORT_CHANNEL_KEY: "ck",
    SUPPORT_TWILIO_ACCOUNT_SID: account,
    SUPPORT_TWILIO_AUTH_TOKEN: token,
  };
  const channel = channelOf({ provider: "twilio", ...told.channel }, secrets);
  return play(channel, sentBy(told, { base: origin, hook: `/hooks/${channelName}`, token, begin: began }), apiOf(told));
}

/** What each answer must hold, in the order of the webhooks. */
export function bodiesOf({ steps }: TwilioCase): (string | undefined)[] {
  return steps.flatMap((step) => (step.together ? step.together.map(() => undefined) : [step.bodyHas]));
}

/** Its webhooks, to a worker at `base` whose channel is at `hook`, of calls that begin at `begin` (ms since the epoch). */
export function sentBy({ channel, steps }: TwilioCase, { base, hook, token, begin }: Place): Sent[] {
  let at = begin;
  return steps.flatMap((step) => {
    at += (step.wait ?? 0) + stepMs;
    const each: readonly TwilioStep[] = step.together?.map((one) => (isStep(one) ? one : { fields: one })) ?? [step];
    return each.map((one) => ({ at, webhook: webhookOf(one, channel.url ?? base, { base, hook, token, begin }) }));
  });
}

function isStep(one: TwilioStep | Readonly<Record<string, string>>): one is TwilioStep {
  return typeof (one as TwilioStep).fields === "object" || "json" in one;
}

function webhookOf(step: TwilioStep, known: string, { base, hook, token, begin }: Place): Webhook {
  const fields = new URLSearchParams(timed(step.fields ?? {}, begin) as Record<string, string>);
  const body = step.json === undefined ? fields.toString() : JSON.stringify(step.json);
  const query =
    step.method === "GET"
      ? `?${step.rawQuery ?? ""}${fields}`
      : step.json === undefined
        ? ""
        : `?bodySHA256=${createHash("sha256").update(body).digest("hex")}`;
  const path = `${hook}${query}`;
  const covered = step.method === "GET" || step.json !== undefined ? "" : formText(fields);
  const signature = createHmac(step.alg ?? "sha1", token)
    .update(`${step.signBase ?? known}${path}${covered}`)
    .digest("base64");
  const type = step.json === undefined ? "application/x-www-form-urlencoded; charset=UTF-8" : "application/json";
  const headers = { "x-twilio-signature": signature, ...step.headers };
  if (step.method === "GET") return { method: "GET", url: base + path, headers };
  return { method: "POST", url: base + path, headers: { ...headers, "content-type": type }, body };
}

/** `@n` stands for n seconds after the begin. */
export function timed<T extends Readonly<Record<string, unknown>>>(fields: T, begin: number): T {
  const written = (value: unknown) =>
    typeof value === "string" && /^@\d+$/.test(value)
      ? new Date(begin + Number(value.slice(1)) * 1000).toUTCString().replace("GMT", "+0000")
      : value;
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, written(value)])) as T;
}

/** The call, and the legs that name it as their parent. */
function apiOf({ api }: TwilioCase): Api {
  const calls = api?.calls?.map((call) => timed(call, began));
  if (!calls) return () => undefined;
  return ({ call }) => [
    calls.find(({ sid }) => sid === call),
    { calls: calls.filter((of) => of.parent_call_sid === call) },
  ];
}
