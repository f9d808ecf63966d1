/** The cases of test/cases through HTTP: the worker, the helpdesk and the PBXs' APIs, each as real as can be. */
import { afterEach, describe, expect, test } from "vitest";
import { casesOf, expectTickets, expectZadarma } from "../cases/expected.ts";
import type { Ticket } from "../cases/play.ts";
import { type TwilioCase, timed, sentBy as twilioSends } from "../cases/twilio-case.ts";
import { channelIn, rowsIn, type ZadarmaCase, sentBy as zadarmaSends } from "../cases/zadarma-case.ts";
import { sample } from "../standins/audio.ts";
import { type Handler, media } from "../standins/media.ts";
import type { SystemCall } from "../standins/system-calls.ts";
import { send } from "../standins/webhook.ts";
import type { ZadarmaStatistic } from "../standins/zadarma.ts";
import { type Scene, secrets, setScene } from "./scene.ts";

let scene: Scene;

afterEach(() => scene.close());

function ticketOf({ direction, phone, status = "", audience, ticket }: SystemCall): Ticket {
  const { assignee } = ticket;
  const agent = assignee && ("pbxUserId" in assignee ? assignee.pbxUserId : String(assignee.userId));
  const named = [...audience.ids, ...(agent === undefined ? [] : [agent])];
  return {
    direction,
    phone,
    status,
    audience: audience.ids,
    named,
    recordings: ticket.recordings.length,
    comment: ticket.comments.join(),
  };
}

/** Time goes on, little by little, until the tickets are right; for a minute at least, or as late as the case allows. */
async function settled(right: (tickets: readonly Ticket[]) => void, lateMs: number): Promise<void> {
  const tickets = () => scene.system.calls.map(ticketOf);
  for (let passed = 0; passed < Math.max(60_000, lateMs); passed += 2_000) {
    try {
      right(tickets());
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await scene.turn(2_000);
    }
  }
  right(tickets());
}

/** What Twilio's API knows of a case's calls. */
function callsOf({ api }: TwilioCase, begin: number): Handler {
  const calls = (api?.calls ?? []).map((call) => timed(call, begin));
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://none");
    const [, sid] = /\/Calls(?:\/(CA[0-9a-z]+))?\.json$/.exec(url.pathname) ?? [undefined, undefined];
    if (!url.pathname.includes("/Calls")) return false;
    const parent = url.searchParams.get("ParentCallSid");
    const body = sid
      ? calls.find((call) => call.sid === sid)
      : { calls: calls.filter((call) => call.parent_call_sid === parent) };
    response.writeHead(body ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(body ?? {}));
    return true;
  };
}

describe("twilio", () => {
  test.each(casesOf<TwilioCase>("twilio"))("%s", async (_, told) => {
    const begin = Date.now();
    scene = await setScene({ sales: told.channel, handlers: [callsOf(told, begin)] });
    for (const id of told.api?.recordings ?? []) scene.twilioRecordings.set(id, media({ source: await sample("mp3") }));
    const place = { base: scene.trunkline.url, hook: "/hooks/sales", token: secrets.SALES_TWILIO_AUTH_TOKEN, begin };
    const answers: number[] = [];
    let [at, sent] = [begin, twilioSends(told, place)];
    while (sent[0]) {
      const [now] = [sent[0].at];
      await new Promise((resolve) => setTimeout(resolve, now - at));
      const together = sent.filter((one) => one.at === now);
      const given = await Promise.all(together.map(({ webhook }) => send({ ...webhook, url: atWorker(webhook.url) })));
      answers.push(...given.map(({ status }) => status));
      [at, sent] = [now, sent.filter((one) => one.at !== now)];
    }
    if (told.expect.answers) expect(answers).toEqual(told.expect.answers);
    await settled((tickets) => expectTickets(tickets, told.expect.tickets), 0);
  });
});

/** A host that only the case knows is not called: Trunkline is, which the case's `url` tells. */
function atWorker(url: string): string {
  const { pathname, search } = new URL(url);
  return scene.trunkline.url + pathname + search;
}

describe("zadarma", () => {
  const cases = casesOf<ZadarmaCase>("zadarma").filter(([, { storm }]) => storm === undefined);
  test.each(cases)("%s", async (_, told) => {
    scene = await setScene({ support: channelIn(told) });
    const begin = Date.now();
    const rows = (rowsIn(told, begin) ?? []).map((row) => ({ clid: "", ...row }) as unknown as ZadarmaStatistic);
    scene.zadarmaStatistics.push(...rows);
    let at = begin;
    for (const one of zadarmaSends(told, scene.zadarma, begin)) {
      await new Promise((resolve) => setTimeout(resolve, one.at - at));
      at = one.at;
      expect((await send(one.webhook)).status).toBe(200);
    }
    await settled((tickets) => expectZadarma(tickets, told.expect), (told.late ?? 0) * 1000);
  });
});
