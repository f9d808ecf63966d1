/** A scene for a story: a helpdesk, a Twilio and a Zadarma account, Trunkline between them, and one clock for all. */
import { files, type Handler, type Media, mediaServer, type Pbx, startPbx } from "../standins/media.ts";
import { type System, type SystemCall, type SystemOptions, startSystem } from "../standins/system.ts";
import { type TwilioPbx, twilioPbx } from "../standins/twilio.ts";
import { type TwilioCall, twilioApi } from "../standins/twilio-api.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { type ZadarmaPbx, type ZadarmaStatistic, zadarmaApi, zadarmaPbx } from "../standins/zadarma.ts";
import type { ZadarmaRecording } from "../standins/zadarma-api.ts";
import { startTrunkline, type Trunkline, until } from "./harness.ts";

export const secrets = {
  SALES_CHANNEL_KEY: "sales-channel-key",
  SALES_TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001",
  SALES_TWILIO_AUTH_TOKEN: "twilio-auth-token",
  SUPPORT_CHANNEL_KEY: "support-channel-key",
  SUPPORT_ZADARMA_KEY: "zadarma-key",
  SUPPORT_ZADARMA_SECRET: "zadarma-secret",
};

export interface Scene {
  readonly system: System;
  /** Both PBXs' servers. */
  readonly pbx: Pbx;
  readonly trunkline: Trunkline;
  /** The account behind the channel `sales`, and the one behind `support`. */
  readonly twilio: TwilioPbx;
  readonly zadarma: ZadarmaPbx;
  /** What Twilio recorded by `RE...`, what Zadarma recorded by its call_id, and files at plain paths. */
  readonly twilioRecordings: Map<string, Media>;
  readonly zadarmaRecordings: Map<string, ZadarmaRecording>;
  readonly files: Map<string, Media>;
  /** What Twilio's API says of calls and their legs, and Zadarma's statistics. */
  readonly twilioCalls: TwilioCall[];
  readonly zadarmaStatistics: ZadarmaStatistic[];
  /** ms since the epoch by everybody's clock. */
  now(): number;
  /** Turns everybody's clock forward. */
  turn(byMs: number): Promise<void>;
  /** Turns everybody's clock forward, little by little, until `there` gives something. */
  passing<T>(what: string, there: () => T | undefined | false): Promise<T>;
  /** The call of that PBX id, once it is as `as` wants it. */
  call(pbxCallId: string, as?: (call: SystemCall) => boolean, withinMs?: number): Promise<SystemCall>;
  close(): Promise<void>;
}

export interface Props {
  readonly sales?: Readonly<Record<string, unknown>>;
  readonly support?: Readonly<Record<string, unknown>>;
  readonly system?: Partial<SystemOptions>;
  readonly handlers?: readonly Handler[];
  /** Secrets beyond the channels' own. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export async function setScene({
  sales,
  support,
  system: options,
  handlers = [],
  secrets: more,
}: Props = {}): Promise<Scene> {
  let turnedBy = 0;
  const now = () => Date.now() + turnedBy;
  const channelKeys = [secrets.SALES_CHANNEL_KEY, secrets.SUPPORT_CHANNEL_KEY];
  const system = await startSystem({ channelKeys, limit: 1_000_000, now, ...options });
  const twilioRecordings = new Map<string, Media>();
  const zadarmaRecordings = new Map<string, ZadarmaRecording>();
  const byPath = new Map<string, Media>();
  const twilioCalls: TwilioCall[] = [];
  const zadarmaStatistics: ZadarmaStatistic[] = [];
  const [account, password] = [secrets.SALES_TWILIO_ACCOUNT_SID, secrets.SALES_TWILIO_AUTH_TOKEN];
  const [key, secret] = [secrets.SUPPORT_ZADARMA_KEY, secrets.SUPPORT_ZADARMA_SECRET];
  const pbx = await startPbx({
    now,
    handlers: [
      ...handlers,
      files(byPath),
      mediaServer({ account, password, recordings: twilioRecordings }),
      twilioApi({ account, password, calls: twilioCalls }),
      zadarmaApi({ key, secret, recordings: zadarmaRecordings, statistics: zadarmaStatistics, now }),
    ],
  });
  // The limit is no matter of most stories: what the system says is believed at once.
  const common = { system: system.url, api: pbx.url, rpm: 1_000_000 };
  const channels = {
    sales: { provider: "twilio", ...common, ...sales },
    support: { provider: "zadarma", country: "UA", ...common, ...support },
  };
  const trunkline = await startTrunkline({ channels, secrets: { ...secrets, ...more } });
  const hooks = `${trunkline.url}/hooks`;
  const turn = async (byMs: number) => {
    turnedBy += byMs;
    await trunkline.turn(system.url, byMs);
  };
  return {
    system,
    pbx,
    trunkline,
    twilio: twilioPbx({ accountSid: account, authToken: password, hookUrl: `${hooks}/sales`, api: pbx.url, now }),
    zadarma: zadarmaPbx({ key, secret, hookUrl: `${hooks}/support`, now }),
    twilioRecordings,
    zadarmaRecordings,
    files: byPath,
    twilioCalls,
    zadarmaStatistics,
    now,
    turn,
    passing: async (what, there) => {
      let done = false;
      const turning = async () => {
        while (!done) {
          await turn(20_000);
          // What may leave by now leaves, one after another, before more time passes.
          for (let seen = -1; seen < system.requests.length && !done; ) {
            seen = system.requests.length;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      };
      const turned = turning();
      try {
        return await until(what, there);
      } finally {
        done = true;
        await turned;
      }
    },
    call: (pbxCallId, as = () => true, withinMs = undefined) => {
      const is = (call: SystemCall) => call.pbxCallId === pbxCallId && as(call);
      return until(`call ${pbxCallId}`, () => system.calls.find(is), withinMs);
    },
    close: async () => {
      await trunkline.close();
      await Promise.all([system.close(), pbx.close()]);
    },
  };
}

/** Sends webhooks one after the other, as a PBX does; each must be accepted. */
export async function play(...webhooks: readonly Webhook[]): Promise<void> {
  for (const webhook of webhooks) {
    const answer = await send(webhook);
    const text = await answer.text();
    if (answer.status >= 300) throw new Error(`${webhook.url} was answered ${answer.status}: ${text}`);
  }
}
