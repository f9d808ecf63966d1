import { describe, expect, test } from "vitest";
import { continued, rangeFrom, versionOf } from "../../src/recordings/range.ts";

const modified = "Mon, 23 Nov 2026 09:00:00 GMT";
const [sameSecond, later] = ["Mon, 23 Nov 2026 09:00:00 GMT", "Mon, 23 Nov 2026 09:00:01 GMT"];

type Fields = Record<string, string>;

function version(headers: Fields) {
  return versionOf({ status: 200, headers: new Headers(headers) });
}

describe("the rest of a file is asked for", () => {
  test.each<[string, Fields, Fields]>([
    ["by its strong tag", { etag: '"1"', "content-length": "9" }, { range: "bytes=5-", "if-range": '"1"' }],
    [
      "by its tag rather than its date",
      { etag: '"1"', "last-modified": modified, date: later },
      { range: "bytes=5-", "if-range": '"1"' },
    ],
    [
      "by a date that nothing can have followed in its second",
      { "last-modified": modified, date: later },
      { range: "bytes=5-", "if-range": modified },
    ],
    [
      "by its length alone, where its date is too fresh",
      { "last-modified": modified, date: sameSecond, "content-length": "9" },
      { range: "bytes=5-" },
    ],
    [
      "by its length alone, where its tag is weak",
      { etag: 'W/"1"', "last-modified": modified, date: later, "content-length": "9" },
      { range: "bytes=5-" },
    ],
    ["by its length alone, where there is nothing else", { "content-length": "9" }, { range: "bytes=5-" }],
  ])("%s", (_, headers, asked) => expect(rangeFrom(version(headers), 5)).toEqual(asked));

  test.each<[string, Fields, number]>([
    ["nothing would tell it from another's", { "last-modified": modified }, 5],
    [
      "it is compressed, so that its bytes were not counted",
      { etag: '"1"', "content-length": "9", "content-encoding": "gzip" },
      5,
    ],
    ["nothing of it came yet", { etag: '"1"', "content-length": "9" }, 0],
  ])("not where %s", (_, headers, at) => expect(rangeFrom(version(headers), at)).toBeUndefined());
});

describe("an answer is the rest of a file", () => {
  const tagged = version({ etag: '"1"' });
  const measured = version({ "content-length": "9" });

  test.each([
    ["whose tag it was asked by", tagged, { "content-range": "bytes 5-8/9" }, 9],
    [
      "whose tag it was asked by, of a length that is not told",
      tagged,
      { "content-range": "bytes 5-8/*", etag: '"1"' },
      undefined,
    ],
    ["of the same length", measured, { "content-range": "bytes 5-8/9" }, 9],
    ["of the same length that ends earlier", measured, { "content-range": "bytes 5-6/9" }, 9],
  ])("%s", (_, before, headers, length) => {
    const rest = continued(before, 5, { status: 206, headers: new Headers(headers) });
    expect(rest).toEqual({ ...before, length });
  });

  test.each<[string, ReturnType<typeof version>, number, Fields]>([
    ["whole", tagged, 200, { "content-range": "bytes 5-8/9" }],
    ["refused", tagged, 416, { "content-range": "bytes */9" }],
    ["from elsewhere on", tagged, 206, { "content-range": "bytes 4-8/9" }],
    ["from nobody knows where", tagged, 206, {}],
    ["of several parts", tagged, 206, { "content-type": "multipart/byteranges; boundary=x" }],
    ["compressed", tagged, 206, { "content-range": "bytes 5-8/9", "content-encoding": "gzip" }],
    ["of another tag", tagged, 206, { "content-range": "bytes 5-8/9", etag: '"2"' }],
    [
      "of another weak tag",
      version({ etag: 'W/"1"', "content-length": "9" }),
      206,
      { "content-range": "bytes 5-8/9", etag: 'W/"2"' },
    ],
    [
      "of another date",
      version({ "last-modified": modified, "content-length": "9" }),
      206,
      { "content-range": "bytes 5-8/9", "last-modified": later },
    ],
    ["of another length", measured, 206, { "content-range": "bytes 5-9/10" }],
    ["of no length, where that is all to go by", measured, 206, { "content-range": "bytes 5-8/*" }],
  ])("not where it is %s", (_, before, status, headers) =>
    expect(continued(before, 5, { status, headers: new Headers(headers) })).toBeUndefined(),
  );
});
