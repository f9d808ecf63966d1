/** What reached the helpdesk, as a table that fits a terminal of 80 columns. */
import { setTimeout as pause } from "node:timers/promises";
import type { System, SystemCall } from "../../test/standins/system.ts";
import { ink } from "./ink.ts";
import type { SampleCall } from "./sample-calls.ts";

/** How long a call may take to be complete, in ms. */
const patienceMs = 45_000;

const columns = [
  ["call", 21],
  ["status", 8],
  ["phone", 16],
  ["agent", 5],
  ["ticket", 6],
  ["audio", 5],
  ["to card", 7],
] as const;

/** The table, once all calls are complete or it is too late. `false` where one did not arrive as it should. */
export async function showArrivals(
  calls: readonly SampleCall[],
  system: System,
  stopped: AbortSignal,
): Promise<boolean> {
  const lines = await Promise.all(calls.map((call) => arrival(call, system, stopped)));
  console.log(`\n${ink.dim(row(columns.map(([title]) => title)))}`);
  for (const { line } of lines) console.log(line);
  for (const violation of system.violations) console.log(ink.red(`The helpdesk complains: ${violation}`));
  return lines.every(({ complete }) => complete) && system.violations.length === 0;
}

/** Rejects when it is `stopped`, and where a webhook was not taken. */
async function arrival(call: SampleCall, system: System, stopped: AbortSignal) {
  const deadline = Date.now() + patienceMs;
  const { began } = await call.placed;
  for (;;) {
    const arrived = system.calls.find(({ pbxCallId }) => pbxCallId === call.pbxCallId);
    if (arrived && isComplete(arrived, call.expected)) {
      return { complete: true, line: row(cells(call.title, arrived, began), colours.get(arrived.status ?? "")) };
    }
    if (Date.now() > deadline) {
      const line = `${call.title}: not complete after ${patienceMs / 1000} s (${arrived?.status ?? "no ticket"})`;
      return { complete: false, line: ink.red(line) };
    }
    await pause(20, undefined, { signal: stopped });
  }
}

function isComplete(call: SystemCall, expected: SampleCall["expected"]): boolean {
  return call.status === expected.status && call.ticket.recordings.length === expected.recordings;
}

function cells(title: string, call: SystemCall, began: number): string[] {
  const { assignee, recordings } = call.ticket;
  const agent = assignee === undefined ? "-" : String("pbxUserId" in assignee ? assignee.pbxUserId : assignee.userId);
  const audio = recordings.map(({ name }) => name.slice(name.lastIndexOf(".") + 1));
  const { status = "-", phone, ticket, createdAt } = call;
  return [title, status, phone, agent, `#${ticket.id}`, audio.join(" ") || "-", `${createdAt - began} ms`];
}

const colours = new Map([
  ["answered", ink.green],
  ["missed", ink.yellow],
]);

function row(values: readonly string[], colour: (text: string) => string = (text) => text): string {
  const padded = columns.map(([title, width], i) => {
    const value = (values[i] ?? "").padEnd(width);
    return title === "status" ? colour(value) : value;
  });
  return padded.join("  ").trimEnd();
}
