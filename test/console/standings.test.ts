/** Who watches is told how deliveries stand, and wakes nobody more often than needed. */
import { describe, expect, test } from "vitest";
import { rememberedMs, Standings, worst } from "../../src/console/standings.ts";
import type { Env } from "../../src/env.ts";
import { outOfReach, type Standing, type State, standingOf } from "../../src/exchange/standing.ts";

const env = {} as Env;
const one = "https://one.example";
const other = "https://other.example";

function stands(deliveries: State, system = one): Standing {
  return { ...standingOf(system, undefined, []), deliveries };
}

describe("each object is asked", () => {
  test("once in ten seconds, however many watch", async () => {
    let now = 1_000_000;
    const asked: string[] = [];
    const standings = new Standings(
      () => now,
      async (_, system) => {
        asked.push(system);
        return stands(asked.length > 2 ? "refused" : "ok", system);
      },
    );
    for (let i = 0; i < 20; i++) await standings.of(env, [one, other]);
    expect(asked).toEqual([one, other]);
    now += rememberedMs - 1;
    expect(await standings.of(env, [one])).toEqual([stands("ok")]);
    now += 1;
    expect(await standings.of(env, [one])).toEqual([stands("refused")]);
    expect(asked).toEqual([one, other, one]);
  });

  test("and one that does not answer is down, which is remembered as well", async () => {
    let asked = 0;
    const standings = new Standings(
      () => 0,
      () => {
        asked++;
        return asked === 1 ? new Promise(() => undefined) : Promise.reject(new Error("overloaded"));
      },
    );
    const began = Date.now();
    expect(await standings.of(env, [one])).toEqual([outOfReach(one)]);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(await standings.of(env, [one, other])).toEqual([outOfReach(one), outOfReach(other)]);
    expect(asked).toBe(3);
  });

  test("once more where it just made way for another", async () => {
    let asked = 0;
    const standings = new Standings(
      () => 0,
      async () => {
        asked++;
        if (asked === 1) throw new Error("the code was updated");
        return stands("ok");
      },
    );
    expect(await standings.of(env, [one])).toEqual([stands("ok")]);
  });
});

test.each<[State[], State]>([
  [[], "ok"],
  [["ok", "ok"], "ok"],
  [["ok", "refused"], "refused"],
  [["down", "refused", "ok"], "down"],
])("of %j the worst is told: %s", (all, said) => {
  expect(worst(all.map((state) => stands(state)))).toBe(said);
});
