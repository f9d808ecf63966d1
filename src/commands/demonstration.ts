/** A worker, a helpdesk and two PBXs on this machine, with calls between them. All is real but helpdesk and PBXs. */
import { sample } from "../../test/standins/audio.ts";
import { media, mediaServer, startPbx } from "../../test/standins/media.ts";
import { type System, startSystem } from "../../test/standins/system.ts";
import { twilioPbx } from "../../test/standins/twilio.ts";
import { zadarmaApi, zadarmaPbx } from "../../test/standins/zadarma.ts";
import type { ZadarmaRecording } from "../../test/standins/zadarma-api.ts";
import { showArrivals } from "./arrivals.ts";
import { ink } from "./ink.ts";
import { isRuntimes, shown } from "./live-log.ts";
import { startLocalWorker } from "./local-worker.ts";
import { type Accounts, placeCall, placeSampleCalls } from "./sample-calls.ts";
import { typedLines } from "./typed-lines.ts";

/** How long the worker may take to be up and to answer, in ms: what it takes longer for never comes. */
const startingMs = 25_000;

const keys = { sales: "demo-sales-channel-key", support: "demo-support-channel-key" };
const twilioAccount = { account: "AC0000000000000000000000000000de0", password: "demo-twilio-auth-token" };
const zadarmaAccount = { key: "demo-zadarma-key", secret: "demo-zadarma-secret" };
const consoleToken = "demo-console-token";

const secrets = {
  CONSOLE_TOKEN: consoleToken,
  SALES_CHANNEL_KEY: keys.sales,
  SALES_TWILIO_ACCOUNT_SID: twilioAccount.account,
  SALES_TWILIO_AUTH_TOKEN: twilioAccount.password,
  SUPPORT_CHANNEL_KEY: keys.support,
  SUPPORT_ZADARMA_KEY: zadarmaAccount.key,
  SUPPORT_ZADARMA_SECRET: zadarmaAccount.secret,
};

interface Stage {
  readonly system: System;
  readonly accounts: Accounts;
  /** The worker's URL. */
  readonly url: string;
}

/** Resolves with the exit code once everything has ended; rejects where it did not come about, or was `stopped` before. */
export async function demonstrate(
  { port, once }: { readonly port: number; readonly once: boolean },
  stopped: AbortSignal,
): Promise<number> {
  const closing: (() => Promise<void>)[] = [];
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => {});
  stopped.addEventListener("abort", () => reject(stopped.reason));
  const run = String(Date.now());
  try {
    const stage = await Promise.race([setUp(port, run, closing, stopped), ended]);
    const calls = placeSampleCalls(stage.accounts, run, stopped);
    const arrived = await showArrivals(calls, stage.system, stopped);
    if (once) return arrived ? 0 : 1;
    showPlaces(stage);
    await placeMore(stage, stopped);
    return 0;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function setUp(
  port: number,
  run: string,
  closing: (() => Promise<void>)[],
  stopped: AbortSignal,
): Promise<Stage> {
  const late = AbortSignal.timeout(startingMs);
  const system = await startSystem({ channelKeys: Object.values(keys) });
  closing.push(() => system.close());
  const recordings = { twilio: new Map(), zadarma: new Map<string, ZadarmaRecording>() };
  const pbx = await startPbx({
    handlers: [
      mediaServer({ ...twilioAccount, recordings: recordings.twilio }),
      zadarmaApi({ ...zadarmaAccount, recordings: recordings.zadarma, now: Date.now }),
    ],
  });
  closing.push(() => pbx.close());
  const common = { system: system.url, api: pbx.url };
  const worker = await startLocalWorker({
    port,
    secrets,
    channels: {
      sales: { provider: "twilio", ...common, twilio: { forward: ["client:ann"], record: true } },
      support: { provider: "zadarma", country: "UA", ...common },
    },
    heard: (line) => {
      if (!stopped.aborted && !isRuntimes(line)) console.log(shown(line));
    },
    withinMs: startingMs,
  });
  closing.push(() => worker.close());
  // The first request compiles the worker: no call should wait for that.
  await fetch(`${worker.url}/health`, { signal: AbortSignal.any([stopped, late]) });
  const hooks = `${worker.url}/hooks`;
  const accounts: Accounts = {
    twilio: twilioPbx({
      accountSid: twilioAccount.account,
      authToken: twilioAccount.password,
      hookUrl: `${hooks}/sales`,
      api: pbx.url,
      run,
    }),
    zadarma: zadarmaPbx({ ...zadarmaAccount, hookUrl: `${hooks}/support` }),
    recordTwilio: async (id) => {
      recordings.twilio.set(id, media({ source: await sample("mp3") }));
    },
    recordZadarma: async (id, pbxCallId) => {
      recordings.zadarma.set(id, { bytes: await sample("mp3"), type: "audio/mpeg", pbxCallId });
    },
  };
  return { system, accounts, url: worker.url };
}

function showPlaces({ system, url }: Stage): void {
  console.log(`
  ${ink.bold("Helpdesk")}   ${system.url}/  cards and tickets, with recordings
  ${ink.bold("Trunkline")}  ${url}/health
  ${ink.bold("Webhooks")}   ${url}/hooks/sales    for Twilio
             ${url}/hooks/support  for Zadarma
  ${ink.bold("API")}        CONSOLE_TOKEN is ${consoleToken}:
             curl -H "authorization: Bearer ${consoleToken}" \\
               ${url}/api/calls

Enter places another call, from a number if you type one first.
Ctrl-C ends it and leaves nothing behind.
`);
}

/** Numbers that are nobody's, for callers whose number was not typed. */
const nobodys = "+141555501";

/** A call for each line that is typed, until it is `stopped`. */
async function placeMore({ accounts, system }: Stage, stopped: AbortSignal): Promise<void> {
  let calls = 0;
  for await (const typed of typedLines(stopped)) {
    const from = typed === "" ? `${nobodys}${30 + (calls++ % 70)}` : numberOf(typed);
    if (!from) {
      console.log(`"${typed}" is no number to call from. Type one such as +14155550199, or only Enter.`);
      continue;
    }
    // Nobody need wait for one call before they place the next.
    showArrivals([placeCall(accounts, from, stopped)], system, stopped).catch((error) => {
      if (!stopped.aborted) console.log(ink.red(String(error)));
    });
  }
}

function numberOf(typed: string): string | undefined {
  const digits = typed.replace(/[ ().-]/g, "");
  return /^\+?\d{5,15}$/.test(digits) ? `+${digits.replace("+", "")}` : undefined;
}
