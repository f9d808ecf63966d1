/** Is the time that a PBX signed near to now? Otherwise a webhook that was captured once would be genuine for ever. */
import type { Hook } from "../hooks/hook.ts";
import { forged, genuine, type Verdict } from "./verdict.ts";

/** How long after the time that it tells of a webhook may come, in ms: a PBX may try again for hours. */
export const maxLateMs = 24 * 60 * 60_000;
/** How far that time may be ahead of ours, in ms: clocks go wrong, time zones are misread. No replay comes from there. */
export const maxAheadMs = 24 * 60 * 60_000;

/** Whether the webhook came in near enough to `at` (ms since the epoch); `slackMs`: how much later it may come than others. */
export function inWindow({ receivedAt }: Hook, at: number, slackMs = 0): Verdict {
  if (at < receivedAt - maxLateMs - slackMs) return forged("it tells of a time long ago: sent again by a stranger?");
  if (at > receivedAt + maxAheadMs) return forged("it tells of a time to come: is the PBX's clock wrong?");
  return genuine;
}
