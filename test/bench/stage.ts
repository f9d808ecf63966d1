/** Trunkline between two helpdesks and a Zadarma account at each, with a way into its objects. */
import { readdirSync, readFileSync } from "node:fs";
import { startLocalWorker } from "../../src/commands/local-worker.ts";
import { startPbx } from "../standins/media.ts";
import { type Rule, type System, startSystem } from "../standins/system.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { zadarmaApi, zadarmaPbx } from "../standins/zadarma.ts";
import type { ZadarmaRecording } from "../standins/zadarma-api.ts";

const token = "console-token-of-a-test";
const key = "zadarma-key";
export const secret = "zadarma-secret";
const boundary = "bare";
/** Nobody listens there. */
export const deadSystem = "http://127.0.0.1:9";
/** How long a card may take, in ms. */
const patienceMs = 60_000;

/** A helpdesk with the channel that leads to it. */
export interface Side {
  readonly system: System;
  readonly hookUrl: string;
  readonly zadarma: ReturnType<typeof zadarmaPbx>;
  /** How it misbehaves; it is noted when each form reaches it all the same. */
  behave(rule: Rule | undefined): void;
  /** ms from `webhook` to the card of the call that it begins. */
  card(): Promise<number>;
  /** The same for the least that a worker, an object and a request can take. */
  bareCard(): Promise<number>;
}

export interface Stage {
  readonly url: string;
  readonly a: Side;
  readonly b: Side;
  readonly recordings: Map<string, ZadarmaRecording>;
  inside<T>(system: string, deed: string, given?: unknown): Promise<T>;
  /** Sets the PBX's clock by that of the object of `system`, which may have been turned. */
  setClock(system: string): Promise<void>;
  /** ms until the webhook was answered. */
  hook(webhook: Webhook): Promise<number>;
  /** ms until `GET /api<path>` was answered. */
  ask(path: string): Promise<number>;
  /** ms until a bare worker and object have stored a row. */
  bare(): Promise<number>;
  close(): Promise<void>;
}

/** `aSystem`: where the channel `support` delivers to instead of a helpdesk that is there. */
export async function startStage(aSystem?: string): Promise<Stage> {
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const helpdesks = await Promise.all([1, 2].map(() => startSystem({ channelKeys: ["a", "b"], limit: 1_000_000 })));
  const [left, right] = helpdesks as [System, System];
  const recordings = new Map<string, ZadarmaRecording>();
  const pbx = await startPbx({ handlers: [zadarmaApi({ key, secret, recordings, now })] });
  // What the helpdesks allow is believed at once.
  const common = { provider: "zadarma", api: pbx.url, rpm: 1_000_000 };
  const worker = await startLocalWorker({
    channels: {
      support: { ...common, system: aSystem ?? left.url },
      other: { ...common, system: right.url },
    },
    secrets: {
      ...{ SUPPORT_CHANNEL_KEY: "a", SUPPORT_ZADARMA_KEY: key, SUPPORT_ZADARMA_SECRET: secret },
      ...{ OTHER_CHANNEL_KEY: "b", OTHER_ZADARMA_KEY: key, OTHER_ZADARMA_SECRET: secret },
      CONSOLE_TOKEN: token,
    },
    entrypoint: "test/bench/worker.ts",
  });
  // The first request compiles the worker.
  await fetch(`${worker.url}/health`);
  const post = (path: string, headers: Record<string, string>, body: string) => () =>
    fetch(`${worker.url}${path}`, { method: "POST", headers, body });
  const inside = async <T>(system: string, deed: string, given?: unknown): Promise<T> => {
    const answer = await post("/inside", {}, JSON.stringify({ system, deed, given }))();
    if (!answer.ok) throw new Error(`${deed} was answered ${answer.status}`);
    return (await answer.json()) as T;
  };
  return {
    url: worker.url,
    a: side(left, `${worker.url}/hooks/support`, "a", post, now),
    b: side(right, `${worker.url}/hooks/other`, "b", post, now),
    recordings,
    inside,
    setClock: async (system) => {
      aheadMs = (await inside<number>(system, "clock")) - Date.now();
    },
    hook: (webhook) => taken(() => send(webhook)),
    ask: (path) => taken(() => fetch(`${worker.url}/api${path}`, { headers: { authorization: `Bearer ${token}` } })),
    bare: () => taken(post("/floor", {}, "")),
    close: async () => {
      await worker.close();
      await Promise.all([...helpdesks, pbx].map((server) => server.close()));
    },
  };
}

type Post = (path: string, headers: Record<string, string>, body: string) => () => Promise<Response>;

function side(system: System, hookUrl: string, channelKey: string, post: Post, now: () => number): Side {
  const zadarma = zadarmaPbx({ key, secret, hookUrl, now });
  /** Who waits for which call's form. */
  const awaited = new Map<string, () => void>();
  const behave = (rule: Rule | undefined) =>
    system.behave((seen) => {
      awaited.get(String(seen.fields.pbx_call_id))?.();
      return rule?.(seen);
    });
  behave(undefined);
  let calls = 0;
  const until = async (call: string, begin: () => Promise<unknown>) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`no card of ${call} came`)), patienceMs);
    awaited.set(call, resolve);
    const began = performance.now();
    await Promise.all([begin(), promise]).finally(() => clearTimeout(timer));
    awaited.delete(call);
    return performance.now() - began;
  };
  const newId = (kind: string) => `in_${kind}_${channelKey}_${calls++}`;
  return {
    system,
    hookUrl,
    zadarma,
    behave,
    card: () => {
      const call = newId("card");
      // One that goes out: the card of one that comes in waits for who else is rung.
      const { caller_id: destination } = ring(call);
      const webhook = zadarma.outStart({ pbx_call_id: call, destination, internal: "100" });
      return until(call, () => taken(() => send(webhook)));
    },
    bareCard: () => {
      const call = newId("bare");
      const tell = `${system.url}/api/v2/telephony/calls/${channelKey}/`;
      return until(call, () => taken(post("/floor", { tell }, bareForm(call))));
    },
  };
}

export function ring(pbx_call_id: string) {
  return {
    pbx_call_id,
    caller_id: "+380671112233",
    called_did: "+380443334455",
  };
}

function bareForm(call: string): string {
  const fields = { action: "create_call", direction: "incoming", phone: "+380671112233", pbx_call_id: call };
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join("")}--${boundary}--\r\n`;
}

/** ms until the whole answer is there; it must say success. */
async function taken(ask: () => Promise<Response>): Promise<number> {
  const began = performance.now();
  const answer = await ask();
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${answer.url} was answered ${answer.status}`);
  return performance.now() - began;
}

/** Memory of this process's workerd in MB; undefined where the platform has no /proc. */
export function memory(): number | undefined {
  const sizes = pids().map((pid) => Number(/VmRSS:\s+(\d+) kB/.exec(statusOf(pid))?.[1] ?? 0) / 1024);
  return sizes.length > 0 ? Math.max(...sizes) : undefined;
}

function pids(): string[] {
  try {
    return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isOurs(statusOf(pid)));
  } catch {
    return [];
  }
}

function isOurs(status: string): boolean {
  return /^Name:\s+workerd/m.test(status) && new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(status);
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
