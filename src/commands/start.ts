/** `npm start`: the main job on a fresh machine. Everything is real but the helpdesk and the PBXs, which are stand-ins. */
import { parseArgs } from "node:util";
import pc from "picocolors";
import { sample } from "../../test/standins/audio.ts";
import { media, mediaServer, startPbx } from "../../test/standins/media.ts";
import { startSystem } from "../../test/standins/system.ts";
import { twilioPbx } from "../../test/standins/twilio.ts";
import { zadarmaApi, zadarmaPbx } from "../../test/standins/zadarma.ts";
import type { ZadarmaRecording } from "../../test/standins/zadarma-api.ts";
import { showArrivals } from "./arrivals.ts";
import { startLocalWorker } from "./local-worker.ts";
import { type Accounts, placeSampleCalls } from "./sample-calls.ts";
import { stopSignal } from "./stop-signal.ts";

const help = `npm start [-- --port <port>] [-- --once]

Starts Trunkline with stand-ins for a helpdesk, a Twilio and a Zadarma account, places
sample calls and shows what reached the helpdesk. Nothing leaves this machine.

  --port <port>  the worker's port (default: a free one)
  --once         ends when the sample calls have arrived; exit code 1 if one did not
  --help         this text`;

const keys = { sales: "demo-sales-channel-key", support: "demo-support-channel-key" };
const twilioAccount = { account: "AC0000000000000000000000000000de0", password: "demo-twilio-auth-token" };
const zadarmaAccount = { key: "demo-zadarma-key", secret: "demo-zadarma-secret" };

const secrets = {
  SALES_CHANNEL_KEY: keys.sales,
  SALES_TWILIO_ACCOUNT_SID: twilioAccount.account,
  SALES_TWILIO_AUTH_TOKEN: twilioAccount.password,
  SUPPORT_CHANNEL_KEY: keys.support,
  SUPPORT_ZADARMA_KEY: zadarmaAccount.key,
  SUPPORT_ZADARMA_SECRET: zadarmaAccount.secret,
};

const options = readOptions();
if (options.help) {
  console.log(help);
} else {
  process.exitCode = await start(options);
}

/** Resolves with the exit code once everything has ended. */
async function start({ port, once }: { port: number; once: boolean }): Promise<number> {
  const closing: (() => Promise<void>)[] = [];
  try {
    console.log(`${pc.bold("Trunkline")} is starting: worker, helpdesk and PBX stand-ins on this machine ...`);
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
    });
    closing.push(() => worker.close());
    const signal = stopSignal();
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const hooks = `${worker.url}/hooks`;
    // The first request compiles the worker: no call should wait for that.
    await fetch(`${worker.url}/health`);
    const run = String(Date.now());
    const accounts: Accounts = {
      twilio: twilioPbx({
        accountSid: twilioAccount.account,
        authToken: twilioAccount.password,
        hookUrl: `${hooks}/sales`,
        api: pbx.url,
        startedAt: Date.now(),
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
    const calls = placeSampleCalls(accounts, run);
    const arrived = await Promise.race([showArrivals(calls, system), stopped.then(() => undefined)]);
    if (once || arrived === undefined) return arrived === false ? 1 : 0;
    console.log(`
  ${pc.bold("Helpdesk")}   ${system.url}/   call cards and tickets, with the recordings to play
  ${pc.bold("Trunkline")}  ${worker.url}/health
  ${pc.bold("Webhooks")}   ${hooks}/sales (Twilio), ${hooks}/support (Zadarma)

Ctrl-C ends it and leaves nothing behind.`);
    await stopped;
    return 0;
  } finally {
    for (const close of closing.reverse()) await close();
    // The channel to the process that started this one would keep it alive.
    process.disconnect?.();
  }
}

function readOptions(): { port: number; once: boolean; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "0" },
        once: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new Error(`--port must be a port, from 0 to 65535.`);
    return { port, once: values.once, help: values.help };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    process.exit(2);
  }
}
