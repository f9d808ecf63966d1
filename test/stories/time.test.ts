/** What time does to calls. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { play, type Scene, setScene } from "./scene.ts";

const hourMs = 60 * 60_000;

let scene: Scene;

beforeAll(async () => {
  scene = await setScene({ support: { silence: 120 } });
});

afterAll(() => scene.close());

const ring = {
  pbx_call_id: "in_unended",
  caller_id: "+380671112233",
  called_did: "+380443334455",
};

test("a call whose end never comes is closed, says so, and is corrected by an end that comes after all", async () => {
  const { zadarma } = scene;
  await play(zadarma.start(ring), zadarma.internal({ ...ring, internal: "100" }));
  const call = await scene.call(ring.pbx_call_id);
  await scene.turn(hourMs);
  expect(call.status).toBe("ringing");
  await scene.turn(hourMs + 60_000);
  await scene.passing("Zadarma to be asked in vain", () => call.status === "missed");
  expect(call.ticket.comments).toEqual([expect.stringContaining("the PBX never told how the call ended")]);

  const talk = { internal: "100", last_internal: "100", duration: "33", disposition: "answered", is_recorded: "0" };
  await play(zadarma.end({ ...ring, ...talk }));
  await scene.call(ring.pbx_call_id, ({ status }) => status === "answered");
  expect(call.ticket.comments.at(-1)).not.toContain("never told");
  expect(scene.system.violations).toEqual([]);
});
