/** A call that was never told and never will be has a name, and a way to be told after all. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Helpdesk, openHelpdesk } from "./helpdesk.ts";
import { archive, dayMs, deploy, exchange, minuteMs, now, pass, rows, support } from "./stage.ts";
import { configure } from "./worker.ts";

const at = Date.now();
/** All that was ever heard of the call: that it was recorded. */
const recorded: HeardEvent = { call: "17.1", id: "recorded", heardAt: at, recording: { id: "17.1", status: "ready" } };
const key = { channel: "support", call: "17.1" };

let helpdesk: Helpdesk;

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  helpdesk.elsewhere = ({ url }) =>
    url.includes("/record/request/")
      ? Response.json({ status: "success", link: "https://api.zadarma.com/file.mp3" })
      : url.endsWith(".mp3")
        ? new Response("ID3 and so on", { headers: { "content-length": "13" } })
        : new Response("down", { status: 503 });
  now(at);
  configure({ CHANNELS: { support: { ...support, country: "DE" } } });
});

afterEach(() => vi.useRealTimers());

function shown() {
  return exchange().show(key);
}

test("a lone recording is untold, listed so, and no other is", async () => {
  const rings: HeardEvent = { call: "in_1", id: "start", direction: "incoming", phone: "+380501234567", heardAt: at };
  await exchange().record("support", [recorded, rings]);
  await pass(6 * 60 * minuteMs);
  expect(await shown()).toMatchObject({ delivery: "untold", recordings: [{ state: "stored" }] });
  expect((await exchange().list({ delivery: "untold", most: 10 })).calls).toMatchObject([{ call: "17.1" }]);
  expect((await exchange().list({ delivery: "untold", channel: "other", most: 10 })).calls).toEqual([]);
  expect(await exchange().stats()).toMatchObject({ calls: 2, untold: 1, stuck: 0 });
  expect(helpdesk.ticketOf("17.1")).toBeUndefined();
});

test.each<[string, { phone?: string }, string]>([
  ["with its number", { phone: "+493012345678" }, "+493012345678"],
  ["with its number as it is written at home", { phone: "030 12345678" }, "+493012345678"],
  ["as one whose caller hid the number", {}, "anonymous"],
])("the operator tells it, %s, and its recording goes along", async (_, said, phone) => {
  await exchange().record("support", [recorded]);
  await pass(minuteMs);
  expect(await exchange().replay(key, { direction: "incoming", ...said, "group_ids[]": ["7"] })).toMatchObject({
    kind: "replayed",
  });
  await pass(minuteMs);
  expect(helpdesk.tickets).toMatchObject([
    {
      pbxCallId: "17.1",
      fields: { direction: "incoming", phone, "group_ids[]": "7" },
      statuses: ["missed", "missed"],
      files: 1,
    },
  ]);
  expect(await shown()).toMatchObject({ delivery: "done", ticket: "1001" });
  expect((await exchange().list({ delivery: "untold", most: 10 })).calls).toEqual([]);
});

test("what the operator says that is no form of the system's is refused, and the call stays untold", async () => {
  await exchange().record("support", [recorded]);
  await pass(6 * 60 * minuteMs);
  expect(await exchange().replay(key, { direction: "sideways" })).toMatchObject({ field: "form" });
  expect(await exchange().replay(key, { direction: "incoming", pbx_call_id: "x" })).toMatchObject({
    field: "pbx_call_id",
  });
  expect(await shown()).toMatchObject({ delivery: "untold" });
  expect(await rows(exchange(), "SELECT id FROM events ORDER BY id")).toEqual([
    // The PBX was asked, and knew nothing of it.
    { id: "asked" },
    { id: "recorded" },
    { id: "unheard" },
  ]);
});

test("more that is heard of it tells it after all", async () => {
  await exchange().record("support", [recorded]);
  await pass(minuteMs);
  await exchange().record("support", [
    { ...recorded, id: "end", recording: undefined, direction: "outgoing", ended: "answered" },
  ]);
  await pass(minuteMs);
  expect(helpdesk.ticketOf("17.1")).toMatchObject({ fields: { direction: "outgoing", phone: "anonymous" } });
});

test("it is forgotten with its audio, retention days after it was last heard of", async () => {
  await deploy({ CHANNELS: { support: { ...support, recordings: { retention: 2 } } } });
  await exchange().record("support", [recorded]);
  await pass(6 * 60 * minuteMs);
  const [row] = await rows(exchange(), "SELECT key FROM recordings");
  expect(await archive.head(String(row?.key))).not.toBeNull();
  await pass(dayMs);
  expect(await shown()).toBeDefined();
  await pass(2 * dayMs);
  expect(await shown()).toBeUndefined();
  expect(await archive.head(String(row?.key))).toBeNull();
});
