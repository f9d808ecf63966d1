/** Health as somebody sees it who watches from outside, and a helpdesk that has its bad days. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "./harness.ts";
import { play, type Scene, setScene } from "./scene.ts";

const token = "health-token-of-a-test";
const ring = { caller_id: "+380671112233", called_did: "+380443334455" };

let scene: Scene;
let calls = 0;

beforeAll(async () => {
  scene = await setScene({ secrets: { CONSOLE_TOKEN: token } });
});

afterEach(() => scene.system.behave(undefined));
afterAll(() => scene.close());

async function health(bearer?: string): Promise<{ status: number; said: Record<string, unknown> }> {
  const headers: Record<string, string> = bearer ? { authorization: `Bearer ${bearer}` } : {};
  const answer = await fetch(`${scene.trunkline.url}/health`, { headers });
  return { status: answer.status, said: (await answer.json()) as Record<string, unknown> };
}

async function rings(): Promise<string> {
  const pbx_call_id = `in_${calls++}`;
  await play(scene.zadarma.start({ ...ring, pbx_call_id }));
  return pbx_call_id;
}

/** What is told once what was told before is forgotten. */
async function toldLater(): Promise<unknown> {
  await scene.turn(11_000);
  return (await health()).said.deliveries;
}

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${scene.trunkline.url}/api${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
}

async function stuck(id: string): Promise<boolean> {
  return ((await (await ask(`/calls/support/${id}`)).json()) as { delivery: string }).delivery === "stuck";
}

test("one call that the helpdesk refuses is enough; who sends the token learns of which channel", async () => {
  expect((await health()).said).toMatchObject({ status: "ok", deliveries: "ok" });
  scene.system.behave(() => ({ status: 422, body: { error: "no" } }));
  const id = await rings();
  await until("it to be stuck", () => stuck(id));
  // Nobody is asked again for ten seconds.
  expect((await health()).said.deliveries).toBe("ok");
  expect(await toldLater()).toBe("refused");
  const { status, said } = await health();
  expect([status, JSON.stringify(said)]).toEqual([200, expect.not.stringContaining("support")]);
  expect((await health(token)).said).toMatchObject({
    systems: [
      {
        system: scene.system.url,
        deliveries: "refused",
        refused: [{ channel: "support", problem: "the system answered 422" }],
      },
    ],
  });
  scene.system.behave(undefined);
  const replay = await ask(`/calls/support/${id}/replay`, { method: "POST" });
  expect([replay.status, await replay.json()]).toEqual([202, { replayed: 1, nextTryAt: expect.any(Number) }]);
  await scene.call(id);
  await until("all to be well", async () => (await toldLater()) === "ok");
  const again = await ask(`/calls/support/${id}/replay`, { method: "POST" });
  expect([again.status, await again.json()]).toEqual([
    409,
    expect.objectContaining({ title: "Nothing to send", detail: "the helpdesk knows all that it should" }),
  ]);
});

test("a helpdesk that does not answer is down, and webhooks are taken all the same", async () => {
  scene.system.behave(() => ({ status: 503 }));
  const ids = [];
  for (let i = 0; i < 6; i++) ids.push(await rings());
  await scene.passing("it to be down", () => scene.system.requests.length > 12);
  await until("it to be told", async () => (await toldLater()) === "down");
  expect((await health()).status).toBe(200);
  const owed = await ask("/calls?delivery=owed");
  expect(((await owed.json()) as { calls: unknown[] }).calls).toHaveLength(ids.length);
  scene.system.behave(undefined);
  const said = (await (await ask("/calls/replay?delivery=owed", { method: "POST" })).json()) as { replayed: number };
  expect(said).toMatchObject({ replayed: ids.length, skipped: 0 });
  for (const id of ids) await scene.passing(`call ${id}`, () => scene.system.calls.some((one) => one.pbxCallId === id));
  await until("all to be well", async () => (await toldLater()) === "ok");
  expect(scene.system.doubled()).toEqual([]);
});

test("who opens the address learns what it is and where to look", async () => {
  const answer = await fetch(scene.trunkline.url);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    expect.objectContaining({ name: "Trunkline", health: "/health" }),
  ]);
});
