/** What somebody types, line by line. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Ends when it is `stopped`: where nobody can type any more it waits for that. */
export async function* typedLines(stopped: AbortSignal): AsyncGenerator<string, void, undefined> {
  if (!isInBackground()) {
    const lines = createInterface({ input: process.stdin, terminal: false });
    const end = () => lines.close();
    stopped.addEventListener("abort", end);
    for await (const line of lines) yield line.trim();
  }
  if (!stopped.aborted) await once(stopped, "abort");
}

/** Who reads from a terminal in the background (`npm start &`) is halted by it. Told on Linux only. */
function isInBackground(): boolean {
  if (!process.stdin.isTTY || process.platform !== "linux") return false;
  // After the program's name, in brackets: state, parent, group, session, terminal, and the terminal's foreground group.
  const [, , group, , , foreground] = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return group !== foreground;
}
