/** The one suite that every provider goes through: its stories told in order, twice, shuffled, in part and spoilt. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Call, fold, type Talk } from "../../src/calls/call.ts";
import type { HeardEvent, Recording } from "../../src/calls/event.ts";
import type { Numbering } from "../../src/calls/phone.ts";
import type { Account, Provider } from "../../src/providers/provider.ts";
import type { Webhook } from "../standins/webhook.ts";
import { hear, hookOf } from "./hearing.ts";
import { anything, type Spoilt } from "./spoiling.ts";

/** A call: what came, and what it became. */
export interface Story {
  readonly title: string;
  /** In the order in which the PBX sends them; all of one call. */
  readonly webhooks: readonly Webhook[];
  readonly becomes: Becomes;
}

/** As much of a call as a story says; what it leaves out may be anything. */
type Becomes = Partial<Omit<Call, "talks" | "recordings">> & {
  readonly talks?: readonly Partial<Talk>[];
  readonly recordings?: readonly Partial<Recording>[];
};

interface Conformance<S> {
  readonly account: Account<S>;
  readonly stories: readonly Story[];
  /** The ways to spoil a webhook that must make it forged. Default: anything of it. */
  readonly spoil?: (webhook: Webhook) => readonly Spoilt[];
  /** ISO 3166, for a PBX that writes national numbers. */
  readonly country?: string;
}

/** When the first webhook of a story comes in, ms since the epoch, and how long after it each next one. */
export const firstHeardAt = Date.UTC(2026, 8, 1, 9, 0, 0);
const stepMs = 1000;

const orders = { numRuns: 50, seed: 20260901 };

export function conforms<S>(provider: Provider<S>, conformance: Conformance<S>): void {
  for (const story of conformance.stories) {
    describe(`${provider.name}: ${story.title}`, () => {
      tellsTheCall(provider, conformance, story);
      tellsItInPart(provider, conformance, story);
      refusesForgeries(provider, conformance, story);
    });
  }
}

function tellsTheCall<S>(provider: Provider<S>, { account, country }: Conformance<S>, { webhooks, becomes }: Story) {
  const numbering = { country, numbers: provider.numbers };
  const told = () => Promise.all(webhooks.map((webhook) => hear(provider, account, webhook, firstHeardAt)));
  const call = (heard: readonly (readonly HeardEvent[])[]) => folded(arriving(heard), numbering);

  test("is one call", async () => {
    const ids = (await told()).flat().map((event) => event.call);
    expect([...new Set(ids)]).toHaveLength(1);
  });

  test("becomes what it should", async () => {
    expect(call(await told())).toMatchObject(becomes);
  });

  test("is the same call when every webhook comes twice", async () => {
    const heard = await told();
    const once = call(heard);
    expect(folded(arriving([...heard, ...heard]), numbering)).toEqual(once);
    expect(call(heard.flatMap((events) => [events, events]))).toMatchObject(becomes);
  });

  test("becomes the same in any order", async () => {
    const heard = await told();
    fc.assert(
      fc.property(shuffled(heard), (order) => {
        expect(call(order)).toMatchObject(becomes);
      }),
      orders,
    );
  });
}

/** Webhooks get lost: what is left must not depend on its order either, whatever it becomes. */
function tellsItInPart<S>(provider: Provider<S>, { account, country }: Conformance<S>, { webhooks }: Story) {
  const numbering = { country, numbers: provider.numbers };
  test("is the same call in any order of any part of its webhooks", async () => {
    const told = await Promise.all(webhooks.map((webhook) => hear(provider, account, webhook, firstHeardAt)));
    const events = arriving(told);
    const known = events.map((_, i) => i);
    fc.assert(
      fc.property(fc.shuffledSubarray(known, { minLength: 1 }), (part) => {
        const pick = (order: readonly number[]) => events.filter((_, i) => order.includes(i));
        const inOrder = pick(part);
        const asDrawn = part.flatMap((i) => events[i] ?? []);
        expect(folded(asDrawn, numbering)).toEqual(folded(inOrder, numbering));
      }),
      orders,
    );
  });
}

function refusesForgeries<S>(provider: Provider<S>, conformance: Conformance<S>, { webhooks }: Story) {
  const { account, spoil = anything } = conformance;

  test("knows every webhook as genuine", async () => {
    for (const webhook of webhooks) {
      expect(await provider.verify(await hookOf(webhook, firstHeardAt), account)).toEqual({ genuine: true });
    }
  });

  test("knows every spoilt webhook as forged", async () => {
    const spoilt = webhooks.flatMap(spoil);
    expect(spoilt.length).toBeGreaterThan(0);
    for (const { what, webhook } of spoilt) {
      const verdict = await provider.verify(await hookOf(webhook, firstHeardAt), account);
      expect(verdict, `${what} of ${webhook.body ?? webhook.url}`).toMatchObject({ genuine: false });
    }
  });
}

/** The events as they come in one webhook after the other, in the order given. */
function arriving(heard: readonly (readonly HeardEvent[])[]): HeardEvent[] {
  return heard.flatMap((events, i) => events.map((event) => ({ ...event, heardAt: firstHeardAt + i * stepMs })));
}

function shuffled<T>(list: readonly T[]) {
  return fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length });
}

function folded(events: readonly HeardEvent[], numbering: Numbering): Call {
  return fold(events[0]?.call ?? "", events, numbering);
}
