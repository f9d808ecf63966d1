/** One run: mutants of a PBX's webhooks go in, and what came of them is looked for everywhere. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { LocalWorker } from "../../src/commands/local-worker.ts";
import { startPbx } from "../standins/media.ts";
import { type System, startSystem } from "../standins/system.ts";
import { type Account, publicUrl, type Truth, twilio, zadarma } from "./accounts.ts";
import type { Draft } from "./draft.ts";
import { runtimeMemory } from "./memory.ts";
import { type Mutant, mark, mutant } from "./mutants.ts";
import { Post } from "./post.ts";
import { startDeployed } from "./worker.ts";

export const accounts: ReadonlyMap<string, Account> = new Map([
  ["twilio", twilio],
  ["zadarma", zadarma],
]);

export interface Plan {
  readonly provider: string;
  readonly webhooks: number;
  readonly seed: number;
  /** Called now and then with how many were answered. */
  readonly progress?: (answered: number) => void;
}

export interface Report {
  readonly provider: string;
  readonly seed: number;
  readonly sent: Readonly<Record<Truth, number>>;
  /** Answers by truth and status. */
  readonly answers: Readonly<Record<Truth, Readonly<Record<string, number>>>>;
  /** What must not be. */
  readonly findings: readonly string[];
  /** Bytes that the runtime held after the warm-up, in the middle and in the end; empty where that cannot be told. */
  readonly resident: readonly number[];
  readonly seconds: number;
}

const connections = 8;
/** The share of the mutants that the runtime gets to warm up. */
const warmUp = 0.1;
/** How much more the runtime may grow in the second half than in the first, in bytes. */
const maxGrowth = 32 * 1024 * 1024;
/** The longest that a plea to come later is heeded, in ms. */
const maxWaitMs = 1000;
const maxFindings = 20;

/** What each may be answered. 429: it should have come later. */
const fine: Readonly<Record<Truth, ReadonlySet<number>>> = {
  genuine: new Set([200, 204, 400, 404, 405, 413, 415, 429]),
  forged: new Set([403, 404, 405, 413, 415, 429]),
  unsigned: new Set([200, 403, 404, 405, 413, 415, 429]),
};

/** `signal` ends it early; it throws then, with everything put away. */
export async function run({ provider, webhooks, seed, progress }: Plan, signal?: AbortSignal): Promise<Report> {
  const account = accounts.get(provider);
  if (!account) throw new Error(`there is no provider ${provider}`);
  const began = performance.now();
  const system = await startSystem({ channelKeys: ["fuzz-channel-key"], limit: 10_000_000 });
  const pbx = await startPbx({ handlers: [] });
  // Writing to the disk is what takes longest.
  const state = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "trunkline-fuzz-"));
  let worker: LocalWorker | undefined;
  try {
    worker = await startDeployed({ ...setupOf(account, system.url, pbx.url), state });
    const fuzz = new Fuzz(account, seed, worker.url);
    const resident = [await fuzz.send(0, warmUp * webhooks, progress, signal)];
    const middle = (webhooks * (1 + warmUp)) / 2;
    resident.push(await fuzz.send(warmUp * webhooks, middle, progress, signal));
    resident.push(await fuzz.send(middle, webhooks, progress, signal));
    const stored = await fuzz.stored();
    fuzz.close();
    await worker.close();
    worker = undefined;
    const findings = [...fuzz.findings, ...traces(fuzz.calls, system, stored, state), ...growth(resident)];
    const seconds = (performance.now() - began) / 1000;
    return { provider, seed, ...fuzz.counted(), findings, resident: resident.flatMap((bytes) => bytes ?? []), seconds };
  } finally {
    await worker?.close();
    await Promise.all([system.close(), pbx.close()]);
    await rm(state, { recursive: true, force: true });
  }
}

const token = "fuzz-console-token";

function setupOf({ channel, table, secrets }: Account, system: string, api: string) {
  return {
    channels: { [channel]: { ...table, system, api, url: publicUrl, rpm: 10_000_000 } },
    secrets: { ...secrets, [`${channel.toUpperCase()}_CHANNEL_KEY`]: "fuzz-channel-key", CONSOLE_TOKEN: token },
  };
}

class Fuzz {
  readonly findings: string[] = [];
  /** Those that a genuine mutant was of. */
  readonly calls = new Set<string>();
  readonly #account: Account;
  readonly #seed: number;
  readonly #url: string;
  readonly #post: Post;
  readonly #genuine: readonly [Draft, ...Draft[]];
  readonly #answers: Record<Truth, Map<number, number>> = {
    genuine: new Map(),
    forged: new Map(),
    unsigned: new Map(),
  };
  #answered = 0;

  constructor(account: Account, seed: number, url: string) {
    const [first, ...others] = account.genuine(Date.now());
    if (!first) throw new Error("the PBX sends nothing");
    this.#account = account;
    this.#seed = seed;
    this.#url = url;
    this.#post = new Post(url, connections);
    this.#genuine = [first, ...others];
  }

  /** Sends the mutants from one up to another, a few at once; resolves with what the runtime then holds. */
  async send(from: number, to: number, progress?: (answered: number) => void, signal?: AbortSignal) {
    let next = Math.round(from);
    const sending = async () => {
      while (next < Math.round(to)) {
        signal?.throwIfAborted();
        const i = next++;
        await this.#try(i, mutant(this.#account, this.#genuine, this.#seed, i));
        if (++this.#answered % 100 === 0) progress?.(this.#answered);
      }
    };
    await Promise.all(Array.from({ length: connections }, sending));
    return runtimeMemory()?.resident;
  }

  /** How many calls are kept, as Trunkline itself tells. */
  async stored(): Promise<number> {
    const answer = await fetch(`${this.#url}/api/stats`, { headers: { authorization: `Bearer ${token}` } });
    const { systems } = (await answer.json()) as { systems: { calls: number }[] };
    return systems.reduce((sum, { calls }) => sum + calls, 0);
  }

  counted(): Pick<Report, "sent" | "answers"> {
    const sum = (counts: Map<number, number>) => [...counts.values()].reduce((all, count) => all + count, 0);
    const { genuine, forged, unsigned } = this.#answers;
    return {
      sent: { genuine: sum(genuine), forged: sum(forged), unsigned: sum(unsigned) },
      answers: {
        genuine: Object.fromEntries(genuine),
        forged: Object.fromEntries(forged),
        unsigned: Object.fromEntries(unsigned),
      },
    };
  }

  close(): void {
    this.#post.close();
  }

  async #try(i: number, { truth, wire, call }: Mutant): Promise<void> {
    if (truth === "genuine") this.calls.add(call);
    const { status, retryAfter } = await this.#post.send(wire);
    const counts = this.#answers[truth];
    counts.set(status, (counts.get(status) ?? 0) + 1);
    if (status === 429) await pause(Math.min((retryAfter ?? 1) * 1000, maxWaitMs));
    if (fine[truth].has(status) || this.findings.length >= maxFindings) return;
    const { method, target, headers, body } = wire;
    const shown = JSON.stringify({ method, target, headers, body: body?.toString("latin1").slice(0, 2000) });
    this.findings.push(`mutant ${i} is ${truth} and was answered ${status}: ${shown}`);
  }
}

/** What a forged mutant left behind. */
function traces(calls: ReadonlySet<string>, system: System, stored: number, state: string): string[] {
  const strangers = system.calls.filter(({ pbxCallId = "" }) => !calls.has(pbxCallId));
  const files = globSync(join(state, "**", "*"), { withFileTypes: true }).filter((entry) => entry.isFile());
  const marked = files.filter((file) => readFileSync(join(file.parentPath, file.name)).includes(mark));
  return [
    ...strangers
      .slice(0, maxFindings)
      .map(({ pbxCallId }) => `the helpdesk was told of ${pbxCallId}, of which no genuine webhook was sent`),
    ...(stored > calls.size ? [`${stored} calls are kept, and genuine webhooks were sent of ${calls.size}`] : []),
    ...marked.map(({ name }) => `a forged call is in ${name}`),
    ...system.violations.slice(0, maxFindings),
  ];
}

function growth([start = 0, middle = 0, end = 0]: readonly (number | undefined)[]): string[] {
  const [first, second] = [middle - start, end - middle];
  const grew = second - Math.max(first, 0);
  return grew > maxGrowth ? [`memory grew by ${second} bytes in the second half, by ${first} in the first`] : [];
}
