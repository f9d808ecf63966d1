/** Trunkline between the stand-ins, with one clock for all: webhooks go in, it is killed and started again. */
import { setTimeout as pause } from "node:timers/promises";
import type { Stats } from "../../src/exchange/exchange.ts";
import type { Pbx } from "../standins/media.ts";
import type { System } from "../standins/system.ts";
import { send, type Webhook } from "../standins/webhook.ts";
import { bindingsOf, secrets } from "./bindings.ts";
import type { Build } from "./build.ts";
import { type Placed, publicUrl } from "./calls.ts";
import type { Counts } from "./counts.ts";
import type { SystemFaults } from "./faults.ts";
import { type Incident, incidents } from "./incidents.ts";
import { isComplete } from "./ledger.ts";
import { type Post, repeatMs } from "./post.ts";
import { type Setup, startTrunkline, type Trunkline } from "./process.ts";
import { random } from "./random.ts";
import type { Plan } from "./run.ts";
import type { Turned } from "./worker.ts";

/** A step of the clock goes to what is due next, but is so long at least, and at most while something may be under way, in ms. */
const stepMs = { least: 500, busy: 1_000, quiet: 5 * 60_000 };
/** A step takes so long by the machine's clock, and longer while deliveries are under way, so that they keep up, in ms. */
const leastMs = 6;
const mostMs = 40;
/** Webhooks under way at once. */
const maxSending = 24;
/** How long faults go on after the last webhook at least and at most, so that recordings meet them too, in ms. */
const lingerMs = { least: 8 * 60_000, most: 60 * 60_000 };
/** Nothing is under way if Trunkline has nothing to do for so long, in ms. */
const restMs = 30_000;
/** How often a webhook is sent again. */
const maxRepeats = 30;
/** How long what is owed may take after the last webhook, and what should not come any more is waited for, in ms. */
const patienceMs = 8 * 60 * 60_000;
const aftermathMs = 40 * 60_000;
/** How long the helpdesk leaves everybody out that it does not say for how long. */
const untoldBlockMs = 20 * 60_000;
/** How long nothing reaches the helpdesk, and how long calls go on meanwhile, in ms. */
const cutOff = { forMs: 2 * 60 * 60_000, callsMs: 20_000 };
/** How long Trunkline may take to hear an answer, in ms of the machine's clock. */
const heardMs = 1_100;
/** What is due within this time of a kill is sent to a Trunkline that is not there, in ms. */
const deadMs = 5_000;
/** How often others make a request of the helpdesk, in ms on average, while they do: for every other minute. */
const othersMs = 500;

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
  readonly build: Build;
  readonly system: System;
  readonly pbx: Pbx;
  /** The folder that outlives each kill. */
  readonly state: string;
  readonly clock: Clock;
  readonly faults: SystemFaults;
  readonly counts: Counts;
  /** Ends the run. */
  readonly signal?: AbortSignal;
  /** Told now and then how far it is, from 0 to 1. */
  readonly progress?: (share: number) => void;
}

export class Stage {
  readonly #setting: Setting;
  #trunkline: Trunkline | undefined;
  /** In how many ms from the last turn of the clock Trunkline has something to do, and how many turns nothing came of it. */
  #dueInMs = 0;
  #idleTurns = 0;
  #othersUsedAt = 0;
  #killedInSilence = false;
  /** How often deliveries and what is stored fails, in [0, 1]. */
  #share = 0;
  #queue: Post[] = [];
  readonly #sending = new Set<Promise<void>>();
  readonly #answered = new Set<Webhook>();
  /** When faults end, in ms since the run began, and the harm that is still to come. */
  #over = 0;
  #incidents: Incident[] = [];
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
    const { build, state } = this.#setting;
    this.#trunkline = await startTrunkline({ ...build, bindings: this.#bindings(), state });
    await this.#get("/health");
  }

  #bindings(): Setup["bindings"] {
    const { plan, system, pbx, clock } = this.#setting;
    return { ...bindingsOf(system, pbx), SEED: String(plan.seed), AHEAD_MS: String(clock.aheadMs) };
  }

  async end(): Promise<void> {
    await this.#trunkline?.kill().catch(() => undefined);
    await Promise.all(this.#sending);
  }

  /** Sends what is due as the clock goes, does harm now and then, until all webhooks are answered and most is delivered. */
  async play(posts: readonly Post[]): Promise<void> {
    const { plan, clock, faults, progress } = this.#setting;
    this.#queue = [...posts];
    this.#share = plan.faults;
    this.#over = (posts.at(-1)?.at ?? 0) + lingerMs.least;
    this.#incidents = incidents(plan, this.#over);
    while (!this.#isOver()) {
      this.#sendDue();
      const [next] = this.#incidents;
      if (next && next.at <= clock.sinceBegan) await this.#suffer(this.#incidents.shift() ?? next);
      this.#othersUse();
      await this.#turn(this.#step());
      const blocked = faults.blocked();
      if (blocked === "without end") await this.#sitOut();
      if (blocked === "for a while" && plan.kills > 0 && !this.#killedInSilence) await this.#killInSilence();
      progress?.(Math.min(1, clock.sinceBegan / this.#over));
    }
    this.#share = 0;
  }

  #isOver(): boolean {
    const { sinceBegan } = this.#setting.clock;
    if (this.#queue.length > 0 || this.#sending.size > 0 || sinceBegan < this.#over) return false;
    return this.#dueInMs > restMs || sinceBegan > this.#over + lingerMs.most;
  }

  /** Until the helpdesk has what it should and a while longer, or until patience ends. */
  async calm(placed: readonly Placed[]): Promise<void> {
    const { system, clock, faults } = this.#setting;
    const deadline = clock.now() + patienceMs;
    let [complete, requests] = [false, -1];
    while (clock.now() < deadline && !complete) {
      if (system.requests.length > requests) complete = isComplete(placed, system, faults);
      requests = system.requests.length;
      await this.#turn(this.#step());
    }
    const until = clock.now() + aftermathMs;
    while (clock.now() < until) await this.#turn(this.#step());
  }

  /** To what is due next, in ms. */
  #step(): number {
    const { clock, pbx, system } = this.#setting;
    const inMs = (at: number | undefined) => (at ?? Number.POSITIVE_INFINITY) - clock.sinceBegan;
    const busy = this.#sending.size > 0 || isOpen(system.requests) || isOpen(pbx.requests);
    const due = Math.min(inMs(this.#queue[0]?.at), inMs(this.#incidents[0]?.at), this.#dueInMs);
    // What is due and not done may be so for hours.
    const least = stepMs.least * 2 ** Math.floor(this.#idleTurns / 40);
    return Math.ceil(Math.min(busy ? stepMs.busy : stepMs.quiet, Math.max(least, due)));
  }

  /** What Trunkline itself says it still owes. */
  async owed(): Promise<number> {
    const { systems } = (await this.#get("/api/stats")) as { systems: Stats[] };
    const waiting = systems.flatMap(({ queues }) => queues.map(({ calls }) => calls));
    return [...waiting, ...systems.map(({ stuck }) => stuck)].reduce((sum, count) => sum + count, 0);
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
    const { counts } = this.#setting;
    this.sent++;
    for (const what of post.repeats ? [] : post.odd) counts.add(`webhook ${what}`);
    const status = await this.#status(post.webhook);
    if (post.kind === "forged" && status !== 0) {
      this.forged++;
      counts.add("webhook forged");
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
    if (status === 503) counts.add("webhook repeated after a 503");
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

  async #suffer({ kind }: Incident): Promise<void> {
    const { plan, clock, faults, counts } = this.#setting;
    if (kind === "killed") return this.#kill(random(plan.seed, "kill after", this.kills).between(0, 40));
    if (kind === "cut off") {
      faults.cutOff(cutOff.forMs);
      return this.#postpone(cutOff.forMs, clock.sinceBegan + cutOff.callsMs);
    }
    counts.add(`worker ${kind}`);
    if (kind === "evicted") await this.#post(`/evict?system=${encodeURIComponent(this.#setting.system.url)}`);
    else await this.#deploy();
    faults.killed();
  }

  /** The clock stands still meanwhile, but for the machine's. */
  async #kill(afterMs: number): Promise<void> {
    const { clock, faults, counts } = this.#setting;
    this.kills++;
    counts.add("worker killed");
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

  /** It must know afterwards that it was told to be silent. */
  async #killInSilence(): Promise<void> {
    this.#killedInSilence = true;
    this.#setting.counts.add("worker killed while silence was asked for");
    await this.#kill(heardMs);
  }

  /** A new version takes over at once; what the old one was sending is lost. */
  async #deploy(): Promise<void> {
    await Promise.all(this.#sending);
    this.#trunkline = await this.#trunkline?.deploy(this.#bindings());
  }

  /** Nobody calls while the helpdesk leaves everybody out. */
  async #sitOut(): Promise<void> {
    const { clock } = this.#setting;
    await pause(heardMs);
    this.#postpone(untoldBlockMs, clock.sinceBegan);
    await this.#turn(untoldBlockMs);
  }

  /** What was to come after `from` comes so much later. */
  #postpone(byMs: number, from: number): void {
    for (const to of [...this.#queue, ...this.#incidents]) if (to.at > from) to.at += byMs;
    this.#over += byMs;
  }

  /** Now and then others have a share of the helpdesk's limit. */
  #othersUse(): void {
    const { clock, system, counts, plan } = this.#setting;
    const minute = Math.floor(clock.sinceBegan / 60_000);
    const sinceMs = clock.sinceBegan - this.#othersUsedAt;
    this.#othersUsedAt = clock.sinceBegan;
    if (plan.faults === 0 || minute % 2 === 0 || sinceMs > 60_000) return;
    const used = Math.floor(sinceMs / othersMs + random(plan.seed, "others", clock.sinceBegan).next());
    system.othersUse(used);
    if (used > 0) counts.add("helpdesk used by others", used);
  }

  /** The helpdesk's clock goes first: Trunkline must not believe that a minute is over before it is. */
  async #turn(byMs: number): Promise<void> {
    const { clock, system, counts, signal } = this.#setting;
    signal?.throwIfAborted();
    clock.aheadMs += byMs;
    const requests = system.requests.length;
    const query = `system=${encodeURIComponent(system.url)}&ahead=${clock.aheadMs}&share=${this.#share}`;
    const [answer] = await Promise.all([this.#post(`/turn?${query}`), pause(leastMs)]);
    await system.until(() => !isOpen(system.requests), mostMs).catch(() => undefined);
    if (!answer.ok) return;
    const { dueInMs, faults } = (await answer.json()) as Turned;
    this.#dueInMs = dueInMs;
    this.#idleTurns = system.requests.length > requests ? 0 : this.#idleTurns + 1;
    for (const [kind, count] of Object.entries(faults)) counts.add(kind, count);
  }

  #post(path: string): Promise<Response> {
    return fetch(`${this.#trunkline?.url}${path}`, { method: "POST" });
  }

  async #get(path: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${secrets.CONSOLE_TOKEN}` };
    const answer = await fetch(`${this.#trunkline?.url}${path}`, { headers });
    return answer.json();
  }
}

/** Whether one of the last requests is not answered yet. */
function isOpen(requests: readonly { readonly status?: number }[]): boolean {
  return requests.slice(-8).some(({ status }) => status === undefined);
}
