/** Twilio: what every provider must do, and its own traps. */
import { describe, expect, test } from "vitest";
import { fold } from "../../src/calls/call.ts";
import type { CallEvent } from "../../src/calls/event.ts";
import type { Account, Reading } from "../../src/providers/provider.ts";
import { twilio } from "../../src/providers/twilio.ts";
import type { TwilioSettings } from "../../src/providers/twilio-settings.ts";
import { maxAheadMs, maxLateMs } from "../../src/verify/window.ts";
import { type Fields, type Leg, stories, twilioPbx } from "../standins/twilio.ts";
import type { Webhook } from "../standins/webhook.ts";
import { conforms, firstHeardAt, type Story } from "./conforms.ts";
import { hookOf } from "./hearing.ts";
import { signature } from "./spoiling.ts";

const accountSid = `AC${"0".repeat(31)}1`;
const authToken = "auth-token-of-a-test";
const hookUrl = "https://hooks.example.com/hooks/support";
const customer = "+14155550123";
const line = "+14155550100";
const mobile = "+14155550177";
const ownTwiml = "https://twiml.example.com/in?a=1&b='2'";

const pbx = twilioPbx({ accountSid, authToken, hookUrl, startedAt: firstHeardAt });

function accountWith(settings: unknown = {}, more: Partial<Account<TwilioSettings>> = {}): Account<TwilioSettings> {
  return {
    settings: twilio.settings.parse(settings),
    secrets: new Map([
      ["TWILIO_ACCOUNT_SID", accountSid],
      ["TWILIO_AUTH_TOKEN", authToken],
    ]),
    hookUrl,
    lines: [],
    ...more,
  };
}

async function reading(webhook: Webhook, account = accountWith()): Promise<Reading> {
  const hook = await hookOf(webhook, firstHeardAt);
  expect(await twilio.verify(hook, account)).toEqual({ genuine: true });
  return twilio.read(hook, account);
}

/** The one event of a webhook. */
async function event(webhook: Webhook, account = accountWith()): Promise<CallEvent> {
  const read = await reading(webhook, account);
  if (read.kind !== "heard" || !read.events[0]) throw new Error(`${read.kind}, not heard`);
  return read.events[0];
}

async function reply(webhook: Webhook, settings: unknown = {}, more: Partial<Account<TwilioSettings>> = {}) {
  const read = await reading(webhook, accountWith(settings, more));
  if (read.kind === "malformed") throw new Error(`malformed: ${read.field}`);
  return read.reply;
}

async function twiml(webhook: Webhook, settings: unknown = {}, more: Partial<Account<TwilioSettings>> = {}) {
  const { status, type, body } = await reply(webhook, settings, more);
  expect({ status, type }).toEqual({ status: 200, type: "text/xml; charset=utf-8" });
  return body?.replace('<?xml version="1.0" encoding="UTF-8"?>', "");
}

const told = stories(pbx);

describe("as a form", () => conforms(twilio, { account: accountWith(), stories: told }));

describe.each(["query", "json"] as const)("as %s", (sent) => {
  const calls = stories(twilioPbx({ accountSid, authToken, hookUrl, sent, startedAt: firstHeardAt }));
  conforms(twilio, { account: accountWith(), stories: calls.slice(0, 1) });
});

describe("with a mailbox and other settings", () => {
  const settings = { forward: [mobile], voicemail: "Please leave a message.", caller_id: line, record: true };
  const forwarded = told.map((story) => ({ ...story, becomes: ringing(mobile, story.becomes) }));
  conforms(twilio, { account: accountWith(settings, { lines: [line] }), stories: forwarded, spoil: signature });
});

/** The story's call, where our own answer rings `number` besides: a `+` sorts before all names. */
function ringing(number: string, becomes: Story["becomes"]): Story["becomes"] {
  const { direction, rung } = becomes;
  return direction === "incoming" && rung ? { ...becomes, rung: [...new Set([number, ...rung])] } : becomes;
}

describe("a voice request tells whom our answer rings", () => {
  const everybody = { forward: [mobile, "client:ann", "sip:102@pbx.example.com"] };
  const incoming = pbx.inbound(customer, line);

  test.each<[string, Leg, object, CallEvent["rings"]]>([
    ["everybody whom it forwards to, by their PBX ids", incoming, everybody, [mobile, "ann", "102"]],
    ["nobody where it forwards to nobody", incoming, {}, undefined],
    ["nobody where other TwiML decides", incoming, { redirect: ownTwiml }, undefined],
    [
      "nobody of a call that goes out",
      pbx.inbound("client:ann", customer),
      { caller_id: line, ...everybody },
      undefined,
    ],
    ["nobody of a call that was placed", pbx.placed(line, customer), everybody, undefined],
  ])("%s", async (_, leg, settings, rings) => {
    expect((await event(pbx.voice(leg), accountWith(settings))).rings).toEqual(rings);
  });

  test("so that the first card is theirs", async () => {
    const heard = { ...(await event(pbx.voice(incoming), accountWith(everybody))), heardAt: 0 };
    expect(fold(incoming.sid, [heard])).toMatchObject({ status: "ringing", rung: [mobile, "102", "ann"] });
  });
});

describe("the root leg", () => {
  test.each<[string, Leg, Fields, Partial<CallEvent>]>([
    ["a number calls", pbx.inbound(customer, line), {}, { direction: "incoming", phone: customer, line }],
    [
      "a trunk's SIP user that is a number calls",
      pbx.inbound(`sip:${customer}@trunk.example.com`, line),
      {},
      {
        direction: "incoming",
        phone: customer,
      },
    ],
    [
      "a SIP user with a name calls",
      pbx.inbound("sip:ann@pbx.example.com:5060;transport=tls", line),
      {},
      {
        direction: "incoming",
        phone: undefined,
        withheld: true,
      },
    ],
    ["free text calls", pbx.inbound("905-553-6523", line), {}, { direction: "incoming", phone: "905-553-6523" }],
    ["WhatsApp calls", pbx.inbound(`whatsapp:${customer}`, line), {}, { direction: "incoming", phone: customer }],
    ["a SIP domain is called", pbx.inbound(customer, `sip:${line}@acme.sip.twilio.com`), {}, { line }],
    [
      "a softphone calls a number",
      pbx.inbound("client:ann", customer),
      {},
      {
        direction: "outgoing",
        extension: "ann",
        phone: customer,
        line: undefined,
      },
    ],
    [
      "a softphone calls, the number is elsewhere",
      pbx.inbound("client:ann", ""),
      { phoneNumber: customer },
      {
        direction: "outgoing",
        phone: customer,
        internal: false,
      },
    ],
    [
      "a softphone calls, the number is nowhere",
      pbx.inbound("client:ann", ""),
      {},
      {
        direction: "outgoing",
        phone: undefined,
        withheld: undefined,
      },
    ],
    [
      "a softphone calls another",
      pbx.inbound("client:ann", "client:bob"),
      {},
      {
        direction: "outgoing",
        internal: true,
        phone: undefined,
      },
    ],
    [
      "a desk phone calls another, by its name",
      pbx.inbound("sip:101@acme.sip.us1.twilio.com", "sip:bob@acme.sip.us1.twilio.com"),
      {},
      {
        direction: "outgoing",
        extension: "101",
        internal: true,
      },
    ],
    [
      // 102 may be a desk phone or a service's number: the leg that is dialled tells, or the channel's `extensions`.
      "a desk phone dials digits, however few",
      pbx.inbound("sip:101@acme.sip.us1.twilio.com", "sip:102@acme.sip.us1.twilio.com"),
      {},
      {
        direction: "outgoing",
        extension: "101",
        phone: "102",
        internal: undefined,
      },
    ],
    [
      "a SIP phone elsewhere calls, by a short number",
      pbx.inbound("sip:101@pbx.example.com", line),
      {},
      { direction: "incoming", phone: "101", line, internal: false },
    ],
    ["a website's visitor calls", pbx.inbound("client:Anonymous", line), {}, { direction: "incoming", withheld: true }],
    [
      "a look-alike of a SIP domain calls",
      pbx.inbound("sip:ann@sip.twilio.com.example.com", line),
      {},
      {
        direction: "incoming",
        extension: undefined,
      },
    ],
  ])("%s", async (_, leg, more, says) => {
    const silence = {
      phone: undefined,
      line: undefined,
      extension: undefined,
      internal: undefined,
      withheld: undefined,
    };
    expect({ ...silence, ...(await event(pbx.voice(leg, more))) }).toMatchObject({ call: leg.sid, ...says });
  });

  test.each([
    "+266696687",
    "266696687",
    "+7378742833",
    "+2562533",
    "+8656696",
    "+86282452253",
    "anonymous",
    "Restricted",
    "unavailable",
    "unknown",
    "",
    "sip:anonymous@anonymous.invalid",
    "sip:Anonymous@acme.sip.twilio.com",
    "+8566696",
    "+464",
  ])("has no phone when From is %j", async (from) => {
    const { phone, withheld } = await event(pbx.voice(pbx.inbound(from, line)));
    expect({ phone, withheld }).toEqual({ phone: undefined, withheld: true });
  });

  test.each([
    [`${customer};npdi`, customer],
    [`tel:${customer};phone-context=+1`, customer],
    [`sip:${customer};npdi=yes@trunk.example.com;user=phone`, customer],
    [`sip:%2B14155550123@trunk.example.com`, customer],
    ["464", "464"],
  ])("is read without what carriers add: %s", async (from, phone) => {
    expect(await event(pbx.voice(pbx.inbound(from, line)))).toMatchObject({ direction: "incoming", phone });
  });

  test.each<[string, string, string, Partial<Account<TwilioSettings>>, object, Partial<CallEvent>]>([
    [
      "from a line through a SIP domain goes out",
      ...([`sip:${line}@203.0.113.45`, `sip:${customer}@acme.sip.twilio.com`, { lines: [line] }, {}] as const),
      { direction: "outgoing", phone: customer, line },
    ],
    [
      "from the caller_id goes out too",
      ...([line, customer, {}, { caller_id: line }] as const),
      { direction: "outgoing", phone: customer, line },
    ],
    [
      "from a line to a line comes in",
      ...([line, mobile, { lines: [line, mobile] }, {}] as const),
      { direction: "incoming", phone: line, line: mobile },
    ],
    [
      "to a line from anywhere comes in",
      ...([`sip:${customer}@203.0.113.45`, `sip:${line}@acme.sip.twilio.com`, { lines: [line] }, {}] as const),
      { direction: "incoming", phone: customer, line },
    ],
  ])("%s", async (_, from, to, more, settings, says) => {
    expect(await event(pbx.voice(pbx.inbound(from, to)), accountWith(settings, more))).toMatchObject(says);
  });

  test("finds the softphone's number where number_field says", async () => {
    const call = pbx.voice(pbx.inbound("client:ann", ""), { customerNumber: customer, PhoneNumber: mobile });
    expect(await event(call, accountWith({ number_field: "customerNumber" }))).toMatchObject({ phone: customer });
  });

  test("takes no answer of the root for an answer of a human", async () => {
    const completed = await event(pbx.status(pbx.inbound(customer, line), "completed", 60, { CallDuration: "60" }));
    expect(completed).toMatchObject({ ended: "unanswered" });
    expect(completed.leg).toBeUndefined();
  });

  test.each([
    ["completed", "unanswered", "unanswered"],
    ["no-answer", "missed", "missed"],
    ["busy", "busy", "busy"],
    ["failed", "failed", "failed"],
    ["canceled", "missed", "canceled"],
    ["in-progress", undefined, undefined],
  ])("that is %s ended as %s when incoming, as %s when outgoing", async (status, incoming, outgoing) => {
    const ended = async (leg: Leg) => (await event(pbx.status(leg, status, 9))).ended;
    expect(await ended(pbx.inbound(customer, line))).toBe(incoming);
    expect(await ended(pbx.inbound("client:ann", ""))).toBe(outgoing);
    expect(await ended(pbx.placed(line, customer))).toBe(outgoing);
  });

  test.each(["busy", "no-answer", "canceled"])(
    "of an agent who is rung first and is %s cancels the call",
    async (status) => {
      const account = accountWith({ forward: [mobile] });
      expect(await event(pbx.status(pbx.placed(line, mobile), status, 9), account)).toMatchObject({
        direction: "outgoing",
        phone: undefined,
        leg: { party: "agent", number: mobile },
        ended: "canceled",
      });
    },
  );
});

describe("what is an extension", () => {
  const [extensions, desk] = [[{ from: "100", to: "199" }], "sip:101@acme.sip.twilio.com"];
  const dials = (user: string) => pbx.inbound(desk, `sip:${user}@acme.sip.twilio.com`);
  const saysOf = async (leg: Leg, more: Partial<Account<TwilioSettings>> = {}, settings: object = {}) => {
    const { phone, internal, guess } = await event(pbx.voice(leg), accountWith(settings, more));
    return [phone ?? guess?.phone, internal];
  };

  test.each<[string, string, Partial<Account<TwilioSettings>>, unknown[]]>([
    ["a colleague's, by the channel's extensions", "102", { extensions }, [undefined, true]],
    ["none beyond them", "202", { extensions }, ["202", undefined]],
    ["none where the channel names none", "102", {}, ["102", undefined]],
    ["not the emergency number", "112", {}, ["112", undefined]],
    ["not an area's code", "0611", {}, ["0611", undefined]],
    ["not a local number", "223344", {}, ["223344", undefined]],
    ["not a number with a plus", "+102", { extensions }, ["+102", undefined]],
  ])("%s", async (_, user, more, says) => expect(await saysOf(dials(user), more)).toEqual(says));

  test("is nobody who calls from elsewhere", async () => {
    const webhook = pbx.voice(pbx.inbound("sip:102@pbx.example.com", line));
    expect(await event(webhook, accountWith({}, { extensions }))).toMatchObject({ phone: "102", internal: false });
  });

  test("is told by softphones too", async () => {
    const webhook = pbx.voice(pbx.inbound("client:ann", ""), { PhoneNumber: "102" });
    expect(await event(webhook, accountWith({}, { extensions }))).toMatchObject({ internal: true, phone: undefined });
    expect(await event(webhook)).toMatchObject({ internal: false, phone: "102" });
  });

  test("is told by the leg that is dialled, where the channel names none", async () => {
    const root = dials("102");
    const [asked, colleague, outside] = await Promise.all([
      event(pbx.voice(root)),
      event(pbx.status(pbx.dialled(root, "sip:102@acme.sip.twilio.com", desk), "ringing", 1)),
      event(pbx.status(pbx.dialled(root, "+102", desk), "ringing", 1)),
    ]);
    const internal = (...events: CallEvent[]) =>
      fold(
        root.sid,
        events.map((said) => ({ ...said, heardAt: 0 })),
      ).internal;
    expect([internal(asked), internal(asked, colleague), internal(asked, outside)]).toEqual([false, true, false]);
  });

  test.each([
    ["softphone", "client:ann", "client:bob", undefined],
    ["desk phone", desk, "sip:102@acme.sip.twilio.com", true],
  ])("does not make a customer internal whom one %s hands to another", async (_, ann, bob, internal) => {
    const root = pbx.inbound(ann, "");
    const legs = [pbx.dialled(root, customer, ann), pbx.dialled(root, bob, ann)];
    const heard = await Promise.all(legs.map((leg, i) => event(pbx.status(leg, "in-progress", i))));
    expect(heard.map((said) => said.internal)).toEqual([false, internal]);
    const call = fold(
      root.sid,
      heard.map((said) => ({ ...said, heardAt: 0 })),
    );
    expect(call).toMatchObject({ internal: false, phone: customer });
  });

  test.each([
    ["a customer", customer, customer],
    ["who hides the number", "anonymous", undefined],
    ["a website's visitor", "client:Anonymous", undefined],
  ])(
    "does not make %s internal whom one desk phone hands to another, though only legs are told",
    async (_, from, phone) => {
      const [root, bob] = [pbx.inbound(from, line), "sip:102@acme.sip.twilio.com"];
      const legs = [pbx.dialled(root, desk, from), pbx.dialled(root, bob, desk)];
      const heard = await Promise.all(legs.map((leg, i) => event(pbx.status(leg, "in-progress", i))));
      for (const order of [heard, heard.toReversed()]) {
        const call = fold(
          root.sid,
          order.map((said) => ({ ...said, heardAt: 0 })),
        );
        expect(call).toMatchObject({ internal: false, phone });
      }
    },
  );

  test("is not told by a softphone's leg to another: a website's visitor may have a name", async () => {
    const leg = pbx.dialled(pbx.inbound("client:visitor", ""), "client:bob", "client:visitor");
    expect((await event(pbx.status(leg, "ringing", 1))).internal).toBeUndefined();
  });

  test("is whom forward names, be it by digits at another SIP host", async () => {
    const leg = pbx.dialled(pbx.inbound(customer, line), "sip:102@pbx.example.com;transport=tls");
    const settings = { forward: ["sip:102@pbx.example.com"] };
    const heard = await event(pbx.status(leg, "ringing", 1), accountWith(settings));
    expect(heard.leg).toMatchObject({ party: "agent", extension: "102" });
  });
});

test("a line is known however it is written", async () => {
  const leg = pbx.dialled(pbx.inbound(customer, line), mobile, line);
  for (const lines of [["(415) 555-0100"], ["14155550100"], ["+1 415 555 0100"], ["0014155550100"]]) {
    const heard = await event(pbx.status(leg, "ringing", 1), accountWith({}, { lines, country: "US" }));
    expect(heard.guess).toEqual({ direction: "outgoing", phone: mobile, line });
  }
});

describe("a child leg", () => {
  const root = pbx.inbound(customer, line);

  test.each<[string, Leg, Partial<CallEvent>]>([
    [
      "to a softphone is an incoming call's",
      pbx.dialled(root, "client:bob"),
      {
        leg: { id: expect.any(String), party: "agent", extension: "bob", status: "ringing" },
        guess: { direction: "incoming", phone: customer },
      },
    ],
    [
      "to a SIP user is an incoming call's",
      pbx.dialled(root, "sip:bob@pbx.example.com"),
      {
        leg: { id: expect.any(String), party: "agent", extension: "bob", status: "ringing" },
      },
    ],
    [
      // Whose it is, the call's direction says: on an incoming call an agent's.
      "to digits at another SIP host is of a number",
      pbx.dialled(root, "sip:102@pbx.example.com"),
      {
        leg: { id: expect.any(String), party: undefined, number: "102", extension: undefined, status: "ringing" },
      },
    ],
    [
      "from a line is an outgoing call's",
      pbx.dialled(root, mobile, line),
      {
        leg: { id: expect.any(String), number: mobile, status: "ringing" },
        guess: { direction: "outgoing", phone: mobile, line },
      },
    ],
    [
      "to a number on a trunk from a line is an outgoing call's",
      pbx.dialled(root, `sip:${mobile}@trunk.example.com`, line),
      {
        leg: { id: expect.any(String), party: undefined, number: mobile, status: "ringing" },
        guess: { direction: "outgoing", phone: mobile, line },
      },
    ],
    [
      "from another number is an incoming call's",
      pbx.dialled(root, mobile),
      {
        leg: { id: expect.any(String), number: mobile, status: "ringing" },
        guess: { direction: "incoming", phone: customer },
      },
    ],
    [
      "from a softphone is an outgoing call's",
      pbx.dialled(root, mobile, "client:ann"),
      {
        guess: { direction: "outgoing", phone: mobile },
      },
    ],
  ])("%s", async (_, leg, says) => {
    const account = accountWith({}, { lines: ["+1 (415) 555-0100"] });
    const heard = await event(pbx.status(leg, "ringing", 2), account);
    expect(heard).toMatchObject({ call: root.sid, ...says });
    expect([heard.direction, heard.ended]).toEqual([undefined, undefined]);
  });

  test("that was hung up as it was picked up is missed", async () => {
    const leg = pbx.dialled(root, "client:ann");
    expect((await event(pbx.status(leg, "completed", 9, { CallDuration: "0" }))).leg).toMatchObject({
      status: "missed",
    });
    expect((await event(pbx.status(leg, "completed", 9, { CallDuration: "1" }))).leg).toMatchObject({
      status: "answered",
      seconds: 1,
    });
  });

  test("has seconds from CallDuration, not the minutes in Duration", async () => {
    const leg = pbx.dialled(root, "client:ann");
    const { leg: heard } = await event(pbx.status(leg, "completed", 60, { CallDuration: "49", Duration: "1" }));
    expect(heard).toMatchObject({ seconds: 49 });
  });

  test("has the time of its Timestamp", async () => {
    const status = pbx.status(pbx.dialled(root, "client:ann"), "ringing", 0, {
      Timestamp: "Tue, 01 Sep 2026 08:53:19 +0000",
    });
    expect((await event(status)).at).toBe(Date.UTC(2026, 8, 1, 8, 53, 19));
  });

  test("in a status that is not known yet still tells whose it is", async () => {
    const heard = await event(pbx.status(pbx.dialled(root, "client:ann"), "parked", 3));
    expect(heard).toMatchObject({ call: root.sid, guess: { direction: "incoming" } });
    expect(heard.leg).toBeUndefined();
  });
});

describe("a webhook that tells a time", () => {
  const minute = 60_000;
  const root = pbx.inbound(customer, line);
  const status = pbx.status(root, "completed", 0, { CallDuration: "9" });
  const verdict = async (webhook: Webhook, at: number) => twilio.verify(await hookOf(webhook, at), accountWith());

  test.each([
    ["is genuine for a day", maxLateMs, true],
    ["is not genuine after that", maxLateMs + minute, false],
    ["is genuine though our clock is behind", -maxAheadMs, true],
    ["is not genuine where it tells of a time to come", -maxAheadMs - minute, false],
  ])("%s", async (_, laterMs, genuine) => {
    for (const sent of ["form", "query", "json"] as const) {
      const other = twilioPbx({ accountSid, authToken, hookUrl, sent, startedAt: firstHeardAt });
      const webhook = other.status(root, "completed", 0);
      expect([sent, await verdict(webhook, firstHeardAt + laterMs)]).toMatchObject([sent, { genuine }]);
    }
  });

  test("does so by whatever name a forger calls the time", async () => {
    const renamed = [
      ["Timestamp=", "Timestam=p"],
      ["Timestamp=Tue%2C+01", "TimestampTue%2C+01="],
    ] as const;
    for (const [from, to] of renamed) {
      const webhook = { ...status, body: status.body?.replace(from, to) };
      expect([to, await verdict(webhook, firstHeardAt)]).toEqual([to, { genuine: true }]);
      expect([to, await verdict(webhook, firstHeardAt + 2 * maxLateMs)]).toMatchObject([to, { genuine: false }]);
    }
  });

  test("is the only one: a request for TwiML may come at any time", async () => {
    expect(await verdict(pbx.voice(root), firstHeardAt + 365 * maxLateMs)).toEqual({ genuine: true });
  });
});

describe("the end of a dial", () => {
  const root = pbx.inbound(customer, line);
  const child = { DialCallSid: "CA2" };

  test.each<[string, string, Fields, Partial<CallEvent>]>([
    [
      "answered",
      "completed",
      { ...child, DialCallDuration: "9", DialBridged: "true" },
      {
        leg: { id: "CA2", status: "answered", seconds: 9 },
        ended: "unanswered",
      },
    ],
    [
      "declined",
      "completed",
      { ...child, DialCallDuration: "9", DialBridged: "false" },
      {
        leg: { id: "CA2", status: "answered", connected: false },
        ended: "unanswered",
      },
    ],
    [
      "sent elsewhere, so that the call goes on",
      "completed",
      { ...child, DialBridged: "true" },
      {
        leg: { id: "CA2", status: "answered" },
        ended: undefined,
      },
    ],
    [
      "sent elsewhere, but the caller hung up",
      "completed",
      { ...child, CallStatus: "completed" },
      { ended: "unanswered" },
    ],
    [
      "a conference",
      "answered",
      {},
      { leg: { id: "conference", party: "agent", status: "answered" }, ended: "unanswered" },
    ],
    ["nobody was there", "no-answer", {}, { leg: { id: "dial", status: "missed" }, ended: "unanswered" }],
    ["busy", "busy", child, { leg: { id: "CA2", status: "busy" }, ended: "unanswered" }],
    ["failed", "failed", child, { leg: { id: "CA2", status: "failed" }, ended: "unanswered" }],
    ["canceled", "canceled", child, { leg: { id: "CA2", status: "canceled" }, ended: "unanswered" }],
  ])("%s", async (_, status, more, says) => {
    expect(await event(pbx.dial(root, status, more))).toMatchObject({ call: root.sid, direction: "incoming", ...says });
  });

  test("does not end a call whose caller is offered the mailbox", async () => {
    const account = accountWith({ forward: [mobile], voicemail: "Please leave a message." });
    const ended = async (status: string, more: Fields) => (await event(pbx.dial(root, status, more), account)).ended;
    expect(await ended("no-answer", child)).toBeUndefined();
    expect(await ended("completed", { ...child, DialBridged: "false" })).toBeUndefined();
    expect(await ended("no-answer", { ...child, CallStatus: "completed" })).toBe("unanswered");
    expect(await ended("completed", { ...child, DialCallDuration: "9" })).toBe("unanswered");
  });

  test("of a call placed to the customer is the agent's", async () => {
    const placed = await event(pbx.dial(pbx.placed(line, customer), "no-answer", child));
    expect(placed.leg).toMatchObject({ party: "agent", status: "missed" });
    const clicked = await event(pbx.dial(pbx.placed(line, "client:ann"), "no-answer", child));
    expect(clicked.leg?.party).toBeUndefined();
  });
});

describe("recordings", () => {
  const root = pbx.inbound(customer, line);
  const url = "http://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE7";

  test.each([
    ["completed", "ready"],
    ["in-progress", "expected"],
    ["processing", "expected"],
    ["absent", "absent"],
    ["failed", "absent"],
  ])("that are %s are %s", async (theirs, ours) => {
    const heard = await event(pbx.recording(root, "RE7", theirs, { RecordingUrl: url }));
    expect(heard).toEqual({
      call: root.sid,
      id: `recording:RE7:${theirs}`,
      recording: { id: "RE7", status: ours, url },
    });
  });

  test("that were deleted are of no interest", async () => {
    expect(await reading(pbx.recording(root, "RE7", "deleted"))).toEqual({ kind: "ignored", reply: { status: 204 } });
  });

  test("are expected once a dial, a message or a finished call announces them", async () => {
    const recording = { id: "RE7", status: "expected", url };
    const announced = [
      pbx.dial(root, "completed", { DialCallSid: "CA2", RecordingUrl: url }),
      pbx.voicemail(root, "RE7", { RecordingUrl: url }),
      pbx.status(pbx.placed(line, customer), "completed", 9, { RecordingUrl: url, RecordingSid: "RE7" }),
    ];
    for (const webhook of announced) expect(await event(webhook)).toMatchObject({ recording });
  });

  test.each([
    ["an old announcement in plain http", url, undefined, "https://api.twilio.com"],
    ["another region", "https://api.dublin.ie1.twilio.com/x", undefined, "https://api.dublin.ie1.twilio.com"],
    ["another host", "https://evil.example/RE7", undefined, "https://api.twilio.com"],
    ["a look-alike", "https://evil-twilio.com/RE7", undefined, "https://api.twilio.com"],
    ["credentials and a port in the URL", "https://a:b@api.twilio.com:8443/RE7", undefined, "https://api.twilio.com"],
    ["no URL", undefined, undefined, "https://api.twilio.com"],
    ["the channel's api", url, "http://127.0.0.1:9000", "http://127.0.0.1:9000"],
  ])("are fetched from a host of Twilio's: %s", async (_, from, api, base) => {
    const secrets = new Map([
      ["TWILIO_ACCOUNT_SID", accountSid],
      ["TWILIO_AUTH_TOKEN", "new, old"],
    ]);
    const request = await twilio.recordings.locate(
      { id: "RE7", status: "ready", url: from },
      "CA1",
      accountWith({}, { api, secrets }),
    );
    expect(request).toEqual({
      url: `${base}/2010-04-01/Accounts/${accountSid}/Recordings/RE7.mp3`,
      headers: { authorization: `Basic ${btoa(`${accountSid}:new`)}` },
    });
  });
});

describe("what is no call", () => {
  test.each<[string, Fields]>([
    [
      "a transcription",
      { CallSid: "CA1", TranscriptionSid: "TR1", RecordingSid: "RE1", CallStatus: "completed", From: customer },
    ],
    ["a conference that begins", { ConferenceSid: "CF1", StatusCallbackEvent: "conference-start" }],
    ["who leaves a conference", { ConferenceSid: "CF1", StatusCallbackEvent: "participant-leave", CallSid: "CA1" }],
    ["a conference, of a leg", { StatusCallbackEvent: "participant-leave", CallSid: "CA1", CallStatus: "completed" }],
    ["a message", { MessageSid: "SM1", From: customer, To: line, Body: "Hello" }],
    ["a task of TaskRouter", { WorkspaceSid: "WS1", EventType: "reservation.accepted", TaskSid: "WT1" }],
    ["an alert of the Debugger", { Sid: "NO1", Level: "ERROR", Payload: "{}" }],
    ["a human who answered", { CallSid: "CA1", AnsweredBy: "human" }],
    ["something new", { CallSid: "CA1", Novelty: "1" }],
  ])("is ignored: %s", async (_, fields) => {
    expect(await reading(pbx.send("", fields))).toEqual({ kind: "ignored", reply: { status: 204 } });
  });

  test.each<[string, Fields, string]>([
    ["nothing", {}, "CallSid"],
    ["no call", { CallStatus: "ringing", From: customer }, "CallSid"],
    ["a call that is no id", { CallSid: "CA1/../x", CallStatus: "ringing" }, "CallSid"],
    ["a parent that is no id", { CallSid: "CA1", ParentCallSid: "a b", CallStatus: "ringing" }, "ParentCallSid"],
    ["a dialled leg that is no id", { CallSid: "CA1", DialCallSid: "a:b", DialCallStatus: "busy" }, "DialCallSid"],
    ["no recording", { CallSid: "CA1", RecordingStatus: "completed" }, "RecordingSid"],
    [
      "a recording that is no id",
      { CallSid: "CA1", RecordingStatus: "completed", RecordingSid: "../x" },
      "RecordingSid",
    ],
  ])("is malformed: %s", async (_, fields, field) => {
    expect(await reading(pbx.send("", fields))).toMatchObject({ kind: "malformed", field });
  });
});

describe("what is told of a part of a call", () => {
  test.each<[string, Fields, Partial<CallEvent>]>([
    [
      "who joins a conference",
      { ConferenceSid: "CF1", StatusCallbackEvent: "participant-join", CallSid: "CA1" },
      { call: "CA1", room: "CF1" },
    ],
    [
      "a conference's recording",
      { ConferenceSid: "CF1", RecordingSid: "RE1", RecordingStatus: "completed" },
      { call: "CF1", recording: { id: "RE1", status: "ready" } },
    ],
    [
      "a leg's leg",
      { CallSid: "CA3", ParentCallSid: "CA2", CallStatus: "ringing", From: line, To: "client:bob" },
      { call: "CA2", ids: ["CA3"], leg: { id: "CA3", party: "agent", extension: "bob", status: "ringing" } },
    ],
    [
      "a queue whose caller was taken",
      { CallSid: "CA1", CallStatus: "in-progress", QueueSid: "QU1", QueueResult: "bridged", From: customer, To: line },
      { call: "CA1", leg: { id: "queue", party: "agent", status: "answered" } },
    ],
    [
      "a queue whose caller hung up",
      { CallSid: "CA1", CallStatus: "completed", QueueSid: "QU1", QueueResult: "hangup", From: customer, To: line },
      { call: "CA1", leg: undefined },
    ],
    [
      "who is about to take a caller out of a queue",
      { CallSid: "CA1", CallStatus: "in-progress", QueueSid: "QU1", DequeingCallSid: "CA2", From: customer, To: line },
      { call: "CA1", ids: ["CA2"] },
    ],
  ])("is told of the call: %s", async (_, fields, says) => {
    expect(await event(pbx.send("", fields))).toMatchObject(says);
  });

  test("an agent's phone that a machine picks up answers nobody, whenever that is known", async () => {
    const root = pbx.inbound(customer, line);
    const leg = pbx.dialled(root, mobile);
    const webhooks = [
      pbx.voice(root),
      pbx.status(leg, "in-progress", 9),
      pbx.send("", { CallSid: leg.sid, AnsweredBy: "machine_start" }),
      pbx.status(leg, "completed", 20, { CallDuration: "11" }),
      pbx.status(root, "completed", 20),
    ];
    const heard = await Promise.all(webhooks.map(async (webhook) => ({ ...(await event(webhook)), heardAt: 0 })));
    for (const order of [heard, heard.toReversed()]) {
      expect(fold(root.sid, order)).toMatchObject({ status: "missed", talks: [], seconds: undefined });
    }
  });
});

describe("a call that is placed, whichever end is rung first", () => {
  const root = pbx.placed(line, mobile);
  const other = pbx.dialled(root, customer, line);
  const foldOf = async (...webhooks: Webhook[]) => {
    const heard = await Promise.all(
      webhooks.map(async (webhook) => ({ ...(await event(webhook)), heardAt: firstHeardAt })),
    );
    const [whole, turned] = [heard, heard.toReversed()].map((order) => fold(root.sid, order));
    expect(turned).toEqual(whole);
    return whole;
  };
  const first = [pbx.status(root, "in-progress", 5), pbx.status(root, "completed", 60, { CallDuration: "55" })];

  test("is answered once both ends are, and its talk counts once", async () => {
    const talk = [pbx.status(other, "in-progress", 12), pbx.status(other, "completed", 60, { CallDuration: "48" })];
    expect(await foldOf(...first, ...talk)).toMatchObject({ status: "answered", seconds: 55 });
  });

  test("is not answered where the other end is not", async () => {
    expect(await foldOf(...first, pbx.status(other, "no-answer", 40))).toMatchObject({ status: "missed" });
    expect(await foldOf(...first, pbx.status(other, "busy", 40))).toMatchObject({ status: "busy" });
  });

  test("is answered where there is no other end: TwiML talks", async () => {
    expect(await foldOf(...first)).toMatchObject({ status: "answered", seconds: 55 });
  });
});

test.each([
  ["trunking-originating", { direction: "incoming", phone: customer, line, status: "answered" }, customer, line],
  ["trunking-terminating", { direction: "outgoing", phone: customer, line, status: "answered" }, line, customer],
])("a trunk's call, %s, is as the API tells it", async (direction, becomes, From, To) => {
  const fields = { CallSid: "CA1", CallStatus: "completed", CallDuration: "30", Direction: direction, From, To };
  const heard = { ...(await event(pbx.send("", fields))), heardAt: firstHeardAt };
  expect(fold("CA1", [heard])).toMatchObject(becomes);
});

describe("notes", () => {
  test.each([
    ["machine_start", "Answered by an answering machine."],
    ["machine_end_beep", "Answered by an answering machine."],
    ["fax", "Answered by a fax machine."],
    ["human", undefined],
    ["unknown", undefined],
  ])("when AnsweredBy is %s", async (answeredBy, note) => {
    const heard = await event(pbx.status(pbx.placed(line, customer), "in-progress", 5, { AnsweredBy: answeredBy }));
    expect(heard.note).toBe(note);
  });

  test("of a machine that is known late", async () => {
    const late = pbx.send("", { CallSid: "CA1", AnsweredBy: "machine_end_silence" });
    expect(await event(late)).toEqual({
      call: "CA1",
      id: "machine:CA1",
      leg: { id: "CA1", status: "ringing", machine: true },
      note: "Answered by an answering machine.",
    });
  });
});

describe("ids of events", () => {
  test("are the same for each attempt and differ for each thing said", async () => {
    const root = pbx.inbound(customer, line);
    const child = pbx.dialled(root, "client:ann");
    const webhooks = [
      pbx.voice(root),
      pbx.voice(root, { CallStatus: "in-progress" }),
      pbx.status(root, "ringing", 0),
      pbx.status(root, "in-progress", 1),
      pbx.status(root, "completed", 9),
      pbx.status(child, "ringing", 1),
      pbx.status(child, "completed", 9),
      pbx.dial(root, "completed", { DialCallSid: child.sid }),
      pbx.dial(root, "no-answer", { DialCallSid: child.sid }),
      pbx.dial(root, "no-answer", { DialCallSid: "CA3" }),
      pbx.voicemail(root, "RE1"),
      pbx.recording(root, "RE1", "in-progress"),
      pbx.recording(root, "RE1"),
    ];
    const ids = async () => Promise.all(webhooks.map(async (webhook) => (await event(webhook)).id));
    expect(new Set(await ids()).size).toBe(webhooks.length);
    expect(await ids()).toEqual(await ids());
  });

  test("do not hide the number that only a later voice request tells", async () => {
    const root = pbx.inbound("client:ann", "");
    const [bare, numbered] = [await event(pbx.voice(root)), await event(pbx.voice(root, { PhoneNumber: customer }))];
    expect(bare.id).not.toBe(numbered.id);
  });
});

const leg = `statusCallback="${hookUrl}/leg#rc=3&amp;rp=all" statusCallbackEvent="initiated ringing answered completed"`;
const recorded = `recordingStatusCallback="${hookUrl}/recording#rc=3&amp;rp=all" recordingStatusCallbackEvent="in-progress completed absent"`;
const action = `action="${hookUrl}/dial#rc=3&amp;rp=all"`;
const redirected = "<Response><Redirect>https://twiml.example.com/in?a=1&amp;b=&apos;2&apos;</Redirect></Response>";

describe("TwiML", () => {
  const incoming = pbx.voice(pbx.inbound(customer, line));
  const softphone = pbx.voice(pbx.inbound("client:ann", ""), { PhoneNumber: "+1 415-555-0123" });
  const desk = pbx.voice(pbx.inbound("sip:101@acme.sip.twilio.com", `sip:${customer}@acme.sip.twilio.com`));
  const ivr = pbx.voice(pbx.inbound(customer, line), { CallStatus: "in-progress", Digits: "1" });
  const dialOut = `<Response><Dial callerId="${line}" timeout="30" ${action}><Number ${leg}>${customer}</Number></Dial></Response>`;

  test.each<[string, Webhook, object, string]>([
    ["nothing is configured", incoming, {}, "<Response/>"],
    ["redirect", incoming, { redirect: ownTwiml }, redirected],
    ["redirect, of a softphone", softphone, { redirect: ownTwiml, caller_id: line }, redirected],
    ["redirect, of a call placed", pbx.voice(pbx.placed(line, customer)), { redirect: ownTwiml }, redirected],
    [
      "forward",
      incoming,
      { forward: [mobile, "client:ann", "sip:102@pbx.example.com"], ring_seconds: 20 },
      `<Response><Dial timeout="20" ${action}><Number ${leg}>${mobile}</Number><Client ${leg}>ann</Client>` +
        `<Sip ${leg}>sip:102@pbx.example.com</Sip></Dial></Response>`,
    ],
    [
      "forward, recorded, after a menu",
      ivr,
      { forward: ["client:ann"], record: true },
      `<Response><Dial timeout="30" ${action} record="record-from-answer-dual" ${recorded}>` +
        `<Client ${leg}>ann</Client></Dial></Response>`,
    ],
    [
      "forward, of a call placed",
      pbx.voice(pbx.placed(line, customer)),
      { forward: [mobile], caller_id: line },
      "<Response/>",
    ],
    ["caller_id, of a softphone", softphone, { caller_id: line }, dialOut],
    ["caller_id, of a desk phone", desk, { caller_id: line }, dialOut],
    [
      "caller_id, of the emergency number",
      pbx.voice(pbx.inbound("sip:101@acme.sip.twilio.com", "sip:112@acme.sip.twilio.com")),
      { caller_id: line },
      dialOut.replace(customer, "112"),
    ],
    ["caller_id, but no number", pbx.voice(pbx.inbound("client:ann", "")), { caller_id: line }, "<Response/>"],
    [
      "caller_id, but the number is none",
      pbx.voice(pbx.inbound("client:ann", ""), { To: "<Evil/>" }),
      { caller_id: line },
      "<Response/>",
    ],
    [
      "caller_id, of one softphone to another",
      pbx.voice(pbx.inbound("client:ann", "client:bob")),
      { caller_id: line },
      "<Response/>",
    ],
    ["a softphone without caller_id", softphone, { forward: [mobile] }, "<Response/>"],
  ])("for %s", async (_, webhook, settings, answer) => {
    expect(await twiml(webhook, settings)).toBe(answer);
  });

  test.each<[string, Leg, object, string | undefined]>([
    ["caller_id, where a softphone is forwarded", pbx.inbound("client:Anonymous", line), { caller_id: mobile }, mobile],
    ["caller_id, though no line was called", pbx.inbound("client:Anonymous", ""), { caller_id: mobile }, mobile],
    ["no short number", pbx.inbound("sip:alice@203.0.113.9", "sip:101@acme.sip.twilio.com"), {}, undefined],
    ["the line, where there is no caller_id", pbx.inbound("client:Anonymous", line), {}, line],
    ["the line, of a SIP caller", pbx.inbound("sip:alice@203.0.113.9", line), {}, line],
    ["what they have, of callers with a number", pbx.inbound(customer, line), { caller_id: mobile }, undefined],
  ])("shows a phone outside %s", async (_, leg, settings, shown) => {
    const answer = (await twiml(pbx.voice(leg), { forward: [mobile, "client:ann"], ...settings })) ?? "";
    expect(/callerId="([^"]*)"/.exec(answer)?.[1]).toBe(shown);
    const softphones = await twiml(pbx.voice(leg), { forward: ["client:ann"], ...settings });
    expect(softphones).not.toContain("callerId");
  });

  test("dials a number of the channel's country in full: Twilio would take it for one of the US", async () => {
    const dialled = pbx.voice(pbx.inbound("client:ann", "050 123-45-67"));
    const answer = dialOut.replace(customer, "+380501234567");
    expect(await twiml(dialled, { caller_id: line }, { country: "UA" })).toBe(answer);
  });

  const mailbox = { forward: ["client:ann"], voicemail: 'Ann & Bob\'s <office>, "closed"' };
  const message =
    "<Response><Say>Ann &amp; Bob&apos;s &lt;office&gt;, &quot;closed&quot;</Say>" +
    `<Record action="${hookUrl}/voicemail#rc=3&amp;rp=all" ${recorded}/></Response>`;
  const root = pbx.inbound(customer, line);

  test.each<[string, Webhook, object, string]>([
    ["nobody answers", pbx.dial(root, "no-answer"), mailbox, message],
    ["everybody is busy", pbx.dial(root, "busy", { DialCallSid: "CA2" }), mailbox, message],
    ["the agent declines", pbx.dial(root, "completed", { DialCallSid: "CA2", DialBridged: "false" }), mailbox, message],
    ["the agent answers", pbx.dial(root, "completed", { DialCallSid: "CA2" }), mailbox, "<Response/>"],
    ["the caller hung up", pbx.dial(root, "no-answer", { CallStatus: "completed" }), mailbox, "<Response/>"],
    ["there is no mailbox", pbx.dial(root, "no-answer"), { forward: ["client:ann"] }, "<Response/>"],
    ["it was a softphone", pbx.dial(pbx.inbound("client:ann", ""), "no-answer"), mailbox, "<Response/>"],
    ["the message is left", pbx.voicemail(root, "RE1"), mailbox, "<Response/>"],
  ])("after a dial when %s", async (_, webhook, settings, answer) => {
    expect(await twiml(webhook, settings)).toBe(answer);
  });

  test("leads back to the address that holds the hook secret", async () => {
    const secret = `${hookUrl}/a%26b`;
    expect(await twiml(incoming, { forward: ["client:ann"] }, { hookUrl: secret })).toContain(
      `action="${secret}/dial#`,
    );
  });

  test("is not given to callbacks", async () => {
    const callbacks = [
      pbx.status(root, "completed", 1),
      pbx.recording(root, "RE1"),
      pbx.status(pbx.dialled(root, mobile), "ringing", 1),
    ];
    for (const webhook of callbacks) expect(await reply(webhook, mailbox)).toEqual({ status: 204 });
  });

  test("is not given to a call's end that has no CallbackSource", async () => {
    const fields = { CallSid: "CA1", CallStatus: "completed", CallDuration: "9", From: customer, To: line };
    expect(await reply(pbx.send("", fields), { redirect: ownTwiml })).toEqual({ status: 204 });
  });

  test("is chosen by the fields, whatever the path", async () => {
    const fields = Object.fromEntries(new URLSearchParams(incoming.body));
    expect(await twiml(pbx.send("/recording", fields), { redirect: ownTwiml })).toBe(redirected);
  });
});

describe("settings", () => {
  test("default to an answer that does nothing", () => {
    expect(twilio.settings.parse(undefined)).toEqual({ forward: [], ring_seconds: 30, record: false });
  });

  test.each<[object, string, RegExp]>([
    [{ redirect: ownTwiml, forward: [mobile] }, "forward", /cannot stand beside redirect/],
    [{ voicemail: "Hello" }, "voicemail", /needs forward/],
    [{ redirect: "http://twiml.example.com" }, "redirect", /https/],
    [{ forward: ["ann"] }, "forward.0", /client:<identity>/],
    [{ forward: Array(11).fill(mobile) }, "forward", /10/],
    [{ caller_id: "4155550100" }, "caller_id", /\+14155550100/],
    [{ ring_seconds: 1 }, "ring_seconds", /5/],
    [{ colour: "blue" }, "", /colour/],
  ])("refuse %j", (settings, path, message) => {
    const issue = twilio.settings.safeParse(settings).error?.issues[0];
    expect(issue?.path.join(".")).toBe(path);
    expect(issue?.message).toMatch(message);
  });
});
