/** What a request asks for is read whole, or named. */
import { describe, expect, test } from "vitest";
import { listing, none, parametersOf, replaying } from "../../src/console/parameters.ts";
import { written } from "../../src/exchange/pages.ts";

const place = { startedAt: 1_781_129_241_000, system: "https://help.example", channel: "support", call: "in_ü/1" };

function read(query: string, schema: typeof listing | typeof none | typeof replaying = listing): unknown {
  return parametersOf(new Request(`https://trunkline.example/api/calls?${query}`), schema as typeof listing);
}

describe("a listing reads", () => {
  test.each<[query: string, asked: object]>([
    ["", {}],
    [
      "channel=support&status=missed&delivery=owed&limit=5",
      { channel: "support", status: "missed", delivery: "owed", limit: 5 },
    ],
    ["from=2026-11-03", { from: Date.UTC(2026, 10, 3) }],
    ["from=2026-11-03T08:00", { from: Date.UTC(2026, 10, 3, 8) }],
    ["from=2026-11-03T08:00Z", { from: Date.UTC(2026, 10, 3, 8) }],
    ["from=2026-11-03T08:00:05.250Z", { from: Date.UTC(2026, 10, 3, 8, 0, 5, 250) }],
    ["to=2026-11-03T08:00:00%2B02:00", { to: Date.UTC(2026, 10, 3, 6) }],
    ["to=2026-11-03T08:00:00+02:00", { to: Date.UTC(2026, 10, 3, 6) }],
    ["to=2026-11-03T08:00-0530", { to: Date.UTC(2026, 10, 3, 13, 30) }],
    ["before=1781129241000", { before: 1_781_129_241_000 }],
    ["phone=%2B49%2030%20123456", { phone: "+49 30 123456" }],
    ["phone=+49 (30) 123456", { phone: "+49 (30) 123456" }],
    ["phone=030/123456", { phone: "030/123456" }],
    ["stuck=true", { stuck: "true" }],
    [`next=${written(place)}`, { next: place }],
  ])("%s", (query, asked) => expect(read(query)).toEqual(asked));
});

describe("named is", () => {
  test.each<[query: string, field: string | undefined]>([
    ["phon=1", "phon"],
    ["stuck=yes", "stuck"],
    ["stuck=false", "stuck"],
    ["untold=1", "untold"],
    ["before=yesterday", "before"],
    ["from=yesterday", "from"],
    ["from=2026-02-30", "from"],
    ["from=2026-11-03T25:00", "from"],
    ["from=1781129241000", "from"],
    ["from=", "from"],
    ["to=03.11.2026", "to"],
    ["status=lost", "status"],
    ["delivery=late", "delivery"],
    ["recording=yes", "recording"],
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["phone=", "phone"],
    ["phone=%2B", "phone"],
    ["next=abc", "next"],
    [`next=${btoa('["1","","",""]')}`, "next"],
    ["status=missed&status=busy", "status"],
    ["%3Cscript%3E=1", undefined],
    ["constructor=1", "constructor"],
    ["__proto__=1", "__proto__"],
  ])("%s", async (query, field) => {
    const answer = read(query);
    if (!(answer instanceof Response)) throw new Error(`it was read as ${JSON.stringify(answer)}`);
    const said = (await answer.json()) as { field?: string; detail: string };
    expect([answer.status, said.field]).toEqual([400, field]);
    expect(said.detail).toMatch(/^(\w+|One of them) is (not known: there are \w.*|to be .+|given twice)\.$/);
  });

  test("what other addresses do not take", () => {
    expect(read("channel=support", none)).toBeInstanceOf(Response);
    expect(read("phone=1", replaying)).toBeInstanceOf(Response);
    expect(read("delivery=done", replaying)).toBeInstanceOf(Response);
    expect(read("delivery=owed", replaying)).toEqual({ delivery: "owed" });
  });
});
