import { once } from "node:events";
import { Busboy } from "@fastify/busboy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FilePart, type Multipart, multipart } from "../../src/system/multipart.ts";

interface Parsed {
  readonly fields: [name: string, value: string][];
  readonly files: { field: string; filename: string; type: string; bytes: Buffer }[];
}

/** What a parser that shares nothing with the writer makes of `body`. */
async function parsed(body: Uint8Array, contentType: string): Promise<Parsed> {
  const found: Parsed = { fields: [], files: [] };
  const parser = new Busboy({ headers: { "content-type": contentType }, preservePath: true });
  parser.on("field", (name, value) => found.fields.push([name, value]));
  parser.on("file", (field, stream, filename, _encoding, type) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => found.files.push({ field, filename, type, bytes: Buffer.concat(chunks) }));
  });
  const finished = once(parser, "finish");
  parser.end(Buffer.from(body));
  await finished;
  return found;
}

function whole(form: Multipart, file: Uint8Array = new Uint8Array()): Buffer {
  return Buffer.concat([form.head, file, form.tail]);
}

/** The WHATWG form encoding of a name; a backslash is left as it is there, and parsers differ about it. */
function encoded(name: string): string {
  return [...name].map((char) => (/[\r\n"]/.test(char) ? encodeURIComponent(char) : char)).join("");
}

const spiteful = fc.constantFrom(
  '"',
  "\r",
  "\n",
  "\r\n",
  "--",
  "--trunkline-",
  "; filename=x",
  "📞",
  "é",
  "a",
  " ",
  "\0",
);
const value = fc.array(fc.oneof(spiteful, fc.string({ unit: "binary" })), { maxLength: 6 }).map((all) => all.join(""));
const name = fc
  .array(fc.constantFrom('"', "\r", "\n", "--", ";", "=", "é", "📞", "a", "b[]"), { minLength: 1, maxLength: 5 })
  .map((all) => `x${all.join("")}`);
const token = fc.uuid();

describe("a form", () => {
  test("reads back as what was put in, whatever it holds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 5 }), token, async (fields, token) => {
        const form = multipart(fields, token);
        const { fields: read, files } = await parsed(whole(form), form.contentType);
        expect(read).toEqual(fields.map(([name, value]) => [encoded(name), value]));
        expect(files).toEqual([]);
        expect(form.length).toBe(whole(form).byteLength);
      }),
      { numRuns: 150 },
    );
  });

  test("holds the beginning of its own boundary", async () => {
    const form = multipart([["comment", "--trunkline-t0k\r\n--trunkline-t0ke"]], "t0ken");
    expect((await parsed(whole(form), form.contentType)).fields).toEqual([
      ["comment", "--trunkline-t0k\r\n--trunkline-t0ke"],
    ]);
  });

  test("without a file is all head", () => {
    expect(multipart([["a", "1"]], "t0ken").tail.byteLength).toBe(0);
  });

  test("looks like this on the wire", () => {
    const file: FilePart = { field: "audio_record", filename: "a.mp3", type: "audio/mpeg", size: 2 };
    const form = multipart([["user_ids[]", "1"]], "t0ken", file);
    expect(form.contentType).toBe("multipart/form-data; boundary=trunkline-t0ken");
    expect(whole(form, Buffer.from("ID")).toString()).toBe(
      [
        "--trunkline-t0ken",
        'Content-Disposition: form-data; name="user_ids[]"',
        "",
        "1",
        "--trunkline-t0ken",
        'Content-Disposition: form-data; name="audio_record"; filename="a.mp3"',
        "Content-Type: audio/mpeg",
        "",
        "ID",
        "--trunkline-t0ken--",
        "",
      ].join("\r\n"),
    );
  });
});

describe("a form around a file", () => {
  test("reads back with the very bytes of the file, and knows its length beforehand", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom("\r\n", "\r\n--", "--trunkline-", "\r\n--trunkline-").map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, value), { maxLength: 3 }),
        token,
        bytes,
        async (fields, token, bytes) => {
          const file = { field: "audio_record", filename: '2026"\r\n.mp3', type: "audio/mpeg", size: bytes.byteLength };
          const form = multipart(fields, token, file);
          const read = await parsed(whole(form, bytes), form.contentType);
          expect(read.fields).toHaveLength(fields.length);
          expect(read.files).toEqual([
            { field: "audio_record", filename: encoded(file.filename), type: "audio/mpeg", bytes: Buffer.from(bytes) },
          ]);
          expect(form.length).toBe(whole(form, bytes).byteLength);
        },
      ),
      { numRuns: 100 },
    );
  });
});
