/** Floods a channel from a thread of its own: a call a webhook, genuine or with a signature that is none. */
import { parentPort, Worker, workerData } from "node:worker_threads";
import { send, type Webhook } from "../standins/webhook.ts";
import { zadarmaPbx } from "../standins/zadarma.ts";
import { ring } from "./stage.ts";

export interface Flood {
  readonly hookUrl: string;
  readonly secret: string;
  readonly forged: boolean;
  /** Webhooks a second; as many as go unless given. */
  readonly perSecond?: number;
}

/** Webhooks under way at once. */
const lanes = 16;

/** Resolves once the flood is on; `end` returns how many webhooks a second there were, by the status of their answers. */
export async function startFlood(flood: Flood): Promise<{ end(): Promise<ReadonlyMap<number, number>> }> {
  const thread = new Worker(import.meta.filename, { workerData: flood });
  const message = <T>() =>
    new Promise<T>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
    });
  await message();
  return {
    end: async () => {
      const rates = message<ReadonlyMap<number, number>>();
      thread.postMessage("end");
      return rates;
    },
  };
}

async function flood({ hookUrl, secret, forged, perSecond }: Flood): Promise<void> {
  const zadarma = zadarmaPbx({ key: "", secret: forged ? `not ${secret}` : secret, hookUrl });
  const answers = new Map<number, number>();
  const began = performance.now();
  let calls = 0;
  let ended = false;
  const next = (): Webhook => zadarma.start(ring(`in_flood_${forged}_${began}_${calls++}`));
  const lane = async () => {
    while (!ended) {
      const due = perSecond === undefined ? 0 : began + (calls / perSecond) * 1000 - performance.now();
      const webhook = next();
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
      const answer = await send(webhook);
      await answer.arrayBuffer();
      answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
      if (calls === lanes) parentPort?.postMessage("begun");
    }
  };
  parentPort?.once("message", () => {
    ended = true;
  });
  await Promise.all(Array.from({ length: lanes }, lane));
  const seconds = (performance.now() - began) / 1000;
  parentPort?.postMessage(new Map([...answers].map(([status, count]) => [status, count / seconds])));
}

if (parentPort) await flood(workerData as Flood);
