/** Installations of the helpdesk differ: in their ids, in `update_call`, in what their answers show, in their channels' keys. */
import { afterEach, expect, test } from "vitest";
import { sample } from "./audio.ts";
import { deliver, type Fields } from "./form-delivery.ts";
import { type System, type SystemOptions, startSystem } from "./system.ts";

let system: System;
afterEach(() => system.close());
const start = async (options: Partial<SystemOptions>) => {
  system = await startSystem({ channelKeys: ["old"], ...options });
};

const created: Fields = { action: "create_call", direction: "incoming", phone: "+79998887766", pbx_call_id: "p1" };
const updated: Fields = { action: "update_call", call_status: "answered" };

test("ids may be larger than a JavaScript number holds, and name one call each", async () => {
  await start({ firstId: 2n ** 60n });
  const first = await (await deliver(system, "old", created)).text();
  expect(first).toContain('"call_id":1152921504606846976,"ticket_id":1152921504606847976,');
  await deliver(system, "old", { ...created, pbx_call_id: "p2" });
  await deliver(system, "old", { ...updated, call_id: "1152921504606846977" });
  expect(system.calls.map(({ pbxCallId, status }) => [pbxCallId, status])).toEqual([
    ["p1", undefined],
    ["p2", "answered"],
  ]);
  // As JavaScript would have rounded it.
  expect(await deliver(system, "old", { ...updated, call_id: "1152921504606847000" })).toMatchObject({ status: 404 });
  expect(system.violations).toEqual([]);
});

test.each([400, 404, 405, 422] as const)("update_call may be answered %i where there is none", async (status) => {
  await start({ updateCall: status });
  await deliver(system, "old", created);
  const answer = await deliver(system, "old", { ...updated, pbx_call_id: "p1" });
  expect(answer.status).toBe(status);
  expect(answer.headers.has("x-rate-limit")).toBe(true);
  expect(await answer.json()).toEqual({ error: "unknown action" });
  expect(system.calls[0]?.status).toBeUndefined();
  expect(system.violations).toEqual([]);
});

test("answers may never show that there is a recording", async () => {
  await start({ audioShown: false });
  await deliver(system, "old", created);
  const answer = await deliver(system, "old", { ...updated, pbx_call_id: "p1" }, await sample("mp3"));
  expect(await answer.json()).toMatchObject({ data: { audio_record: null } });
  expect(system.tickets[0]?.recordings).toHaveLength(1);
});

test("a channel whose key is being changed has two names", async () => {
  await start({ renamed: new Map([["new", "old"]]) });
  await deliver(system, "old", created);
  expect(await deliver(system, "new", { ...updated, pbx_call_id: "p1" })).toMatchObject({ status: 200 });
  expect(system.calls).toMatchObject([{ channelKey: "old", status: "answered" }]);
  await deliver(system, "new", created);
  expect(system.doubled()).toEqual(["p1"]);
});
