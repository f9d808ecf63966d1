/** What Zadarma's statistics say of a call whose end was never heard, and what the call becomes by it. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { inquire } from "../../src/inquiries/inquire.ts";
import type { Account, CallState } from "../../src/providers/provider.ts";
import { type ZadarmaSettings, zadarma } from "../../src/providers/zadarma.ts";
import { type Pbx, startPbx } from "../standins/media.ts";
import type { Webhook } from "../standins/webhook.ts";
import { type ZadarmaStatistic, zadarmaApi, zadarmaPbx } from "../standins/zadarma.ts";
import { hear } from "./hearing.ts";

const key = "15f5d5f5d5f5d5f5d5f5";
const secret = "sk000000000000000000";
const hookUrl = "https://hooks.example/hooks/support";
/** 12:00 by the clocks of Kyiv. */
const began = Date.UTC(2026, 8, 1, 9);
const askedAt = began + 4 * 60 * 60_000;
const pbx = zadarmaPbx({ key, secret, hookUrl });

let statistics: ZadarmaStatistic[];
let server: Pbx;
let clock: { now: number };

beforeEach(async () => {
  statistics = [];
  clock = { now: askedAt };
  server = await startPbx({ handlers: [zadarmaApi({ key, secret, recordings: new Map(), statistics, now })] });
});
afterEach(() => server.close());
const now = () => clock.now;

function accountWith(time_zone?: string, more: Partial<Account<ZadarmaSettings>> = {}): Account<ZadarmaSettings> {
  const secrets = new Map([
    ["ZADARMA_KEY", key],
    ["ZADARMA_SECRET", secret],
  ]);
  return { settings: zadarma.settings.parse({ time_zone }), secrets, hookUrl, lines: [], api: server.url, ...more };
}

const incoming = "in_0123456789abcdef0123456789abcdef01234567";
const outgoing = "out_0123456789abcdef0123456789abcdef01234567";
const customer = "+380671112233";
const call_start = "2026-09-01 12:00:00";
const reached = { pbx_call_id: incoming, call_start, caller_id: customer, called_did: "380443334455" };
const dialled = { pbx_call_id: outgoing, call_start, destination: customer, internal: "100" };

let rows = 0;
/** `who`: the extension that the row is of. */
function row(who: string | number, disposition: string, seconds: number, more: Partial<ZadarmaStatistic> = {}) {
  return {
    call_id: `1781129241.266${String(rows++).padStart(5, "0")}`,
    sip: who,
    callstart: call_start,
    clid: `Olena (${customer})`,
    destination: "380443334455",
    disposition,
    seconds,
    is_recorded: false,
    pbx_call_id: incoming,
    ...more,
  };
}

function rowOut(who: string | number, disposition: string, seconds: number, more: Partial<ZadarmaStatistic> = {}) {
  return row(who, disposition, seconds, { clid: "Olena (100)", destination: customer, pbx_call_id: outgoing, ...more });
}

async function stateOf(call: string, by = accountWith("Europe/Kyiv")): Promise<CallState> {
  const [told] = await inquire(zadarma.state, [{ call, startedAt: began, heardAt: began + 60_000 }], by);
  expect(told?.call).toBe(call);
  return told?.state ?? { kind: "unknown", why: "nothing was told" };
}

async function told(call: string, by = accountWith("Europe/Kyiv")): Promise<HeardEvent[]> {
  const state = await stateOf(call, by);
  if (state.kind !== "over") throw new Error(`${state.kind}, not over`);
  return state.events.map((event) => ({ ...event, heardAt: askedAt }));
}

async function heardOf(webhooks: readonly Webhook[], at = began): Promise<HeardEvent[]> {
  return (await Promise.all(webhooks.map((webhook) => hear(zadarma, accountWith(), webhook, at)))).flat();
}

const talk = (extension: string) => expect.objectContaining({ extension });
const start = () => pbx.start(reached);
const rings = (internal: string) => pbx.internal({ ...reached, internal });
const menu = row(0, "answered", 90, { sip: customer, destination: "5" });

type Case = readonly [title: string, heard: Webhook[], says: ZadarmaStatistic[], becomes: Partial<Call>];

const over: Case[] = [
  [
    "an agent talked",
    [start(), rings("100")],
    [row(100, "answered", 33)],
    { direction: "incoming", phone: customer, status: "answered", talks: [talk("100")], seconds: 33 },
  ],
  [
    "the extension stands in the other field, as a login",
    [start()],
    [row(customer, "answered", 33, { destination: "499499-100" })],
    { status: "answered", talks: [talk("100")], seconds: 33 },
  ],
  [
    "it was handed over",
    [start(), rings("101")],
    [row(100, "answered", 12, { callstart: "2026-09-01 12:00:40" }), row(101, "answered", 30)],
    { status: "answered", talks: [talk("101"), talk("100")], seconds: 42 },
  ],
  [
    "of a ring group one took it",
    [start(), rings("100"), rings("101")],
    [row(100, "no answer", 0), row(101, "answered", 20)],
    { status: "answered", talks: [talk("101")], rung: ["100", "101"], seconds: 20 },
  ],
  [
    "a menu picked up, an agent did not",
    [start(), rings("100")],
    [menu, row(100, "no answer", 20)],
    { status: "missed", talks: [], seconds: undefined },
  ],
  ["a menu and an agent", [start()], [menu, row(100, "answered", 40)], { status: "answered", seconds: 40 }],
  ["the caller gave up", [start()], [row(customer, "cancel", 5)], { status: "missed", talks: [] }],
  [
    "who calls from a SIP number is no extension",
    [pbx.internal({ ...reached, caller_id: "312233", internal: "100" })],
    [row("312233", "answered", 90, { destination: "499499" }), row(100, "no answer", 20)],
    { phone: "312233", status: "missed", talks: [], internal: false },
  ],
  [
    "the mailbox took what an extension did not",
    [start(), rings("102")],
    [row(102, "no answer", 20), row(8500, "answered", 22)],
    { status: "missed", talks: [] },
  ],
  [
    "a local number was called",
    [pbx.outStart({ ...dialled, destination: "223344" })],
    [rowOut(100, "answered", 31, { destination: "223344" })],
    { direction: "outgoing", phone: "223344", status: "answered", talks: [talk("100")], internal: false },
  ],
  ["it was busy", [start()], [row(100, "busy", 0)], { status: "busy" }],
  ["busy and unanswered", [start()], [row(100, "busy", 0), row(101, "no answer", 20)], { status: "missed" }],
  [
    "it could not be put through",
    [start()],
    [row(100, "line limit", 0)],
    { status: "failed", notes: ["line limit"], talks: [] },
  ],
  ["an answer without an extension", [start()], [row(customer, "answered", 9)], { status: "answered", talks: [] }],
  [
    "who picked up was heard",
    [start(), pbx.answer({ ...reached, destination: "100", internal: "100" })],
    [row(100, "answered", 33)],
    { status: "answered", talks: [talk("100")], seconds: 33 },
  ],
  [
    "it was recorded, by an id in text",
    [start()],
    [row(100, "answered", 33, { call_id: "1781129241.26640977", is_recorded: "true" })],
    { recordings: [{ id: "1781129241.26640977", status: "expected" }] },
  ],
  [
    "it was recorded, by an id that lost its last digits as a number",
    [start()],
    [row(100, "answered", 33, { call_id: 1781129241.266409, is_recorded: true })],
    { recordings: [{ id: "", status: "expected" }] },
  ],
  [
    "a call that went out was answered",
    [pbx.outStart(dialled)],
    [rowOut(100, "answered", 51)],
    { direction: "outgoing", phone: customer, status: "answered", talks: [talk("100")], seconds: 51 },
  ],
  [
    "one that went out was handed over",
    [pbx.outStart(dialled)],
    [rowOut(100, "answered", 20), rowOut(101, "answered", 30, { callstart: "2026-09-01 12:00:25" })],
    { status: "answered", talks: [talk("100"), talk("101")], seconds: 50 },
  ],
  ["one that went out was given up", [pbx.outStart(dialled)], [rowOut(100, "cancel", 4)], { status: "canceled" }],
  ["one that went out was not answered", [pbx.outStart(dialled)], [rowOut(100, "no answer", 0)], { status: "missed" }],
  ["one that went out failed", [pbx.outStart(dialled)], [rowOut(100, "call failed", 0)], { status: "failed" }],
];

describe("a call that the statistics list becomes what it was", () => {
  test.each(over)("%s", async (_, webhooks, says, becomes) => {
    statistics.push(...says, row(100, "answered", 999, { pbx_call_id: "in_another" }));
    const heard = await heardOf(webhooks);
    const [call = ""] = heard.map((event) => event.call);
    const events = await told(call);
    const whole = fold(call, [...heard, ...events]);
    expect(whole).toMatchObject({ startedAt: began, ...becomes });
    expect(whole.endedAt).toBeGreaterThanOrEqual(began);
    expect(whole.endedAt).toBeLessThan(began + 120_000);
    fc.assert(
      fc.property(fc.shuffledSubarray([...heard, ...events]), (order) => {
        expect(fold(call, [...order, ...heard, ...events])).toEqual(whole);
      }),
      { numRuns: 30, seed: 20261125 },
    );
  });

  test("whatever the order of its rows", async () => {
    const says = [menu, row(100, "answered", 30), row(101, "answered", 12)];
    statistics.push(...says);
    const events = await told(incoming);
    statistics.splice(0, statistics.length, ...says.toReversed());
    expect(await told(incoming)).toEqual(events);
  });

  test("and the same by its end that comes after all", async () => {
    statistics.push(row(100, "answered", 33));
    const talked = { internal: "100", last_internal: "100", duration: "33", disposition: "answered", is_recorded: "0" };
    const heard = await heardOf([start(), pbx.end({ ...reached, ...talked })], askedAt + 1);
    const call = fold(incoming, [...heard, ...(await told(incoming))]);
    expect(call).toMatchObject({ status: "answered", talks: [talk("100")], seconds: 33, notes: [] });
  });

  test("by our own clock where nobody knows Zadarma's", async () => {
    statistics.push(row(100, "answered", 33));
    expect(fold(incoming, await told(incoming, accountWith()))).toMatchObject({ status: "answered", endedAt: askedAt });
  });

  test("by the extensions that the channel names", async () => {
    statistics.push(row(8500, "answered", 33));
    const extensions = [{ from: "8500", to: "8599" }];
    const call = fold(incoming, await told(incoming, accountWith("Europe/Kyiv", { extensions })));
    expect(call).toMatchObject({ status: "answered", talks: [talk("8500")] });
  });

  test("though another's row is none", async () => {
    const answer = { status: "success", stats: [null, { pbx_call_id: 5 }, row(100, "answered", 33)] };
    const asked = { call: incoming, startedAt: began, heardAt: began };
    expect(zadarma.state.read([answer], asked, accountWith())).toMatchObject({ kind: "over" });
  });
});

describe("what became of a call is unknown", () => {
  test("when the statistics do not list it: it may be alive", async () => {
    statistics.push(row(100, "answered", 33, { pbx_call_id: "in_another" }));
    expect(await stateOf(incoming)).toEqual({ kind: "unknown", why: "the statistics do not list the call" });
  });

  test("when the keys are refused", async () => {
    const secrets = new Map([
      ["ZADARMA_KEY", key],
      ["ZADARMA_SECRET", "other"],
    ]);
    const state = await stateOf(incoming, accountWith(undefined, { secrets }));
    expect(state).toEqual({ kind: "unknown", why: "the PBX answered 401" });
  });

  test("when the limit is reached, which is HTTP 200", async () => {
    statistics.push(row(100, "answered", 33));
    for (let i = 0; i < 3; i++) expect(await stateOf(incoming)).toMatchObject({ kind: "over" });
    expect(await stateOf(incoming)).toEqual({ kind: "unknown", why: "You exceeded the rate limit" });
    clock.now += 60_000;
    expect(await stateOf(incoming)).toMatchObject({ kind: "over" });
  });

  test("and of a refusal only what is short and neither secret nor number is kept", () => {
    const answer = { status: "error", message: `${key}:${"c2lnbmF0dXJl".repeat(4)} may not ask after ${customer}` };
    const asked = { call: incoming, startedAt: began, heardAt: began };
    const state = zadarma.state.read([answer], asked, accountWith());
    expect(state).toEqual({ kind: "unknown", why: "...:... may not ask after +***2233" });
  });

  test.each([
    ["nothing", undefined],
    ["a page", "<html>"],
    ["no rows", { status: "success" }],
    ["a failure with rows", { status: "error", stats: [{ pbx_call_id: incoming }] }],
  ])("when the answer is %s", (_, answer) => {
    const asked = { call: incoming, startedAt: began, heardAt: began };
    const why = "the answer is no statistics of Zadarma's";
    expect(zadarma.state.read([answer], asked, accountWith())).toEqual({ kind: "unknown", why });
  });
});

describe("what is asked for", () => {
  const asked = async (by: Account<ZadarmaSettings>, ...calls: [startedAt: number, heardAt: number][]) => {
    const all = calls.map(([startedAt, heardAt], i) => ({ call: `in_${i}`, startedAt, heardAt }));
    const [inquiry, ...more] = await zadarma.state.inquire(all, by);
    expect(more).toEqual([]);
    expect(inquiry?.calls).toEqual(all);
    expect(inquiry?.requests).toHaveLength(1);
    return new URL(inquiry?.requests[0]?.url ?? "");
  };
  const window = ({ searchParams }: URL) => [searchParams.get("start"), searchParams.get("end")];

  test("are an hour more than the calls took, by the account's clock", async () => {
    const url = await asked(accountWith("Europe/Kyiv"), [began, began + 60_000]);
    expect(window(url)).toEqual(["2026-09-01 11:00:00", "2026-09-01 13:01:00"]);
  });

  test("are as much more as clocks may differ, where nobody knows Zadarma's", async () => {
    const url = await asked(accountWith(), [began, began + 60_000]);
    expect(window(url)).toEqual(["2026-08-31 20:00:00", "2026-09-02 00:01:00"]);
  });

  test("are Moscow's hours at Novofon", async () => {
    const url = await asked(accountWith(undefined, { api: "https://api.novofon.com" }), [began, began]);
    expect(url.origin).toBe("https://api.novofon.com");
    expect(window(url)).toEqual(["2026-09-01 11:00:00", "2026-09-01 13:00:00"]);
  });

  test("are those of all calls at once, since three requests a minute are allowed", async () => {
    const minute = 60_000;
    const url = await asked(accountWith("UTC"), [began, began + minute], [began - 10 * minute, began + 5 * minute]);
    expect(window(url)).toEqual(["2026-09-01 07:50:00", "2026-09-01 10:05:00"]);
  });

  test("are Zadarma's where nothing else is configured", async () => {
    const url = await asked(accountWith("UTC", { api: undefined }), [began, began]);
    expect(`${url.origin}${url.pathname}`).toBe("https://api.zadarma.com/v1/statistics/pbx/");
  });
});
