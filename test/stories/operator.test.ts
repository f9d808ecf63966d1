/** What the operator sees, and can do about it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sample } from "../standins/audio.ts";
import type { Seen } from "../standins/system.ts";
import { send } from "../standins/webhook.ts";
import { until } from "./harness.ts";
import { play, type Scene, setScene } from "./scene.ts";

const token = "operator-token-of-a-test";

let scene: Scene;

beforeAll(async () => {
  scene = await setScene({ secrets: { CONSOLE_TOKEN: token } });
});

afterAll(() => scene.close());

const ring = {
  caller_id: "+380671112233",
  called_did: "+380443334455",
};

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${scene.trunkline.url}/api${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  });
}

async function answerOf(path: string, init?: RequestInit): Promise<unknown> {
  return (await ask(path, init)).json();
}

test("nothing is told without the token", async () => {
  for (const authorization of ["", "Bearer", "Bearer wrong", `Basic ${token}`]) {
    const answer = await ask("/calls", { headers: { authorization } });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  }
});

test("a call that the system refused for good is stuck, visible, and replayed one at a time", async () => {
  scene.system.behave(() => ({ status: 422, body: { error: "phone +380671112233 is on a black list" } }));
  await play(scene.zadarma.start({ ...ring, pbx_call_id: "in_stuck" }));
  const stuck = await until("it to be stuck", async () => {
    const { calls } = (await answerOf("/calls?stuck=true")) as { calls: object[] };
    return calls.length > 0 && calls;
  });
  expect(stuck).toMatchObject([{ channel: "support", call: "in_stuck", delivery: "stuck", phone: "***2233" }]);
  const shown = JSON.stringify(await answerOf("/calls/support/in_stuck"));
  expect(shown).toContain("the system answered 422");
  expect(shown).toContain("black list");
  expect(shown).not.toContain("380671112233");

  scene.system.behave(undefined);
  expect((await ask("/calls/support/in_stuck/replay", { method: "POST" })).status).toBe(202);
  const told = await until("it to be told", async () => {
    const call = (await answerOf("/calls/support/in_stuck")) as { delivery: string };
    return call.delivery === "done" && call;
  });
  expect(told).toMatchObject({ status: "ringing" });
});

test("all that are stuck are replayed in bulk", async () => {
  scene.system.behave(() => ({ status: 422 }));
  const ids = ["in_bulk_1", "in_bulk_2", "in_bulk_3"];
  for (const pbx_call_id of ids) await play(scene.zadarma.start({ ...ring, pbx_call_id }));
  await until("three to be stuck", async () => {
    const { systems } = (await answerOf("/stats")) as { systems: { stuck: number }[] };
    return systems[0]?.stuck === ids.length;
  });
  scene.system.behave(undefined);
  expect(await answerOf("/calls/replay", { method: "POST" })).toMatchObject({ replayed: ids.length, skipped: 0 });
  for (const id of ids) await scene.call(id);
  expect(await answerOf("/stats")).toMatchObject({ systems: [{ system: scene.system.url, stuck: 0 }] });
});

describe("what the system refuses as it is may be sent otherwise:", () => {
  /** A helpdesk that takes no incoming call for extensions, only for group 7. */
  const wantsGroup = ({ fields }: Seen) => (fields["group_ids[]"] === undefined ? { status: 422 } : undefined);
  const edit = (form: object): RequestInit => ({ method: "POST", body: JSON.stringify({ form }) });

  async function stuck(...ids: string[]): Promise<void> {
    scene.system.behave(wantsGroup);
    for (const pbx_call_id of ids) await play(scene.zadarma.start({ ...ring, pbx_call_id }));
    await until("them to be stuck", async () => {
      const { systems } = (await answerOf("/stats")) as { systems: { stuck: number }[] };
      return systems[0]?.stuck === ids.length;
    });
  }

  test("one call, whose form is shown with its numbers masked", async () => {
    await stuck("in_edit");
    expect(await answerOf("/calls/support/in_edit")).toMatchObject({
      form: { action: "create_call", direction: "incoming", phone: "+***2233", call_status: "ringing" },
    });
    const answer = await ask("/calls/support/in_edit/replay", edit({ "group_ids[]": ["7"] }));
    expect(answer.status).toBe(202);
    expect(await scene.call("in_edit")).toMatchObject({ audience: { by: "group_ids[]", ids: ["7"] } });
    scene.system.behave(undefined);
    await play(scene.zadarma.end({ ...ring, pbx_call_id: "in_edit", disposition: "no answer", duration: "0" }));
    expect(await scene.call("in_edit", ({ status }) => status === "missed")).toBeDefined();
    expect(scene.system.violations).toEqual([]);
  });

  test("all of them at once", async () => {
    await stuck("in_edit_1", "in_edit_2");
    const answer = await answerOf("/calls/replay?channel=support", edit({ "group_ids[]": ["7"] }));
    expect(answer).toMatchObject({ replayed: 2, skipped: 0 });
    for (const id of ["in_edit_1", "in_edit_2"]) await scene.call(id);
  });

  test.each([
    ["a field that the form does not have", edit({ user_id: "7" }), "user_id"],
    ["another call's id", edit({ pbx_call_id: "in_other" }), "pbx_call_id"],
    ["a status that ends the call", edit({ call_status: "missed" }), "call_status"],
    ["what is no form", { method: "POST", body: '{"form":{"phone":true}}' }, undefined],
    ["what is no JSON", { method: "POST", body: "phone=1" }, undefined],
    ["too much", { method: "POST", body: " ".repeat(300_000) }, undefined],
  ])("%s is refused, and the call stays as it is", async (_, init, field) => {
    scene.system.behave(wantsGroup);
    await play(scene.zadarma.start({ ...ring, pbx_call_id: "in_unedited" }));
    const state = () => answerOf("/calls/support/in_unedited") as Promise<{ delivery: string }>;
    await until("it to be stuck", async () => (await state()).delivery === "stuck");
    const answer = await ask("/calls/support/in_unedited/replay", init);
    const problem = (await answer.json()) as { title: string; field?: string };
    expect([answer.status, problem.title, problem.field]).toEqual([400, "Not replayed", field]);
    expect(await state()).toMatchObject({ delivery: "stuck" });
  });

  afterAll(() => scene.system.behave(undefined));
});

test("a malformed webhook is shown with its numbers masked", async () => {
  const answer = await send(scene.zadarma.start(ring));
  expect(answer.status).toBe(400);
  const { webhooks } = (await answerOf("/malformed")) as { webhooks: object[] };
  expect(webhooks).toMatchObject([{ channel: "support", field: "pbx_call_id", method: "POST" }]);
  expect(JSON.stringify(webhooks)).toContain("***2233");
  expect(JSON.stringify(webhooks)).not.toContain("380671112233");
});

test("a stored recording plays, in parts too", async () => {
  const bytes = await sample("mp3");
  scene.zadarmaRecordings.set("17.1", { bytes, type: "audio/mpeg", pbxCallId: "in_recorded" });
  const call = { ...ring, pbx_call_id: "in_recorded" };
  await play(
    scene.zadarma.start(call),
    scene.zadarma.end({ ...call, duration: "3", disposition: "answered", is_recorded: "1", call_id_with_rec: "17.1" }),
    scene.zadarma.record({ pbx_call_id: "in_recorded", call_id_with_rec: "17.1" }),
  );
  await scene.call("in_recorded", ({ ticket }) => ticket.recordings.length === 1);
  const { recordings } = (await answerOf("/calls/support/in_recorded")) as { recordings: { key: string }[] };
  const key = recordings[0]?.key ?? "";
  expect(key).toMatch(/^support\/\d{4}\/\d\d\/\d\d\/in_recorded\/17\.1\.mp3$/);
  const whole = await ask(`/recordings/${key}`);
  expect([whole.status, whole.headers.get("content-type")]).toEqual([200, "audio/mpeg"]);
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
  const part = await ask(`/recordings/${key}`, { headers: { range: "bytes=10-19" } });
  expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 10-19/${bytes.byteLength}`]);
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true);
});

test("a recording of which no call was heard is untold, and told when the operator says what it is", async () => {
  const pbx_call_id = "1781129241.170";
  scene.zadarmaRecordings.set("170.1", { bytes: await sample("mp3"), type: "audio/mpeg", pbxCallId: pbx_call_id });
  await play(scene.zadarma.record({ pbx_call_id, call_id_with_rec: "170.1" }));
  const shown = () => answerOf(`/calls/support/${pbx_call_id}`) as Promise<{ recordings: { state: string }[] }>;
  await until("the recording", async () => (await shown()).recordings[0]?.state === "stored");
  expect(await shown()).toMatchObject({ delivery: "untold" });
  expect(await answerOf("/calls?untold=true")).toMatchObject({ calls: [{ call: pbx_call_id, delivery: "untold" }] });
  const body = JSON.stringify({ form: { direction: "incoming", phone: "+493012345678" } });
  expect((await ask(`/calls/support/${pbx_call_id}/replay`, { method: "POST", body })).status).toBe(202);
  const call = await scene.call(pbx_call_id, ({ ticket }) => ticket.recordings.length === 1);
  expect(call).toMatchObject({ direction: "incoming", phone: "+493012345678", status: "missed" });
  expect(await answerOf("/calls?untold=true")).toEqual({ calls: [] });
  expect(scene.system.violations).toEqual([]);
});

test.each([
  ["/calls?stuk=true", "stuk"],
  ["/calls?stuck=yes", "stuck"],
  ["/calls?untold=1", "untold"],
  ["/calls?before=yesterday", "before"],
])("%s is 400: it would list what was not asked for", async (path, field) => {
  const answer = await ask(path);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
  expect(await answer.json()).toMatchObject({ field });
});

test("what is not there is 404", async () => {
  const paths = [
    "/calls/support/none",
    "/calls/nobody/none",
    "/recordings/support/none.mp3",
    "/recordings/constructor/x",
    "/x",
  ];
  for (const path of paths) expect([path, (await ask(path)).status]).toEqual([path, 404]);
});
