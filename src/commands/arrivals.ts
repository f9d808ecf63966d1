/** What reached the helpdesk, as a table: a line for each call as soon as it is complete. */
import { setTimeout as pause } from "node:timers/promises";
import pc from "picocolors";
import type { System, SystemCall } from "../../test/standins/system.ts";
import type { SampleCall } from "./sample-calls.ts";

/** How long a call may take to be complete, in ms. */
const patienceMs = 45_000;

const columns = [
  ["call", 33],
  ["status", 9],
  ["phone", 14],
  ["agent", 6],
  ["ticket", 6],
  ["recording", 20],
  ["webhook to card", 15],
] as const;

/** `false` where a call did not arrive as it should. */
export async function showArrivals(calls: readonly SampleCall[], system: System): Promise<boolean> {
  console.log(`\n${pc.dim(row(columns.map(([title]) => title)))}`);
  const complete = await Promise.all(calls.map((call) => showArrival(call, system)));
  for (const violation of system.violations) console.log(pc.red(`The helpdesk complains: ${violation}`));
  return complete.every(Boolean) && system.violations.length === 0;
}

async function showArrival(call: SampleCall, system: System): Promise<boolean> {
  const began = await call.began;
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const arrived = system.calls.find(({ pbxCallId }) => pbxCallId === call.pbxCallId);
    if (arrived && isComplete(arrived, call.expected)) {
      console.log(row(cells(call.title, arrived, began), colours.get(arrived.status ?? "")));
      return true;
    }
    if (Date.now() > deadline) {
      console.log(
        pc.red(`${call.title}: not complete after ${patienceMs / 1000} s (${arrived?.status ?? "no ticket"})`),
      );
      return false;
    }
    await pause(20);
  }
}

function isComplete(call: SystemCall, expected: SampleCall["expected"]): boolean {
  return call.status === expected.status && call.ticket.recordings.length === expected.recordings;
}

function cells(title: string, call: SystemCall, began: number): string[] {
  const { assignee, recordings } = call.ticket;
  const agent = assignee === undefined ? "-" : String("pbxUserId" in assignee ? assignee.pbxUserId : assignee.userId);
  const audio = recordings.map(({ name, bytes }) => `${name.slice(name.lastIndexOf(".") + 1)}, ${bytes} bytes`);
  return [
    title,
    call.status ?? "-",
    call.phone,
    agent,
    `#${call.ticket.id}`,
    audio.join("; ") || "-",
    `${call.createdAt - began} ms`,
  ];
}

const colours = new Map([
  ["answered", pc.green],
  ["missed", pc.yellow],
]);

function row(values: readonly string[], colour: (text: string) => string = (text) => text): string {
  const padded = columns.map(([title, width], i) => {
    const value = (values[i] ?? "").padEnd(width);
    return title === "status" ? colour(value) : value;
  });
  return padded.join("  ").trimEnd();
}
