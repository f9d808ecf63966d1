/** Whatever is paged through, in pages of whatever size, each call comes once and in its place. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { boundOf, byPlace, type Page, type Place, read, together, written } from "../../src/exchange/pages.ts";

/** Few of each, so that many stand close together. */
const place: fc.Arbitrary<Place> = fc.record({
  startedAt: fc.integer({ min: 1, max: 3 }),
  system: fc.constantFrom("https://a.example", "https://b.example"),
  channel: fc.constantFrom("sales", "support"),
  call: fc.constantFrom("in_1", "in_2", "in_10", "in_\u{ffff}", "in_\u{1f600}", ""),
});
const places = fc.uniqueArray(place, { selector: (one) => JSON.stringify(one), maxLength: 60 });

/** SQLite's comparison of texts: by the bytes of UTF-8. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What a channel's table answers, which looks at `walked` calls at most. */
function pageOf(calls: readonly Place[], system: string, channel: string, after: Place | undefined, most: number) {
  const bound = boundOf(after, system, channel);
  const beyond = calls
    .filter((one) => one.system === system && one.channel === channel)
    .filter(
      ({ startedAt, call }) =>
        startedAt < bound.startedAt || (startedAt === bound.startedAt && byBytes(call, bound.call) < 0),
    )
    .sort((a, b) => b.startedAt - a.startedAt || byBytes(b.call, a.call));
  const page = beyond.slice(0, most);
  return { calls: page, next: beyond.length > most ? page.at(-1) : undefined } as Page<Place>;
}

test("every call comes once, in one order, however many began in one millisecond", () => {
  fc.assert(
    fc.property(places, fc.integer({ min: 1, max: 7 }), (calls, most) => {
      const come: Place[] = [];
      let next: Place | undefined;
      for (let turn = 0; turn < 100; turn++) {
        const pages = ["https://a.example", "https://b.example"].map((system) =>
          together(
            ["sales", "support"].map((channel) => pageOf(calls, system, channel, next, most)),
            most,
          ),
        );
        const page = together(pages, most);
        expect(page.calls.length).toBeLessThanOrEqual(most);
        come.push(...page.calls);
        next = page.next && read(written(page.next));
        if (!next) break;
      }
      expect(next).toBeUndefined();
      expect(come).toEqual([...calls].sort(byPlace));
    }),
  );
});

test("a page that looked in vain says from where on to look, and no call before that is passed over", () => {
  const at = (startedAt: number, call: string) => ({ startedAt, system: "s", channel: "c", call });
  const vain = { calls: [], next: at(5, "x") };
  const found = { calls: [at(9, "new"), at(1, "old")] };
  expect(together([vain, found], 10)).toEqual({ calls: [at(9, "new")], next: at(5, "x") });
});

test.each(["", "abc", "%%%", btoa("{}"), btoa("[1,2,3,4]"), btoa('[1.5,"","",""]'), btoa('[1,"a","b"]')])(
  "%j is no place",
  (text) => expect(read(text)).toBeUndefined(),
);
