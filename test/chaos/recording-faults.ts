/** What is wrong with the recordings of a call's tickets. */
import type { SystemCall } from "../standins/system.ts";
import type { Placed } from "./calls.ts";
import type { SystemFaults } from "./faults.ts";
import type { Finding } from "./ledger.ts";

/**
 * A recording may be kept instead, if a ticket says so: one that the helpdesk once found too large, and one of which it could
 * not be told whether it came. Of several recordings a call that is told once brings one. The ticket must say so of one that
 * never came as it should; what was in a form of unknown outcome counts as said, since it must not be said again.
 */
export function recordingFaults(placed: Placed, calls: readonly SystemCall[], faults: SystemFaults): Finding[] {
  const { id, recordings, once } = placed;
  const comments = calls.flatMap(({ ticket }) => ticket.comments);
  const said = [...comments, ...(faults.perhapsSaid.get(id) ?? [])];
  const says = (words: RegExp) => said.some((comment) => words.test(comment));
  const has = calls.flatMap(({ ticket }) => ticket.recordings.map(({ sha256 }) => sha256));
  const [good, bad] = [recordings.filter(isGood), recordings.filter((recording) => !isGood(recording))];
  const unsure = faults.unsureOfFile.has(id) || faults.copies > 1;
  const kept = (faults.tooLarge.has(id) || unsure) && says(/Recording not attached/);
  const hasItsOne = once && recordings.length > 1 && (has.length > 0 || says(/Recording not (attached|available)/));
  const missing = kept || hasItsOne ? [] : good.filter(({ sha256 }) => !has.includes(sha256));
  const unsaid = hasItsOne || says(/Recording not (attached|available)/) ? [] : bad;
  const strange = has.filter((sha256) => !good.some((recording) => recording.sha256 === sha256));
  const doubled = doubledIn(calls, faults.copies);
  return [
    ...missing.map((recording): Finding => ["missing recordings", `${recording.id} is not attached`]),
    ...unsaid.map(({ id, fate }): Finding => ["missing recordings", `the ticket does not say that ${id} is ${fate}`]),
    ...strange.map((): Finding => ["different recordings", "one is not its own"]),
    ...(doubled > 0 ? [["doubled recordings", `${doubled} too many`] as const] : []),
  ];
}

/** How many times a ticket has a recording beyond `copies`. */
function doubledIn(calls: readonly SystemCall[], copies: number): number {
  const counts = calls.flatMap(({ ticket }) => [...Map.groupBy(ticket.recordings, ({ sha256 }) => sha256).values()]);
  return counts.reduce((sum, { length }) => sum + Math.max(0, length - copies), 0);
}

function isGood({ fate }: Placed["recordings"][number]): boolean {
  return fate === "good" || fate === "late";
}
