/** `npm start`: the main job on a fresh machine. What keeps it from starting is told in a sentence, with its cure. */
import { parseArgs } from "node:util";
import { faultOf, portFault } from "./start-faults.ts";
import { stopSignal } from "./stop-signal.ts";

/** How long putting away may take, in ms. */
const closingMs = 5_000;

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, once: { type: "boolean", default: false } },
});
const port = Number(values.port);
// First of all, so that from here on Ctrl-C leaves nothing behind.
const stopped = stopSignal();
stopped.addEventListener("abort", () => setTimeout(() => process.exit(130), closingMs).unref());

// A runtime that did not start would keep the process.
process.exit(await start());

async function start(): Promise<number> {
  try {
    const fault = await portFault(port);
    if (fault) return failed(fault);
    // Loaded only now, since what it needs may not be there.
    const { demonstrate } = await import("./demonstration.ts");
    return await demonstrate({ port, once: values.once }, stopped);
  } catch (error) {
    return stopped.aborted ? 130 : failed(faultOf(error));
  }
}

function failed(fault: string): number {
  console.error(`\n${fault}, then run npm start again.`);
  return 1;
}
