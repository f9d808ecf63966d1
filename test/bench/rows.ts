/**
 * How many rows a call writes: of these the platform's plans allow so many a day. A real call between stand-ins, its webhooks
 * sent at the times at which a PBX would, with the clock turned and the alarm rung in between.
 */
import { startLocalWorker } from "../../src/commands/local-worker.ts";
import { sample } from "../standins/audio.ts";
import { type Media, media, mediaServer, startPbx } from "../standins/media.ts";
import { startSystem } from "../standins/system.ts";
import { twilioPbx } from "../standins/twilio.ts";
import { send } from "../standins/webhook.ts";
import { zadarmaApi, zadarmaPbx } from "../standins/zadarma.ts";
import type { ZadarmaRecording } from "../standins/zadarma-api.ts";
import { type Bench, counted, type Figure } from "./figures.ts";
import { type Play, twilioAnswered, twilioMissed, zadarmaAnswered } from "./row-calls.ts";
import type { Alarm } from "./worker.ts";

const token = "console-token-of-a-test";
const twilioAccount = { account: "AC0000000000000000000000000000be", password: "twilio-auth-token" };
const zadarmaAccount = { key: "zadarma-key", secret: "zadarma-secret" };

/** How long after the last webhook a call's rows are counted, in ms: all is told by then. */
const afterMs = 10 * 60_000;
const hourMs = 60 * 60_000;
/** Longer than a call is kept, in ms. */
const longMs = 100 * 24 * 60 * 60_000;
/** Alarms that may ring in one call: more never end. */
const maxRings = 200;

/** What one call took. */
export interface Cost {
  readonly title: string;
  readonly webhooks: number;
  /** Rows written, alarms that were set among them. */
  readonly rows: number;
  readonly alarms: number;
  /** What woke the object: webhooks, and alarms that rang. */
  readonly woken: number;
  /** Rows written once it is forgotten. */
  readonly forgotten: number;
}

export const rows: Bench = {
  about: "rows that a call writes, of which a plan allows so many a day",
  async run(_, tell) {
    const { calls, downHour } = await costsOf(tell);
    return [
      ...calls.map(figureOf),
      counted("an hour in which the helpdesk is down", "one call owed", downHour, "rows"),
    ];
  },
};

function figureOf({ title, webhooks, rows, alarms, woken, forgotten }: Cost): Figure {
  const unit = `rows, ${alarms} of them alarms; ${woken} requests; ${forgotten} rows once forgotten`;
  return counted(title, `${webhooks} webhooks`, rows, unit);
}

/** Each call by itself, in an object that has seen calls before and sleeps whenever it may. */
export async function costsOf(
  tell: (progress: string) => void = () => undefined,
): Promise<{ calls: Cost[]; downHour: number }> {
  const stage = await startRowStage();
  try {
    // What is learnt of a system is written once.
    for (const play of await stage.plays("before")) await placed(stage, play);
    await forgotten(stage);
    const calls: Cost[] = [];
    for (const { title } of await stage.plays("titles")) {
      tell(`placing ${title}`);
      const play = (await stage.plays(title)).find((one) => one.title === title);
      const cost = play && (await placed(stage, play));
      if (cost) calls.push({ ...cost, forgotten: await forgotten(stage) });
    }
    tell("waiting for a helpdesk that is down");
    return { calls, downHour: await down(stage) };
  } finally {
    await stage.close();
  }
}

type RowStage = Awaited<ReturnType<typeof startRowStage>>;

async function placed(stage: RowStage, play: Play): Promise<Omit<Cost, "forgotten">> {
  const { title, channel, call, status, recording, webhooks } = play;
  const began = await stage.inside<number>("clock");
  await stage.inside("count");
  let rung = 0;
  for (const [at, webhook] of webhooks) {
    rung += await passed(stage, began + at * 1000);
    await stage.inside("sleep");
    const answer = await send(webhook);
    if (!answer.ok) throw new Error(`${title}: a webhook was answered ${answer.status}`);
    await stage.inside("quiet");
  }
  rung += await passed(stage, began + (webhooks.at(-1)?.[0] ?? 0) * 1000 + afterMs);
  const { rowsWritten, set } = await stage.inside<Alarm & { rowsWritten: number }>("counted");
  const told = await stage.show(channel, call);
  const attached = told.recordings.filter(({ state }) => state === "attached").length;
  if (told.delivery !== "done" || told.status !== status || attached !== (recording ? 1 : 0))
    throw new Error(`${title}: became ${told.status}, ${told.delivery}, with ${attached} recordings`);
  return { title, webhooks: webhooks.length, rows: rowsWritten + set, alarms: set, woken: webhooks.length + rung };
}

/** Goes on to `at`, ms since the epoch, and rings each alarm on the way; returns how many. */
async function passed(stage: RowStage, at: number): Promise<number> {
  for (let rung = 0; rung < maxRings; rung++) {
    const { ringsAt = Number.POSITIVE_INFINITY } = await stage.inside<Alarm>("counted");
    await stage.inside("turn", { at: Math.min(at, ringsAt) });
    if (ringsAt > at) return rung;
    await stage.inside("sleep");
    await stage.inside("ring");
    await stage.inside("quiet");
  }
  throw new Error("the alarm never ends to ring");
}

/** Rows that an hour writes in which the system answers nothing, once it is known to be down; calls wait for it. */
async function down(stage: RowStage): Promise<number> {
  stage.system.behave(() => ({ status: 503 }));
  const [play] = await stage.plays("down");
  const [, webhook] = play?.webhooks[0] ?? [];
  await stage.inside("count");
  if (!webhook || !(await send(webhook)).ok) throw new Error("a webhook was not taken");
  await stage.inside("quiet");
  await passed(stage, (await stage.inside<number>("clock")) + hourMs);
  await stage.inside("count");
  await passed(stage, (await stage.inside<number>("clock")) + hourMs);
  const { rowsWritten, set } = await stage.inside<Alarm & { rowsWritten: number }>("counted");
  return rowsWritten + set;
}

/** Forgets all that is kept; rows that were written for it. */
async function forgotten(stage: RowStage): Promise<number> {
  await stage.inside("count");
  await stage.inside("turn", { at: (await stage.inside<number>("clock")) + longMs });
  await stage.inside("sleep");
  await stage.inside("ring");
  await stage.inside("quiet");
  const { rowsWritten, set } = await stage.inside<Alarm & { rowsWritten: number }>("counted");
  return rowsWritten + set;
}

interface Shown {
  readonly delivery: string;
  readonly status: string;
  readonly recordings: readonly { readonly state: string }[];
}

async function startRowStage() {
  const system = await startSystem({ channelKeys: ["a", "b"] });
  const recordings = { twilio: new Map<string, Media>(), zadarma: new Map<string, ZadarmaRecording>() };
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const pbx = await startPbx({
    handlers: [
      mediaServer({ ...twilioAccount, recordings: recordings.twilio }),
      zadarmaApi({ ...zadarmaAccount, recordings: recordings.zadarma, now }),
    ],
  });
  const common = { system: system.url, api: pbx.url };
  const worker = await startLocalWorker({
    channels: { sales: { provider: "twilio", ...common }, support: { provider: "zadarma", ...common } },
    secrets: {
      ...{ SALES_CHANNEL_KEY: "a", SUPPORT_CHANNEL_KEY: "b", CONSOLE_TOKEN: token },
      ...{ SALES_TWILIO_ACCOUNT_SID: twilioAccount.account, SALES_TWILIO_AUTH_TOKEN: twilioAccount.password },
      ...{ SUPPORT_ZADARMA_KEY: zadarmaAccount.key, SUPPORT_ZADARMA_SECRET: zadarmaAccount.secret },
    },
    entrypoint: "test/bench/worker.ts",
  });
  const bytes = await sample("mp3");
  const inside = async <T>(deed: string, given?: unknown): Promise<T> => {
    const body = JSON.stringify({ system: system.url, deed, given });
    const answer = await fetch(`${worker.url}/inside`, { method: "POST", body });
    if (!answer.ok) throw new Error(`${deed} was answered ${answer.status}`);
    return (await answer.json()) as T;
  };
  return {
    system,
    inside,
    /** Calls that begin when they are asked for. */
    plays: async (run: string): Promise<Play[]> => {
      aheadMs = (await inside<number>("clock")) - Date.now();
      const hooks = `${worker.url}/hooks`;
      const twilio = twilioPbx({
        ...{ accountSid: twilioAccount.account, authToken: twilioAccount.password, api: pbx.url },
        ...{ hookUrl: `${hooks}/sales`, run, now },
      });
      const zadarma = zadarmaPbx({ ...zadarmaAccount, hookUrl: `${hooks}/support`, now });
      const plays = [twilioAnswered(twilio), zadarmaAnswered(zadarma, run), twilioMissed(twilio)];
      for (const { channel, call, recording } of plays) {
        if (!recording) continue;
        if (channel === "sales") recordings.twilio.set(recording, media({ source: bytes }));
        else recordings.zadarma.set(recording, { bytes, type: "audio/mpeg", pbxCallId: call });
      }
      return plays;
    },
    show: async (channel: string, call: string): Promise<Shown> => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${worker.url}/api/calls/${channel}/${encodeURIComponent(call)}`, { headers });
      return (await answer.json()) as Shown;
    },
    close: async () => {
      await worker.close();
      await Promise.all([system, pbx].map((server) => server.close()));
    },
  };
}
