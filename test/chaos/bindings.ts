/** How the Trunkline of a run is configured: a channel of each PBX. */
import type { Pbx } from "../standins/media.ts";
import type { System } from "../standins/system.ts";
import { country } from "../standins/zadarma.ts";
import { accounts, publicUrl } from "./calls.ts";

export const secrets = {
  SALES_CHANNEL_KEY: "sales-channel-key",
  SALES_TWILIO_ACCOUNT_SID: accounts.twilio.accountSid,
  SALES_TWILIO_AUTH_TOKEN: accounts.twilio.authToken,
  SUPPORT_CHANNEL_KEY: "support-channel-key",
  SUPPORT_ZADARMA_KEY: accounts.zadarma.key,
  SUPPORT_ZADARMA_SECRET: accounts.zadarma.secret,
  CONSOLE_TOKEN: "console-token-of-a-test",
};
export const channelKeys = [secrets.SALES_CHANNEL_KEY, secrets.SUPPORT_CHANNEL_KEY];

export function bindingsOf(system: Pick<System, "url">, pbx: Pick<Pbx, "url">) {
  const common = { system: system.url, api: pbx.url, url: publicUrl };
  const CHANNELS = {
    sales: { provider: "twilio", ...common },
    support: { provider: "zadarma", country, ...common },
  };
  return { ...secrets, CHANNELS };
}
