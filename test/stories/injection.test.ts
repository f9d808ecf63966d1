/**
 * Genuine webhooks whose texts try to be more than text: names, numbers, extensions, ids and remarks that would end a line,
 * a part of a form, a tag, a key or an id. Each stays one value in its place, and nobody reads what does not show.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { maxTextLength } from "../../src/calls/plain.ts";
import { sample } from "../standins/audio.ts";
import { type Pbx, startPbx } from "../standins/media.ts";
import { type System, type SystemCall, startSystem } from "../standins/system.ts";
import { twilioPbx } from "../standins/twilio.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { zadarmaApi, zadarmaPbx } from "../standins/zadarma.ts";
import type { ZadarmaRecording } from "../standins/zadarma-api.ts";
import { until } from "./harness.ts";
import { startWrangler, type WranglerDev } from "./wrangler.ts";

const secrets = {
  SALES_CHANNEL_KEY: "sales-channel-key",
  SALES_TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001",
  SALES_TWILIO_AUTH_TOKEN: "twilio-auth-token",
  SUPPORT_CHANNEL_KEY: "support-channel-key",
  SUPPORT_ZADARMA_KEY: "zadarma-key",
  SUPPORT_ZADARMA_SECRET: "zadarma-secret",
  CONSOLE_TOKEN: "console-token-of-a-test",
};

const texts: [title: string, text: string][] = [
  ["a line of a log", 'x\r\n{"what":"forged line","channel":"sales"}'],
  ["a header", "x\r\nAuthorization: Basic Zm9yZ2Vk\r\n\r\n"],
  ["a part of a form", 'x\r\n--trunkline-1\r\nContent-Disposition: form-data; name="user_ids[]"\r\n\r\n1'],
  ["the end of a form", "x\r\n--trunkline-1--\r\n"],
  ["the end of a quoted name", `x"; filename="../../etc/passwd"`],
  ["the end of a C string", "x\0y"],
  ["a line of JavaScript's", "x\u2028alert(1)\u2029"],
  ["a text that runs backwards", "x\u202e3pm.exe\u202c"],
  ["what does not show", "x\u200b\u2066\ufeff\u00ad"],
  ["a terminal's command", "x\u001b[2J\u001b]0;owned\u0007\u009b31m"],
  ["markup", `x</Number><Hangup/>'"&amp;<script>alert(1)</script>`],
  ["a place in a template", "{phone}{constructor}$&$1"],
  ["two ids", "1,2"],
  ["a formula", "=1+cmd|' /C calc'!A0"],
  ["far too much", "x".repeat(10_000)],
  ["far too much, cut within a character", "😀".repeat(1000)],
];

/** Nothing that does not show, turns text around, or ends a line. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

let system: System;
let pbx: Pbx;
let worker: WranglerDev;
const zadarmaRecordings = new Map<string, ZadarmaRecording>();

beforeAll(async () => {
  system = await startSystem({
    channelKeys: [secrets.SALES_CHANNEL_KEY, secrets.SUPPORT_CHANNEL_KEY],
    arrays: "repeat",
    limit: 1_000_000,
  });
  const [key, secret] = [secrets.SUPPORT_ZADARMA_KEY, secrets.SUPPORT_ZADARMA_SECRET];
  pbx = await startPbx({ handlers: [zadarmaApi({ key, secret, recordings: zadarmaRecordings, now: Date.now })] });
  const common = { system: system.url, api: pbx.url, comment: "{phone} {line} {agent} {note}" };
  const channels = {
    sales: { provider: "twilio", ...common, twilio: { caller_id: "+14155550100" }, internal: true },
    support: {
      provider: "zadarma",
      ...common,
      assign: [
        { extension: "constructor", user_ids: [7] },
        { extension: "__proto__", user_ids: [8] },
      ],
      ignore: [{ extension: "hasOwnProperty" }],
    },
  };
  worker = await startWrangler({ CHANNELS: JSON.stringify(channels), ...secrets });
});

afterAll(async () => {
  await worker.remove();
  await Promise.all([system.close(), pbx.close()]);
});

function twilio(run: string) {
  return twilioPbx({
    accountSid: secrets.SALES_TWILIO_ACCOUNT_SID,
    authToken: secrets.SALES_TWILIO_AUTH_TOKEN,
    hookUrl: `${worker.url}/hooks/sales`,
    startedAt: Date.now(),
    run,
  });
}

function zadarma() {
  const [key, secret] = [secrets.SUPPORT_ZADARMA_KEY, secrets.SUPPORT_ZADARMA_SECRET];
  return zadarmaPbx({ key, secret, hookUrl: `${worker.url}/hooks/support` });
}

/** Bodies of the answers, each of which must be a success. */
async function played(...webhooks: readonly Webhook[]): Promise<string[]> {
  const bodies: string[] = [];
  for (const webhook of webhooks) {
    const answer = await send(webhook);
    bodies.push(await answer.text());
    expect([webhook.url, answer.status < 300]).toEqual([webhook.url, true]);
  }
  return bodies;
}

async function ended(pbxCallId: string): Promise<SystemCall> {
  const isOver = (call: SystemCall) => call.pbxCallId === pbxCallId && call.ticket.comments.length > 0;
  return until(`call ${pbxCallId}`, () => system.calls.find(isOver));
}

async function api(path: string): Promise<Response> {
  return fetch(`${worker.url}/api${path}`, { headers: { authorization: `Bearer ${secrets.CONSOLE_TOKEN}` } });
}

/** Every text in a value, however deep. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The first place where `xml` is not well-formed; undefined where it is. */
function brokenAt(xml: string): string | undefined {
  const open: string[] = [];
  const token =
    /^(?:<\?xml [^<>]*\?>|<(\/?)([A-Za-z]+)((?: [A-Za-z]+="(?:[^"<&]|&(?:amp|lt|gt|quot|apos);)*")*)(\/?)>|(?:[^<>&]|&(?:amp|lt|gt|quot|apos);)+)/;
  for (let rest = xml; rest !== ""; ) {
    const [matched = "", closes, name = "", , empty] = token.exec(rest) ?? [];
    if (matched === "" || (closes === "/" && open.pop() !== name)) return rest;
    if (name !== "" && closes === "" && empty === "") open.push(name);
    rest = rest.slice(matched.length);
  }
  return open.length > 0 ? open.join() : undefined;
}

describe.each(texts)("%s", (title, text) => {
  test("of a Twilio softphone, of whom it calls, and of all else that Twilio tells, stays text", async () => {
    const tell = twilio(title);
    const root = tell.inbound(`client:${text}`, `client:${text}`);
    const agent = tell.dialled(root, `client:${text}`);
    const customer = tell.dialled(root, "+14155550123", "+14155550100");
    const more = { CallerName: text, [text]: text, FromCity: text };
    const [order = ""] = await played(
      tell.voice(root, { ...more, PhoneNumber: text }),
      tell.voice(root, { ...more, PhoneNumber: `+14155550123${text}` }),
      tell.status(agent, "in-progress", 3, { ...more, Timestamp: new Date().toUTCString(), SequenceNumber: text }),
      tell.status(customer, "in-progress", 4, more),
      tell.dial(root, "completed", { ...more, DialCallSid: customer.sid, AnsweredBy: text, RecordingUrl: text }),
      tell.dial(root, text, { DialCallSid: customer.sid }),
      tell.recording(root, tell.recordingId(), text, more),
      tell.status(root, "completed", 9, { ...more, CallDuration: text }),
    );
    expect(brokenAt(order)).toBeUndefined();
    const call = await ended(root.sid);
    expect(call.direction).toBe("outgoing");
    expect(call.audience.ids.length).toBeLessThan(2);
  });

  test("as a number that was dialled, an extension or a remark of Zadarma's stays text", async () => {
    const say = zadarma();
    const id = `out_${texts.findIndex(([other]) => other === title)}`;
    const call = { pbx_call_id: id, destination: text, internal: "100" };
    await played(
      say.outStart({ ...call, caller_id: text, [text]: text }),
      say.answer({ ...call, internal: text, transfer_from: text }),
      say.outEnd({
        ...call,
        caller_id: text,
        disposition: text,
        duration: text,
        last_internal: text,
        is_recorded: text,
      }),
    );
    expect((await ended(id)).direction).toBe("outgoing");
  });

  test("is no id: such a webhook is turned down, and kept to look at", async () => {
    const tell = twilio(title);
    const root = { ...tell.inbound("+14155550123", "+14155550100"), sid: text };
    const say = zadarma();
    const call = { pbx_call_id: text, caller_id: "1", called_did: "2" };
    const named = { pbx_call_id: "in_x", call_id_with_rec: text };
    const turnedDown = [
      [tell.voice(root), "CallSid"],
      [tell.recording({ ...root, sid: "CA1" }, text), "RecordingSid"],
      [say.start(call), "pbx_call_id"],
      [say.record(named), "call_id_with_rec"],
    ] as const;
    for (const [webhook, field] of turnedDown) {
      const answer = await send(webhook);
      expect([answer.status, await answer.json()]).toMatchObject([400, { field }]);
      for (const [, value] of answer.headers) expect(value).not.toMatch(invisible);
    }
  });
});

/** Words that every object of JavaScript's knows, and paths. */
const ids = ["__proto__", "constructor", "toString", "hasOwnProperty", "..", ".", "in_..:.", "-", "a:b.c"];

describe.each(ids)("the call %s", (id) => {
  test("is one like any other, with its recording", async () => {
    const say = zadarma();
    const call = {
      pbx_call_id: id,

      caller_id: "+380671112233",
      called_did: "380443334455",
    };
    const bytes = await sample("mp3");
    const recordingId = `${id}:1`;
    zadarmaRecordings.set(recordingId, { bytes, type: "audio/mpeg", pbxCallId: id });
    const every = Object.fromEntries(ids.map((word) => [word, word]));
    await played(
      say.start({ ...call, ...every }),
      say.end({ ...call, internal: "100", duration: "3", disposition: "answered" }),
      say.record({ pbx_call_id: id, call_id_with_rec: recordingId, ...every }),
    );
    const heard = (call: SystemCall) => call.pbxCallId === id && call.ticket.recordings.length === 1;
    await until("its recording", () => system.calls.find(heard));
    const shown = await api(`/calls/support/${encodeURIComponent(id).replaceAll(".", "%2E")}`);
    // A path's dots are the path's own, however they are written: of such a call only the list tells.
    if (/^\.+$/.test(id)) return expect(await (await api("/calls")).text()).toContain(`"call":"${id}"`);
    const { recordings } = (await shown.json()) as { recordings: { key: string }[] };
    const key = recordings[0]?.key ?? "";
    expect(key).toMatch(/^support\/\d{4}\/\d\d\/\d\d\/[\w~-][\w.~-]*\/[\w~-][\w.~-]*\.mp3$/);
    expect((await api(`/recordings/${key}`)).status).toBe(200);
  });
});

describe("a word that every object knows", () => {
  const talkedBy = async (extension: string) => {
    const say = zadarma();
    const id = `in_by_${extension}`;
    const call = {
      pbx_call_id: id,

      caller_id: "+380671112233",
      called_did: "380443334455",
    };
    await played(
      say.start(call),
      say.internal({ ...call, internal: extension }),
      say.answer({ ...call, internal: extension, destination: "1" }),
    );
    return id;
  };
  const assignee = async (id: string) =>
    until("an assignee", () => system.calls.find(({ pbxCallId }) => pbxCallId === id)?.ticket.assignee);

  test("is the extension that a rule names, and no other", async () => {
    expect(await assignee(await talkedBy("constructor"))).toEqual({ userId: 7 });
    expect(await assignee(await talkedBy("__proto__"))).toEqual({ userId: 8 });
    expect(await assignee(await talkedBy("toString"))).toEqual({ pbxUserId: "toString" });
    const ignored = await talkedBy("hasOwnProperty");
    expect(await (await api(`/calls/support/${ignored}`)).json()).toMatchObject({ rung: ["hasOwnProperty"] });
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "such as %s is no channel and no call",
    async (word) => {
      const paths = [
        `/calls/${word}/x`,
        `/calls/support/${word}x`,
        `/recordings/${word}/x`,
        `/recordings/support/${word}`,
      ];
      for (const path of [...paths, `/${word}`]) expect([path, (await api(path)).status]).toEqual([path, 404]);
      expect((await api(`/calls?channel=${word}`)).status).toBe(404);
      for (const query of [`${word}=1`, `before=${word}`]) expect((await api(`/calls?${query}`)).status).toBe(400);
      expect((await fetch(`${worker.url}/hooks/${word}`, { method: "POST" })).status).toBe(404);
    },
  );
});

describe("after all this", () => {
  test("the helpdesk has had well-formed forms alone, one ticket a call", () => {
    expect(system.violations).toEqual([]);
    expect(system.doubled()).toEqual([]);
    expect(system.requests.length).toBeGreaterThan(texts.length * 4);
  });

  test("nothing that it was told holds what does not show, or is without end", () => {
    const told = system.requests.flatMap(({ fields }) => textsIn(fields));
    expect(told.filter((text) => invisible.test(text))).toEqual([]);
    expect(told.filter((text) => text.length > 6 * maxTextLength)).toEqual([]);
  });

  test("no file has a name that needs quoting", () => {
    const names = system.requests.flatMap(({ file }) => file?.name ?? []);
    expect(names.length).toBeGreaterThanOrEqual(ids.length);
    expect(names.filter((name) => !/^\d{4}-\d\d-\d\d-[\w.~-]+\.mp3$/.test(name))).toEqual([]);
  });

  test("the operator reads the same", async () => {
    const { calls } = (await (await api("/calls")).json()) as { calls: { channel: string; call: string }[] };
    expect(calls.length).toBeGreaterThan(texts.length * 2);
    expect(textsIn(calls).filter((text) => invisible.test(text))).toEqual([]);
    for (const { channel, call } of calls.filter(({ call }) => !/^\.+$/.test(call))) {
      const shown = await api(`/calls/${channel}/${call}`);
      expect([call, shown.headers.get("content-type")]).toEqual([call, "application/json"]);
      expect(textsIn(await shown.json()).filter((text) => invisible.test(text))).toEqual([]);
    }
  });

  test("each line of the log is one that Trunkline wrote", () => {
    const lines = worker.output().split("\n");
    // Wrangler marks a warning before it.
    const own = lines.flatMap((line) => /\{.*"what":.*/.exec(line)?.[0] ?? []);
    const whats = new Set(own.map((line) => (JSON.parse(line) as { what: string }).what));
    expect([...whats].sort()).toEqual(["configuration", "delivery", "malformed webhook", "recording", "webhook"]);
    expect(lines.filter((line) => invisible.test(line))).toEqual([]);
    expect(lines.filter((line) => /Zm9yZ2Vk|--trunkline|owned|alert|Hangup|\/C calc/.test(line))).toEqual([]);
  });
});
