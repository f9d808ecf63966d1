import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type System, startSystem } from "../standins/system.ts";
import { send } from "../standins/webhook.ts";
import { zadarmaPbx } from "../standins/zadarma.ts";
import { until } from "./harness.ts";
import { startProcess, type TrunklineProcess } from "./process.ts";

const call = {
  pbx_call_id: "in_crash",
  caller_id: "+380501234567",
  called_did: "+380441234567",
};
const secrets = { SUPPORT_CHANNEL_KEY: "channel-key", SUPPORT_ZADARMA_KEY: "key", SUPPORT_ZADARMA_SECRET: "secret" };

let system: System;
let state: string;
let trunkline: TrunklineProcess;

beforeEach(async () => {
  system = await startSystem({ channelKeys: ["channel-key"] });
  state = await mkdtemp(join(tmpdir(), "trunkline-crash-"));
  trunkline = await start();
});

afterEach(async () => {
  await trunkline.kill();
  await system.close();
  await rm(state, { recursive: true, force: true });
});

function start(): Promise<TrunklineProcess> {
  const channels = { support: { provider: "zadarma", system: system.url } };
  return startProcess({ channels, secrets, state, entrypoint: "test/stories/worker.ts" });
}

/** Turns the clock of the runtime that stands now, little by little, until `there` holds. */
async function passing(there: () => boolean): Promise<void> {
  const turn = `${trunkline.url}/turn?by=10000&system=${encodeURIComponent(system.url)}`;
  await until("what time brings", async () => there() || ((await fetch(turn, { method: "POST" })).ok && there()));
}

async function ring(): Promise<void> {
  const pbx = zadarmaPbx({ key: "key", secret: "secret", hookUrl: `${trunkline.url}/hooks/support` });
  const answer = await send(pbx.start(call));
  expect(answer.status).toBe(200);
}

test("a call that was accepted arrives, though the runtime is killed before its delivery", async () => {
  const held = Promise.withResolvers<void>();
  system.behave(() => ({ until: held.promise, next: { drop: "before" } }));
  await ring();
  await until("the request", () => system.requests.length === 1);
  await trunkline.kill();
  system.behave(undefined);
  held.resolve();

  trunkline = await start();
  await passing(() => system.tickets.length === 1);
  expect(system.requests.map((request) => request.action)).toEqual([
    "create_call",
    "update_call",
    "update_call",
    "create_call",
  ]);
  expect(system.calls).toMatchObject([{ pbxCallId: "in_crash", status: "ringing" }]);
  expect(system.violations).toEqual([]);
});

test("a call whose ticket was made while the runtime died does not get a second one", async () => {
  const held = Promise.withResolvers<void>();
  system.behave(() => ({ until: held.promise, commit: true }));
  await ring();
  await system.until(() => system.tickets.length === 1);
  await trunkline.kill();
  system.behave(undefined);
  held.resolve();

  trunkline = await start();
  await passing(() => system.requests.some((request) => request.action === "update_call"));
  expect(system.requests.map((request) => request.action)).toEqual(["create_call", "update_call"]);
  expect(system.doubled()).toEqual([]);
});
