import { describe, expect, test } from "vitest";
import { BodyTooLarge, decode, maxBodyBytes, parseJson, readBody } from "../../src/hooks/body.ts";
import type { Hook } from "../../src/hooks/hook.ts";

const url = "https://hooks.example/hooks/support?b=2&a=1&a=%2B";
const now = Date.UTC(2026, 8, 1, 9, 0, 0);

function decoded(body: string, type?: string, method = "POST"): Promise<Hook> {
  const headers = new Headers(type === undefined ? {} : { "content-type": type });
  return decode({ method, headers }, url, new Uint8Array(new TextEncoder().encode(body)), now);
}

/** A request whose body comes in chunks of `sizes` bytes; `taken` tells how many were asked for. */
function chunked(sizes: readonly number[], headers: Record<string, string> = {}) {
  const taken: number[] = [];
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const size = sizes[taken.length];
        if (size === undefined) return controller.close();
        taken.push(size);
        controller.enqueue(new Uint8Array(size).fill(taken.length));
      },
    },
    { highWaterMark: 0 },
  );
  const init = { method: "POST", body, headers, duplex: "half" };
  return { request: new Request(url, init as RequestInit), taken };
}

describe("a body is read", () => {
  test("whole, in whatever chunks it comes", async () => {
    const bytes = await readBody(chunked([2, 0, 1]).request);
    expect([...bytes]).toEqual([1, 1, 3]);
  });

  test("up to its limit, and no byte more", async () => {
    expect((await readBody(chunked([maxBodyBytes - 1, 1]).request)).byteLength).toBe(maxBodyBytes);
    await expect(readBody(chunked([maxBodyBytes, 1]).request)).rejects.toBeInstanceOf(BodyTooLarge);
  });

  test("no further once it is too large", async () => {
    const { request, taken } = chunked([maxBodyBytes, 1, 1, 1]);
    await expect(readBody(request)).rejects.toBeInstanceOf(BodyTooLarge);
    expect(taken).toHaveLength(2);
  });

  test("not at all where it says itself that it is too large", async () => {
    const { request, taken } = chunked([1], { "content-length": String(maxBodyBytes + 1) });
    await expect(readBody(request)).rejects.toBeInstanceOf(BodyTooLarge);
    expect(taken).toEqual([]);
  });

  test.each(["1", "-5", "many", ""])("with its limit, although it says that it has %s bytes", async (length) => {
    const { request } = chunked([maxBodyBytes, 1], { "content-length": length });
    await expect(readBody(request)).rejects.toBeInstanceOf(BodyTooLarge);
  });

  test("as nothing where there is none", async () => {
    expect((await readBody(new Request(url))).byteLength).toBe(0);
  });
});

describe("a webhook's fields are those of", () => {
  test.each<[title: string, body: string, type: string | undefined, kind: Hook["body"], fields: [string, string][]]>([
    [
      "its query where it has no body",
      "",
      undefined,
      "none",
      [
        ["b", "2"],
        ["a", "1"],
        ["a", "+"],
      ],
    ],
    [
      "its form",
      "To=%2B380&CallSid=CA1&x=&To=2",
      "application/x-www-form-urlencoded",
      "form",
      [
        ["To", "+380"],
        ["CallSid", "CA1"],
        ["x", ""],
        ["To", "2"],
      ],
    ],
    [
      "its form in capitals, with a charset",
      "a=%D1%8F",
      "Application/X-WWW-Form-URLEncoded; charset=UTF-8",
      "form",
      [["a", "я"]],
    ],
    [
      "its JSON's top level, scalars as text",
      '{"a":"1","b":2.50,"c":true,"d":null,"e":{"f":1},"g":[1]}',
      "application/json; charset=utf-8",
      "json",
      [
        ["a", "1"],
        ["b", "2.50"],
        ["c", "true"],
      ],
    ],
    ["its JSON of a kind of its own", '{"a":"1"}', "application/vnd.pbx+json", "json", [["a", "1"]]],
    [
      "its JSON, also those that every object has",
      '{"__proto__":"1","constructor":"2","toString":3}',
      "application/json",
      "json",
      [
        ["__proto__", "1"],
        ["constructor", "2"],
        ["toString", "3"],
      ],
    ],
    ["no JSON that is a list", '["a"]', "application/json", "json", []],
    ["no JSON that is nothing", "null", "application/json", "json", []],
    ["no JSON that is broken", '{"a":"1"', "application/json", "json", []],
    ["no other type", "a=1", "text/plain", "other", []],
    ["no type that only looks like JSON", '{"a":"1"}', "application/jsonp", "other", []],
    ["no type at all", "a=1", undefined, "other", []],
  ])("%s", async (_, body, type, kind, fields) => {
    const hook = await decoded(body, type);
    expect([hook.body, [...hook.fields]]).toEqual([kind, fields]);
    expect(hook.text).toBe(body);
  });

  test("its JSON with ids beyond 2^53 as they were written", async () => {
    const { fields } = await decoded('{"call_id": 12345678901234567890, "at": 1e3}', "application/json");
    expect([...fields]).toEqual([
      ["call_id", "12345678901234567890"],
      ["at", "1e3"],
    ]);
  });

  test("its multipart form, without its files", async () => {
    const form = new FormData();
    form.append("call", "c1");
    form.append("__proto__", 'a "quoted"\r\nя');
    form.append("file", new Blob(["x"]), "x.txt");
    form.append("call", "c2");
    const { body, headers } = new Response(form);
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    const hook = await decode({ method: "POST", headers }, url, bytes, now);
    expect(hook).toMatchObject({ body: "multipart", text: "" });
    expect([...hook.fields]).toEqual([
      ["call", "c1"],
      ["__proto__", 'a "quoted"\r\nя'],
      ["call", "c2"],
    ]);
  });

  test.each(["multipart/form-data", "multipart/form-data; boundary=x"])("no %s that is broken", async (type) => {
    const hook = await decoded("--y\r\nnothing", type);
    expect([hook.body, [...hook.fields]]).toEqual(["multipart", []]);
  });
});

test("a webhook is handed on as it came", async () => {
  const headers = new Headers({ "cf-connecting-ip": "192.0.2.7", "x-signature": "s" });
  const hook = await decode({ method: "GET", headers }, url, new Uint8Array(), now);
  expect(hook).toMatchObject({ method: "GET", url, source: "192.0.2.7", receivedAt: now, text: "" });
  expect(hook.headers.get("x-signature")).toBe("s");
});

describe("JSON", () => {
  test("keeps numbers as they were written, however deep", () => {
    expect(parseJson('{"a":[{"id":9007199254740993}],"b":-0.10,"c":"1"}')).toEqual({
      a: [{ id: "9007199254740993" }],
      b: "-0.10",
      c: "1",
    });
  });

  test("cannot change what every object has", () => {
    const parsed = parseJson('{"__proto__":{"polluted":"yes"}}');
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect({}).not.toHaveProperty("polluted");
  });

  test("that is broken says so", () => expect(() => parseJson("{")).toThrow(SyntaxError));
});
