import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOf, heldBytes, longMp3, longWav, sample, samples, sha256Of } from "./audio.ts";
import {
  files,
  type Handler,
  type Media,
  type MediaOptions,
  media,
  mediaServer,
  type Pbx,
  replaced,
  startPbx,
} from "./media.ts";

const account = "AC0123";
const password = "token";
const basic = { authorization: `Basic ${Buffer.from(`${account}:${password}`).toString("base64")}` };
const place = `/2010-04-01/Accounts/${account}/Recordings/RE1`;
const mp3 = await sample("mp3");

let recordings: Map<string, Media>;
let pbx: Pbx;
beforeEach(async () => {
  recordings = new Map();
  pbx = await startPbx({ handlers: [mediaServer({ account, password, recordings })] });
});
afterEach(() => pbx.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Rejects where the answer breaks off; `heard` then tells how much of it came. */
function get(url: string, headers: Record<string, string> = {}, method = "GET", heard = { bytes: 0 }): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpRequest(url, { method, headers, agent: false }, async (response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) {
        chunks.push(chunk);
        heard.bytes += chunk.length;
      }
      resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) });
    } catch (error) {
      reject(error);
    }
  });
  request.on("error", reject).end();
  return promise;
}

/** Asks Twilio's address for a recording of this kind. */
function fetched(options: Partial<MediaOptions>, headers: Record<string, string> = {}): Promise<Answer> {
  recordings.set("RE1", media({ source: mp3, ...options }));
  return get(pbx.url + place, { ...basic, ...headers });
}

describe("Twilio's media", () => {
  test.each(["", ".mp3", ".wav"])("are there as RE1%s", async (extension) => {
    recordings.set("RE1", media({ source: mp3 }));
    const answer = await get(`${pbx.url}${place}${extension}?RequestedChannels=1`, basic);
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "audio/mpeg", "content-length": "12218" } });
    expect(answer.bytes).toEqual(mp3);
    expect(pbx.requests).toMatchObject([{ path: `${place}${extension}`, query: "?RequestedChannels=1", status: 200 }]);
  });

  test("may differ by format", async () => {
    recordings.set("RE1.mp3", media({ source: mp3 })).set("RE1", media({ source: await sample("wav") }));
    expect((await get(`${pbx.url}${place}.mp3`, basic)).bytes).toEqual(mp3);
    expect((await get(`${pbx.url}${place}`, basic)).bytes).toEqual(await sample("wav"));
  });

  test.each<[string, Record<string, string>]>([
    ["without authorization", {}],
    ["with another token", { authorization: `Basic ${Buffer.from(`${account}:other`).toString("base64")}` }],
    ["with a bearer token", { authorization: "Bearer token" }],
  ])("are refused %s", async (_, headers) => {
    recordings.set("RE1", media({ source: mp3 }));
    const answer = await get(pbx.url + place, headers);
    expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": 'Basic realm="Twilio API"' } });
    expect(recordings.get("RE1")?.asked).toBe(0);
  });

  test("of another account are refused", async () => {
    expect(await get(`${pbx.url}${place.replace(account, "AC9")}`, basic)).toMatchObject({ status: 401 });
  });

  test("that do not exist are answered 404, which is not unexpected", async () => {
    expect(await get(pbx.url + place, basic)).toMatchObject({ status: 404 });
    expect(pbx.unexpected).toEqual([]);
  });
});

describe("a recording", () => {
  test("is not ready so many times", async () => {
    recordings.set("RE1", media({ source: mp3, notReadyTimes: 2 }));
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await get(pbx.url + place, basic)).status);
    expect(statuses).toEqual([404, 404, 200]);
  });

  test("is not ready before its time", async () => {
    let now = 999;
    recordings.set("RE1", media({ source: mp3, readyAt: 1000, now: () => now }));
    expect(await get(pbx.url + place, basic)).toMatchObject({ status: 404 });
    now = 1000;
    expect(await get(pbx.url + place, basic)).toMatchObject({ status: 200 });
  });

  test("may come without a length", async () => {
    const { headers, bytes } = await fetched({ chunked: true });
    expect(headers["content-length"]).toBeUndefined();
    expect(headers["transfer-encoding"]).toBe("chunked");
    expect(bytes).toEqual(mp3);
  });

  test("may have another type, be a page, or a mere status", async () => {
    expect((await fetched({ type: "audio/x-wav" })).headers["content-type"]).toBe("audio/x-wav");
    expect((await fetched({ html: true })).bytes.toString()).toMatch(/^<!doctype html>/);
    expect(await fetched({ status: 410 })).toMatchObject({ status: 410 });
  });

  test("breaks off after so many bytes, so many times", async () => {
    recordings.set("RE1", media({ source: mp3, cutAfter: { bytes: 5000, times: 2 } }));
    for (let i = 0; i < 2; i++) {
      const heard = { bytes: 0 };
      await expect(get(pbx.url + place, basic, "GET", heard)).rejects.toThrow();
      expect(heard.bytes).toBe(5000);
      expect(pbx.requests[i]?.status).toBe(0);
    }
    expect((await get(pbx.url + place, basic)).bytes).toEqual(mp3);
  });

  test.each([
    ["bytes=0-9", "bytes 0-9/12218", 0, 10],
    ["bytes=12000-", "bytes 12000-12217/12218", 12_000, 12_218],
    ["bytes=-18", "bytes 12200-12217/12218", 12_200, 12_218],
    ["bytes=12210-99999", "bytes 12210-12217/12218", 12_210, 12_218],
  ])("is there in part: %s", async (range, contentRange, from, end) => {
    const answer = await fetched({}, { range });
    expect(answer).toMatchObject({ status: 206, headers: { "content-range": contentRange, "accept-ranges": "bytes" } });
    expect(answer.bytes).toEqual(mp3.subarray(from, end));
  });

  test("has no part beyond its end, and none at all where ranges are off", async () => {
    expect(await fetched({}, { range: "bytes=12218-" })).toMatchObject({ status: 416 });
    const whole = await fetched({ ranges: false }, { range: "bytes=0-9" });
    expect(whole).toMatchObject({ status: 200, headers: { "content-length": "12218" } });
    expect(whole.headers["accept-ranges"]).toBeUndefined();
  });

  test.each<[string, Partial<MediaOptions>, string, number]>([
    ["its tag", { etag: '"v1"' }, '"v1"', 206],
    ["its date", { lastModified: "Mon, 23 Nov 2026 09:00:00 GMT" }, "Mon, 23 Nov 2026 09:00:00 GMT", 206],
    ["another tag", { etag: '"v2"' }, '"v1"', 200],
    ["a weak tag, which never is the same", { etag: 'W/"v1"' }, 'W/"v1"', 200],
    ["another date", { lastModified: "Mon, 23 Nov 2026 09:00:01 GMT" }, "Mon, 23 Nov 2026 09:00:00 GMT", 200],
    ["a tag where it has none", {}, '"v1"', 200],
  ])("is there in part on condition of %s", async (_, options, ifRange, status) => {
    const answer = await fetched(options, { range: "bytes=12000-", "if-range": ifRange });
    expect([answer.status, answer.bytes.length]).toEqual([status, status === 206 ? 218 : mp3.length]);
    expect([answer.headers.etag, answer.headers["last-modified"]]).toEqual([options.etag, options.lastModified]);
  });

  test("falls silent after so many bytes, and leaves the connection", async () => {
    recordings.set("RE1", media({ source: mp3, stallAfter: { bytes: 5000 } }));
    const silent = httpRequest(pbx.url + place, { headers: basic, agent: false }).end();
    const [response] = await once(silent, "response");
    let heard = 0;
    for await (const chunk of response) {
      heard += chunk.length;
      if (heard === 5000) break;
    }
    expect(pbx.requests[0]?.status).toBeUndefined();
    silent.destroy();
    expect((await get(pbx.url + place, basic)).bytes).toEqual(mp3);
  });

  test("is another one from the second time on", async () => {
    const file = replaced(media({ source: mp3 }), media({ source: await sample("wav") }));
    recordings.set("RE1", file);
    expect((await get(pbx.url + place, basic)).bytes).toEqual(mp3);
    expect((await get(pbx.url + place, basic)).bytes).toEqual(await sample("wav"));
    expect((await get(pbx.url + place, basic)).bytes).toEqual(await sample("wav"));
    expect(file.asked).toBe(3);
  });

  test("answers HEAD without its bytes", async () => {
    recordings.set("RE1", media({ source: mp3 }));
    const answer = await get(pbx.url + place, basic, "HEAD");
    expect(answer).toMatchObject({ status: 200, headers: { "content-length": "12218" }, bytes: Buffer.alloc(0) });
  });

  test("leads to another host, which sees what it was sent", async () => {
    const cdn = await startPbx({ handlers: [files(new Map([["/file.mp3", media({ source: mp3 })]]))] });
    const { status, headers } = await fetched({ redirectTo: `${cdn.url}/file.mp3` });
    expect(status).toBe(302);
    await get(headers.location ?? "", { "x-trace": "1" });
    await get(headers.location ?? "", basic);
    await cdn.close();
    expect(cdn.requests.map((request) => request.headers.authorization)).toEqual([undefined, basic.authorization]);
    expect(cdn.requests).toMatchObject([{ headers: { "x-trace": "1" } }, {}]);
  });
});

describe("the server", () => {
  test("asks its handlers in turn and remembers what none of them wanted", async () => {
    await pbx.close();
    const greet: Handler = ({ url }, response) => {
      if (url !== "/hello") return false;
      response.end("hi");
      return true;
    };
    pbx = await startPbx({ handlers: [() => false, greet] });
    expect((await get(`${pbx.url}/hello`)).bytes.toString()).toBe("hi");
    expect(await get(`${pbx.url}/other?x=1`, {}, "DELETE")).toMatchObject({ status: 404 });
    expect(pbx.unexpected).toEqual(["DELETE /other?x=1"]);
    expect(pbx.requests).toHaveLength(2);
  });

  test("tells of a handler that throws", async () => {
    await pbx.close();
    pbx = await startPbx({
      handlers: [
        () => {
          throw new Error("oops");
        },
      ],
    });
    await expect(get(`${pbx.url}/`)).rejects.toThrow();
    expect(pbx.unexpected).toEqual(["GET /: the stand-in itself failed: Error: oops"]);
  });
});

describe("sample audio", () => {
  test.each([
    ["mp3", 0, "ID3"],
    ["wav", 8, "WAVE"],
    ["ogg", 0, "OggS"],
    ["m4a", 4, "ftyp"],
  ] as const)("%s begins as it should and is small", async (format, at, signature) => {
    const bytes = await sample(format);
    expect(bytes.toString("latin1", at, at + 4)).toMatch(new RegExp(`^${signature}`));
    expect(bytes.length).toBeLessThan(60_000);
    expect(samples[format].type).toMatch(/^audio\//);
  });

  test.each([
    ["wav", longWav, 44],
    ["wav", longWav, 300_001],
    ["mp3", longMp3, 1],
    ["mp3", longMp3, 300_001],
  ] as const)("a generated %s has its size, and each part is part of the whole", async (_, make, size) => {
    const source = make(size);
    const whole = await all(source.read());
    expect(whole).toHaveLength(size);
    expect(createHash("sha256").update(whole).digest("hex")).toBe(await sha256Of(make(size)));
    for (const [from, to] of [
      [0, size - 1],
      [20, 30],
      [40, 60],
      [63_990, 64_100],
      [200_000, 300_000],
    ] as const) {
      const part = await all(source.read(Math.min(from, size - 1), Math.min(to, size - 1)));
      expect(part).toEqual(whole.subarray(Math.min(from, size - 1), Math.min(to, size - 1) + 1));
    }
  });

  test("a generated wav says its own length", async () => {
    const header = await all(longWav(300_000).read(0, 43));
    expect([header.readUInt32LE(4), header.readUInt32LE(40)]).toEqual([300_000 - 8, 300_000 - 44]);
  });

  test("a long one goes out without being held", async () => {
    const recording = media({ source: longMp3(50_000_000) });
    recordings.set("RE1", recording);
    const before = heldBytes();
    const hash = createHash("sha256");
    let peak = 0;
    let heard = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    httpRequest(pbx.url + place, { headers: basic, agent: false }, async (response) => {
      for await (const chunk of response) {
        hash.update(chunk);
        if (heard++ % 300 === 299) peak = Math.max(peak, heldBytes() - before);
      }
      resolve();
    })
      .on("error", reject)
      .end();
    await promise;
    expect(hash.digest("hex")).toBe(await recording.sha256());
    expect(peak).toBeLessThan(10_000_000);
  });

  test("bytes at hand are a source too", async () => {
    expect(await all(bytesOf(mp3).read(3, 5))).toEqual(mp3.subarray(3, 6));
    expect(await all(bytesOf(new Uint8Array()).read())).toHaveLength(0);
  });
});

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const read: Buffer[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return Buffer.concat(read);
}
