/** What Twilio's API says of a call whose end was never heard, and what the call becomes by it. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { inquire } from "../../src/inquiries/inquire.ts";
import type { Account, CallState } from "../../src/providers/provider.ts";
import { twilio } from "../../src/providers/twilio.ts";
import type { TwilioSettings } from "../../src/providers/twilio-settings.ts";
import { type Pbx, startPbx } from "../standins/media.ts";
import { type Leg, twilioPbx } from "../standins/twilio.ts";
import { resourceOf, type TwilioCall, twilioApi } from "../standins/twilio-api.ts";
import type { Webhook } from "../standins/webhook.ts";
import { hear } from "./hearing.ts";

const accountSid = `AC${"0".repeat(31)}1`;
const authToken = "auth-token-of-a-test";
const customer = "+14155550123";
const line = "+14155550100";
const began = Date.UTC(2026, 8, 1, 9);
const askedAt = began + 4 * 60 * 60_000;

const pbx = twilioPbx({ accountSid, authToken, hookUrl: "https://hooks.example/hooks/sales", startedAt: began });

let calls: TwilioCall[];
let server: Pbx;
let account: Account<TwilioSettings>;

beforeEach(async () => {
  calls = [];
  server = await startPbx({ handlers: [twilioApi({ account: accountSid, password: authToken, calls })] });
  account = {
    settings: twilio.settings.parse({}),
    secrets: new Map([
      ["TWILIO_ACCOUNT_SID", accountSid],
      ["TWILIO_AUTH_TOKEN", authToken],
    ]),
    hookUrl: "https://hooks.example/hooks/sales",
    api: server.url,
    lines: [],
  };
});
afterEach(() => server.close());

/** What the API says of a leg that lasted `seconds`, and ended so long after the call began. */
function says(leg: Leg, status: string, seconds?: number, ended?: number): TwilioCall {
  return { ...leg, status, duration: seconds, startedAt: began, endedAt: ended && began + ended * 1000 };
}

async function stateOf(call: string, by = account): Promise<CallState> {
  const told = await inquire(twilio.state, [{ call, startedAt: began, heardAt: began }], by);
  expect(told.map((inquired) => inquired.call)).toEqual([call]);
  return told[0]?.state ?? { kind: "unknown", why: "nothing was told" };
}

async function told(call: string): Promise<HeardEvent[]> {
  const state = await stateOf(call);
  if (state.kind !== "over") throw new Error(`${state.kind}, not over`);
  return state.events.map((event) => ({ ...event, heardAt: askedAt }));
}

const root = pbx.inbound(customer, line);
const ann = pbx.dialled(root, "client:ann");
const bob = pbx.dialled(root, "client:bob");
const placed = pbx.placed(line, customer);
const clickToCall = pbx.placed(line, "client:ann");
const called = pbx.dialled(clickToCall, customer, line);
const softphone = pbx.inbound("client:ann", "");
const reached = pbx.dialled(softphone, customer, line);

type Row = readonly [title: string, heard: Webhook[], says: TwilioCall[], becomes: Partial<Call>];
const talk = (extension: string, seconds?: number) => expect.objectContaining({ extension, seconds });

const over: Row[] = [
  [
    "an agent talked",
    [pbx.voice(root), pbx.status(ann, "ringing", 2)],
    [says(root, "completed", 47, 47), says(ann, "completed", 38, 47)],
    { direction: "incoming", phone: customer, line, status: "answered", talks: [talk("ann", 38)], seconds: 38 },
  ],
  [
    "the other of a ring group talked",
    [pbx.voice(root), pbx.status(ann, "ringing", 2), pbx.status(bob, "ringing", 2)],
    [says(root, "completed", 26, 26), says(ann, "no-answer", 0, 6), says(bob, "completed", 20, 26)],
    { status: "answered", talks: [talk("bob", 20)], rung: ["ann", "bob"], seconds: 20 },
  ],
  [
    "who picked up was heard, the rest was not",
    [pbx.voice(root), pbx.status(ann, "in-progress", 9)],
    [says(root, "completed", 47, 47), says(ann, "completed", 38, 47)],
    { status: "answered", talks: [talk("ann", 38)] },
  ],
  [
    "the call was handed over",
    [pbx.voice(root), pbx.status(ann, "in-progress", 5)],
    [says(root, "completed", 70, 70), says(ann, "completed", 30, 35), says(bob, "completed", 25, 70)],
    { status: "answered", talks: [talk("ann", 30), talk("bob", 25)], seconds: 55 },
  ],
  [
    "nobody took it",
    [pbx.voice(root), pbx.status(ann, "ringing", 2)],
    [says(root, "completed", 22, 22), says(ann, "no-answer", 0, 22)],
    { status: "missed", talks: [], seconds: undefined },
  ],
  ["it was busy", [pbx.voice(root)], [says(root, "completed", 5, 5), says(ann, "busy", 0, 5)], { status: "busy" }],
  ["a menu was all", [pbx.voice(root)], [says(root, "completed", 31, 31)], { status: "missed", talks: [] }],
  ["the caller gave up", [pbx.voice(root)], [says(root, "canceled", 0, 8)], { status: "missed" }],
  [
    "a leg was hung up as it was picked up",
    [pbx.voice(root)],
    [says(root, "completed", 9, 9), says(ann, "completed", 0, 9)],
    { status: "missed", talks: [] },
  ],
  [
    "only a leg of it was heard",
    [pbx.status(ann, "ringing", 2)],
    [says(root, "completed", 47, 47), says(ann, "completed", 38, 47)],
    { direction: "incoming", guessed: false, phone: customer, line, status: "answered" },
  ],
  [
    "a call that was placed is answered",
    [pbx.status(placed, "ringing", 1)],
    [says(placed, "completed", 49, 57)],
    { direction: "outgoing", phone: customer, line, status: "answered", seconds: 49 },
  ],
  [
    "a machine answered it",
    [pbx.status(placed, "ringing", 1)],
    [{ ...says(placed, "completed", 12, 20), answeredBy: "machine_start" }],
    { status: "answered", notes: ["Answered by an answering machine."] },
  ],
  ["it fails", [pbx.status(placed, "ringing", 1)], [says(placed, "failed", 0, 3)], { status: "failed" }],
  [
    "click-to-call reaches the customer",
    [pbx.status(clickToCall, "in-progress", 4)],
    [says(clickToCall, "completed", 60, 64), says(called, "completed", 51, 64)],
    { direction: "outgoing", phone: customer, status: "answered", talks: expect.arrayContaining([talk("ann", 60)]) },
  ],
  [
    "click-to-call reaches nobody",
    [pbx.status(clickToCall, "ringing", 1)],
    [says(clickToCall, "no-answer", 0, 30)],
    { direction: "outgoing", status: "canceled" },
  ],
  [
    "a softphone's call is answered",
    [pbx.voice(softphone)],
    [says(softphone, "completed", 33, 33), says(reached, "completed", 21, 33)],
    { direction: "outgoing", phone: customer, status: "answered", talks: [talk("ann", 21)] },
  ],
];

describe("a call that is over becomes", () => {
  test.each(over)("what it was: %s", async (_, webhooks, said, becomes) => {
    calls.push(...said);
    const heard = (await Promise.all(webhooks.map((webhook) => hear(twilio, account, webhook, began)))).flat();
    const [call = ""] = heard.map((event) => event.call);
    const events = await told(call);
    const whole = fold(call, [...heard, ...events]);
    expect(whole).toMatchObject({ ...becomes, endedAt: began + Math.max(...ends(said)) });
    fc.assert(
      fc.property(fc.shuffledSubarray([...heard, ...events, ...events], { minLength: heard.length }), (order) => {
        expect(fold(call, [...order, ...heard, ...events])).toEqual(whole);
      }),
      { numRuns: 30, seed: 20261125 },
    );
  });

  test("the same as by the webhooks that come after all", async () => {
    const [leg, call] = [says(ann, "completed", 38, 47), says(root, "completed", 47, 47)];
    calls.push(leg, call);
    const late = [
      pbx.voice(root),
      pbx.status(ann, "in-progress", 9),
      pbx.status(ann, "completed", 47, { CallDuration: "38" }),
      pbx.dial(root, "completed", { DialCallSid: ann.sid, DialCallDuration: "38", DialBridged: "true" }),
      pbx.status(root, "completed", 47, { CallDuration: "47" }),
    ];
    const heard = (await Promise.all(late.map((webhook) => hear(twilio, account, webhook, askedAt + 1)))).flat();
    const { firstHeardAt: _, endHeardAt: __, ...whole } = fold(root.sid, heard);
    expect(fold(root.sid, [...(await told(root.sid)), ...heard])).toMatchObject(whole);
  });

  test("its parent's, where it was the call of none: a leg's id led to it", async () => {
    calls.push(says(root, "completed", 47, 47), says(ann, "completed", 38, 47));
    const state = await stateOf(ann.sid);
    expect(state).toMatchObject({
      kind: "over",
      events: [{ call: root.sid, ids: [ann.sid], leg: { id: ann.sid, status: "answered" }, asked: true }],
    });
    expect(state.kind === "over" && state.events.some(({ ended }) => ended)).toBe(false);
  });

  test("nothing where only a conference is known", async () => {
    expect(await inquire(twilio.state, [{ call: "CF1", startedAt: began, heardAt: began }], account)).toEqual([]);
  });

  test("what its webhooks said where they knew better: a leg that was never joined", async () => {
    calls.push(says(root, "completed", 16, 16), says(ann, "completed", 6, 15));
    const declined = pbx.dial(root, "completed", { DialCallSid: ann.sid, DialCallDuration: "6", DialBridged: "false" });
    const heard = await hear(twilio, account, declined, began);
    expect(fold(root.sid, [...heard, ...(await told(root.sid))])).toMatchObject({ status: "missed", talks: [] });
  });
});

/** When each leg without a parent ended, in ms after the call began. */
function ends(said: readonly TwilioCall[]): number[] {
  return said.flatMap(({ parent, endedAt }) => (parent === undefined && endedAt !== undefined ? endedAt - began : []));
}

describe("a call is alive", () => {
  test.each(["queued", "initiated", "ringing", "in-progress"])("while it is %s", async (status) => {
    calls.push(says(root, status), says(ann, "in-progress"));
    expect(await stateOf(root.sid)).toEqual({ kind: "alive" });
  });
});

describe("what became of a call is unknown", () => {
  test("when Twilio does not know it", async () => {
    expect(await stateOf(root.sid)).toEqual({ kind: "unknown", why: "the PBX answered 404" });
  });

  test("when the credentials are refused", async () => {
    calls.push(says(root, "completed", 1, 1));
    const secrets = new Map([...account.secrets, ["TWILIO_AUTH_TOKEN", "other"]]);
    expect(await stateOf(root.sid, { ...account, secrets })).toEqual({ kind: "unknown", why: "the PBX answered 401" });
  });

  test("when nothing is there that answers", async () => {
    await server.close();
    expect(await stateOf(root.sid)).toEqual({ kind: "unknown", why: "the PBX could not be reached" });
  });

  const ended = resourceOf(accountSid, says(root, "completed", 47, 47));
  const none = "the answer is no call of Twilio's";
  test.each<[title: string, answers: unknown[], why: string]>([
    ["without its legs", [ended, undefined], none],
    ["with something else for its legs", [ended, { calls: "none" }], none],
    ["without itself", [undefined, { calls: [] }], none],
    ["with another call", [{ ...ended, sid: ann.sid }, { calls: [] }], none],
    ["with a page", ["<html>", "<html>"], none],
    [
      "with a status of tomorrow",
      [{ ...ended, status: "teleported" }, { calls: [] }],
      "the call has a status that Twilio does not document",
    ],
  ])("when the answer comes %s", (_, answers, why) => {
    const asked = { call: root.sid, startedAt: began, heardAt: began };
    expect(twilio.state.read(answers, asked, account)).toEqual({ kind: "unknown", why });
  });
});

describe("what is asked", () => {
  test("is the call and its legs, by the account's credentials", async () => {
    calls.push(says(root, "completed", 1, 1));
    await stateOf(root.sid);
    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
    expect(server.requests).toMatchObject([
      { path: `/2010-04-01/Accounts/${accountSid}/Calls/${root.sid}.json`, query: "", headers: { authorization } },
      { query: `?PageSize=200&ParentCallSid=${root.sid}`, headers: { authorization } },
    ]);
  });

  test("is Twilio where nothing else is configured", async () => {
    const asked = { call: root.sid, startedAt: began, heardAt: began };
    const inquiries = await twilio.state.inquire([asked, asked], { ...account, api: undefined });
    expect(inquiries).toHaveLength(2);
    for (const { requests } of inquiries) {
      for (const { url } of requests) expect(new URL(url).origin).toBe("https://api.twilio.com");
    }
  });

  test("of one call does not depend on another's", async () => {
    calls.push(says(root, "completed", 31, 31));
    const asked = [placed.sid, root.sid].map((call) => ({ call, startedAt: began, heardAt: began }));
    const states = await inquire(twilio.state, asked, account);
    expect(states.map(({ call, state }) => [call, state.kind])).toEqual([
      [placed.sid, "unknown"],
      [root.sid, "over"],
    ]);
  });
});
