/**
 * How often a PBX's API is asked, by account: its limit is for all that we ask of it, through whichever channels. Counted in the
 * tables, so that an object that is made anew does not begin to count anew.
 */
import { createHash } from "node:crypto";
import type { Channel } from "../config/channels.ts";
import { rotation } from "../verify/hmac.ts";
import type { Desk } from "./desk.ts";

const minuteMs = 60_000;

/** What one errand asks for. */
export interface Cost {
  readonly requests: number;
  readonly states: number;
}

/** Where a recording is, and the recording. */
export const costOfRecording: Cost = { requests: 2, states: 0 };
export const costOfState: Cost = { requests: 1, states: 1 };

/** When an account was asked in the last minute, ms since the epoch, and how much of that was after calls. */
export type Asked = readonly { readonly at: number; readonly cost: Cost }[];

/** When there is room for `cost`, ms since the epoch: as soon as enough of what was asked is a minute ago. */
export function opensAt(
  asked: Asked,
  { requests, states }: Cost,
  limit: { readonly all: number; readonly states: number },
  now: number,
): number {
  const recent = asked.filter(({ at }) => at > now - minuteMs).sort((a, b) => a.at - b.at);
  let [all, after] = [requests, states];
  for (const { cost } of recent) [all, after] = [all + cost.requests, after + cost.states];
  for (const { at, cost } of [{ at: now - minuteMs, cost: { requests: 0, states: 0 } }, ...recent]) {
    [all, after] = [all - cost.requests, after - cost.states];
    if (all <= limit.all && (states === 0 || after <= limit.states)) return Math.max(now, at + minuteMs);
  }
  return now;
}

export class Asker {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** When the channel's PBX may be asked that, ms since the epoch. */
  opensAt(channel: Channel, cost: Cost, now: number): number {
    const limit = channel.provider.perMinute;
    return limit ? opensAt(this.#desk.store.asked(accountOf(channel)), cost, limit, now) : now;
  }

  /** It is asked now. */
  asks(channel: Channel, cost: Cost, now: number): void {
    if (!channel.provider.perMinute) return;
    const account = accountOf(channel);
    const recent = this.#desk.store.asked(account).filter(({ at }) => at > now - minuteMs);
    this.#desk.store.keepAsked(account, [...recent, { at: now, cost }]);
  }
}

/** By what names the account at its PBX; the tables hold no secret. */
function accountOf({ provider, secrets }: Channel): string {
  const values = provider.secrets.required.map((name) => rotation(secrets.ofProvider.get(name))[0] ?? "");
  return createHash("sha256")
    .update([provider.name, ...values].join("\n"))
    .digest("base64url")
    .slice(0, 16);
}
