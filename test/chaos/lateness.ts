/** How late the helpdesk hears of calls, by the clock of the run. */
import type { System } from "../standins/system.ts";
import type { Placed } from "./calls.ts";
import type { Mail } from "./mail.ts";

/** In seconds. */
export interface Late {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** `card`: from a call's first webhook to the first create that reached the helpdesk. `final`: from its last to its end there. */
export interface Lateness {
  readonly card: Late;
  readonly final: Late;
}

/** Of calls whose cards staff see. */
export function latenessOf(placed: readonly Placed[], system: System, { heardAt }: Pick<Mail, "heardAt">): Lateness {
  const creates = new Map<string, number>();
  for (const { action, fields, at } of system.requests.toReversed())
    if (action === "create_call") creates.set(String(fields.pbx_call_id), at);
  const tickets = new Map(system.calls.map((call) => [call.pbxCallId, call]));
  const shown = placed.filter(({ channel }) => channel === "sales" || channel === "support");
  const cards = shown.flatMap(({ id, webhooks }) => {
    const [heard, created] = [webhooks.flatMap((webhook) => heardAt.get(webhook) ?? []), creates.get(id)];
    return created === undefined || heard.length === 0 ? [] : created - Math.min(...heard);
  });
  const finals = shown.flatMap(({ id, webhooks, recordings }) => {
    const announcements = new Set(recordings.map(({ webhook }) => webhooks[webhook]));
    const told = webhooks.filter((webhook) => !announcements.has(webhook));
    const [heard, ended] = [told.flatMap((webhook) => heardAt.get(webhook) ?? []), tickets.get(id)?.statusSince];
    return ended === undefined || heard.length === 0 ? [] : ended - Math.max(...heard);
  });
  return { card: late(cards), final: late(finals) };
}

/** What came before its time was not late. */
function late(times: readonly number[]): Late {
  const sorted = times.map((ms) => Math.max(0, Math.round(ms / 1000))).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}
