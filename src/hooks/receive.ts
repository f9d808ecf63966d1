/** One webhook, from request to an answer that is success only once what it says is durable. */
import type { CallEvent } from "../calls/event.ts";
import { plainly } from "../calls/plain.ts";
import { accountOf, type Channel, readConfiguration } from "../config/channels.ts";
import type { Env } from "../env.ts";
import { exchangeAt } from "../exchange/at.ts";
import { log } from "../log.ts";
import type { Account, Reply } from "../providers/provider.ts";
import { anyEqual } from "../verify/equal.ts";
import { BodyTooLarge, decode, readBody } from "./body.ts";
import type { Hook } from "./hook.ts";
import { encoded, forbidden, notAllowed, notFound, notNow, problem, tooLarge, tooMany } from "./problem.ts";

/** The longest body and query that are kept of a webhook that could not be understood, in characters. */
const maxKept = 16 * 1024;

export async function receive(request: Request, env: Env, name: string, now: number): Promise<Response> {
  const { channels, faults } = readConfiguration(env);
  const channel = channels.get(name);
  if (!channel) {
    // A channel that is misconfigured, or may be in a variable that is, will be mended: the PBX should try again.
    const known = faults.some((fault) => fault.channel === undefined || fault.channel === name);
    return known ? problem({ ...notNow, detail: "The channel is misconfigured, see /health." }) : problem(notFound);
  }
  if (request.method !== "GET" && request.method !== "POST") return problem(notAllowed, { allow: "GET, POST" });
  if (!(await hasSecret(request, channel))) {
    return turnedAway(channel, "the path does not hold the channel's HOOK_SECRET");
  }
  // Nothing is decompressed: a few bytes could become as many as they like.
  if (isEncoded(request)) return problem(encoded, { "accept-encoding": "identity" });
  const hook = await hookOf(request, channel, now);
  if (hook === "too large") return problem(tooLarge);
  const account = accountOf(channel, new URL(request.url).origin);
  const challenge = channel.provider.challenge?.(hook);
  if (challenge) return answer(challenge);
  const verdict = await channel.provider.verify(hook, account);
  return verdict.genuine ? heed(hook, channel, account, env) : turnedAway(channel, verdict.reason);
}

/** What a genuine webhook says is kept before it is answered. */
async function heed(hook: Hook, channel: Channel, account: Account, env: Env): Promise<Response> {
  const reading = channel.provider.read(hook, account);
  const exchange = exchangeAt(env, channel.system);
  try {
    switch (reading.kind) {
      case "ignored":
        return answer(reading.reply);
      case "heard": {
        const recorded = await exchange.record(
          channel.name,
          reading.events.map((event) => ({ ...plainly(event), heardAt: hook.receivedAt })),
        );
        if ("retryAfterSeconds" in recorded) return comeAgain(channel, recorded.retryAfterSeconds);
        noted(channel, reading.events, recorded.fresh);
        return answer(reading.reply);
      }
      case "malformed": {
        const recorded = await exchange.keepMalformed(kept(hook, channel, reading.field, reading.problem));
        if ("retryAfterSeconds" in recorded) return comeAgain(channel, recorded.retryAfterSeconds);
        log("warn", "malformed webhook", { channel: channel.name, field: reading.field, problem: reading.problem });
        const title = `Malformed: ${reading.field}`;
        return problem({ status: 400, title, field: reading.field, detail: reading.problem });
      }
    }
  } catch (error) {
    log("error", "webhook not kept", { channel: channel.name, error: error instanceof Error ? error.name : "error" });
    return problem(notNow, { "retry-after": "5" });
  }
}

/** Where the channel has a hook secret, the first segment below its name must be that. */
async function hasSecret(request: Request, channel: Channel): Promise<boolean> {
  const { hookSecret } = channel.secrets;
  if (hookSecret === undefined) return true;
  const [, , , segment = ""] = new URL(request.url).pathname.split("/");
  return anyEqual([segment, decoded(segment)], [hookSecret]);
}

/** A segment as it was before it was escaped; one that is no escaped text as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isEncoded({ headers }: Request): boolean {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return encoding !== "" && encoding !== "identity";
}

async function hookOf(request: Request, channel: Channel, now: number): Promise<Hook | "too large"> {
  try {
    return await decode(request, calledUrl(request.url, channel.url), await readBody(request), now);
  } catch (error) {
    if (error instanceof BodyTooLarge) return "too large";
    throw error;
  }
}

/** The URL as the PBX knows it: behind a proxy or a custom domain the worker sees another. */
export function calledUrl(url: string, base: string | undefined): string {
  return base === undefined ? url : base + url.slice(new URL(url).origin.length);
}

/** The operator learns why, the caller only that. */
function turnedAway(channel: Channel, reason: string): Response {
  log("warn", "webhook refused", { channel: channel.name, reason });
  return problem(forbidden);
}

function comeAgain(channel: Channel, seconds: number): Response {
  log("warn", "webhook put off", { channel: channel.name, reason: "the channel sends more than any PBX does" });
  return problem(tooMany, { "retry-after": String(seconds) });
}

function noted(channel: Channel, events: readonly CallEvent[], fresh: number): void {
  for (const { call, leg, ended } of events) {
    log("info", "webhook", { channel: channel.name, call, leg: leg?.status, ended, fresh: fresh > 0 });
  }
}

function kept(hook: Hook, channel: Channel, field: string, why: string) {
  return {
    channel: channel.name,
    heardAt: hook.receivedAt,
    field,
    problem: why,
    method: hook.method,
    type: hook.headers.get("content-type") ?? undefined,
    query: new URL(hook.url).search.slice(0, maxKept),
    body: (hook.body === "multipart" ? hook.fields.toString() : hook.text).slice(0, maxKept),
  };
}

function answer({ status, body, type }: Reply): Response {
  const headers = new Headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  if (type !== undefined) headers.set("content-type", type);
  return new Response(status === 204 ? null : (body ?? ""), { status, headers });
}
