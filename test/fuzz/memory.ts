/** How much memory the runtime holds, as Linux tells it. */
import { readdirSync, readFileSync } from "node:fs";

export interface Memory {
  /** In bytes, of all the runtimes that this process started, now and at most so far. */
  readonly resident: number;
  readonly peak: number;
}

/** Undefined where there is no /proc. */
export function runtimeMemory(): Memory | undefined {
  const own = statuses().filter((status) => field(status, "PPid") === process.pid && /^Name:\s*workerd$/m.test(status));
  if (own.length === 0) return undefined;
  const sum = (name: string) => own.reduce((bytes, status) => bytes + 1024 * field(status, name), 0);
  return { resident: sum("VmRSS"), peak: sum("VmHWM") };
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
}

function statuses(): string[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap(statusOf);
  } catch {
    return [];
  }
}

/** None of a process that has ended meanwhile. */
function statusOf(pid: string): string[] {
  try {
    return [readFileSync(`/proc/${pid}/status`, "utf8")];
  } catch {
    return [];
  }
}
