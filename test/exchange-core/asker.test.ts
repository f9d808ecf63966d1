import fc from "fast-check";
import { expect, test } from "vitest";
import { type Asked, costOfRecording, costOfState, opensAt } from "../../src/exchange/asker.ts";

const limit = { all: 90, states: 3 };
const minuteMs = 60_000;

test.each<[string, Asked, number]>([
  ["at once where nothing was asked", [], 100_000],
  ["at once where that was a minute ago", [0, 1, 2].map((at) => ({ at: 40_000 - at, cost: costOfState })), 100_000],
  ["a minute after the first of three", [50_000, 60_000, 70_000].map((at) => ({ at, cost: costOfState })), 110_000],
  ["at once though others asked for recordings", [{ at: 99_000, cost: costOfRecording }], 100_000],
])("the PBX is asked after calls %s", (_, asked, opens) => {
  expect(opensAt(asked, costOfState, limit, 100_000)).toBe(opens);
});

test("whatever is asked, and when: no minute has more than it may, and nothing waits for more than one", () => {
  const errands = fc.array(fc.record({ afterMs: fc.nat(3_000), after: fc.boolean() }), { maxLength: 300 });
  fc.assert(
    fc.property(errands, (errands) => {
      let [now, asked]: [number, Asked] = [0, []];
      for (const { afterMs, after } of errands) {
        const cost = after ? costOfState : costOfRecording;
        const opens = opensAt(asked, cost, limit, now + afterMs);
        expect(opens - now - afterMs).toBeLessThanOrEqual(minuteMs);
        now = opens;
        asked = [...asked, { at: now, cost }];
        const recent = asked.filter(({ at }) => at > now - minuteMs);
        expect(recent.reduce((sum, one) => sum + one.cost.requests, 0)).toBeLessThanOrEqual(limit.all);
        expect(recent.reduce((sum, one) => sum + one.cost.states, 0)).toBeLessThanOrEqual(limit.states);
      }
    }),
    { numRuns: 100, seed: 20261128 },
  );
});
