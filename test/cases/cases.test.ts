/** What real accounts sent becomes what it was: see README.md beside the cases. */
import { describe, expect, test } from "vitest";
import { casesOf, expectTickets, expectZadarma } from "./expected.ts";
import { bodiesOf, playTwilio, type TwilioCase } from "./twilio-case.ts";
import { playZadarma, type ZadarmaCase } from "./zadarma-case.ts";

/** Cases that are not read right, and why; one that is fails here. */
const cannot: ReadonlyMap<string, string> = new Map<string, string>([
  ["zadarma/26-recordings-storm", "how often the PBX is asked is for the Exchange to keep"],
]);

function each<T>(pbx: string, check: (told: T) => Promise<void>): void {
  for (const [name, told] of casesOf<T>(pbx)) {
    const fails = cannot.has(`${pbx}/${name}`);
    (fails ? test.fails : test)(name, () => check(told));
  }
}

describe("twilio", () => {
  each<TwilioCase>("twilio", async (told) => {
    const played = await playTwilio(told);
    if (told.expect.answers) expect(played.answers).toEqual(told.expect.answers);
    for (const [i, has] of bodiesOf(told).entries()) if (has !== undefined) expect(played.bodies[i]).toContain(has);
    expectTickets(played.tickets, told.expect.tickets);
  });
});

describe("zadarma", () => {
  each<ZadarmaCase>("zadarma", async ({ expect: wanted, ...told }) => {
    const { tickets, answers } = await playZadarma({ expect: wanted, ...told });
    expect(new Set(answers)).toEqual(new Set([200]));
    expectZadarma(tickets, wanted);
  });
});
