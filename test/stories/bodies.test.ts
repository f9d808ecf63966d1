/** Bodies that are made to cost more than they should: compressed, mislabelled, of very many or very deep parts. */

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { maxBodyBytes } from "../../src/hooks/body.ts";
import { runtimeMemory } from "../fuzz/memory.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { type Scene, setScene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await setScene();
});

afterAll(() => scene.close());

const call = () => ({
  pbx_call_id: "in_body",

  caller_id: "+380671112233",
  called_did: "+380443334455",
});

type Body = string | Uint8Array<ArrayBuffer>;

/** A webhook's status. The runtime may hang up on who goes on sending what it does not read. */
async function statusOf(webhook: Webhook, headers: Record<string, string>, body: Body): Promise<number> {
  const init = { method: "POST", headers: { ...webhook.headers, ...headers }, body };
  const answer = await fetch(webhook.url, init);
  await answer.arrayBuffer();
  return answer.status;
}

const bytes = (data: Uint8Array) => new Uint8Array(data);

describe("a compressed body", () => {
  const small = 64 * 1024 * 1024;
  const compressions: [string, (data: string | Buffer) => Buffer][] = [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", (data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
  ];

  test.each(compressions)("by %s is answered 415, though it is genuine", async (encoding, compress) => {
    const webhook = scene.zadarma.start(call());
    const answer = await send({ ...webhook, headers: { ...webhook.headers, "content-encoding": encoding } });
    expect([answer.status, answer.headers.get("accept-encoding")]).toEqual([415, "identity"]);
    const body = bytes(compress(webhook.body ?? ""));
    expect(await statusOf(webhook, { "content-encoding": encoding }, body)).toBe(415);
    // Without the header it is no form.
    expect(await statusOf(webhook, {}, body)).toBe(403);
  });

  test("is not unpacked: a bomb takes no memory", async () => {
    const webhook = scene.zadarma.start(call());
    const zeros = Readable.from(
      (function* () {
        for (let i = 0; i < 512; i++) yield Buffer.alloc(1024 * 1024);
      })(),
    );
    const huge = bytes(await buffer(zeros.pipe(createGzip())));
    expect(huge.byteLength).toBeGreaterThan(maxBodyBytes);
    const bombs = [...compressions.map(([, compress]) => bytes(compress(Buffer.alloc(small)))), huge];
    const before = runtimeMemory();
    for (const [i, bomb] of bombs.entries()) {
      const encoding = compressions[i]?.[0] ?? "gzip";
      expect(await statusOf(webhook, { "content-encoding": encoding }, bomb)).toBe(415);
      expect(await statusOf(webhook, { "content-encoding": `identity, ${encoding}` }, bomb)).toBe(415);
      expect(await statusOf(webhook, {}, bomb)).toBe(bomb.byteLength > maxBodyBytes ? 413 : 403);
    }
    const after = runtimeMemory();
    if (before && after) expect(after.peak - before.peak).toBeLessThan(small / 2);
  });
});

describe("a body in another alphabet's encoding", () => {
  const form = "application/x-www-form-urlencoded";

  test("is not read as it says, but as what is signed", async () => {
    const webhook = scene.zadarma.start(call());
    const body = webhook.body ?? "";
    expect(
      await statusOf(webhook, { "content-type": `${form}; charset=utf-16` }, bytes(Buffer.from(body, "utf16le"))),
    ).toBe(403);
    expect(await statusOf(webhook, { "content-type": `${form}; charset=utf-7` }, body.replace("+", "+-"))).toBe(403);
    expect(await statusOf(webhook, { "content-type": `${form}; charset=nonsense` }, body)).toBe(200);
  });

  test("whose bytes are no text is refused", async () => {
    const webhook = scene.zadarma.start(call());
    const broken = bytes(
      Buffer.concat([Buffer.from("caller_id=\xff\xfe&", "latin1"), Buffer.from(webhook.body ?? "")]),
    );
    expect(await statusOf(webhook, {}, broken)).toBe(403);
  });
});

/** Bodies by their size in characters, and their type. */
const shapes: [title: string, type: string, body: (size: number) => string][] = [
  ["a form of very many fields", "form", (size) => words(size / 5, (word) => `${word}=&`)],
  ["a form of one field again and again", "form", (size) => "a=1&".repeat(size / 4)],
  ["a form of one field with ever other values", "form", (size) => words(size / 7, (word) => `a=${word}&`)],
  ["a form of nothing but marks", "form", (size) => "&=".repeat(size / 2)],
  ["a form of broken escapes", "form", (size) => "%".repeat(size)],
  ["a form of escaped zeros", "form", (size) => `a=${"%00".repeat(size / 3)}`],
  ["a form of one number", "form", (size) => `caller_id=${"1".repeat(size)}`],
  ["a form of one number of blanks and dashes", "form", (size) => `From=${"1+-+".repeat(size / 4)}`],
  ["a form of addresses", "form", (size) => `From=${"sip:".repeat(size / 4)}`],
  ["JSON that is very deep", "json", (size) => "[".repeat(size)],
  ["JSON that is very deep and whole", "json", (size) => `${'{"a":'.repeat(size / 6)}1${"}".repeat(size / 6)}`],
  ["JSON of very many keys", "json", (size) => `{${words(size / 9, (word) => `"${word}":"",`)}"x":1}`],
  ["JSON of one key again and again", "json", (size) => `{${'"a":1,'.repeat(size / 6)}"x":1}`],
  ["JSON of one long number", "json", (size) => `{"a":${"1".repeat(size)}}`],
  ["JSON of escaped letters", "json", (size) => `{"a":"${"\\u0061".repeat(size / 6)}"}`],
  ["a multipart form of very many parts", "multipart", (size) => `${part.repeat(size / part.length)}--x--\r\n`],
  ["a multipart form of nothing but boundaries", "multipart", (size) => "--x\r\n".repeat(size / 5)],
  ["a multipart form of a part of nothing but headers", "multipart", (size) => `--x\r\n${"a: b\r\n".repeat(size / 6)}`],
  [
    "a multipart form of the beginnings of a boundary",
    "multipart",
    (size) => `--x\r\n\r\n${"\r\n--".repeat(size / 4)}`,
  ],
];

const part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n';

const types: Record<string, string> = {
  form: "application/x-www-form-urlencoded",
  json: "application/json",
  multipart: "multipart/form-data; boundary=x",
};

/** A word of three letters or digits, and more once there are no others. */
function words(count: number, written: (word: string) => string): string {
  return Array.from({ length: count }, (_, i) => written(i.toString(36).padStart(3, "0"))).join("");
}

/** The best of a few, in ms: what the machine does beside is left out. */
async function fastest(ask: () => Promise<number>): Promise<{ ms: number; statuses: number[] }> {
  const statuses = new Set<number>();
  let ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    statuses.add(await ask());
    ms = Math.min(ms, performance.now() - began);
  }
  return { ms, statuses: [...statuses] };
}

describe("time grows as a body does, not as its square:", () => {
  const [little, much] = [16_000, 250_000];
  /** A square would be 244 times as much. */
  const most = (4 * much) / little;

  test.each(shapes)("%s", async (_, type, body) => {
    const headers = { "content-type": types[type] ?? "" };
    for (const webhook of [scene.zadarma.start(call()), scene.twilio.send("", { CallSid: "CA1" })]) {
      const of = (size: number) => fastest(() => statusOf(webhook, headers, body(size)));
      const [small, large] = [await of(little), await of(much)];
      expect([...small.statuses, ...large.statuses]).toEqual([403, 403]);
      expect(large.ms / small.ms).toBeLessThan(most);
    }
  });

  test("a genuine form of fifty thousand fields", async () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [i.toString(36), ""]));
    const twilio = (count: number) => scene.twilio.send("", { CallSid: "CA2", From: "+14155550123", ...many(count) });
    const zadarma = (count: number) => scene.zadarma.start({ ...call(), ...many(count) });
    for (const webhookOf of [twilio, zadarma]) {
      const of = (webhook: Webhook) => fastest(async () => (await send(webhook)).status);
      const [small, large] = [await of(webhookOf(3_000)), await of(webhookOf(48_000))];
      expect([...small.statuses, ...large.statuses]).toEqual([200, 200]);
      expect(large.ms / small.ms).toBeLessThan(4 * 16);
    }
  });
});

test("of all this the helpdesk heard of the two genuine calls alone", async () => {
  await Promise.all(["in_body", "CA2"].map((id) => scene.call(id)));
  expect(scene.system.calls.map(({ pbxCallId }) => pbxCallId).sort()).toEqual(["CA2", "in_body"]);
  expect(scene.system.violations).toEqual([]);
});
