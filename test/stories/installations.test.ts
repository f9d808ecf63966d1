/** Installations that cannot be asked, or do not seem so at first: a caller is not lost, and no ticket made twice needlessly. */
import { afterEach, describe, expect, test } from "vitest";
import type { SystemOptions } from "../standins/system.ts";
import { until } from "./harness.ts";
import { play, type Scene, setScene } from "./scene.ts";

const minuteMs = 60_000;
const token = "console-token-of-a-test";
const [create, update] = ["create_call", "update_call"] as const;

let scene: Scene;

afterEach(() => scene.close());

const numbers = { caller_id: "+380671112233", called_did: "+380443334455" };
const ring = { pbx_call_id: "in_story", ...numbers };
const over = { ...ring, disposition: "no answer", duration: "0" };

function set(system: Partial<SystemOptions>, delivery: "live" | "final" = "live"): Promise<Scene> {
  return setScene({ system, support: { delivery }, secrets: { CONSOLE_TOKEN: token } });
}

const creates = () => scene.system.requests.filter(({ action }) => action === create);

async function delivery(): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${scene.trunkline.url}/api/calls/support/in_story`, { headers });
  return ((await answer.json()) as { delivery: string }).delivery;
}

describe("without update_call", () => {
  test.each([
    [400, "live"],
    [405, "final"],
    [422, "live"],
  ] as const)(
    "which is answered %i, and told %s: an unknown create is made once more after a quarter of an hour, and says so",
    async (updateCall, mode) => {
      scene = await set({ updateCall }, mode);
      scene.system.behave(({ action }) => (action === create ? { status: 504 } : undefined));
      await play(scene.zadarma.end(over));
      await scene.passing("the first", () => creates()[0]?.status === 504);
      const [first] = creates();
      await scene.passing("the second", () => creates()[1]?.status === 504);
      const [, second] = creates();
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(15 * minuteMs);
      expect([first?.fields.comment, second?.fields.comment].map((said) => /second ticket/.test(String(said)))).toEqual(
        [false, true],
      );
      await until("it to be stuck", async () => (await delivery()) === "stuck");
      await play(scene.zadarma.end({ ...over, call_id_with_rec: "late" }));
      for (let turn = 0; turn < 4; turn++) await scene.turn(20 * minuteMs);
      expect(creates()).toHaveLength(2);
    },
  );
});

test("where an update was taken by then the system is asked, instead of a second create", async () => {
  scene = await set({});
  const isThere = () => scene.system.calls.some(({ pbxCallId }) => pbxCallId === ring.pbx_call_id);
  scene.system.behave(({ action, fields }) => {
    if (fields.pbx_call_id !== ring.pbx_call_id) return undefined;
    if (action === create) return { drop: "before", laterMs: 55_000 };
    return isThere() ? undefined : { status: 400 };
  });
  await play(scene.zadarma.start(ring));
  await scene.passing("the ask", () => scene.system.requests.some(({ status }) => status === 400));
  await play(scene.zadarma.start({ pbx_call_id: "in_other", ...numbers }));
  await scene.call("in_other");
  await play(scene.zadarma.end({ ...over, pbx_call_id: "in_other" }));
  await scene.call("in_other", ({ status }) => status === "missed");
  await scene.passing("the next ask", () => scene.system.requests.at(-1)?.fields.pbx_call_id === ring.pbx_call_id);
  await until("its being told", async () => (await delivery()) === "done");
  expect([creates().length, scene.system.requests.at(-1)?.action, scene.system.doubled()]).toEqual([2, update, []]);
});
