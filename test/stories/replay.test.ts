/** A genuine webhook that somebody captured and sends again: at first it changes nothing, later it is not believed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "../standins/webhook.ts";
import { play, type Scene, setScene } from "./scene.ts";

const hourMs = 60 * 60_000;
const token = "replay-token-of-a-test";

let scene: Scene;

beforeAll(async () => {
  const common = { recordings: { retention: 1 }, silence: 1 };
  scene = await setScene({ sales: common, support: common, secrets: { CONSOLE_TOKEN: token } });
});

afterAll(() => scene.close());

async function callsKept(): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${scene.trunkline.url}/api/stats`, { headers });
  const { systems } = (await answer.json()) as { systems: { calls: number }[] };
  return systems.reduce((sum, { calls }) => sum + calls, 0);
}

test("is a duplicate for a day, and refused once its call may be forgotten", async () => {
  const { twilio, zadarma, system } = scene;
  const root = twilio.inbound("+14155550123", "+14155550100");
  const call = { pbx_call_id: "in_replayed", caller_id: "+380671112233", called_did: "+380443334455" };
  const ended = twilio.status(root, "completed", 5, { CallDuration: "5" });
  const captured = [ended, zadarma.start(call), zadarma.end({ ...call, disposition: "cancel" })];
  await play(...captured);
  await Promise.all([root.sid, "in_replayed"].map((id) => scene.call(id, ({ status }) => status === "missed")));
  const told = system.requests.length;

  await scene.turn(23 * hourMs);
  await play(...captured);
  expect([await callsKept(), system.requests.length]).toEqual([2, told]);

  await scene.turn(40 * hourMs);
  await scene.passing("the calls to be forgotten", async () => (await callsKept()) === 0);
  for (const webhook of captured) expect((await send(webhook)).status).toBe(403);
  expect([await callsKept(), system.requests.length]).toEqual([0, told]);
  expect(system.doubled()).toEqual([]);
});
