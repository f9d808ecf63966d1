/** Calls that may happen, told by each PBX: what is read is what happened, in any order, and never more of a part. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { joined } from "../../src/calls/joined.ts";
import { twilio } from "../../src/providers/twilio.ts";
import { zadarma } from "../../src/providers/zadarma.ts";
import {
  agents,
  asLegs,
  asTwilio,
  asZadarma,
  customer,
  extensions,
  type Life,
  lives,
  livesBegin,
  statusOf,
  twilioFacts,
  zadarmaFacts,
} from "../standins/lives.ts";
import { legEvent } from "../standins/telnyx.ts";
import { hear } from "./hearing.ts";

const twilioAccount = {
  settings: twilio.settings.parse({ caller_id: "+14155550100" }),
  secrets: new Map([
    ["TWILIO_ACCOUNT_SID", twilioFacts.accountSid],
    ["TWILIO_AUTH_TOKEN", twilioFacts.authToken],
  ]),
  hookUrl: twilioFacts.hookUrl,
  lines: [],
};
const zadarmaAccount = {
  settings: zadarma.settings.parse({}),
  secrets: new Map([
    ["ZADARMA_KEY", zadarmaFacts.key],
    ["ZADARMA_SECRET", zadarmaFacts.secret],
  ]),
  hookUrl: zadarmaFacts.hookUrl,
  lines: [],
};

type Tell = (life: Life) => Promise<HeardEvent[][]>;

/** `clear`: the life as the PBX tells it clearly by any part. */
const pbxs: readonly [pbx: string, names: readonly string[], tell: Tell, clear: (life: Life) => Life][] = [
  [
    "Twilio",
    agents,
    (life) => Promise.all(asTwilio(life).map((webhook) => hear(twilio, twilioAccount, webhook, livesBegin))),
    (life) => life,
  ],
  [
    "Zadarma",
    extensions,
    (life) => Promise.all(asZadarma(life).map((webhook) => hear(zadarma, zadarmaAccount, webhook, livesBegin))),
    // An end after a menu says `answered`; where no ring and no answer was heard, nothing tells it from a talk.
    (life) => ({ ...life, menu: false }),
  ],
  [
    "a PBX that tells only of legs",
    agents,
    async (life) => asLegs(life).map((hook) => [legEvent(hook)]),
    (life) => life,
  ],
];

const numbering = { country: "US" };
const maxWebhooks = 40;
const keys = fc.array(fc.nat(), { minLength: maxWebhooks, maxLength: maxWebhooks });

/** The webhooks in the order of `keys`, a second apart; those with an odd one twice. */
function arriving(webhooks: readonly HeardEvent[][], keys: readonly number[]): HeardEvent[] {
  const order = webhooks
    .map((events, i) => ({ events, key: keys[i] ?? 0 }))
    .flatMap((one) => (one.key % 2 ? [one, { ...one, key: one.key / 2 }] : [one]))
    .sort((a, b) => a.key - b.key);
  return order.flatMap(({ events }, i) => events.map((event) => ({ ...event, heardAt: livesBegin + i * 1000 })));
}

function callsOf(events: readonly HeardEvent[]): Call[] {
  return joined(events).map((some) => fold(some[0]?.call ?? "", some, numbering));
}

describe.each(pbxs)("by %s", (_, names, tell, clear) => {
  test("a call is read as what happened, in any order, doubled", async () => {
    await fc.assert(
      fc.asyncProperty(lives, keys, async (life, keys) => {
        const calls = callsOf(arriving(await tell(life), keys));
        expect(calls).toHaveLength(1);
        const [{ direction, phone, status, talks, rung } = {} as Call] = calls;
        expect({ direction, phone, status }).toEqual({
          direction: life.direction,
          phone: customer,
          status: statusOf(life),
        });
        const talked = life.talks.map((agent) => names[agent]);
        // Of a call that goes out a PBX of legs tells no end of talk but the customer's: who had it last is not known there.
        expect(new Set(talks.map(({ extension }) => extension))).toEqual(new Set(talked));
        if (life.direction === "incoming") expect(talks.at(-1)?.extension).toBe(talked.at(-1));
        if (!life.conference) expect(rung).toEqual(expect.arrayContaining(life.rung.map((agent) => names[agent])));
      }),
      { numRuns: 300, seed: 20261128 },
    );
  });

  test("of a part of it nothing is read that did not happen", async () => {
    await fc.assert(
      fc.asyncProperty(
        lives,
        keys,
        fc.array(fc.boolean(), { minLength: maxWebhooks, maxLength: maxWebhooks }),
        async (life, keys, kept) => {
          const webhooks = (await tell(clear(life))).filter((_, i) => kept[i]);
          const talked = life.talks.map((agent) => names[agent]);
          for (const call of callsOf(arriving(webhooks, keys))) {
            if (talked.length === 0) expect(["answered", "in-progress"]).not.toContain(call.status);
            for (const { extension } of call.talks) expect(talked).toContain(extension);
            if (call.phone !== undefined && !call.guessed) expect(call.phone).toBe(customer);
          }
        },
      ),
      { numRuns: 500, seed: 20261129 },
    );
  });
});
