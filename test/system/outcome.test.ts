import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge, maxKeptBytes, type Outcome, retryAfter } from "../../src/system/outcome.ts";

const now = Date.UTC(2026, 8, 1, 9, 0, 0);

const documented = {
  data: {
    call_id: 123,
    pbx_call_id: null,
    user_id: 0,
    pbx_user_id: null,
    call_status: "ringing",
    audio_record: null,
    ticket_id: 4567,
  },
};

function answered(
  status: number,
  action: "create_call" | "update_call",
  body: unknown = {},
  headers = {},
  rated = false,
): Outcome {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return judge({ status, headers: new Headers(headers), body: text }, action, now, rated);
}

describe("an answer of", () => {
  const page = "<html><body>Down for maintenance</body></html>";
  const no = '{"error":"no"}';

  test.each<[status: number, body: unknown, toCreate: Outcome["kind"], toUpdate: Outcome["kind"]]>([
    [200, documented, "delivered", "delivered"],
    [201, documented, "delivered", "delivered"],
    [200, page, "unknown", "unknown"],
    [204, "", "unknown", "unknown"],
    [301, page, "unknown", "unknown"],
    [302, no, "unknown", "unknown"],
    [304, "", "unknown", "unknown"],
    [400, no, "refused", "refused"],
    [401, no, "unwelcome", "unwelcome"],
    [402, no, "refused", "refused"],
    [403, no, "unwelcome", "unwelcome"],
    [404, no, "unwelcome", "refused"],
    [405, no, "unknown", "refused"],
    [408, no, "unknown", "unknown"],
    [413, no, "too-large", "too-large"],
    [421, no, "unknown", "unknown"],
    [422, documented, "refused", "refused"],
    [423, no, "unknown", "unknown"],
    [425, no, "unknown", "unknown"],
    [429, no, "limited", "limited"],
    [500, documented, "unknown", "unknown"],
    [502, page, "unknown", "unknown"],
    [503, no, "unknown", "unknown"],
    [504, page, "unknown", "unknown"],
    [524, page, "unknown", "unknown"],
  ])("%d %s", (status, body, toCreate, toUpdate) => {
    expect(answered(status, "create_call", body).kind).toBe(toCreate);
    expect(answered(status, "update_call", body).kind).toBe(toUpdate);
  });

  test.each<[status: number, remaining: string, kind: Outcome["kind"]]>([
    [403, "0", "limited"],
    [403, "12", "unwelcome"],
    [503, "0", "unknown"],
    [422, "0", "refused"],
  ])("%d, with %s left of the limit", (status, remaining, kind) => {
    expect(answered(status, "create_call", no, { "x-rate-limit-remaining": remaining }).kind).toBe(kind);
  });

  describe.each([400, 401, 403, 404, 405, 409, 410, 415, 421, 422, 423, 451])(
    "%d is a no of the system's only",
    (status) => {
      test.each([page, "default backend - 404", "", "null", "[]", '"no"', "404", '{"error":'])(
        "not where it is %j",
        (body) => {
          for (const action of ["create_call", "update_call"] as const)
            expect(answered(status, action, body)).toMatchObject({ kind: "unknown", page: true });
        },
      );

      test("not where it lacks the limit that the system tells with each answer", () => {
        expect(answered(status, "update_call", no, {}, true)).toMatchObject({ kind: "unknown", page: true });
        const rate = { "x-rate-limit": "300" };
        expect(answered(status, "update_call", no, rate, true)).toEqual(answered(status, "update_call", no));
      });
    },
  );

  test.each([413, 429] as const)("%d is heeded from anybody, and tells whether the system itself says so", (status) => {
    expect(answered(status, "create_call", page, { "retry-after": "7" })).toMatchObject({ own: false });
    expect(answered(status, "create_call", no)).toMatchObject({ own: true });
    expect(answered(status, "create_call", no, {}, true)).toMatchObject({ own: false });
  });

  test("any status is judged, whatever stands in it", () => {
    const body = fc.oneof(fc.json(), fc.string());
    const action = fc.constantFrom("create_call", "update_call");
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), action, body, (status, action, body) => {
        const { kind } = answered(status, action, body);
        expect(status < 300 || kind !== "delivered").toBe(true);
      }),
    );
  });
});

test("no answer means that it may have been done", () => {
  expect(judge({ fault: "gone" }, "create_call", now, false)).toEqual({ kind: "unknown", why: "gone" });
});

describe("a success tells of the call", () => {
  test.each<[string, unknown, object]>([
    ["its ids, as text", documented, { callId: "123", ticketId: "4567", audio: undefined }],
    ["its ids that came as text", { data: { call_id: "123", ticket_id: "T-7" } }, { callId: "123", ticketId: "T-7" }],
    ["no ticket where there is none", { data: { ...documented.data, ticket_id: null } }, { ticketId: undefined }],
    ["whatever else there is", { ok: true, data: { ...documented.data, more: {} } }, { callId: "123" }],
    ["that it has no recording, as nothing", { data: { call_id: 1 } }, { audio: undefined }],
    ["that it has none, as an empty text", { data: { call_id: 1, audio_record: "" } }, { audio: undefined }],
    ["that it has none, as false", { data: { call_id: 1, audio_record: false } }, { audio: undefined }],
  ])("%s", (_, body, outcome) =>
    expect(answered(200, "create_call", body)).toMatchObject({ kind: "delivered", ...outcome }),
  );
});

test("a success tells one recording of a call from another, whatever it says of them, and not where they are", () => {
  const said = ["https://help.example/1.mp3", "https://help.example/2.mp3", { id: 1 }, { id: 2 }, 7, true];
  const heard = [...said, ...said].map((audio_record) => {
    const outcome = answered(200, "update_call", { data: { call_id: 1, audio_record } });
    return outcome.kind === "delivered" ? outcome.audio : undefined;
  });
  expect(new Set(heard).size).toBe(said.length);
  expect(heard.slice(said.length)).toEqual(heard.slice(0, said.length));
  for (const audio of heard) expect(audio).toMatch(/^[\w-]{16}$/);
});

describe("a success of another shape may be none:", () => {
  test.each<[string, unknown]>([
    ["a page", "<!doctype html>"],
    ["nothing", ""],
    ["a list", []],
    ["null", null],
    ["no data", { data: null }],
    ["an error", { error: "no such channel", data: [] }],
    ["no id", { data: { ...documented.data, call_id: null } }],
    ["an empty id", { data: { call_id: "" } }],
    ["JSON that was cut off", JSON.stringify(documented).slice(0, -1)],
    ["no number", { data: { call_id: "a1" } }],
    ["0, which is no id", { data: { call_id: 0 } }],
    ["an id below 0", { data: { call_id: -1 } }],
    ["half an id", { data: { call_id: 12.5 } }],
    ["the same as text", { data: { call_id: "12.5" } }],
  ])("%s", (_, body) => expect(answered(200, "create_call", body)).toMatchObject({ kind: "unknown" }));
});

test.each(["9007199254740993", "12345678901234567890123456789012345678"])(
  "the id %s is kept to the last digit",
  (id) => {
    for (const written of [id, `"${id}"`]) {
      const body = `{"data": {"call_id": ${written}, "ticket_id": ${written}}}`;
      expect(answered(200, "create_call", body)).toMatchObject({ callId: id, ticketId: id });
    }
  },
);

describe("Retry-After", () => {
  test.each<[string, string | null, number | undefined]>([
    ["is absent", null, undefined],
    ["is in seconds", "120", 120_000],
    ["is in seconds, with blanks around", " 5 ", 5000],
    ["is none", "0", 0],
    ["is a date", "Tue, 01 Sep 2026 09:02:00 GMT", 120_000],
    ["is a date of the past", "Tue, 01 Sep 2026 08:00:00 GMT", 0],
    ["is less than none", "-5", undefined],
    ["is a fraction", "1.5", undefined],
    ["is a word", "soon", undefined],
    ["is a word and a number", "in 5", undefined],
    ["is empty", "", undefined],
    ["is longer than anybody would wait, in seconds", "999999999", 24 * 60 * 60_000],
    ["is longer than anybody would wait, as a date", "Fri, 01 Sep 2056 09:00:00 GMT", 24 * 60 * 60_000],
  ])("%s", (_, header, waitMs) => expect(retryAfter(header, now)).toBe(waitMs));

  test.each([200, 302, 400, 403, 404, 409, 413, 421, 422, 429, 503])("goes with %d, whoever says it", (status) => {
    for (const body of ["", '{"error":"no"}'])
      expect(answered(status, "create_call", body, { "retry-after": "7" })).toMatchObject({ waitMs: 7000 });
  });
});

describe.each([200, 302, 400, 401, 413, 429, 500])("of what the system said with %d", (status) => {
  const said = '{"error":"token abc is wrong for +380441234567"}';

  test("nothing stands in why the delivery did not get through, which is logged", () => {
    expect(answered(status, "update_call", said)).toMatchObject({ why: expect.not.stringMatching(/abc|0441234567/) });
  });

  test("the beginning is kept apart, for the operator", () => {
    expect(answered(status, "update_call", said)).toMatchObject({ answer: said });
    const long = answered(status, "update_call", "x".repeat(maxKeptBytes + 1));
    expect(long).toMatchObject({ answer: "x".repeat(maxKeptBytes) });
  });
});
