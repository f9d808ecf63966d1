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

function answered(status: number, action: "create_call" | "update_call", body: unknown = {}, headers = {}): Outcome {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return judge({ status, headers: new Headers(headers), body: text }, action, now);
}

describe("an answer of", () => {
  const page = "<html><body>Down for maintenance</body></html>";
  const [yes, page200] = [documented, page];

  test.each<[status: number, body: unknown, toCreate: Outcome["kind"], toUpdate: Outcome["kind"]]>([
    [200, yes, "delivered", "delivered"],
    [201, yes, "delivered", "delivered"],
    [200, page200, "unknown", "unknown"],
    [204, "", "unknown", "unknown"],
    [301, page, "unknown", "unknown"],
    [302, page, "unknown", "unknown"],
    [304, "", "unknown", "unknown"],
    [400, page, "refused", "refused"],
    [401, page, "unwelcome", "unwelcome"],
    [402, page, "refused", "refused"],
    [403, page, "unwelcome", "unwelcome"],
    [404, page, "unwelcome", "refused"],
    [405, page, "refused", "refused"],
    [408, page, "unknown", "unknown"],
    [413, page, "too-large", "too-large"],
    [422, yes, "refused", "refused"],
    [425, page, "unknown", "unknown"],
    [429, page, "limited", "limited"],
    [500, yes, "unknown", "unknown"],
    [502, page, "unknown", "unknown"],
    [503, page, "unknown", "unknown"],
    [504, page, "unknown", "unknown"],
    [524, page, "unknown", "unknown"],
  ])("%d", (status, body, toCreate, toUpdate) => {
    expect(answered(status, "create_call", body).kind).toBe(toCreate);
    expect(answered(status, "update_call", body).kind).toBe(toUpdate);
  });

  test.each<[status: number, remaining: string, kind: Outcome["kind"]]>([
    [403, "0", "limited"],
    [403, "12", "unwelcome"],
    [503, "0", "unknown"],
    [422, "0", "refused"],
  ])("%d, with %s left of the limit", (status, remaining, kind) => {
    expect(answered(status, "create_call", page, { "x-rate-limit-remaining": remaining }).kind).toBe(kind);
  });

  test.each([
    [408, true],
    [500, false],
    [503, false],
    [504, true],
    [524, true],
  ])("%d leaves the system perhaps still at work: %s", (status, slow) =>
    expect(answered(status, "create_call")).toMatchObject({ slow }),
  );

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

describe("no answer", () => {
  test.each([true, false])("means that it may have been done (given up waiting: %s)", (slow) => {
    expect(judge({ fault: "gone", slow }, "create_call", now)).toEqual({ kind: "unknown", why: "gone", slow });
  });
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
  ])("%s", (_, body) => expect(answered(200, "create_call", body)).toMatchObject({ kind: "unknown", slow: false }));
});

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

  test.each([429, 503])("goes with %d", (status) => {
    expect(answered(status, "create_call", "", { "retry-after": "7" })).toMatchObject({ waitMs: 7000 });
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
