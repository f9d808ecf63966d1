/** One PBX is read in one way: by its webhooks, and by what its log says of the same call. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Call, fold } from "../../src/calls/call.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import type { Account } from "../../src/providers/provider.ts";
import { type ZadarmaSettings, zadarma } from "../../src/providers/zadarma.ts";
import { type Fields, zadarmaPbx } from "../standins/zadarma.ts";
import { hear } from "./hearing.ts";

const began = Date.UTC(2026, 8, 1, 9, 0, 0);
const call = "in_0123456789abcdef0123456789abcdef01234567";
const hookUrl = "https://hooks.example/hooks/support";
const pbx = zadarmaPbx({ key: "zk", secret: "zs", hookUrl, now: () => began });
const account: Account<ZadarmaSettings> = {
  settings: zadarma.settings.parse({ time_zone: "UTC" }),
  secrets: new Map([
    ["ZADARMA_KEY", "zk"],
    ["ZADARMA_SECRET", "zs"],
  ]),
  hookUrl,
  lines: [],
};

/** A call to the company. `talks`: who talked, for how many seconds, the first after ringing and each next one handed it. */
interface Happened {
  readonly menu: boolean;
  readonly rung: readonly string[];
  readonly talks: readonly { readonly who: string; readonly seconds: number }[];
  readonly mailbox: boolean;
  readonly disposition: string;
}

const happened: fc.Arbitrary<Happened> = fc
  .record({
    menu: fc.boolean(),
    rung: fc.shuffledSubarray(["100", "101", "102"], { minLength: 1 }),
    taken: fc.boolean(),
    handedTo: fc.shuffledSubarray(["103", "104"]),
    seconds: fc.integer({ min: 1, max: 300 }),
    mailbox: fc.boolean(),
    disposition: fc.constantFrom("no answer", "cancel", "busy"),
  })
  .map(({ taken, handedTo, seconds, mailbox, ...said }) => {
    const chain = taken ? [said.rung[0] ?? "100", ...handedTo] : [];
    return { ...said, talks: chain.map((who, i) => ({ who, seconds: seconds + i })), mailbox: mailbox && !taken };
  });

const reached = {
  pbx_call_id: call,
  call_start: "2026-09-01 09:00:00",
  caller_id: "+380671112233",
  called_did: "380443334455",
};

function webhooksOf({ rung, talks, mailbox, menu, disposition }: Happened) {
  const answer = (internal: string, more: Fields = {}) =>
    pbx.answer({
      pbx_call_id: call,
      call_start: reached.call_start,
      caller_id: reached.caller_id,
      destination: internal,
      internal,
      ...more,
    });
  const last = mailbox ? "8500" : talks.at(-1)?.who;
  const picked = last !== undefined || menu;
  return [
    pbx.start(reached),
    ...rung.map((internal) => pbx.internal({ ...reached, internal })),
    ...talks.map(({ who }, i) => answer(who, talks[i - 1] && { transfer_from: talks[i - 1]?.who ?? "" })),
    ...(mailbox ? [answer("8500")] : []),
    pbx.end({
      ...reached,
      internal: rung[0] ?? "",
      duration: String(talks.reduce((sum, { seconds }) => sum + seconds, 0) || 20),
      disposition: picked ? "answered" : disposition,
      ...(last === undefined ? {} : { last_internal: last }),
    }),
  ];
}

function logOf({ rung, talks, mailbox, menu, disposition }: Happened) {
  const row = (sip: string, said: string, seconds: number, i: number) => {
    const second = String(i).padStart(2, "0");
    return {
      call_id: `1790000000.${second}`,
      sip,
      destination: "380443334455",
      callstart: `2026-09-01 09:00:${second}`,
      disposition: said,
      seconds,
      pbx_call_id: call,
    };
  };
  const talked = talks.map(({ who }) => who);
  const lost = rung.filter((who) => !talked.includes(who));
  return [
    ...(menu ? [row("380671112233", "answered", 90, 0)] : []),
    ...lost.map((who) => row(who, talks.length > 0 || menu || mailbox ? "no answer" : disposition, 0, 1)),
    ...talks.map(({ who, seconds }, i) => row(who, "answered", seconds, 2 + i)),
    ...(mailbox ? [row("8500", "answered", 22, 9)] : []),
  ];
}

/** What a ticket would say. */
function said({ status, talks, seconds }: Call) {
  return { status, last: talks.at(-1)?.extension, who: talks.map(({ extension }) => extension), seconds };
}

test("a call reads the same by its webhooks, by its log, and by both", async () => {
  await fc.assert(
    fc.asyncProperty(happened, async (what) => {
      const webhooks = await Promise.all(webhooksOf(what).map((webhook) => hear(zadarma, account, webhook, began)));
      const asked = { call, startedAt: began, heardAt: began };
      const state = zadarma.state.read([{ status: "success", stats: logOf(what) }], asked, account);
      const events = state.kind === "over" ? state.events : [];
      const log: HeardEvent[] = events.map((event) => ({ ...event, heardAt: began }));
      const [heard, rung] = [webhooks.flat(), webhooks.slice(0, 1 + what.rung.length).flat()];
      const byWebhooks = said(fold(call, heard));
      expect(byWebhooks.status === "answered").toBe(what.talks.length > 0);
      expect(said(fold(call, [...rung, ...log]))).toEqual(byWebhooks);
      expect(said(fold(call, [...heard, ...log]))).toEqual(byWebhooks);
    }),
    { numRuns: 200, seed: 20261128 },
  );
});
