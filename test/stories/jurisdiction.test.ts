/** A runtime that cannot keep data in the jurisdiction that is asked for keeps none. Locally there is none (2026-11). */
import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "../standins/webhook.ts";
import { type Scene, setScene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await setScene({ secrets: { JURISDICTION: "eu" } });
});
afterAll(() => scene.close());

test("health says what is wrong and what to do", async () => {
  const response = await fetch(`${scene.trunkline.url}/health`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    faults: [
      {
        key: "JURISDICTION",
        problem:
          'this runtime keeps no data by jurisdiction, so that nothing is kept. Under wrangler dev write JURISDICTION="" into .dev.vars',
      },
    ],
  });
});

test("a webhook is to be sent again, and nothing of it is kept or told", async () => {
  const ring = {
    pbx_call_id: "in_1",
    call_start: "2026-11-28 12:00:00",
    caller_id: "+380671112233",
    called_did: "100",
  };
  const answer = await send(scene.zadarma.start(ring));
  expect([answer.status, await answer.json()]).toMatchObject([
    503,
    { detail: "The channel is misconfigured, see /health." },
  ]);
  expect(scene.system.calls).toEqual([]);
});
