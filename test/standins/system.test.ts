import { existsSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { heldBytes, longWav, sample, sha256Of } from "./audio.ts";
import { type Behaviour, type System, startSystem } from "./system.ts";
import { AudioStore, keptBytes } from "./system-audio.ts";

const channelKey = "k-1";
const path = `/api/v2/telephony/calls/${channelKey}/`;
const boundary = "----separator";
const formType = `multipart/form-data; boundary=${boundary}`;

let now = 0;
let system: System;
beforeEach(async () => {
  now = 1_800_000_000_000;
  system = await startSystem({ channelKeys: [channelKey], limit: 5, now: () => now });
});
afterEach(() => system.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One request over real HTTP, byte by byte as it says. */
async function ask(
  target: string,
  method: string,
  headers: Record<string, string | number>,
  body: Readable,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpRequest(target, { method, headers, agent: false }, async (response) => {
    const chunks: Buffer[] = [];
    response.on("error", reject).on("data", (chunk) => chunks.push(chunk));
    await finished(response).catch(reject);
    resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() });
  });
  request.on("error", reject);
  pipeline(body, request).catch(reject);
  return promise;
}

function post(parts: readonly Buffer[], headers: Record<string, string | number> = {}, to = path): Promise<Answer> {
  const bytes = form(parts);
  const all = { "content-type": formType, "content-length": bytes.length, ...headers };
  return ask(system.url + to, "POST", all, Readable.from([bytes]));
}

function get(at: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(system.url + at, "GET", headers, Readable.from([]));
}

function form(parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

function text(name: string, value: string | Buffer): Buffer {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(value), Buffer.from("\r\n")]);
}

function file(name: string, type: string, bytes: Buffer, field = "audio_record"): Buffer {
  return Buffer.concat([fileHead(name, type, field), bytes, Buffer.from("\r\n")]);
}

function fileHead(name: string, type: string, field = "audio_record"): Buffer {
  const disposition = `Content-Disposition: form-data; name="${field}"; filename="${name}"`;
  return Buffer.from(`--${boundary}\r\n${disposition}\r\nContent-Type: ${type}\r\n\r\n`);
}

/** Every field of a correct form, to be changed by one. `undefined` leaves a field out. */
function fields(all: Record<string, string | readonly string[] | undefined>): Buffer[] {
  return Object.entries(all).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return (typeof value === "string" ? [value] : value).map((one) => text(name, one));
  });
}

const created = { action: "create_call", direction: "incoming", phone: "+79998887766" };
const create = (changes: Record<string, string | readonly string[] | undefined> = {}) =>
  fields({ ...created, ...changes });
const update = (changes: Record<string, string | readonly string[] | undefined> = {}) =>
  fields({ action: "update_call", call_id: "1", call_status: "answered", ...changes });

const mp3 = await sample("mp3");

describe("a form that keeps the rules", () => {
  test("makes a call and a ticket and gets the documented answer", async () => {
    const answer = await post(
      create({ call_status: "ringing", pbx_call_id: "p1", "pbx_user_ids[]": "101", comment: "Hi" }),
    );
    expect(JSON.parse(answer.text)).toEqual({
      data: {
        call_id: 1,
        pbx_call_id: "p1",
        user_id: 0,
        pbx_user_id: "101",
        call_status: "ringing",
        audio_record: null,
        ticket_id: 1001,
      },
    });
    expect(answer).toMatchObject({ status: 200, headers: { "x-rate-limit": "5", "x-rate-limit-remaining": "4" } });
    expect(system.tickets).toMatchObject([{ id: 1001, assignee: { pbxUserId: "101" }, comments: ["Hi"] }]);
    expect(system.requests).toMatchObject([{ n: 1, at: now, action: "create_call", status: 200 }]);
    expect(system.violations).toEqual([]);
  });

  test("changes the call that it names, by either id", async () => {
    await post(create({ call_status: "ringing", pbx_call_id: "p1" }));
    await post(update({ call_status: "in-progress", user_id: "7" }));
    await post(update({ call_id: undefined, pbx_call_id: "p1", pbx_user_id: "102" }));
    expect(system.calls).toMatchObject([{ id: 1, statuses: ["ringing", "in-progress", "answered"] }]);
    expect(system.tickets).toMatchObject([{ assignee: { pbxUserId: "102" } }]);
    expect(system.violations).toEqual([]);
  });

  test("answers 404 to an update of a call that it does not know", async () => {
    expect(await post(update())).toMatchObject({ status: 404 });
    expect(system.violations).toEqual([]);
  });

  test.each([
    ["two extensions", { "pbx_user_ids[]": ["101", "102"] }, { by: "pbx_user_ids[]", ids: ["101", "102"] }, undefined],
    ["commas", { "user_ids[]": "1,2,3" }, { by: "user_ids[]", ids: ["1", "2", "3"] }, undefined],
    ["one employee", { "user_ids[]": "7" }, { by: "user_ids[]", ids: ["7"] }, { userId: 7 }],
    ["one group", { "group_ids[]": "4" }, { by: "group_ids[]", ids: ["4"] }, undefined],
    ["nobody", {}, { by: "everyone", ids: [] }, undefined],
  ])("shows the card to %s", async (_, who, audience, assignee) => {
    await post(create(who));
    expect(system.calls).toMatchObject([{ audience }]);
    expect(system.tickets[0]?.assignee).toEqual(assignee);
    expect(system.violations).toEqual([]);
  });

  test.each([
    ["mp3", "audio/mpeg"],
    ["wav", "audio/wav"],
    ["ogg", "audio/ogg"],
    ["m4a", "audio/mp4"],
  ] as const)("attaches %s", async (format, type) => {
    const bytes = await sample(format);
    const answer = await post([...create(), file(`call.${format}`, type, bytes)]);
    expect(JSON.parse(answer.text)).toMatchObject({ data: { audio_record: "/recordings/1" } });
    expect(system.requests).toMatchObject([{ file: { name: `call.${format}`, type, bytes: bytes.length } }]);
    expect(system.violations).toEqual([]);
  });
});

describe("a rule of the form that is broken", () => {
  const audio = (name = "call.mp3", type = "audio/mpeg", bytes: Buffer = mp3) => file(name, type, bytes);

  test.each<[string, Buffer[], string]>([
    ["no action", create({ action: undefined }), "action: is missing"],
    ["an unknown action", create({ action: "delete_call" }), 'action: "delete_call" is unknown'],
    ["no direction", create({ direction: undefined }), "direction: is missing"],
    ["a wrong direction", create({ direction: "in" }), 'direction: "in" is not one of'],
    ["no phone", create({ phone: undefined }), "phone: is missing"],
    ["an empty phone", create({ phone: "" }), "phone: is empty"],
    ["a wrong status", create({ call_status: "completed" }), 'call_status: "completed" is not one of'],
    ["an empty comment", create({ comment: "" }), "comment: is empty"],
    ["an unknown field", create({ duration: "3" }), "duration: is not a field of create_call"],
    ["an array without brackets", create({ user_ids: "1" }), "user_ids: is not a field"],
    ["a field of update_call", create({ user_id: "1" }), "user_id: is not a field of create_call"],
    ["a field twice", create({ phone: ["+1", "+2"] }), "phone: is there 2 times"],
    ["two audiences", create({ "user_ids[]": "1", "group_ids[]": "2" }), "user_ids[] and group_ids[]: at most one"],
    ["an empty array", create({ "user_ids[]": "" }), "user_ids[]: has an empty value"],
    ["an empty array value", create({ "pbx_user_ids[]": ["1", ""] }), "pbx_user_ids[]: has an empty value"],
    ["an empty comma value", create({ "user_ids[]": "1,,2" }), "user_ids[]: has an empty value"],
    ["an employee that is no number", create({ "user_ids[]": "anna" }), 'user_ids[]: "anna" is not all numbers'],
    ["both encodings", create({ "user_ids[]": ["1,2", "3"] }), "user_ids[]: is both repeated and separated"],
    ["a text that is not UTF-8", [...create(), text("comment", Buffer.from([0xc3, 0x28]))], "comment: is not UTF-8"],
    ["a text that is endless", create({ comment: "x".repeat(70_000) }), "comment: is longer than"],
    ["a part without a name", [...create(), text("", "x")], "a part has no name"],
    ["no id", update({ call_id: undefined }), "call_id or pbx_call_id: is missing"],
    ["both ids", update({ pbx_call_id: "p1" }), "call_id and pbx_call_id: exactly one"],
    ["an id that is no number", update({ call_id: "p1" }), 'call_id: "p1" is not a number'],
    ["an update without a status", update({ call_status: undefined }), "call_status: is missing"],
    ["two assignees", update({ user_id: "1", pbx_user_id: "2" }), "user_id and pbx_user_id: at most one"],
    ["an assignee that is no number", update({ user_id: "anna" }), 'user_id: "anna" is not a number'],
    ["an audience in an update", update({ "user_ids[]": "1" }), "user_ids[]: is not a field of update_call"],
    ["a phone in an update", update({ phone: "+1" }), "phone: is not a field of update_call"],
    ["a recording as text", create({ audio_record: "https://x.example" }), "audio_record: is a text field"],
    ["a text as a file", [...create(), file("a", "text/plain", mp3, "phone")], "phone: is a file"],
    ["an unknown file", [...create(), file("a.mp3", "audio/mpeg", mp3, "audio")], "audio: is not a field"],
    ["two files", [...create(), audio(), audio()], "audio_record and audio_record: more than one file"],
    ["an empty file name", [...create(), audio("")], "audio_record: has an empty file name"],
    ["a path for a file name", [...create(), audio("../call.mp3")], "is a path"],
    ["no extension", [...create(), audio("call")], '"call" is none of mp3, mp4, wav, ogg'],
    ["an extension that is not taken", [...create(), audio("a.flac")], '"a.flac" is none of'],
    ["an empty file", [...create(), audio("a.mp3", "audio/mpeg", Buffer.alloc(0))], "is an empty file"],
    ["another content type", [...create(), audio("a.mp3", "audio/wav")], "content type audio/wav does not go"],
    [
      "no audio type",
      [...create(), audio("a.mp3", "application/octet-stream")],
      "application/octet-stream does not go",
    ],
    ["other bytes", [...create(), audio("a.wav", "audio/wav")], "which is no wav"],
    ["HTML bytes", [...create(), audio("a.mp3", "audio/mpeg", Buffer.from("<!doctype html>"))], "which is no mp3"],
  ])("%s", async (_, parts, violation) => {
    const answer = await post(parts);
    expect(system.violations).toEqual([expect.stringContaining(violation)]);
    expect(answer).toMatchObject({ status: 400, headers: { "x-rate-limit": "5" } });
    expect(JSON.parse(answer.text).error).toContain(violation);
    expect(system.calls).toEqual([]);
  });

  test.each([
    ["repeat", "1,2", "user_ids[]: is separated by commas instead of repeated"],
    ["comma", ["1", "2"], "user_ids[]: is repeated instead of separated by commas"],
  ] as const)("the other array encoding where %s is demanded", async (arrays, ids, violation) => {
    await system.close();
    system = await startSystem({ channelKeys: [channelKey], arrays });
    expect(await post(create({ "user_ids[]": ids }))).toMatchObject({ status: 400 });
    expect(system.violations).toEqual([expect.stringContaining(violation)]);
  });

  test("a form that breaks off within its file", async () => {
    const bytes = Buffer.concat([...create(), fileHead("a.mp3", "audio/mpeg"), mp3]);
    const headers = { "content-type": formType, "content-length": bytes.length };
    expect(await ask(system.url + path, "POST", headers, Readable.from([bytes]))).toMatchObject({ status: 400 });
    expect(system.violations).toEqual([expect.stringContaining("the form cannot be parsed")]);
  });

  test("a form whose boundary is another", async () => {
    expect(await post(create(), { "content-type": "multipart/form-data; boundary=other" })).toMatchObject({
      status: 400,
    });
    expect(system.violations[0]).toContain("the form cannot be parsed");
  });
});

describe("a request that does not belong", () => {
  test.each<[string, number, string, Record<string, string>, string]>([
    ["another content type", 400, path, { "content-type": "application/json" }, 'Content-Type is "application/json"'],
    ["no boundary", 400, path, { "content-type": "multipart/form-data" }, 'Content-Type is "multipart/form-data"'],
    ["an empty boundary", 400, path, { "content-type": "multipart/form-data; boundary=" }, "no usable boundary"],
    ["no slash at the end", 301, path.slice(0, -1), {}, "the path lacks its slash at the end"],
    ["another path", 404, "/api/v2/telephony/", {}, "no such path: /api/v2/telephony/"],
    ["a query", 404, `${path}?x=1`, {}, "no such path"],
    ["outside of the API", 404, "/calls", {}, "unexpected request: POST /calls"],
  ])("%s", async (_, status, to, headers, violation) => {
    expect(await post(create(), headers, to)).toMatchObject({ status, headers: { "x-rate-limit": "5" } });
    expect(system.violations).toEqual([expect.stringContaining(violation)]);
    expect(system.calls).toEqual([]);
  });

  test("another method", async () => {
    expect(await get(path)).toMatchObject({ status: 405 });
    expect(system.violations).toEqual(["request 1: GET instead of POST"]);
  });

  test("a body of unknown length", async () => {
    const headers = { "content-type": formType, "transfer-encoding": "chunked" };
    const answer = await ask(system.url + path, "POST", headers, Readable.from([form(create())]));
    expect(answer).toMatchObject({ status: 411 });
    expect(system.violations).toEqual(["request 1: Transfer-Encoding: chunked instead of a Content-Length"]);
  });

  test("what is not HTTP", async () => {
    const socket = connect(Number(new URL(system.url).port), "127.0.0.1");
    // Says three bytes and sends more: the rest would be the next request.
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${formType}\r\nContent-Length: 3\r\n\r\n`;
    socket.end(`${head}${form(create())}`);
    await finished(socket.resume());
    expect(system.violations).toContainEqual(expect.stringContaining("not HTTP"));
  });

  test("an unknown channel key is refused, yet breaks no rule", async () => {
    expect(await post(create(), {}, path.replace(channelKey, "other"))).toMatchObject({ status: 403 });
    expect(await post(create(), {}, path.replace(channelKey, "%zz"))).toMatchObject({ status: 403 });
    expect(system.violations).toEqual([]);
  });

  test("authorization is demanded where it is configured", async () => {
    await system.close();
    system = await startSystem({ channelKeys: [channelKey], auth: "a@b.example:key" });
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
    const challenge = { status: 401, headers: { "www-authenticate": 'Basic realm="helpdesk"' } };
    expect(await post(create())).toMatchObject(challenge);
    expect(await post(create(), basic("a@b.example:other"))).toMatchObject(challenge);
    expect(await post(create(), basic("a@b.example:key"))).toMatchObject({ status: 200 });
    expect(system.violations).toEqual([]);
  });

  test("update_call is refused where the installation lacks it", async () => {
    await system.close();
    system = await startSystem({ channelKeys: [channelKey], updateCall: false });
    await post(create({ pbx_call_id: "p1" }));
    expect(await post(update())).toMatchObject({ status: 400 });
    expect(system.calls[0]?.status).toBeUndefined();
  });

  test("a body over the limit is answered 413", async () => {
    await system.close();
    system = await startSystem({ channelKeys: [channelKey], maxUpload: 10_000 });
    expect(await post([...create(), file("a.mp3", "audio/mpeg", mp3)])).toMatchObject({ status: 413 });
    expect(system.calls).toEqual([]);
  });
});

describe("a call", () => {
  test("that is created twice has two tickets", async () => {
    await post(create({ pbx_call_id: "p1" }));
    await post(create({ pbx_call_id: "p2" }));
    expect(system.doubled()).toEqual([]);
    await post(create({ pbx_call_id: "p1" }));
    expect(system.tickets).toHaveLength(3);
    expect(system.doubled()).toEqual(["p1"]);
  });

  test("of another channel is another call", async () => {
    await system.close();
    system = await startSystem({ channelKeys: [channelKey, "k-2"] });
    const other = path.replace(channelKey, "k-2");
    await post(create({ pbx_call_id: "p1" }));
    await post(create({ pbx_call_id: "p1" }), {}, other);
    expect(await post(update(), {}, other)).toMatchObject({ status: 404 });
    expect(system.doubled()).toEqual([]);
  });

  test("that was over must not ring again", async () => {
    await post(create({ call_status: "missed" }));
    await post(update({ call_status: "answered" }));
    expect(system.violations).toEqual([]);
    await post(update({ call_status: "ringing" }));
    expect(system.violations).toEqual(["request 3: reopened call 1: answered, then ringing"]);
  });
});

describe("the rate limit", () => {
  const spend = async (count: number) => {
    for (let i = 0; i < count; i++) await post(create());
  };

  test("counts down and slides", async () => {
    await spend(5);
    expect(system.uses).toBe(5);
    now += 60_000;
    expect(await post(create())).toMatchObject({ status: 200, headers: { "x-rate-limit-remaining": "4" } });
    expect(system.violations).toEqual([]);
  });

  test("blocks everybody for twenty minutes once it is exceeded", async () => {
    await spend(5);
    now += 59_999;
    const headers = { "retry-after": "1200", "x-rate-limit": "5", "x-rate-limit-remaining": "0" };
    expect(await post(create())).toMatchObject({ status: 429, headers });
    expect(system.violations).toEqual(["request 6: rate limit exceeded: more than 5 requests in a minute"]);
    now += 20 * 60_000 - 1;
    expect(await post(create())).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(system.violations).toContain("request 7: came again while blocked");
    now += 1;
    expect(await post(create())).toMatchObject({ status: 200 });
    expect(system.calls).toHaveLength(6);
  });

  test("counts other clients, whose excess is not ours", async () => {
    system.othersUse(4);
    expect(await post(create())).toMatchObject({ headers: { "x-rate-limit-remaining": "0" } });
    system.othersUse(1);
    expect(system.blockedUntil).toBe(now + 20 * 60_000);
    expect(await post(create())).toMatchObject({ status: 429 });
    expect(system.violations).toEqual([]);
  });
});

describe("misbehaviour", () => {
  const once = (behaviour: Behaviour) => system.behave(({ n }) => (n === 1 ? behaviour : undefined));

  test.each<[string, Behaviour, object, number]>([
    ["a status", { status: 503 }, { status: 503 }, 0],
    ["a status after the work", { status: 500, commit: true }, { status: 500 }, 1],
    ["its own words", { status: 200, body: "{", headers: { "x-y": "z" } }, { text: "{", headers: { "x-y": "z" } }, 0],
    ["a page", { html: true }, { status: 200, headers: { "content-type": "text/html; charset=utf-8" } }, 0],
    ["delay", { delayMs: 1 }, { status: 200 }, 1],
    ["delay and a status", { delayMs: 1, next: { status: 502 } }, { status: 502 }, 0],
    ["a wait for a signal", { until: Promise.resolve() }, { status: 200 }, 1],
    ["haste", { early: 413 }, { status: 413 }, 0],
  ])("answers with %s", async (_, behaviour, answer, calls) => {
    once(behaviour);
    expect(await post([...create(), file("a.mp3", "audio/mpeg", mp3)])).toMatchObject(answer);
    expect(system.calls).toHaveLength(calls);
    expect(system.violations).toEqual([]);
    expect(await post(create())).toMatchObject({ status: 200 });
  });

  test.each<["during" | "before" | "after", number]>([
    ["during", 0],
    ["before", 0],
    ["after", 1],
  ])("loses the connection %s the work", async (drop, calls) => {
    once({ drop });
    await expect(post([...create(), file("a.mp3", "audio/mpeg", mp3)])).rejects.toThrow();
    await system.until(() => system.requests[0]?.status === 0);
    expect(system.calls).toHaveLength(calls);
  });

  test("shows a rule what it answers", async () => {
    const seen: unknown[] = [];
    system.behave((request) => void seen.push(request));
    await post([...create({ "user_ids[]": ["1", "2"] }), file("a.mp3", "audio/mpeg", mp3)]);
    const sent = { ...created, "user_ids[]": ["1", "2"] };
    expect(seen).toEqual([{ n: 1, path, action: "create_call", fields: sent, hasFile: true }]);
  });

  test("still checks the rules", async () => {
    once({ status: 503 });
    await post(create({ phone: undefined }));
    expect(system.violations).toEqual(["request 1: create_call: phone: is missing"]);
  });

  test("tells of a rule that throws", async () => {
    system.behave(() => {
      throw new Error("oops");
    });
    await expect(post([...create(), file("a.mp3", "audio/mpeg", mp3)])).rejects.toThrow();
    expect(system.violations).toEqual(["request 1: the test's rule threw: Error: oops"]);
  });

  test("answers an upload before it has come", async () => {
    once({ early: 413 });
    const body = new PassThrough();
    body.write(Buffer.concat([...create(), fileHead("a.mp3", "audio/mpeg"), mp3]));
    const headers = { "content-type": formType, "content-length": 200_000_000 };
    expect(await ask(system.url + path, "POST", headers, body)).toMatchObject({ status: 413 });
  });

  test("has done its work though the answer is late, and gives up waiting when it is closed", async () => {
    once({ delayMs: 3_600_000, commit: true });
    const answer = expect(post(create())).rejects.toThrow();
    await system.until(() => system.calls.length === 1);
    await system.close();
    await answer;
  });

  test("forgets what is under way when it is reset", async () => {
    const reached = Promise.withResolvers<void>();
    system.behave(() => {
      reached.resolve();
      return { delayMs: 3_600_000 };
    });
    const answer = expect(post(create())).rejects.toThrow();
    await reached.promise;
    system.reset();
    await answer;
    expect(system).toMatchObject({ calls: [], requests: [], violations: [], uses: 0 });
  });

  test("a client that goes away in the middle leaves no call behind", async () => {
    const body = new PassThrough();
    body.write(Buffer.concat([...create(), fileHead("a.mp3", "audio/mpeg"), mp3]));
    const headers = { "content-type": formType, "content-length": 1_000_000 };
    const answer = expect(ask(system.url + path, "POST", headers, body)).rejects.toThrow();
    system.behave(() => void body.destroy(new Error("gone")));
    await answer;
    await system.until(() => system.requests[0]?.status === 0);
    expect(system).toMatchObject({ calls: [], violations: [] });
  });
});

describe("recordings", () => {
  test("stream through in bounded memory; of a long one the beginning is kept", async () => {
    const source = longWav(100_000_000);
    const parts = [
      Buffer.concat([...create(), fileHead("long.wav", "audio/wav")]),
      form([Buffer.from("\r\n")]),
    ] as const;
    const before = heldBytes();
    let peak = 0;
    let sent = 0;
    async function* body() {
      yield parts[0];
      for await (const chunk of source.read()) {
        if (sent++ % 300 === 299) peak = Math.max(peak, heldBytes() - before);
        yield chunk;
      }
      yield parts[1];
    }
    const headers = { "content-type": formType, "content-length": parts[0].length + source.size + parts[1].length };
    expect(await ask(system.url + path, "POST", headers, Readable.from(body()))).toMatchObject({ status: 200 });
    const sha256 = await sha256Of(source);
    expect(system.requests[0]?.file).toEqual({ name: "long.wav", type: "audio/wav", bytes: source.size, sha256 });
    expect(system.tickets[0]?.recordings).toMatchObject([{ bytes: source.size, kept: keptBytes }]);
    expect(peak).toBeLessThan(10_000_000);
  });

  test("can be heard again, also in part", async () => {
    await post([...create(), file("a.mp3", "audio/mpeg", mp3)]);
    expect(await get("/recordings/1")).toMatchObject({ status: 200, headers: { "content-length": `${mp3.length}` } });
    const range = `bytes 10-19/${mp3.length}`;
    const part = await get("/recordings/1", { range: "bytes=10-19" });
    expect(part).toMatchObject({ status: 206, headers: { "content-range": range, "content-type": "audio/mpeg" } });
    expect(part.text).toBe(mp3.subarray(10, 20).toString());
    expect(await get("/recordings/1", { range: "bytes=999999-" })).toMatchObject({ status: 416 });
    expect(await get("/recordings/2")).toMatchObject({ status: 404 });
  });

  test("are gone from the disk once it is closed", async () => {
    const audios = new AudioStore();
    await audios.receive("a.mp3", "audio/mpeg", Readable.from([mp3]));
    const { directory = "" } = audios;
    expect(existsSync(directory)).toBe(true);
    await audios.close();
    expect(existsSync(directory)).toBe(false);
  });
});

describe("the page", () => {
  test("shows active calls as cards and every call as a ticket", async () => {
    await post(create({ call_status: "in-progress", phone: "+15550001" }));
    await post(create({ call_status: "missed", phone: "+15550002", comment: "Call back" }));
    const { cards, tickets, summary } = JSON.parse((await get("/page.json")).text);
    expect(cards).toContain("in progress");
    expect(cards).toContain("+15550001");
    expect(cards).not.toContain("+15550002");
    expect(tickets.map(([id]: [string]) => id)).toEqual(["ticket-1002", "ticket-1001"]);
    expect(tickets[0][1]).toContain("Call back");
    expect(summary).toContain("<b>2</b> of 5");
    expect((await get("/")).text).toContain(cards);
  });

  test("escapes what came from outside", async () => {
    const evil = `<img src=x onerror="alert('1')">&amp;`;
    await post([
      ...create({ phone: evil, pbx_call_id: evil, comment: evil, call_status: "ringing", "pbx_user_ids[]": evil }),
      file("<script>.mp3", "audio/mpeg", mp3),
    ]);
    await post(create({ direction: evil }));
    const { headers, text: page } = await get("/");
    expect(page).not.toContain("<img");
    expect(page).not.toContain("<script>.mp3");
    expect(page).toContain("&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;&#38;amp;");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });

  test("does not count against the limit", async () => {
    for (let i = 0; i < 10; i++) await get("/");
    expect(system.uses).toBe(0);
    expect(system.violations).toEqual([]);
  });
});
