/** A run in a process of its own, so that several runs use several cores. Run as a program, it is that process. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Build } from "./build.ts";
import type { Ledger } from "./ledger.ts";
import { type Plan, run, type Watch } from "./run.ts";

type Message = { readonly progress: number } | { readonly ledger: Ledger };

/** Rejects where the run broke off. */
export async function runApart(plan: Plan, build: Build, { signal, progress }: Watch): Promise<Ledger> {
  const child = fork(import.meta.filename, [JSON.stringify({ plan, build })]);
  const stop = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", stop, { once: true });
  let ledger: Ledger | undefined;
  child.on("message", (message: Message) => {
    if ("ledger" in message) ledger = message.ledger;
    else progress?.(message.progress);
  });
  const [code] = await once(child, "exit");
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
  if (!ledger) throw new Error(`the run with seed ${plan.seed} ended with ${code} before its books were checked`);
  return ledger;
}

if (process.argv[1] === import.meta.filename) {
  const stop = new AbortController();
  for (const event of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"]) process.on(event, () => stop.abort());
  const { plan, build } = JSON.parse(process.argv[2] ?? "{}");
  let told = 0;
  const progress = (share: number) => {
    if (share - told < 0.01) return;
    told = share;
    process.send?.({ progress: share });
  };
  try {
    process.send?.({ ledger: await run(plan, build, { signal: stop.signal, progress }) });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  process.disconnect?.();
}
