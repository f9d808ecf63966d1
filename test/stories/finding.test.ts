/** He rang, and where is the ticket? What an operator asks of calls that are kept of two helpdesks, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type System, startSystem } from "../standins/system.ts";
import { until } from "./harness.ts";
import { play, type Scene, secrets, setScene } from "./scene.ts";

const token = "finding-token-of-a-test";
const ids = Array.from({ length: 6 }, (_, i) => `in_${i}`);

interface Listed {
  readonly calls: readonly { readonly channel: string; readonly call: string; readonly startedAt: number }[];
  readonly next?: string;
}

let scene: Scene;
let other: System;

beforeAll(async () => {
  other = await startSystem({ channelKeys: [secrets.SALES_CHANNEL_KEY], limit: 1_000_000 });
  scene = await setScene({ sales: { system: other.url, country: "US" }, secrets: { CONSOLE_TOKEN: token } });
  const { twilio, zadarma } = scene;
  const line = "+380443334455";
  for (const id of ids) await play(zadarma.start({ caller_id: "380671112233", called_did: line, pbx_call_id: id }));
  await play(
    zadarma.end({ caller_id: "380671112233", called_did: line, pbx_call_id: "in_0", disposition: "cancel" }),
    zadarma.start({ caller_id: "0447654321", called_did: line, pbx_call_id: "in_near" }),
    ...["+380671112233", "+14155550123"].map((from) =>
      twilio.status(twilio.inbound(from, "+14155550100"), "ringing", 0),
    ),
  );
  await until("all to be told", async () => (await list("delivery=done")).calls.length === ids.length + 3);
});

afterAll(async () => {
  await scene.close();
  await other.close();
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${scene.trunkline.url}/api${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
}

async function list(query: string): Promise<Listed> {
  const answer = await ask(`/calls?${query}`);
  if (answer.status !== 200) throw new Error(`${query} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Listed;
}

async function countOf(query: string): Promise<number> {
  return (await list(query)).calls.length;
}

test("a caller is found by the number as it is read out, typed or pasted, at both helpdesks", async () => {
  for (const spelling of ["+380671112233", "%2B380%20(67)%20111-22-33", "+380 67 111 22 33", "00380671112233"])
    expect([spelling, await countOf(`phone=${spelling}`)]).toEqual([spelling, ids.length + 1]);
  expect(await countOf("phone=067 111 22 33")).toBe(ids.length);
  expect(await countOf("phone=0671112233&channel=sales")).toBe(0);
  expect(await list("phone=044 765 43 21")).toMatchObject({ calls: [{ call: "in_near", phone: "***4321" }] });
  expect(await countOf("phone=(415) 555-0123")).toBe(1);
  expect(await countOf("phone=2233")).toBe(0);
});

test("calls are found by time, status, delivery and recording", async () => {
  const { calls } = await list("");
  const first = calls.at(-1)?.startedAt ?? 0;
  const from = new Date(first).toISOString();
  expect(await countOf(`from=${from}`)).toBe(ids.length + 3);
  expect(await countOf(`to=${from}`)).toBe(0);
  expect(await countOf(`before=${first}`)).toBe(0);
  expect(await list("status=missed")).toMatchObject({ calls: [{ call: "in_0" }] });
  expect(await countOf("delivery=done&status=ringing")).toBe(ids.length + 2);
  for (const none of [
    "delivery=stuck",
    "stuck=true",
    "untold=true",
    "delivery=owed",
    "recording=true",
    "recording=gone",
  ])
    expect([none, await list(none)]).toEqual([none, { calls: [] }]);
  expect(await countOf("recording=false")).toBe(ids.length + 3);
});

test.each([1, 2, 4, 9, 200])("pages of %i bring each call once, whichever helpdesk's it is", async (limit) => {
  const whole = (await list("")).calls.map(({ call }) => call);
  expect(new Set(whole).size).toBe(ids.length + 3);
  const come: string[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const page: Listed = await list(`limit=${limit}${next && `&next=${next}`}`);
    expect(page.calls.length).toBeLessThanOrEqual(limit);
    expect(page.calls.length).toBeGreaterThan(0);
    come.push(...page.calls.map(({ call }) => call));
    next = page.next;
  }
  expect(come).toEqual(whole);
});

test("a call that comes in meanwhile moves nothing", async () => {
  const first = await list("limit=4");
  const rest = await list(`next=${first.next}`);
  await play(scene.zadarma.start({ caller_id: "+380631112233", called_did: "+380443334455", pbx_call_id: "in_new" }));
  await scene.call("in_new");
  expect(await list(`next=${first.next}`)).toEqual(rest);
});

describe("what cannot be answered is not answered with something else:", () => {
  test.each([
    ["GET", "/calls?phnoe=1", 400, "phnoe"],
    ["GET", "/calls?from=yesterday", 400, "from"],
    ["GET", "/calls?next=abc", 400, "next"],
    ["GET", "/calls?channel=nobody", 404, undefined],
    ["GET", "/calls/support/in_0?full=true", 400, "full"],
    ["GET", "/stats?channel=support", 400, "channel"],
    ["GET", "/malformed?before=1", 400, "before"],
    ["POST", "/calls/replay?stuck=true", 400, "stuck"],
    ["POST", "/calls/replay?channel=nobody", 404, undefined],
    ["POST", "/calls/support/in_0/replay?now=true", 400, "now"],
    ["POST", "/calls/support/none/replay", 404, undefined],
  ])("%s %s", async (method, path, status, field) => {
    const answer = await ask(path, { method });
    expect([answer.status, ((await answer.json()) as { field?: string }).field]).toEqual([status, field]);
  });
});
