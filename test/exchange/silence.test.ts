/** Calls that the PBX says no more of: it is asked, where its API tells, long before patience ends. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Helpdesk, openHelpdesk } from "./helpdesk.ts";
import { deploy, exchange, minuteMs, now, pass, rows, support } from "./stage.ts";

const at = Date.now();
const rings: HeardEvent = { call: "in_1", id: "start", direction: "incoming", phone: "+380501234567", heardAt: at };
const talks: HeardEvent = {
  call: "in_1",
  id: "talk",
  leg: { id: "1", party: "agent", status: "in-progress", extension: "101" },
  heardAt: at,
};

let helpdesk: Helpdesk;
/** When the PBX was asked, in minutes after the last that was heard of the call. */
let asked: number[];

beforeEach(async () => {
  await reset();
  vi.restoreAllMocks();
  helpdesk = openHelpdesk();
  asked = [];
  helpdesk.elsewhere = () => {
    asked.push(Math.round((Date.now() - at) / minuteMs));
    return Response.json({ status: "success", stats: [] });
  };
  now(at);
});

afterEach(() => vi.useRealTimers());

async function isOver(): Promise<boolean> {
  return (await rows(exchange(), "SELECT ended_at FROM calls"))[0]?.ended_at !== null;
}

test.each<[string, HeardEvent[], number]>([
  ["rings for ten minutes", [rings], 10],
  ["is talked on for an hour", [rings, talks], 60],
])(
  "a call that %s without a word is asked after, every 20 minutes, and taken for over when silence is",
  async (_, heard, first) => {
    await exchange().record("support", heard);
    await pass(239 * minuteMs);
    expect(await isOver()).toBe(false);
    const due = Array.from({ length: Math.ceil((240 - first) / 20) }, (_, i) => first + 20 * i);
    expect(asked.map((minute, i) => Math.abs(minute - (due[i] ?? 0)) <= 12)).toEqual(due.map(() => true));
    await pass(22 * minuteMs);
    expect(await isOver()).toBe(true);
    expect(helpdesk.ticketOf("in_1")?.comments.join()).toContain("never told how the call ended");
  },
);

test("a shorter silence wins, and the PBX is asked as often before the call is taken for over", async () => {
  await deploy({ CHANNELS: { support: { ...support, silence: 5 } } });
  await exchange().record("support", [rings]);
  await pass(4 * minuteMs);
  expect(asked).toEqual([]);
  await pass(55 * minuteMs);
  expect([asked.length, await isOver()]).toEqual([3, false]);
  await pass(10 * minuteMs);
  expect([asked.length, await isOver()]).toEqual([3, true]);
});
