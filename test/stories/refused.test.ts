/** What is forged, unsigned, tampered with, oversized or malformed: answered as documented, and nothing comes of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type System, startSystem } from "../standins/system.ts";
import { twilioPbx } from "../standins/twilio.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { zadarmaPbx } from "../standins/zadarma.ts";
import { startTrunkline, type Trunkline } from "./harness.ts";

const secrets = {
  SALES_CHANNEL_KEY: "sales-key",
  SALES_TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001",
  SALES_TWILIO_AUTH_TOKEN: "twilio-token",
  SUPPORT_CHANNEL_KEY: "support-key",
  SUPPORT_ZADARMA_KEY: "zadarma-key",
  SUPPORT_ZADARMA_SECRET: "zadarma-secret",
  HIDDEN_CHANNEL_KEY: "hidden-key",
  HIDDEN_ZADARMA_KEY: "zadarma-key",
  HIDDEN_ZADARMA_SECRET: "zadarma-secret",
  HIDDEN_HOOK_SECRET: "un+guess=able:@",
};

let system: System;
let trunkline: Trunkline;

beforeAll(async () => {
  system = await startSystem({ channelKeys: ["sales-key", "support-key", "hidden-key"], limit: 1_000_000 });
  trunkline = await startTrunkline({
    channels: {
      sales: { provider: "twilio", system: system.url },
      support: { provider: "zadarma", system: system.url },
      hidden: { provider: "zadarma", system: system.url },
      listed: { provider: "zadarma", system: system.url },
    },
    secrets,
  });
});

afterAll(async () => {
  await trunkline.close();
  await system.close();
});

const call = {
  pbx_call_id: "in_refused",
  caller_id: "+380501234567",
  called_did: "+380441234567",
};

function zadarma(path = "support") {
  return zadarmaPbx({ key: "zadarma-key", secret: "zadarma-secret", hookUrl: `${trunkline.url}/hooks/${path}` });
}

function twilio(authToken = "twilio-token") {
  const accountSid = secrets.SALES_TWILIO_ACCOUNT_SID;
  return twilioPbx({ accountSid, authToken, hookUrl: `${trunkline.url}/hooks/sales`, run: "refused" });
}

async function refused(webhook: Webhook): Promise<{ status: number; type: string | null; problem: unknown }> {
  const answer = await send(webhook);
  return { status: answer.status, type: answer.headers.get("content-type"), problem: await answer.json() };
}

function without(webhook: Webhook, header: string): Webhook {
  return {
    ...webhook,
    headers: Object.fromEntries(Object.entries(webhook.headers).filter(([name]) => name !== header)),
  };
}

function incoming(authToken?: string): Webhook {
  const pbx = twilio(authToken);
  return pbx.voice(pbx.inbound("+14155550123", "+14155550100"));
}

test.each<[string, () => Webhook]>([
  ["a Twilio webhook signed with another token", () => incoming("another-token")],
  ["a Twilio webhook without a signature", () => without(incoming(), "x-twilio-signature")],
  [
    "a Twilio webhook with another number",
    () => ({ ...incoming(), body: incoming().body?.replaceAll("0123", "0124") }),
  ],
  ["a Zadarma webhook without a signature", () => without(zadarma().start(call), "signature")],
  [
    "a Zadarma webhook with another number",
    () => ({ ...zadarma().start(call), body: zadarma().start({ ...call, caller_id: "+380509999999" }).body }),
  ],
  ["a webhook without the channel's path secret", () => zadarma("hidden").start(call)],
  ["a webhook with another path secret", () => zadarma("hidden/guess").start(call)],
])("%s is answered 403", async (_, webhook) => {
  const { status, type, problem } = await refused(webhook());
  expect({ status, type }).toEqual({ status: 403, type: "application/problem+json" });
  expect(problem).toEqual({ type: "about:blank", title: "Not authentic", status: 403 });
});

test("the path secret is taken as it was set, and percent-encoded", async () => {
  for (const secret of ["un+guess=able:@", encodeURIComponent("un+guess=able:@")]) {
    const answer = await send(zadarma(`hidden/${secret}`).echo("here"));
    expect([answer.status, await answer.text()]).toEqual([200, "here"]);
  }
});

test("a webhook to a channel that does not exist is answered 404", async () => {
  for (const path of ["nobody", "constructor", "__proto__", "toString"]) {
    expect(await refused(zadarma(path).start(call))).toMatchObject({ status: 404, type: "application/problem+json" });
  }
});

test("a webhook to a channel that is misconfigured is answered 503, and health says why", async () => {
  expect(await refused(zadarma("listed").start(call))).toMatchObject({ status: 503 });
  const health = await fetch(`${trunkline.url}/health`);
  expect(health.status).toBe(503);
  const text = await health.text();
  expect(text).toContain("npx wrangler secret put LISTED_ZADARMA_SECRET");
  for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
});

test("a webhook that lacks its call is answered 400 naming the field, and kept for the operator", async () => {
  const { pbx_call_id: _, ...nameless } = call;
  expect(await refused(zadarma().start(nameless))).toMatchObject({ status: 400, problem: { field: "pbx_call_id" } });
});

test("a body over 256 KiB is answered 413", async () => {
  const large = { ...zadarma().start(call), body: `a=${"b".repeat(256 * 1024)}` };
  expect(await refused(large)).toMatchObject({ status: 413, type: "application/problem+json" });
});

test("a body over 256 KiB that comes in pieces is answered 413 too", async () => {
  const pieces = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 10; i++) controller.enqueue(new Uint8Array(32 * 1024));
      controller.close();
    },
  });
  const init = { method: "POST", body: pieces, duplex: "half" } as RequestInit;
  expect((await fetch(`${trunkline.url}/hooks/support`, init)).status).toBe(413);
});

test("a method that no webhook uses is answered 405", async () => {
  const answer = await fetch(`${trunkline.url}/hooks/support`, { method: "DELETE" });
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
});

test("the console and its API are not there without a token", async () => {
  for (const path of ["/console", "/api/calls"]) expect((await fetch(trunkline.url + path)).status).toBe(404);
});

test("of all this nothing reached the system", () => {
  expect(system.requests).toEqual([]);
});
