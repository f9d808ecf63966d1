/** Trunkline between the stand-ins, with one clock for all: webhooks go in, it is killed and started again. */
import { setTimeout as pause } from "node:timers/promises";
import type { Pbx } from "../standins/media.ts";
import type { System } from "../standins/system.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { country } from "../standins/zadarma.ts";
import { startProcess, type TrunklineProcess } from "../stories/process.ts";
import { accounts, type Placed, publicUrl } from "./calls.ts";
import type { SystemFaults } from "./faults.ts";
import { isComplete } from "./ledger.ts";
import { type Post, repeatMs } from "./post.ts";
import { random } from "./random.ts";
import type { Plan } from "./run.ts";

/** A step of the clock while calls are placed, while what is owed is delivered, and while nothing happens, in ms. */
const stepsMs = { busy: 500, calm: 2_000, quiet: 30_000 };
/** The least that a step takes by the machine's clock, so that deliveries keep up, in ms. */
const leastMs = 12;
/** Webhooks under way at once. */
const maxSending = 24;
/** How long faults go on after the last webhook, so that recordings meet them too, in ms. */
const lingerMs = 8 * 60_000;
/** How often a webhook is sent again. */
const maxRepeats = 30;
/** How long what is owed may take after the last webhook, and what should not come any more is waited for, in ms. */
const patienceMs = 8 * 60 * 60_000;
const aftermathMs = 40 * 60_000;
/** How long the helpdesk leaves everybody out that it does not say for how long. */
const untoldBlockMs = 20 * 60_000;
/** How long Trunkline may take to hear an answer, in ms of the machine's clock. */
const heardMs = 500;
/** What is due within this time of a kill is sent to a Trunkline that is not there, in ms. */
const deadMs = 5_000;

const secrets = {
  SALES_CHANNEL_KEY: "sales-channel-key",
  SALES_TWILIO_ACCOUNT_SID: accounts.twilio.accountSid,
  SALES_TWILIO_AUTH_TOKEN: accounts.twilio.authToken,
  SUPPORT_CHANNEL_KEY: "support-channel-key",
  SUPPORT_ZADARMA_KEY: accounts.zadarma.key,
  SUPPORT_ZADARMA_SECRET: accounts.zadarma.secret,
  CONSOLE_TOKEN: "console-token",
};
export const channelKeys = [secrets.SALES_CHANNEL_KEY, secrets.SUPPORT_CHANNEL_KEY];

/** The clock of the helpdesk, of the PBXs and, told with each turn, of Trunkline. */
export class Clock {
  aheadMs = 0;
  began = Date.now();
  readonly now = () => Date.now() + this.aheadMs;

  begin(): void {
    this.began = this.now();
  }

  /** ms since the run began. */
  get sinceBegan(): number {
    return this.now() - this.began;
  }
}

interface Setting {
  readonly plan: Plan;
  readonly system: System;
  readonly pbx: Pbx;
  /** The folder that outlives each kill. */
  readonly state: string;
  readonly clock: Clock;
  readonly faults: SystemFaults;
  /** Ends the run. */
  readonly signal?: AbortSignal;
}

export class Stage {
  readonly #setting: Setting;
  #trunkline: TrunklineProcess | undefined;
  #queue: Post[] = [];
  readonly #sending = new Set<Promise<void>>();
  readonly #answered = new Set<Webhook>();
  /** Webhooks sent, and those that were not answered as they should. */
  sent = 0;
  unanswered = 0;
  kills = 0;
  /** Forged webhooks that were sent, and what was not answered 403. */
  forged = 0;
  readonly believed: string[] = [];
  /** Genuine webhooks that were answered with anything but success or a plea to come again. */
  readonly refused: string[] = [];

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  async start(): Promise<void> {
    const { system, pbx, state, clock } = this.#setting;
    const common = { system: system.url, api: pbx.url, url: publicUrl };
    this.#trunkline = await startProcess({
      channels: {
        sales: { provider: "twilio", ...common },
        support: { provider: "zadarma", country, ...common },
      },
      secrets: { ...secrets, AHEAD_MS: String(clock.aheadMs) },
      state,
      entrypoint: "test/chaos/worker.ts",
    });
    await this.#get("/health");
  }

  async end(): Promise<void> {
    await this.#trunkline?.kill().catch(() => undefined);
    await Promise.all(this.#sending);
  }

  /** Sends what is due as the clock goes, kills now and then, until all webhooks are answered and most is delivered. */
  async play(posts: readonly Post[]): Promise<void> {
    const { plan, clock, faults } = this.#setting;
    this.#queue = [...posts];
    let over = (posts.at(-1)?.at ?? 0) + lingerMs;
    const drawn = Array.from({ length: plan.kills }, (_, i) => random(plan.seed, "kill", i).next());
    let kills = drawn.map((share) => (0.05 + 0.85 * share) * over).sort((a, b) => a - b);
    while (this.#queue.length > 0 || this.#sending.size > 0 || clock.sinceBegan < over) {
      this.#sendDue();
      if (kills[0] !== undefined && kills[0] <= clock.sinceBegan) {
        kills.shift();
        await this.#kill(random(plan.seed, "kill after", this.kills).between(0, 40));
      }
      await this.#turn(this.#queue.length > 0 ? stepsMs.busy : stepsMs.calm);
      if (!faults.blocked()) continue;
      await this.#sitOut();
      over += untoldBlockMs;
      kills = kills.map((at) => at + untoldBlockMs);
    }
  }

  /** Until the helpdesk has what it should and a while longer, or until patience ends. */
  async calm(placed: readonly Placed[]): Promise<void> {
    const { system, clock, faults } = this.#setting;
    const deadline = clock.now() + patienceMs;
    let requests = system.requests.length;
    let busyAt = clock.now();
    while (clock.now() < deadline && !isComplete(placed, system, faults)) {
      if (system.requests.length > requests) busyAt = clock.now();
      requests = system.requests.length;
      await this.#turn(clock.now() - busyAt > 120_000 ? stepsMs.quiet : stepsMs.calm);
    }
    const until = clock.now() + aftermathMs;
    while (clock.now() < until) await this.#turn(stepsMs.quiet);
  }

  /** What Trunkline itself says it still owes. */
  async owed(): Promise<number> {
    const { systems } = (await this.#get("/api/stats")) as { systems: { owed: number; stuck: number }[] };
    return systems.reduce((sum, { owed, stuck }) => sum + owed + stuck, 0);
  }

  #sendDue(): void {
    const { clock } = this.#setting;
    while (this.#queue[0] && this.#queue[0].at <= clock.sinceBegan && this.#sending.size < maxSending) {
      const post = this.#queue.shift();
      if (!post) return;
      if (post.waitsFor && post.kind !== "forged" && !this.#answered.has(post.waitsFor)) {
        this.#put(post, clock.sinceBegan + repeatMs(post.call, post.at));
        continue;
      }
      const sending = this.#send(post).finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    }
  }

  async #send(post: Post): Promise<void> {
    this.sent++;
    const status = await this.#status(post.webhook);
    if (post.kind === "forged" && status !== 0) {
      this.forged++;
      if (status !== 403) this.believed.push(`${post.call}: a forged webhook was answered ${status}`);
      return;
    }
    if (status > 0 && status < 500 && status >= 300)
      this.refused.push(`${post.call}: a webhook was answered ${status}`);
    if (status >= 200 && status < 300 && post.kind === "genuine") {
      this.#answered.add(post.webhook);
      return;
    }
    this.unanswered++;
    if (post.repeats === maxRepeats) {
      this.#answered.add(post.webhook);
      this.refused.push(`${post.call}: a webhook was answered ${status} again and again`);
      return;
    }
    const kind = post.kind === "deaf" ? "genuine" : post.kind;
    this.#put(
      { ...post, kind, repeats: (post.repeats ?? 0) + 1 },
      this.#setting.clock.sinceBegan + repeatMs(post.call, post.at),
    );
  }

  /** In its place by the time at which it is sent. */
  #put(post: Post, at: number): void {
    const place = this.#queue.findIndex((other) => other.at > at);
    this.#queue.splice(place < 0 ? this.#queue.length : place, 0, { ...post, at });
  }

  /** 0 where no answer came. */
  async #status(webhook: Webhook): Promise<number> {
    try {
      const url = webhook.url.replace(publicUrl, this.#trunkline?.url ?? "");
      const answer = await send({ ...webhook, url });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }

  /** The clock stands still meanwhile, but for the machine's. */
  async #kill(afterMs: number): Promise<void> {
    const { clock, faults } = this.#setting;
    this.kills++;
    await pause(afterMs);
    await this.#trunkline?.kill();
    faults.killed();
    const until = clock.sinceBegan + deadMs;
    while (this.#queue[0] && this.#queue[0].at <= until && this.#sending.size < maxSending) {
      this.#queue[0].at = 0;
      this.#sendDue();
    }
    await this.start();
  }

  /** Nobody calls while the helpdesk leaves everybody out. */
  async #sitOut(): Promise<void> {
    await pause(heardMs);
    await this.#turn(untoldBlockMs);
    for (const post of this.#queue) post.at += untoldBlockMs;
  }

  /** The helpdesk's clock goes first: Trunkline must not believe that a minute is over before it is. */
  async #turn(byMs: number): Promise<void> {
    const { clock, system, signal } = this.#setting;
    signal?.throwIfAborted();
    clock.aheadMs += byMs;
    const query = new URLSearchParams({ system: system.url, ahead: String(clock.aheadMs) });
    const [answer] = await Promise.all([
      fetch(`${this.#trunkline?.url}/turn?${query}`, { method: "POST" }),
      pause(leastMs),
    ]);
    if (answer.status !== 204) throw new Error(`the clock did not turn: ${answer.status}`);
  }

  async #get(path: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${secrets.CONSOLE_TOKEN}` };
    const answer = await fetch(`${this.#trunkline?.url}${path}`, { headers });
    return answer.json();
  }
}
