/** Calls whose end is never told: the PBX is asked what became of them. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Handler } from "../standins/media.ts";
import type { Leg } from "../standins/twilio.ts";
import type { TwilioCall } from "../standins/twilio-api.ts";
import { until } from "./harness.ts";
import { play, type Scene, secrets, setScene } from "./scene.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const customer = "+14155550123";
const line = "+14155550100";
const never = "the PBX never told how the call ended";

let scene: Scene;
/** What the PBX's API answers to everything, while it is in trouble. */
let trouble: Handler | undefined;
/** Another server, which nobody may be sent to. */
let elsewhere: Server;
let strangers = 0;

beforeAll(async () => {
  elsewhere = createServer((_, response) => {
    strangers++;
    response.end("{}");
  });
  await new Promise<void>((listening) => elsewhere.listen(0, "127.0.0.1", listening));
  const silence = { silence: 120 };
  const handlers: Handler[] = [(request, response) => trouble?.(request, response) ?? false];
  scene = await setScene({ sales: silence, support: silence, handlers });
});

afterAll(async () => {
  await scene.close();
  elsewhere.close();
});

beforeEach(() => {
  trouble = undefined;
  scene.twilioCalls.length = 0;
  scene.zadarmaStatistics.length = 0;
  scene.pbx.reset();
});

/** An incoming call that rings at ann's, and of which no more is heard. */
async function ringing(): Promise<{ root: Leg; ann: Leg }> {
  const root = scene.twilio.inbound(customer, line);
  const ann = scene.twilio.dialled(root, "client:ann");
  await play(scene.twilio.voice(root), scene.twilio.status(ann, "ringing", 2));
  await scene.call(root.sid, ({ status }) => status === "ringing");
  return { root, ann };
}

function says(leg: Leg, status: string, duration?: number): TwilioCall {
  const endedAt = duration === undefined ? undefined : scene.now();
  return { ...leg, status, duration, startedAt: scene.now() - hourMs, endedAt };
}

/** Twilio's API tells what has become of the call. */
function tells(...calls: TwilioCall[]): void {
  scene.twilioCalls.splice(0, scene.twilioCalls.length, ...calls);
}

/** How often Twilio was asked after a call. */
function asked({ sid }: Leg): number {
  return scene.pbx.requests.filter(({ path, status }) => path.endsWith(`/Calls/${sid}.json`) && status).length;
}

/** Whether the helpdesk was told that the call is over. */
function over(pbxCallId: string): boolean {
  return scene.system.calls.some(
    (call) => call.pbxCallId === pbxCallId && !["ringing", "in-progress"].includes(String(call.status)),
  );
}

test("Twilio says that it was answered: the call ends so, with its agent, and nothing was never told", async () => {
  const { root, ann } = await ringing();
  tells(says(root, "completed", 47), says(ann, "completed", 38));
  await scene.turn(8 * minuteMs);
  expect(asked(root)).toBe(0);
  await scene.turn(3 * minuteMs);
  const call = await scene.call(root.sid, ({ status }) => status === "answered");
  expect(call.ticket.comments).toEqual([expect.stringContaining("agent ann, talk 0:38")]);
  expect(call.ticket.comments.join()).not.toContain(never);
  expect(call.ticket.assignee).toEqual({ pbxUserId: "ann" });
  expect(asked(root)).toBe(1);
});

test("Twilio says that it is alive: the card stays, however long, and its end is told when there is one", async () => {
  const { root, ann } = await ringing();
  await play(scene.twilio.status(ann, "in-progress", 3));
  tells(says(root, "in-progress"), says(ann, "in-progress"));
  await scene.turn(58 * minuteMs);
  expect(asked(root)).toBe(0);
  await scene.turn(3 * minuteMs);
  await until("Twilio to be asked", () => asked(root) === 1);
  await scene.passing("Twilio to be asked again", () => asked(root) === 2);
  expect(over(root.sid)).toBe(false);
  const { twilio } = scene;
  const end = [twilio.status(ann, "completed", 90, { CallDuration: "60" }), twilio.status(root, "completed", 91)];
  await play(...end);
  const call = await scene.call(root.sid, ({ status }) => status === "answered");
  expect(call.ticket.comments.join()).not.toContain(never);
});

test("a call cannot be alive for ever: after a day it is taken for over", async () => {
  const { root } = await ringing();
  tells(says(root, "in-progress"));
  await scene.turn(11 * minuteMs);
  await until("Twilio to be asked", () => asked(root) === 1);
  const since = scene.now();
  while (!over(root.sid)) await scene.turn(10 * minuteMs);
  expect(scene.now() - since).toBeGreaterThanOrEqual(24 * hourMs);
  expect(asked(root)).toBeGreaterThan(48);
  expect(asked(root)).toBeLessThanOrEqual(146);
  const call = await scene.call(root.sid, ({ status }) => status === "missed");
  expect(call.ticket.comments).toEqual([expect.stringContaining(never)]);
});

test.each<[string, Handler]>([
  ["is down", (_, response) => Boolean(response.writeHead(503).end("down"))],
  ["breaks off", (_, response) => Boolean(response.destroy())],
  ["talks without end", (_, response) => Boolean(response.writeHead(200).end(`"${"x".repeat(2 * 1024 * 1024)}"`))],
  ["does not know the call", (_, response) => Boolean(response.writeHead(404).end("{}"))],
])("the API %s: when silence is over the call is taken for over, and says so", async (_, handler) => {
  const { root } = await ringing();
  trouble = handler;
  const since = scene.now();
  const tries = () => scene.pbx.requests.filter(({ path }) => path.endsWith(`/Calls/${root.sid}.json`)).length;
  while (!over(root.sid)) await scene.turn(minuteMs);
  expect(scene.now() - since).toBeGreaterThanOrEqual(2 * hourMs);
  expect(tries()).toBeGreaterThanOrEqual(3);
  expect(tries()).toBeLessThanOrEqual(6);
  const call = await scene.call(root.sid, ({ status }) => status === "missed");
  expect(call.ticket.comments).toEqual([expect.stringContaining(never)]);
});

test("the API leads elsewhere: nobody goes there, and no credentials do", async () => {
  const { root } = await ringing();
  const { port } = elsewhere.address() as AddressInfo;
  trouble = (_, response) =>
    Boolean(response.writeHead(302, { location: `http://127.0.0.1:${port}/Calls/${root.sid}.json` }).end());
  await scene.turn(11 * minuteMs);
  await until("Twilio to be asked", () => asked(root) === 1);
  await scene.passing("the end", () => over(root.sid));
  expect(strangers).toBe(0);
  await fetch(`http://127.0.0.1:${port}`);
  expect(strangers).toBe(1);
});

/** As the account's clock, which is UTC's here, shows it. */
const wallClock = () => new Date(scene.now()).toISOString().slice(0, 19).replace("T", " ");

test("Zadarma's statistics tell of several calls at once, within three requests a minute", async () => {
  const { zadarma } = scene;
  const call_start = wallClock();
  const calls = Array.from({ length: 7 }, (_, i) => {
    return { pbx_call_id: `in_unended${i}`, call_start, caller_id: `+38067111220${i}`, called_did: "+380443334455" };
  });
  await play(...calls.flatMap((call) => [zadarma.start(call), zadarma.internal({ ...call, internal: "100" })]));
  const rows = calls.map(({ pbx_call_id, caller_id }, i) => ({
    call_id: `1781129241.2664097${i}`,
    sip: 100,
    callstart: call_start,
    clid: caller_id,
    destination: "380443334455",
    disposition: i === 0 ? "no answer" : "answered",
    seconds: i === 0 ? 0 : 30 + i,
    is_recorded: false,
    pbx_call_id,
  }));
  scene.zadarmaStatistics.push(...rows);
  await scene.turn(11 * minuteMs);
  for (const [i, { pbx_call_id }] of calls.entries()) {
    const status = i === 0 ? "missed" : "answered";
    const { ticket } = await scene.call(pbx_call_id, (call) => call.status === status);
    expect(ticket.comments).toEqual(
      i === 0 ? [expect.not.stringContaining(never)] : [expect.stringContaining(`talk 0:${30 + i}`)],
    );
  }
  expect(scene.pbx.requests.filter(({ path }) => path === "/v1/statistics/pbx/")).toHaveLength(1);
});

test("of all this the helpdesk was told within its rules", () => {
  expect(scene.system.violations).toEqual([]);
  expect(JSON.stringify(scene.system.requests)).not.toContain(secrets.SALES_TWILIO_AUTH_TOKEN);
});
