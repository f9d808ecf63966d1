/** Which of a PBX's ids mean one call is remembered, and what too little was heard of is asked for, with measure. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Helpdesk, openHelpdesk } from "./helpdesk.ts";
import { deploy, exchange, home, minuteMs, now, pass, rows } from "./stage.ts";

const at = Date.now();
const sales = {
  CHANNELS: {
    support: { provider: "zadarma", system: home },
    sales: { provider: "twilio", system: home },
  },
  SALES_CHANNEL_KEY: "sales-key",
  SALES_TWILIO_ACCOUNT_SID: "AC1",
  SALES_TWILIO_AUTH_TOKEN: "token",
};

let helpdesk: Helpdesk;
let asked: string[];

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  asked = [];
  helpdesk.elsewhere = ({ url }) => {
    asked.push(url);
    return new Response("", { status: 404 });
  };
  now(at);
  await deploy(sales);
});

afterEach(() => vi.useRealTimers());

const hear = (...events: HeardEvent[]) => exchange().record("sales", events);
const root: HeardEvent = { call: "CA1", id: "root", direction: "incoming", phone: "+14155550123", heardAt: at };
const leg: HeardEvent = {
  ...{ call: "CA1", id: "leg", ids: ["CA2"], heardAt: at, at: at + 5_000 },
  leg: { id: "CA2", party: "agent", extension: "ann", status: "in-progress" },
};
const legsLeg: HeardEvent = {
  ...{ call: "CA2", id: "leg's leg", ids: ["CA3"], heardAt: at, at: at + 40_000 },
  leg: { id: "CA3", party: "agent", extension: "bob", status: "in-progress" },
};
const recording: HeardEvent = { call: "CA2", id: "re", recording: { id: "RE1", status: "absent" }, heardAt: at };
const end: HeardEvent = { call: "CA1", id: "end", ended: "unanswered", heardAt: at };

describe("what is told of a leg is told of its call", () => {
  test.each([
    ["in the order in which it happened", [root, leg, legsLeg, recording, end]],
    ["the other way round", [end, recording, legsLeg, leg, root]],
    ["the leg's own first", [recording, legsLeg, end, root, leg]],
  ])("%s", async (_, events) => {
    for (const event of events) await hear(event);
    await pass(minuteMs);
    expect(helpdesk.tickets.map(({ pbxCallId }) => pbxCallId)).toEqual(["CA1"]);
    const last = helpdesk.tickets[0]?.statuses.at(-1);
    expect(last).toBe("answered");
    expect(await rows(exchange(), "SELECT call FROM calls")).toEqual([{ call: "CA1" }]);
    expect(await rows(exchange(), "SELECT call, id FROM recordings")).toEqual([{ call: "CA1", id: "RE1" }]);
    expect(await exchange().show({ channel: "sales", call: "CA3" })).toMatchObject({ call: "CA1" });
  });

  test("and forgotten with it", async () => {
    await hear(root, leg, legsLeg, recording, end);
    await pass(99 * 24 * 60 * minuteMs);
    for (const table of ["events", "legs", "calls", "recordings"])
      expect([table, await rows(exchange(), `SELECT * FROM ${table}`)]).toEqual([table, []]);
  });
});

describe("two calls that turn out to be one", () => {
  const agents: HeardEvent = { call: "CA9", id: "agent", direction: "outgoing", extension: "ann", heardAt: at + 3_000 };
  const joins = (call: string): HeardEvent => ({ call, id: `joins ${call}`, room: "CF1", heardAt: at + 4_000 });

  test("go on as the older one", async () => {
    for (const event of [root, joins("CA1"), agents, joins("CA9"), end]) await hear(event);
    await pass(minuteMs);
    expect(helpdesk.tickets.map(({ pbxCallId, statuses }) => [pbxCallId, statuses.at(-1)])).toEqual([
      ["CA1", "answered"],
    ]);
  });

  test("go on as the one that has a ticket, though it is the younger", async () => {
    await hear({ ...agents, phone: "+14155550177" });
    await pass(1_000);
    await hear(joins("CA9"));
    await hear({ ...root, startedAt: at - 9_000, room: "CF1" });
    await hear(end);
    await pass(minuteMs);
    expect(helpdesk.tickets.map(({ pbxCallId, statuses }) => [pbxCallId, statuses.at(-1)])).toEqual([
      ["CA9", "answered"],
    ]);
  });

  test("stay two where each has a ticket, and each is told to its end", async () => {
    await hear(root, { ...agents, phone: "+14155550177" });
    await pass(1_000);
    await hear(joins("CA1"), joins("CA9"));
    await hear(end, { call: "CA9", id: "end", ended: "canceled", heardAt: at + 5_000 });
    await pass(minuteMs);
    expect(helpdesk.tickets.map(({ pbxCallId, statuses }) => [pbxCallId, statuses.at(-1)]).sort()).toEqual([
      ["CA1", "missed"],
      ["CA9", "canceled"],
    ]);
  });
});

describe("of a root that is over, and whose legs nobody heard of", () => {
  const resource = (sid: string, more: object) => ({
    sid,
    status: "completed",
    direction: "inbound",
    from: "+14155550123",
    to: "+18005550100",
    ...more,
  });

  test("the PBX is asked, once, before anybody is told that it was missed", async () => {
    helpdesk.elsewhere = ({ url }) => {
      asked.push(url);
      const legs = [
        resource("CA2", { parent_call_sid: "CA1", direction: "outbound-dial", to: "client:ann", duration: "30" }),
      ];
      return Response.json(url.includes("Calls.json") ? { calls: legs } : resource("CA1", { duration: "40" }));
    };
    await hear(root);
    await pass(500);
    await hear({ ...end, heardAt: at + 500 });
    await pass(5_000);
    expect(helpdesk.tickets.map(({ statuses }) => statuses.at(-1))).toEqual(["answered"]);
    await pass(5 * minuteMs);
    expect(asked).toHaveLength(2);
  });

  test("what is known is told once the PBX said that it does not know", async () => {
    await hear(root, end);
    await pass(1_000);
    expect(helpdesk.tickets).toEqual([]);
    await pass(2_000);
    expect(helpdesk.tickets.map(({ statuses }) => statuses.at(-1))).toEqual(["missed"]);
    await pass(5 * minuteMs);
    expect(asked).toHaveLength(1);
  });

  test("what is known is told after ten seconds, whatever becomes of asking", async () => {
    helpdesk.elsewhere = () => {
      throw new Error("nobody is there");
    };
    await hear(root, end);
    await deploy(sales);
    await pass(9_000);
    await pass(3_000);
    expect(helpdesk.tickets.map(({ statuses }) => statuses.at(-1))).toEqual(["missed"]);
  });

  test("nobody is asked where a leg was heard of", async () => {
    await hear(root, leg, end);
    await pass(minuteMs);
    expect([asked, helpdesk.tickets.length]).toEqual([[], 1]);
  });
});

test("a PBX is asked no more often than it allows, whatever is due", async () => {
  const times: number[] = [];
  helpdesk.elsewhere = ({ url }) => {
    times.push(Date.now());
    if (url.includes("/record/request/"))
      return Response.json({ status: "success", link: "https://api.zadarma.com/r.mp3" });
    return new Response(new Uint8Array([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0]), {
      headers: { "content-type": "audio/mpeg" },
    });
  };
  const storm = Array.from({ length: 150 }, (_, i): HeardEvent => {
    const recording = { id: `1790000000.${i}`, status: "ready" } as const;
    return {
      call: `in_${i}`,
      id: "end",
      direction: "incoming",
      phone: "+380501112233",
      ended: "missed",
      recording,
      heardAt: at,
    };
  });
  await exchange().record("support", storm);
  await pass(10 * minuteMs);
  const inAMinute = times.map((from) => times.filter((time) => time >= from && time < from + minuteMs).length);
  expect(Math.max(...inAMinute)).toBeLessThanOrEqual(100);
  expect(await rows(exchange(), "SELECT count(*) AS n FROM recordings WHERE state = 'waiting'")).toEqual([{ n: 0 }]);
  expect(times.length).toBe(300);
});
