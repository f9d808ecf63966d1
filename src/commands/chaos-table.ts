/** How `npm run chaos` shows its runs. */
import type { Late } from "../../test/chaos/lateness.ts";
import { entriesOf, type Ledger, wrongs } from "../../test/chaos/ledger.ts";
import { ink as pc } from "./ink.ts";

type Column = readonly [title: string, value: (ledger: Ledger) => string | number];

const columns: readonly Column[] = [
  ["seed", (ledger) => ledger.seed],
  ["calls", (ledger) => ledger.calls],
  ["tickets", (ledger) => ledger.tickets],
  ...wrongs.map((name): Column => [name, (ledger) => ledger.found[name].length]),
  ["card p50/p95/max", ({ lateness }) => lateText(lateness.card)],
  ["final p50/p95/max", ({ lateness }) => lateText(lateness.final)],
  ["recordings", (ledger) => ledger.recordings],
  ["webhooks", (ledger) => ledger.webhooks],
  ["forged", (ledger) => ledger.forged],
  ["requests", (ledger) => ledger.requests],
  ["talks", (ledger) => ledger.talks],
  ["faults", (ledger) => Object.values(ledger.faults).reduce((sum, count) => sum + count, 0)],
  ["kills", (ledger) => ledger.kills],
  ["seconds", (ledger) => Math.round(ledger.seconds)],
];

/** The median, what one of twenty exceeds, and the longest, in seconds. */
function lateText({ p50, p95, max }: Late): string {
  return `${p50}/${p95}/${max}`;
}

/** Titles stand in two lines, so that a run fits into one. */
export function showLedger(ledger: Ledger, first: boolean): void {
  const words = columns.map(([title]) => title.split(" "));
  const widths = words.map((parts) => Math.max(6, ...parts.map((part) => part.length)));
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, i) => String(cell).padStart(widths[i] ?? 0)).join(" ");
  if (first) {
    console.log(pc.dim(line(words.map((parts) => (parts.length > 1 ? (parts[0] ?? "") : "")))));
    console.log(pc.dim(line(words.map((parts) => parts.at(-1) ?? ""))));
  }
  const text = line(columns.map(([, value]) => value(ledger)));
  console.log(entriesOf(ledger).length > 0 ? pc.red(text) : text);
  showFindings(ledger);
}

export function showFindings(ledger: Ledger): void {
  for (const [name, what] of entriesOf(ledger)) console.log(pc.red(`  seed ${ledger.seed}: ${name}: ${what}`));
}

/** What went wrong in all the runs, by kind. */
export function showFaults(ledgers: readonly Ledger[]): void {
  console.log(`\n${pc.dim("What happened, and how often:")}`);
  for (const [kind, count] of summed(ledgers.map(({ faults }) => faults))) {
    console.log(`${String(count).padStart(8)}  ${kind}`);
  }
}

/** What the books showed without a mechanism. */
export function showProof(name: string, ledgers: readonly Ledger[]): void {
  const counts = ledgers.map(({ found }) =>
    Object.fromEntries(Object.entries(found).map(([wrong, what]): [string, number] => [wrong, what.length])),
  );
  const shown = summed(counts).filter(([, count]) => count > 0);
  const text = shown.map(([wrong, count]) => `${count} ${wrong}`).join(", ");
  console.log(`${`without ${name}`.padEnd(58)}  ${text || pc.red("nothing")}`);
}

function summed(counts: readonly Readonly<Record<string, number>>[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const [kind, count] of counts.flatMap((of) => Object.entries(of))) sums.set(kind, (sums.get(kind) ?? 0) + count);
  return [...sums];
}

/** A line that is written over, on a terminal alone. */
export class Progress {
  readonly #shares = new Map<string, number>();
  readonly #terminal = process.stderr.isTTY === true;

  /** From 0 to 1; a run that is over is not told of any more. */
  readonly tell = (run: string, share: number | undefined): void => {
    if (share === undefined) this.#shares.delete(run);
    else this.#shares.set(run, share);
    if (!this.#terminal) return;
    const line = [...this.#shares].map(([name, done]) => `${name} ${Math.floor(done * 100)} %`).join("   ");
    process.stderr.write(`\r\x1b[K${line.slice(0, process.stderr.columns - 1)}`);
  };

  clear(): void {
    if (this.#terminal) process.stderr.write("\r\x1b[K");
  }
}
