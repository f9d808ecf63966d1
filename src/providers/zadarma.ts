/**
 * Zadarma, and Novofon's API 1.0, which differs by `api = "https://api.novofon.com"`. Facts of the webhooks:
 * https://zadarma.com/en/support/api/#api_webhooks, and what public integrations met.
 *
 * A signature covers numbers and time, not what happened: the one on a START also fits a forged END of the same call.
 * Hence `sources`, `HOOK_SECRET`, and a fold in which talk that was heard is never unsaid.
 */
import * as z from "zod";
import type { CallEvent } from "../calls/event.ts";
import type { Hook } from "../hooks/hook.ts";
import { rotation } from "../verify/hmac.ts";
import { fromSource, isSource } from "../verify/source.ts";
import { forged, genuine, type Verdict } from "../verify/verdict.ts";
import { inWindow } from "../verify/window.ts";
import { signedText, zadarmaSigned } from "../verify/zadarma-signature.ts";
import { type Account, emptyOk, type Provider } from "./provider.ts";
import { instantOf, zoneNamed } from "./zadarma-clock.ts";
import { directionIn, events, identityOf, idPattern } from "./zadarma-events.ts";
import { type Credentials, linksIn, signedGet } from "./zadarma-request.ts";
import { statisticsOf, toldBy } from "./zadarma-statistics.ts";

const settings = z
  .strictObject({
    /** The account's own time zone, as an IANA name or as `UTC+3`. Without it a call begins when we hear of it. */
    time_zone: z
      .string()
      .refine((name) => zoneNamed(name) !== undefined, "must be a time zone such as Europe/Warsaw or UTC+3")
      .optional(),
    /** Where webhooks may come from. Zadarma documents 185.45.152.40/30; for Novofon 37.139.38.215 is reported. */
    sources: z
      .array(z.string().refine(isSource, "must be an address, or a range such as 185.45.152.40/30"))
      .min(1)
      .optional(),
  })
  .prefault({});

export type ZadarmaSettings = z.infer<typeof settings>;

/** In characters. What is longer is no check of an address. */
const maxEchoLength = 512;

/** Of `YYYY-MM-DD HH:MM:SS`, in characters. */
const timeLength = 19;
/** The longest call: its end tells when it began. In ms. */
const maxCallMs = 24 * 60 * 60_000;
/** How far a clock that nobody knows the zone of may be behind UTC or ahead of it, in ms. */
const maxZoneMs = 14 * 60 * 60_000;

/** How long the link to a recording stays good, in seconds; it is asked for anew with every attempt. */
const linkLifetime = "3600";

export const zadarma = {
  name: "zadarma",
  secrets: { required: ["ZADARMA_KEY", "ZADARMA_SECRET"] },
  settings,
  // Each extension of a group is told of on its own.
  ringWait: { quietMs: 500, mostMs: 1_500 },
  // With a plus, or without, or with 00; what agents dial is as they dial it.
  numbers: "international",

  warnings({ sources }, secret) {
    const { name, isSet } = secret("HOOK_SECRET");
    if (sources || isSet) return [];
    const problem = `Zadarma signs little of a webhook, so that one who saw one can forge others. Set ${name}, or zadarma.sources`;
    return [{ key: name, problem }];
  },

  challenge({ fields }) {
    const echo = fields.get("zd_echo");
    if (echo === null || echo.length > maxEchoLength || fields.has("event")) return undefined;
    return { status: 200, body: echo, type: "text/plain; charset=utf-8" };
  },

  async verify(hook, account) {
    const { sources } = account.settings;
    const source = sources ? fromSource(hook, sources) : genuine;
    if (!source.genuine) return source;
    const name = hook.fields.get("event");
    if (!name) return forged("no event field: Zadarma names the event in every webhook");
    const event = events.get(name);
    // How the others are signed is not documented. Whoever sends them, `read` drops them.
    if (!event) return genuine;
    const signed = await zadarmaSigned(hook, event.covers, account.secrets.get("ZADARMA_SECRET"));
    return signed.genuine && event.covers.includes("call_start") ? lately(hook, event.covers, account) : signed;
  },

  // The answer is always empty: to a START or an IVR anything else would be a command to the live call.
  read({ fields }, account) {
    const event = events.get(fields.get("event") ?? "");
    if (!event?.says) return { kind: "ignored", reply: emptyOk };
    const call = fields.get("pbx_call_id") ?? "";
    if (!idPattern.test(call)) return { kind: "malformed", field: "pbx_call_id", problem: "is missing or no id" };
    const direction = directionIn(event, call);
    const said = event.says(fields, account.extensions, direction);
    if ("malformed" in said) return { kind: "malformed", field: said.malformed, problem: "is missing or no id" };
    const startedAt = instantOf(fields.get("call_start") ?? "", zoneOf(account));
    const heard = said.map((facts, i): CallEvent => {
      return { call, id: identityOf(fields, i), direction, startedAt, ...facts };
    });
    return { kind: "heard", events: heard, reply: emptyOk };
  },

  // https://zadarma.com/en/support/api/#intro_limits (read 2026-11), less a few for the account's other clients.
  perMinute: { all: 90, states: 3 },

  recordings: {
    hosts: [".zadarma.com", ".novofon.com"],
    expectedAfterMs: 10_000,
    async locate(recording, call, account) {
      const which: Record<string, string> = recording.id === "" ? { pbx_call_id: call } : { call_id: recording.id };
      const parameters = { ...which, lifetime: linkLifetime };
      const request = await signedGet(apiOf(account), "/v1/pbx/record/request/", parameters, credentialsOf(account));
      return { ...request, links: linksIn };
    },
  },

  state: {
    hosts: ["api.zadarma.com"],
    // Three of these are allowed in a minute: one serves all the calls.
    async inquire(calls, account) {
      const parameters = statisticsOf(calls, zoneOf(account));
      return [
        {
          calls,
          requests: [await signedGet(apiOf(account), "/v1/statistics/pbx/", parameters, credentialsOf(account))],
        },
      ];
    },
    read: ([answer], { call }, account) => toldBy(answer, call, zoneOf(account), account.extensions),
  },
} satisfies Provider<ZadarmaSettings>;

function apiOf({ api }: Account<ZadarmaSettings>): string {
  return api ?? "https://api.zadarma.com";
}

function credentialsOf(account: Account<ZadarmaSettings>): Credentials {
  return { key: current(account, "ZADARMA_KEY"), secret: current(account, "ZADARMA_SECRET") };
}

/**
 * Whether the call began lately. Its time ends what is signed, where the values have no mark between them: a forger could
 * put it into another field, or what was signed of another event into this one.
 */
function lately(hook: Hook, covers: readonly string[], account: Account<ZadarmaSettings>): Verdict {
  const zone = zoneOf(account);
  const began = instantOf(signedText(hook, covers).slice(-timeLength), zone ?? "UTC");
  if (began === undefined) return forged("what is signed does not end in a call_start such as 2026-11-23 10:00:00");
  return inWindow(hook, began, maxCallMs + (zone === undefined ? maxZoneMs : 0));
}

/** Novofon's accounts live by Moscow's clock. */
function zoneOf({ settings, api }: Account<ZadarmaSettings>): string | undefined {
  if (settings.time_zone !== undefined) return zoneNamed(settings.time_zone);
  return api !== undefined && /(^|\.)novofon\.com$/.test(new URL(api).hostname) ? "Europe/Moscow" : undefined;
}

/** Of a secret in rotation, the first value is the one that requests are made with. */
function current(account: Account<ZadarmaSettings>, name: string): string {
  return rotation(account.secrets.get(name))[0] ?? "";
}
