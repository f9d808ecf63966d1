/** A case of an account at Zadarma, as its file tells it. */
import { wallClock, type ZadarmaPbx, zadarmaPbx } from "../standins/zadarma.ts";
import { type Api, began, channelName, channelOf, origin, type Played, play, type Sent } from "./play.ts";

type OneOf<T> = T | readonly T[];
type Fields = Readonly<Record<string, string>>;

export interface ZadarmaCase {
  readonly met?: string;
  readonly webhooks: readonly (Fields & { readonly event: string })[];
  /** How long after one webhook the next comes in, in ms. */
  readonly gapMs?: number;
  /** Two calls at one moment. */
  readonly twin?: boolean;
  /** So many calls end at once. */
  readonly storm?: number;
  /** What the log of the account lists. */
  readonly statistics?: readonly Readonly<Record<string, unknown>>[];
  readonly late?: number;
  readonly expect: {
    readonly tickets: number;
    readonly status?: OneOf<string>;
    readonly direction?: OneOf<string>;
    readonly phone?: OneOf<string>;
    readonly lastUser?: OneOf<string>;
    readonly notUsers?: readonly string[];
    readonly audienceAtCreate?: readonly string[];
    readonly audienceNot?: readonly string[];
    readonly sameStatus?: boolean;
  };
}

/** What a case says to whoever plays it; the rest is the channel's. */
const telling = ["source", "met", "doubt", "counts", "note", "kind", "webhooks", "gapMs", "twin", "storm"];
const more = ["statistics", "late", "expect", "api"];
const stepMs = 100;

export function playZadarma(told: ZadarmaCase): Promise<Played> {
  const secrets = { SUPPORT_CHANNEL_KEY: "ck", SUPPORT_ZADARMA_KEY: "zk", SUPPORT_ZADARMA_SECRET: "zs" };
  const channel = channelOf({ provider: "zadarma", ...channelIn(told) }, secrets);
  const pbx = zadarmaPbx({ key: "zk", secret: "zs", hookUrl: `${origin}/hooks/${channelName}`, now: () => began });
  return play(channel, sentBy(told, pbx, began), apiOf(told), told.late);
}

/** What of a case is the channel's. */
export function channelIn(told: ZadarmaCase): Readonly<Record<string, unknown>> {
  const own = Object.entries(told).filter(([key]) => !telling.includes(key) && !more.includes(key));
  return Object.fromEntries(own);
}

/** The ids of its calls. */
export function callsIn({ twin, webhooks }: ZadarmaCase): string[] {
  const prefix = webhooks[0]?.event.startsWith("NOTIFY_OUT") ? "out_" : "in_";
  return (twin ? ["11aa", "22bb"] : ["11aa"]).map((id) => prefix + id);
}

/** Its webhooks, by the PBX `pbx`, of calls that begin at `begin` (ms since the epoch). */
export function sentBy(told: ZadarmaCase, pbx: ZadarmaPbx, begin: number): Sent[] {
  return told.webhooks.flatMap(({ event, ...fields }, i) =>
    callsIn(told).map((call) => ({
      at: begin + i * (told.gapMs ?? stepMs),
      webhook: pbx.notify(event, { pbx_call_id: call, call_start: wallClock(begin), ...fields }),
    })),
  );
}

/** The rows of the account's log, of calls that begin at `begin`. */
export function rowsIn(told: ZadarmaCase, begin: number): object[] | undefined {
  return told.statistics?.map((row, i) => ({
    call_id: `1790000000.${i}`,
    callstart: wallClock(begin + i * 1000),
    is_recorded: "false",
    pbx_call_id: callsIn(told)[0],
    ...row,
  }));
}

function apiOf(told: ZadarmaCase): Api {
  const stats = rowsIn(told, began);
  return () => stats && [{ status: "success", stats }];
}
