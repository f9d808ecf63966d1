import { describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import { maxTextLength } from "../../src/calls/plain.ts";
import { type Account, emptyOk } from "../../src/providers/provider.ts";
import { type ZadarmaSettings, zadarma } from "../../src/providers/zadarma.ts";
import type { Webhook } from "../standins/webhook.ts";
import { country, type Fields, signedFields, stories, wallClock, zadarmaPbx } from "../standins/zadarma.ts";
import { conforms } from "./conforms.ts";
import { hear, hookOf } from "./hearing.ts";
import { fields, signature } from "./spoiling.ts";

const key = "15f5d5f5d5f5d5f5d5f5";
const secret = "sk000000000000000000";
const hookUrl = "https://hooks.example/hooks/support";
const heardAt = Date.UTC(2026, 8, 1, 9, 0, 0);
const pbx = zadarmaPbx({ key, secret, hookUrl, now: () => heardAt });

function accountWith(settings: unknown = {}, more: Partial<Account<ZadarmaSettings>> = {}): Account<ZadarmaSettings> {
  const secrets = new Map([
    ["ZADARMA_KEY", key],
    ["ZADARMA_SECRET", secret],
  ]);
  return { settings: zadarma.settings.parse(settings), secrets, hookUrl, lines: [], ...more };
}

const account = accountWith();
const allStories = stories(pbx);

conforms(zadarma, {
  account,
  stories: allStories,
  country,
  spoil: (webhook) => {
    const sent = new URLSearchParams(webhook.body);
    const covered = signedFields(sent.get("event") ?? "", sent);
    const added = "a field added"; // is not noticed: the signature covers few fields
    return [...fields(webhook, covered).filter(({ what }) => what !== added), ...signature(webhook)];
  },
});

const call = { call_start: "2026-09-01 12:00:00", pbx_call_id: "in_0123456789abcdef0123456789abcdef01234567" };
const outCall = { ...call, pbx_call_id: "out_0123456789abcdef0123456789abcdef01234567" };
const reached = { ...call, caller_id: "+380671112233", called_did: "380443334455" };
const dialled = { ...outCall, destination: "+380671112233", internal: "100" };

const heard = (webhook: Webhook, by = account, at = heardAt) => hear(zadarma, by, webhook, at);
const verdictOn = async (webhook: Webhook, by = account) => zadarma.verify(await hookOf(webhook, heardAt), by);
const readingOf = async (webhook: Webhook, by = account) => zadarma.read(await hookOf(webhook, heardAt), by);

async function told(webhooks: readonly Webhook[], by = account) {
  const events = await Promise.all(webhooks.map((webhook, i) => heard(webhook, by, heardAt + i * 1000)));
  return fold(call.pbx_call_id, events.flat(), { country, numbers: zadarma.numbers });
}

describe("who talked, whatever the order", () => {
  test.each(allStories.map((story) => [story.title, story] as const))("%s", async (_, { webhooks, talked }) => {
    expect((await told(webhooks)).talks.map((talk) => talk.extension)).toEqual(talked);
    expect((await told(webhooks.toReversed())).talks.map((talk) => talk.extension)).toEqual(talked);
  });
});

describe("the check of a new address", () => {
  const challenged = async (webhook: Webhook) => zadarma.challenge(await hookOf(webhook, heardAt));
  const echo = (body: string) => ({ status: 200, body, type: "text/plain; charset=utf-8" });

  test("gets its value back, to the letter", async () => {
    expect(await challenged(pbx.echo("a b+<c>&é"))).toEqual(echo("a b+<c>&é"));
  });

  test("may come as a form", async () => {
    const body = new URLSearchParams({ zd_echo: "abc" }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect(await challenged({ method: "POST", url: hookUrl, headers, body })).toEqual(echo("abc"));
  });

  test.each([
    ["it is too long to be one", pbx.echo("x".repeat(513))],
    ["there is none", { method: "GET", url: hookUrl, headers: {} }],
    ["an event has the field too", pbx.start({ ...reached, zd_echo: "abc" })],
  ])("is not answered when %s", async (_, webhook) => {
    expect(await challenged(webhook)).toBeUndefined();
  });
});

describe("what is genuine", () => {
  test.each(["start", "internal", "answer", "end", "outStart", "outEnd", "record", "ivr"] as const)(
    "knows %s as a form and as multipart",
    async (event) => {
      const sent = { ...reached, ...dialled, call_id_with_rec: "1781129241.26640977" };
      const parts = zadarmaPbx({ key, secret, hookUrl, body: "multipart" });
      expect(await verdictOn(pbx[event](sent))).toEqual({ genuine: true });
      expect(await verdictOn(parts[event](sent))).toEqual({ genuine: true });
      expect(await readingOf(parts[event](sent))).toEqual(await readingOf(pbx[event](sent)));
    },
  );

  test.each(["sms", "numberLookup", "callTracking"] as const)(
    "ignores %s, which is signed over its result",
    async (event) => {
      const parts = zadarmaPbx({ key, secret, hookUrl, body: "multipart" });
      const webhook = parts[event]({ result: '{"text":"hi, \\u00e9 + é"}' });
      expect(await verdictOn(webhook)).toEqual({ genuine: true });
      expect(await readingOf(webhook)).toEqual({ kind: "ignored", reply: emptyOk });
    },
  );

  test.each(["SPEECH_RECOGNITION", "DOCUMENT", "NOTIFY_INTERNAL_END", "NOTIFY_TOMORROW", "constructor", "notify_end"])(
    "accepts %s, which nobody can check, and hears nothing in it",
    async (event) => {
      const webhook = pbx.notify(event, { ...reached, disposition: "answered" });
      expect(await verdictOn(webhook)).toEqual({ genuine: true });
      expect(await readingOf(webhook)).toEqual({ kind: "ignored", reply: emptyOk });
    },
  );

  test("refuses what names no event", async () => {
    const { event: _, ...rest } = Object.fromEntries(new URLSearchParams(pbx.start(reached).body));
    const webhook = { ...pbx.start(reached), body: new URLSearchParams(rest).toString() };
    expect(await verdictOn(webhook)).toMatchObject({ genuine: false });
  });

  test("says what to do when an account does not sign at all", async () => {
    const webhook = pbx.start(reached);
    const unsigned = { ...webhook, headers: { "content-type": webhook.headers["content-type"] ?? "" } };
    expect(await verdictOn(unsigned)).toEqual({ genuine: false, reason: expect.stringContaining("API keys") });
  });

  test("knows both secrets while they are being rotated", async () => {
    const secrets = new Map([["ZADARMA_SECRET", `new-secret,${secret}`]]);
    expect(await verdictOn(pbx.start(reached), accountWith({}, { secrets }))).toEqual({ genuine: true });
  });

  test.each([
    ["185.45.152.42", true],
    ["203.0.113.9", false],
  ])("from %s, where sources are configured, is %s", async (address, genuine) => {
    const by = accountWith({ sources: ["185.45.152.40/30"] });
    for (const webhook of [pbx.start(reached), pbx.document({ result: "{}" })]) {
      const sent = { ...webhook, headers: { ...webhook.headers, "cf-connecting-ip": address } };
      expect(await verdictOn(sent, by)).toMatchObject({ genuine });
    }
  });

  test("does not believe a source that the sender wrote", async () => {
    const webhook = pbx.start(reached);
    const sent = { ...webhook, headers: { ...webhook.headers, "x-forwarded-for": "185.45.152.42" } };
    expect(await verdictOn(sent, accountWith({ sources: ["185.45.152.40/30"] }))).toMatchObject({ genuine: false });
  });
});

describe("a signature that was seen once", () => {
  /** Another event under the signature of `from`. */
  const forgedFrom = (from: Webhook, event: string, fields: Fields): Webhook => ({
    ...from,
    body: new URLSearchParams({ event, ...fields }).toString(),
  });
  const story = [
    pbx.start(reached),
    pbx.answer({ ...call, caller_id: reached.caller_id, destination: "100", internal: "100" }),
    pbx.end({ ...reached, duration: "47", disposition: "answered", internal: "100", last_internal: "100" }),
  ];

  test.each(["cancel", "no answer", "failed", "busy", ""])(
    "on a forged END (%s) cannot unsay that somebody talked",
    async (disposition) => {
      const forgery = forgedFrom(pbx.start(reached), "NOTIFY_END", { ...reached, disposition, is_recorded: "0" });
      expect(await verdictOn(forgery)).toEqual({ genuine: true }); // as Zadarma's own code would have it
      expect(await told([...story, forgery])).toMatchObject({ status: "answered", seconds: 47 });
      expect(await told([forgery, ...story])).toMatchObject({ status: "answered", seconds: 47 });
    },
  );

  test("over numbers and a time does not make a RECORD", async () => {
    const text = `${reached.caller_id}${reached.called_did}${reached.call_start}`.slice(1);
    const plusless = { ...reached, caller_id: reached.caller_id.slice(1) };
    const ids = { pbx_call_id: text.slice(0, 10), call_id_with_rec: text.slice(10) };
    const forgery = forgedFrom(pbx.start(plusless), "NOTIFY_RECORD", ids);
    expect(await verdictOn(forgery)).toEqual({ genuine: true });
    expect(await readingOf(forgery)).toMatchObject({ kind: "malformed", field: "call_id_with_rec" });
  });
});

describe("what is malformed", () => {
  test.each([
    ["no id of the call", pbx.start({ ...reached, pbx_call_id: "" }), "pbx_call_id"],
    ["an id with blanks", pbx.start({ ...reached, pbx_call_id: "in_1 2" }), "pbx_call_id"],
    ["an endless id", pbx.start({ ...reached, pbx_call_id: `in_${"1".repeat(126)}` }), "pbx_call_id"],
    ["no id of the recording", pbx.record({ pbx_call_id: call.pbx_call_id }), "call_id_with_rec"],
    ["a path for a recording", pbx.record({ ...call, call_id_with_rec: "../../x" }), "call_id_with_rec"],
  ])("%s", async (_, webhook, field) => {
    expect(await readingOf(webhook)).toMatchObject({ kind: "malformed", field });
  });
});

test("answers every webhook with nothing: anything else would be a command to the live call", async () => {
  const webhooks = allStories.flatMap((story) => story.webhooks);
  const readings = await Promise.all(webhooks.map((webhook) => readingOf(webhook)));
  expect(readings.map((reading) => reading.kind === "heard" && reading.reply)).toEqual(webhooks.map(() => emptyOk));
});

test("knows the same webhook again, in whatever order its fields are", async () => {
  const sent = { ...reached, internal: "100" };
  const reversed = Object.fromEntries(Object.entries(sent).toReversed());
  expect(await heard(pbx.internal(reversed))).toEqual(await heard(pbx.internal(sent)));
});

test("tells every webhook of a call from the others", async () => {
  for (const { webhooks } of allStories) {
    const ids = (await Promise.all(webhooks.map((webhook) => heard(webhook)))).flat().map((event) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
  }
});

describe("what a disposition says of an incoming and of an outgoing call", () => {
  test.each([
    ["answered", "answered", "answered", undefined],
    ["ANSWERED ", "answered", "answered", undefined],
    ["cancel", "missed", "canceled", undefined],
    ["Cancel", "missed", "canceled", undefined],
    ["no answer", "missed", "missed", undefined],
    ["no_answer", "missed", "missed", undefined],
    ["no-answer", "missed", "missed", undefined],
    ["busy", "busy", "busy", undefined],
    ["failed", "failed", "failed", undefined],
    ["call failed", "failed", "failed", undefined],
    ["no money", "failed", "failed", "no money"],
    ["unallocated number", "failed", "failed", "unallocated number"],
    ["no limit", "failed", "failed", "no limit"],
    ["no day limit", "failed", "failed", "no day limit"],
    ["line limit", "failed", "failed", "line limit"],
    ["no money, no limit", "failed", "failed", "no money, no limit"],
    ["Gone\u0000\u202eFishing\n", "failed", "failed", "Gone Fishing"],
    ["constructor", "failed", "failed", "constructor"],
    ["", "unanswered", "unanswered", undefined],
  ])("%j", async (disposition, incoming, outgoing, note) => {
    const [end] = await heard(pbx.end({ ...reached, disposition, duration: "5" }));
    const [outEnd] = await heard(pbx.outEnd({ ...dialled, disposition, duration: "5" }));
    expect([end?.ended, end?.note]).toEqual([incoming, note]);
    expect([outEnd?.ended, outEnd?.note]).toEqual([outgoing, note]);
  });

  test("keeps of an unknown one no more than staff would read", async () => {
    const [end] = await heard(pbx.end({ ...reached, disposition: "x".repeat(5000) }));
    expect(end?.note).toHaveLength(maxTextLength);
  });

  test.each([
    ["1", 1],
    ["true", 1],
    ["0", 0],
    ["false", 0],
  ])("announces a recording where is_recorded is %s", async (is_recorded, recordings) => {
    const { recordings: announced } = await told([pbx.end({ ...reached, disposition: "answered", is_recorded })]);
    expect(announced).toHaveLength(recordings);
  });

  test("takes the length of a call that nobody answered for how long it rang", async () => {
    const [end] = await heard(pbx.end({ ...reached, disposition: "cancel", duration: "5" }));
    expect(end?.seconds).toBeUndefined();
  });
});

describe("whose number it is", () => {
  test.each([
    ["+380671112233", { phone: "+380671112233" }],
    ["380671112233", { phone: "380671112233" }],
    ["+38 (067) 111-22-33", { phone: "+380671112233" }],
    ["112", { phone: "112" }],
    ["", { withheld: true }],
    ["0", { withheld: true }],
    ["anonymous", { withheld: true }],
    ["Unknown", { withheld: true }],
  ])("calls from %j", async (caller_id, expected) => {
    const [start] = await heard(pbx.start({ ...reached, caller_id }));
    expect({ phone: start?.phone, withheld: start?.withheld }).toEqual({ phone: undefined, ...expected });
  });

  test("is not hidden when a webhook just does not say it", async () => {
    const [start] = await heard(pbx.start({ ...call, called_did: reached.called_did }));
    expect(start?.withheld).toBeUndefined();
  });

  test("is the one in E.164 where Zadarma adds it to what was dialled", async () => {
    const webhook = pbx.outStart({ ...dialled, destination: "0671112233", dst_e164: "380671112233" });
    expect(await heard(webhook)).toMatchObject([{ phone: "380671112233", direction: "outgoing" }]);
  });

  test("is, at the end of an outgoing call, not the caller's: that is the company's line", async () => {
    const webhook = pbx.outEnd({ ...dialled, caller_id: "380443334455", disposition: "busy" });
    expect(await heard(webhook)).toMatchObject([{ phone: "+380671112233", line: "380443334455", extension: "100" }]);
  });

  test("may be an address", async () => {
    const webhook = pbx.outStart({ ...dialled, destination: "sip:bob@example.com" });
    expect(await heard(webhook)).toMatchObject([{ phone: "sip:bob@example.com" }]);
  });
});

describe("calls between extensions", () => {
  test.each([
    ["short ones", pbx.outStart({ ...outCall, internal: "100", destination: "101" }), true],
    ["full logins", pbx.outStart({ ...outCall, internal: "499499-100", destination: "499499-101" }), true],
    ["who dials is in another field", pbx.outStart({ ...outCall, caller_id: "100", destination: "101" }), true],
    ["on the way in", pbx.start({ ...call, caller_id: "100", called_did: "499499-101" }), true],
    // One that says so outweighs all that say otherwise: a customer is never silent.
    ["not: a short number calls", pbx.start({ ...reached, caller_id: "112" }), false],
    [
      "not: an extension answers",
      pbx.answer({ ...call, caller_id: "112", destination: "100", internal: "100" }),
      false,
    ],
    ["not: an extension calls a line", pbx.start({ ...reached, caller_id: "100" }), false],
    ["not: the caller hides the number", pbx.start({ ...call, caller_id: "anonymous", called_did: "101" }), false],
    ["unknown: who calls is not said", pbx.start({ ...call, called_did: "101" }), undefined],
    ["unknown: who is called is not said", pbx.start({ ...call, caller_id: "100" }), undefined],
    ["unknown: who dialled an extension is not said", pbx.outStart({ ...outCall, destination: "101" }), undefined],
    [
      "unknown: one extension hands the call to another",
      pbx.internal({ ...call, caller_id: "100", called_did: "101", internal: "101", transfer_from: "100" }),
      undefined,
    ],
  ])("%s", async (_, webhook, internal) => {
    const [event] = await heard(webhook);
    expect(event?.internal).toBe(internal);
  });

  test("know extensions by their short form", async () => {
    const webhook = pbx.outStart({ ...outCall, internal: "499499-100", destination: "499499-101" });
    expect(await heard(webhook)).toMatchObject([{ extension: "100", phone: "101" }]);
  });
});

describe("what an agent dials is no extension for being short", () => {
  test.each(["112", "110", "911", "0611", "103#", "12", "1540", "33880", "223344", "0611-123", "98765-432", "499499"])(
    "%s is a customer",
    async (destination) => {
      const [start] = await heard(pbx.outStart({ ...outCall, internal: "100", destination }));
      expect([start?.internal, start?.phone]).toEqual([false, destination.replace("-", "")]);
    },
  );

  test.each(["101", "999", "099", "8500", "223344"].map((number) => [number] as const))(
    "%s is one where the channel says so, and then no other is",
    async (destination) => {
      const extensions = [{ from: destination, to: destination }];
      const says = async (number: string) => {
        const webhook = pbx.outStart({ ...outCall, internal: "100", destination: number });
        return (await heard(webhook, accountWith({}, { extensions })))[0]?.internal;
      };
      expect([await says(destination), await says("102"), await says("499499-102")]).toEqual([true, false, true]);
    },
  );

  test.each([
    ["499499-12", "10", "99", "12"],
    ["499499-1002", "1000", "1999", "1002"],
    ["499499-100002", "100000", "100099", "100002"],
  ])("the login %s is one where the channel names its extension", async (destination, from, to, extension) => {
    const webhooks = [
      pbx.outStart({ ...outCall, internal: "499499-100", destination }),
      pbx.start({ ...call, caller_id: destination, called_did: destination }),
    ];
    for (const webhook of webhooks) {
      const account = accountWith({}, { extensions: [{ from, to }] });
      expect(await heard(webhook, account)).toMatchObject([{ internal: true, phone: extension }]);
    }
  });

  test("nor is who calls from a SIP number to a SIP number", async () => {
    const webhook = pbx.start({ ...call, caller_id: "312233", called_did: "499499" });
    expect(await told([webhook])).toMatchObject({ internal: false, phone: "312233", line: "499499" });
  });
});

describe("a customer's call", () => {
  const handed = { ...call, caller_id: "100", called_did: "101", internal: "101" };
  const between = pbx.internal(handed);

  test.each<[string, Webhook[]]>([
    ["that one event tells of by two extensions", [pbx.start(reached), between]],
    ["whose start was not heard", [between, pbx.end({ ...reached, disposition: "answered" })]],
    ["that is handed over", [pbx.start(reached), pbx.internal({ ...handed, transfer_from: "100" })]],
    ["that was answered", [between, pbx.answer({ ...reached, destination: "101", internal: "101" })]],
  ])("%s is not internal, and the phone is the customer's", async (_, webhooks) => {
    for (const order of [webhooks, webhooks.toReversed()]) {
      expect(await told(order)).toMatchObject({ internal: false, phone: reached.caller_id });
    }
  });

  test.each(["112", "223344"])("from %s keeps that number when it is handed over", async (caller_id) => {
    const webhooks = [pbx.start({ ...reached, caller_id }), pbx.internal({ ...handed, transfer_from: "100" }), between];
    expect(await told(webhooks)).toMatchObject({ internal: false, phone: caller_id });
  });

  test("who hides the number stays hidden, though colleagues are named", async () => {
    const hidden = pbx.start({ ...reached, caller_id: "anonymous" });
    const answered = pbx.answer({ ...handed, destination: "101" });
    expect(await told([hidden, between, answered])).toMatchObject({
      internal: false,
      withheld: true,
      phone: undefined,
    });
  });

  test("that an agent placed keeps its number when it is handed to another outside", async () => {
    const outside = { ...outCall, caller_id: "100", destination: "+380501112233", transfer_from: "100" };
    const webhooks = [pbx.outStart(dialled), pbx.answer({ ...dialled, internal: "100" }), pbx.answer(outside)];
    for (const order of [webhooks, webhooks.toReversed()]) {
      expect(await told(order)).toMatchObject({ internal: false, phone: "+380671112233", status: "in-progress" });
    }
  });
});

describe("a number", () => {
  const calledFrom = async (caller_id: string, channel: string | undefined) => {
    const events = await heard(pbx.start({ ...reached, caller_id }));
    return fold(call.pbx_call_id, events, { country: channel, numbers: zadarma.numbers }).phone;
  };
  const dialledTo = async (destination: string, channel: string | undefined) => {
    const events = await heard(pbx.outStart({ ...dialled, destination }));
    return fold(outCall.pbx_call_id, events, { country: channel, numbers: zadarma.numbers }).phone;
  };

  test.each([
    ["from abroad keeps its country", "380501112233", "DE", "+380501112233"],
    ["from abroad does so in Italy too", "34612345678", "IT", "+34612345678"],
    ["of the country itself is not completed again", "4915112345678", "DE", "+4915112345678"],
    ["with 00 is international", "00380501112233", "DE", "+380501112233"],
    ["with a zero is of the country", "0501112233", "UA", "+380501112233"],
    ["of few digits stays as it is", "312233", "DE", "312233"],
  ])("that calls %s", async (_, caller_id, channel, phone) => expect(await calledFrom(caller_id, channel)).toBe(phone));

  test.each([
    ["as at home is of the channel's country", "067 111-22-33", "UA", "+380671112233"],
    ["in full is international", "380671112233", "DE", "+380671112233"],
    ["that is one at home and another abroad stays as it was dialled", "84951234567", "RU", "84951234567"],
    ["without its area stays local", "22334455", "DE", "22334455"],
    ["of a service stays as it is", "0611", "NL", "0611"],
  ])("that is dialled %s", async (_, destination, channel, phone) =>
    expect(await dialledTo(destination, channel)).toBe(phone),
  );
});

describe("the direction", () => {
  const bare = { ...reached, pbx_call_id: "0123456789abcdef" };
  const bareOut = { ...dialled, pbx_call_id: "0123456789abcdef" };
  const answer = (call: Fields) =>
    pbx.answer({ ...call, caller_id: reached.caller_id, destination: "100", internal: "100" });
  const answerOut = pbx.answer({ ...bareOut, caller_id: "380443334455" });

  test.each<[string, Webhook[], Partial<Call>]>([
    [
      "is that of a START where the id does not tell it",
      [pbx.start(bare), pbx.internal({ ...bare, internal: "100" }), answer(bare)],
      { direction: "incoming", phone: reached.caller_id, status: "in-progress", guessed: false },
    ],
    [
      "is likely to us where only a ring is heard",
      [pbx.internal({ ...bare, internal: "100" })],
      { direction: "incoming", phone: reached.caller_id, status: "ringing", guessed: true },
    ],
    [
      "is that of an OUT_START where the id does not tell it",
      [pbx.outStart(bareOut), answerOut],
      { direction: "outgoing", phone: "+380671112233", status: "in-progress" },
    ],
    [
      "is from us where the id says so, though it has a START",
      [pbx.start({ ...reached, ...outCall, caller_id: "380443334455", called_did: "380671112233" })],
      { direction: "outgoing", phone: "+380671112233", line: "+380443334455" },
    ],
  ])("%s", async (_, webhooks, becomes) => {
    for (const order of [webhooks, webhooks.toReversed()]) expect(await told(order)).toMatchObject(becomes);
  });
});

describe("a call that is handed on", () => {
  const answer = (internal: string, from?: string) =>
    pbx.answer({
      ...call,
      caller_id: reached.caller_id,
      destination: internal,
      internal,
      ...(from && { transfer_from: from }),
    });

  test("and back is that of who has it in the end", async () => {
    const webhooks = [pbx.start(reached), answer("100"), answer("101", "100"), answer("100", "101")];
    const end = pbx.end({ ...reached, disposition: "answered", internal: "100" });
    for (const order of [
      [...webhooks, end],
      [end, ...webhooks.toReversed()],
    ]) {
      const { talks } = await told(order);
      expect(talks.map(({ extension }) => extension)).toEqual(["100", "101", "100"]);
    }
  });
});

describe("legs", () => {
  test("of an outgoing call that is handed over do not turn it around", async () => {
    const webhook = pbx.internal({ ...reached, ...outCall, internal: "101", transfer_from: "100" });
    const [event] = await heard(webhook);
    expect(event).toMatchObject({
      direction: "outgoing",
      leg: { party: "agent", extension: "101", transferFrom: "100" },
    });
    expect(event?.phone).toBeUndefined();
  });

  test("of a click-to-call begin with the agent, who is not the customer", async () => {
    const webhook = pbx.answer({ ...dialled, destination: "499499-100", caller_id: "380443334455" });
    expect(await told([pbx.outStart(dialled), webhook])).toMatchObject({ status: "ringing", phone: "+380671112233" });
  });

  test("are known by who answered, even where the end only tells who was rung first", async () => {
    const answer = { ...call, caller_id: reached.caller_id, destination: "100", internal: "100" };
    const handed = { ...answer, destination: "099", internal: "099", transfer_from: "100" };
    const end = pbx.end({ ...reached, disposition: "answered", internal: "100" });
    const { talks } = await told([pbx.start(reached), pbx.answer(answer), pbx.answer(handed), end]);
    expect(talks.map((talk) => talk.extension)).toEqual(["100", "099"]);
  });

  const rung = (extension: string) => pbx.internal({ ...reached, internal: extension });
  const answeredBy = (extension: string) =>
    pbx.answer({ ...call, caller_id: reached.caller_id, destination: extension, internal: extension });
  const endOf = (more: object) => pbx.end({ ...reached, disposition: "answered", ...more });

  test.each<[string, Webhook[], string[]]>([
    [
      "who answered, not who was rung first",
      [rung("100"), rung("101"), answeredBy("101"), endOf({ internal: "100" })],
      ["101"],
    ],
    ["who was rung first, where nothing else is known", [endOf({ internal: "100" })], ["100"]],
    ["who talked last, whoever was rung first", [endOf({ internal: "100", last_internal: "101" })], ["101"]],
    [
      "both, where the answer names one and the end another",
      [answeredBy("100"), endOf({ internal: "100", last_internal: "101" })],
      ["100", "101"],
    ],
  ])("tell who talked: %s", async (_, webhooks, extensions) => {
    for (const order of [webhooks, webhooks.toReversed()]) {
      const { status, talks } = await told(order);
      expect([status, talks.map((talk) => talk.extension)]).toEqual(["answered", extensions]);
    }
  });

  test("that rang and were not taken answered nobody, though a menu did: the log may know better", async () => {
    for (const order of [
      [rung("100"), endOf({ internal: "100", duration: "22" })],
      [endOf({ internal: "100", duration: "22" }), rung("100")],
    ]) {
      expect(await told(order)).toMatchObject({ status: "missed", talks: [], doubtful: true, seconds: undefined });
    }
  });

  test("of a mailbox are nobody's", async () => {
    const mailbox = answeredBy("8500");
    const end = endOf({ internal: "100", last_internal: "8500", duration: "22" });
    const missed = { status: "missed", talks: [], rung: ["100"], seconds: undefined };
    for (const some of [[mailbox, end], [end], [mailbox, endOf({ internal: "100" })]]) {
      expect(await told([pbx.start(reached), rung("100"), ...some])).toMatchObject(missed);
    }
    expect(await told([mailbox, endOf({ internal: "100" })])).toMatchObject({ status: "missed", talks: [] });
    expect(await told([rung("100"), answeredBy("100"), mailbox, end])).toMatchObject({
      status: "answered",
      talks: [expect.objectContaining({ extension: "100" })],
    });
  });

  test("stay without an agent where none is named", async () => {
    expect(await heard(pbx.internal(reached))).toMatchObject([{ leg: undefined, phone: "+380671112233" }]);
  });
});

describe("the beginning of a call", () => {
  test.each([
    ["is not read where nobody knows the zone", accountWith(), undefined],
    ["is read in the zone that is configured", accountWith({ time_zone: "Europe/Kyiv" }), "2026-09-01T09:00:00Z"],
    ["is Moscow's at Novofon", accountWith({}, { api: "https://api.novofon.com" }), "2026-09-01T09:00:00Z"],
    [
      "is Moscow's at Novofon unless configured",
      accountWith({ time_zone: "UTC+5" }, { api: "https://api.novofon.com" }),
      "2026-09-01T07:00:00Z",
    ],
  ])("%s", async (_, by, instant) => {
    const [start] = await heard(pbx.start(reached), by);
    expect(start?.startedAt).toBe(instant && Date.parse(instant));
  });
});

describe("a webhook of a call that began", () => {
  const hour = 60 * 60_000;
  const zoned = accountWith({ time_zone: "UTC" });
  const verdict = async (webhook: Webhook, laterMs: number, by: Account<ZadarmaSettings>) =>
    zadarma.verify(await hookOf(webhook, heardAt + laterMs), by);
  /** By a clock in UTC. */
  const now = { ...reached, call_start: wallClock(heardAt) };

  test.each([
    ["a day before, of a talk of a day, is genuine", 48 * hour, zoned, true],
    ["longer ago is not", 49 * hour, zoned, false],
    ["longer ago may be genuine where nobody knows the zone", 62 * hour, account, true],
    ["longer ago than in any zone is not", 63 * hour, account, false],
    ["tomorrow, by a clock that is wrong or in another zone, is genuine", -24 * hour, account, true],
    ["later than in any zone is not", -25 * hour, account, false],
  ])("%s", async (_, laterMs, by, genuine) => {
    const told = { ...dialled, call_start: wallClock(heardAt) };
    for (const webhook of [pbx.start(now), pbx.end(now), pbx.answer(now), pbx.outEnd(told)])
      expect(await verdict(webhook, laterMs, by)).toMatchObject({ genuine });
  });

  test("long ago is not, wherever a forger puts the time", async () => {
    const { signature = "" } = pbx.start(now).headers;
    const moved = {
      ...now,
      caller_id: now.caller_id + now.called_did + now.call_start,
      called_did: "",
      call_start: "",
    };
    const webhook = { ...pbx.start(moved), headers: { ...pbx.start(moved).headers, signature } };
    expect(await verdict(webhook, 0, account)).toEqual({ genuine: true });
    expect(await verdict(webhook, 63 * hour, account)).toMatchObject({ genuine: false });
  });

  test.each(["", "yesterday", "2026-02-30 12:00:00", "1781129241"])(
    "at %j is not: that is no time",
    async (call_start) => {
      expect(await verdict(pbx.start({ ...reached, call_start }), 0, account)).toMatchObject({ genuine: false });
    },
  );

  test("is not made of the signature of an event without a time", async () => {
    const record = pbx.record({ pbx_call_id: call.pbx_call_id, call_id_with_rec: "1781129241.26640977" });
    const start = pbx.start({
      ...reached,
      caller_id: `${call.pbx_call_id}1781129241.26640977`,
      called_did: "",
      call_start: "",
    });
    const forged = { ...start, headers: { ...start.headers, signature: record.headers.signature ?? "" } };
    expect(await verdict(forged, 0, account)).toMatchObject({ genuine: false });
  });
});

describe("settings", () => {
  test("may be absent", () => {
    expect(zadarma.settings.parse(undefined)).toEqual({});
  });

  test.each([
    ["an unknown key", { timezone: "UTC" }],
    ["an unknown zone", { time_zone: "Mars/Olympus" }],
    ["an impossible offset", { time_zone: "UTC+25" }],
    ["what is no address", { sources: ["zadarma.com"] }],
    ["an empty list, which nothing would pass", { sources: [] }],
  ])("refuse %s", (_, table) => {
    expect(zadarma.settings.safeParse(table).success).toBe(false);
  });
});
