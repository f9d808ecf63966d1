/** How the Trunkline of a run is configured: channels of each PBX, at two helpdesks, and what is changed of that meanwhile. */
import type { Pbx } from "../standins/media.ts";
import type { System } from "../standins/system.ts";
import { country } from "../standins/zadarma.ts";
import { accounts, publicUrl } from "./calls.ts";

/** The key of `support` from some time of the run on. */
const newKey = "support-channel-key-anew";

export const secrets = {
  SALES_CHANNEL_KEY: "sales-channel-key",
  SALES_TWILIO_ACCOUNT_SID: accounts.twilio.accountSid,
  SALES_TWILIO_AUTH_TOKEN: accounts.twilio.authToken,
  SUPPORT_CHANNEL_KEY: "support-channel-key",
  SUPPORT_ZADARMA_KEY: accounts.zadarma.key,
  SUPPORT_ZADARMA_SECRET: accounts.zadarma.secret,
  NIGHTS_CHANNEL_KEY: "nights-channel-key",
  NIGHTS_ZADARMA_KEY: accounts.zadarma.key,
  NIGHTS_ZADARMA_SECRET: accounts.zadarma.secret,
  BRANCH_CHANNEL_KEY: "branch-channel-key",
  BRANCH_ZADARMA_KEY: accounts.zadarma.key,
  BRANCH_ZADARMA_SECRET: accounts.zadarma.secret,
  CONSOLE_TOKEN: "console-token-of-a-test",
};

export const channelKeys = [secrets.SALES_CHANNEL_KEY, secrets.SUPPORT_CHANNEL_KEY, secrets.NIGHTS_CHANNEL_KEY];
export const renamed: ReadonlyMap<string, string> = new Map([[newKey, secrets.SUPPORT_CHANNEL_KEY]]);
export const branchKeys = [secrets.BRANCH_CHANNEL_KEY];

/** The helpdesk of most channels, and one that knows no `update_call`. */
export interface Helpdesks {
  readonly main: System;
  readonly branch: System;
}

/** What is another than it was at first, for a while or for good. */
export interface Changes {
  /** The channel `sales` is not there. */
  readonly salesGone?: true;
  /** The table of `support` has a fault. */
  readonly supportFaulty?: true;
  /** Calls of `support` are told when they are over. */
  readonly supportFinal?: true;
  /** The key of `support` is being changed: both are given, or only the new one. */
  readonly supportKey?: "both" | "new";
}

type Urls = { readonly [name in keyof Helpdesks]: Pick<System, "url"> };

export function bindingsOf({ main, branch }: Urls, pbx: Pick<Pbx, "url">, changes: Changes = {}) {
  const common = { api: pbx.url, url: publicUrl };
  const zadarma = { provider: "zadarma", ...common, country };
  const fault = changes.supportFaulty && { country: "Ukraine" };
  const mode = changes.supportFinal && { delivery: "final" };
  const CHANNELS = {
    ...(changes.salesGone ? {} : { sales: { provider: "twilio", system: main.url, ...common } }),
    support: { ...zadarma, system: main.url, ...mode, ...fault },
    nights: { ...zadarma, system: main.url, delivery: "final" },
    branch: { ...zadarma, system: branch.url, delivery: "final" },
  };
  const { SUPPORT_CHANNEL_KEY: oldKey } = secrets;
  const keys = { both: `${newKey},${oldKey}`, new: newKey };
  return { ...secrets, SUPPORT_CHANNEL_KEY: changes.supportKey ? keys[changes.supportKey] : oldKey, CHANNELS };
}
