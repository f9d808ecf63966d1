/** Trunkline between the stand-ins, with one clock for all: webhooks go in, it is killed and started again. */
import { setTimeout as pause } from "node:timers/promises";
import type { Pbx } from "../standins/media.ts";
import { bindingsOf, type Changes, type Helpdesks } from "./bindings.ts";
import type { Build } from "./build.ts";
import type { Placed } from "./calls.ts";
import type { Clock } from "./clock.ts";
import type { Counts } from "./counts.ts";
import type { SystemFaults } from "./faults.ts";
import { changedUntil, type Incident } from "./incidents.ts";
import { isComplete } from "./ledger.ts";
import { Mail } from "./mail.ts";
import { Operator, type Views } from "./operator.ts";
import type { Post } from "./post.ts";
import { type Setup, startTrunkline, type Trunkline } from "./process.ts";
import { random } from "./random.ts";
import type { Plan } from "./run.ts";
import type { Turned } from "./worker.ts";

/** A step of the clock goes to what is due next, but is so long at least, and at most while something may be under way, in ms. */
const stepMs = { least: 500, busy: 1_000, quiet: 5 * 60_000 };
/** A step takes so long by the machine's clock, and longer while anything is under way, so that it keeps up, in ms. */
const leastMs = 6;
const mostMs = 60;
/** How long faults go on after the last webhook at least and at most, so that recordings meet them too, in ms. */
const lingerMs = { least: 8 * 60_000, most: 60 * 60_000 };
/** Nothing is under way if Trunkline has nothing to do for so long, in ms. */
const restMs = 30_000;
/** How long what is owed may take after the last webhook, and without a single form, in ms. */
const patienceMs = { all: 6 * 60 * 60_000, silent: 90 * 60_000 };
/** How long what should not come any more is waited for, in ms. */
const aftermathMs = 40 * 60_000;
/** For how long Trunkline may wait with a call that failed, and owe the last word again after it, in ms. */
const repeatedMs = 75 * 60_000;
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
/** How long it is waited, in turns, for forms that nobody will hear of, and of how many kills. */
const holding = { turns: 12, share: 0.6 };
/** How many calls the operator replays at once that need not be stuck. */
const replayed = 8;

interface Setting {
  readonly plan: Plan;
  readonly build: Build;
  readonly helpdesks: Helpdesks;
  readonly pbx: Pbx;
  readonly placed: readonly Placed[];
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
  readonly mail: Mail;
  readonly operator: Operator;
  #trunkline: Trunkline | undefined;
  #changes: Changes = {};
  /** In how many ms from the last turn of the clock Trunkline's alarm rings, and how many turns nothing came of it. */
  #dueInMs = 0;
  #idleTurns = 0;
  #othersUsedAt = 0;
  #blockedUntil = 0;
  #killedInSilence = false;
  /** How often deliveries and what is stored fails, in [0, 1]. */
  #share = 0;
  /** When faults end, in ms since the run began, and the harm that is still to come. */
  #over = 0;
  #incidents: Incident[] = [];
  #unwatched = false;
  kills = 0;
  /** Each time that something began to be owed or open with no alarm near. */
  readonly unwatched: string[] = [];

  constructor(setting: Setting) {
    const { clock, counts } = setting;
    this.#setting = setting;
    const url = () => this.#trunkline?.url ?? "";
    const isGone = ({ url }: { url: string }) => this.#changes.salesGone === true && url.includes("/hooks/sales");
    this.mail = new Mail({ clock, counts, url, isGone });
    this.operator = new Operator(url);
  }

  async start(): Promise<void> {
    const { build, state } = this.#setting;
    this.#trunkline = await startTrunkline({ ...build, bindings: this.#bindings(), state });
    await this.operator.greet();
  }

  #bindings(): Setup["bindings"] {
    const { plan, helpdesks, pbx, clock } = this.#setting;
    const bindings = bindingsOf(helpdesks, pbx, this.#changes);
    return { ...bindings, SEED: String(plan.seed), AHEAD_MS: String(clock.aheadMs) };
  }

  async end(): Promise<void> {
    await this.#trunkline?.kill().catch(() => undefined);
    await this.mail.arrived();
  }

  /** Sends what is due as the clock goes, does harm now and then, until all webhooks are answered and most is delivered. */
  async play(posts: readonly Post[], incidents: readonly Incident[]): Promise<void> {
    const { plan, clock, faults, progress } = this.#setting;
    this.mail.begin(posts);
    this.#share = plan.faults;
    this.#over = this.mail.lastAt + lingerMs.least;
    this.#incidents = [...incidents];
    while (!this.#isOver()) {
      this.mail.sendDue(clock.sinceBegan);
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
    if (this.mail.nextAt !== undefined || this.mail.underWay > 0 || this.#incidents.length > 0) return false;
    if (sinceBegan < this.#over) return false;
    return this.#dueInMs > restMs || sinceBegan > this.#over + lingerMs.most;
  }

  /** Until the helpdesks have what they should of `placed`, or until patience ends. */
  async settle(placed: readonly Placed[]): Promise<void> {
    const { helpdesks, clock, faults } = this.#setting;
    const deadline = clock.now() + patienceMs.all;
    let [complete, requests, heardAt] = [false, -1, clock.now()];
    while (clock.now() < Math.min(deadline, heardAt + patienceMs.silent) && !complete) {
      if (this.#requests() > requests) {
        heardAt = clock.now();
        complete = isComplete(placed, helpdesks, faults);
      }
      requests = this.#requests();
      await this.#turn(this.#step());
    }
    await this.#pass(repeatedMs);
  }

  async #pass(forMs: number): Promise<void> {
    const { clock } = this.#setting;
    const until = clock.now() + forMs;
    while (clock.now() < until) await this.#turn(this.#step());
  }

  /** What should not come any more has its time, and Trunkline does without what it needs no more. */
  async aftermath(): Promise<void> {
    if (this.#changes.supportKey) {
      this.#changes = { ...this.#changes, supportKey: "new" };
      await this.#deploy();
    }
    await this.#pass(aftermathMs);
  }

  views(): Promise<Views> {
    return this.operator.views(this.#setting.placed);
  }

  #requests(): number {
    const { main, branch } = this.#setting.helpdesks;
    return main.requests.length + branch.requests.length;
  }

  /** To what is due next, in ms. */
  #step(): number {
    const { clock, pbx } = this.#setting;
    const inMs = (at: number | undefined) => (at ?? Number.POSITIVE_INFINITY) - clock.sinceBegan;
    const busy = this.mail.underWay > 0 || this.#isServing() || isOpen(pbx.requests);
    const due = Math.min(inMs(this.mail.nextAt), inMs(this.#incidents[0]?.at), this.#dueInMs);
    // What is due and not done may be so for hours.
    const least = stepMs.least * 2 ** Math.floor(this.#idleTurns / 40);
    return Math.ceil(Math.min(busy ? stepMs.busy : stepMs.quiet, Math.max(least, due)));
  }

  #isServing(): boolean {
    const { main, branch } = this.#setting.helpdesks;
    return isOpen(main.requests) || isOpen(branch.requests);
  }

  async #suffer(incident: Incident): Promise<void> {
    const { plan, clock, faults, counts } = this.#setting;
    const { kind, at } = incident;
    switch (kind) {
      case "killed":
        await this.#hold(kind, at);
        return this.#kill(random(plan.seed, "kill after", this.kills).between(0, 40));
      case "evicted":
        await this.#hold(kind, at);
        counts.add("worker evicted");
        await this.#post(`/evict?${this.#systems()}`);
        return faults.killed();
      case "deployed over":
        counts.add("worker deployed over");
        await this.#deploy();
        return faults.killed();
      case "cut off":
        faults.cutOff(cutOff.forMs);
        return this.#postpone(cutOff.forMs, clock.sinceBegan + cutOff.callsMs);
      case "replayed":
        return this.#replay(at);
      default:
        return this.#change(incident, kind);
    }
  }

  /** Forms that are under way when Trunkline goes are done all the same, some time. */
  async #hold(kind: string, at: number): Promise<void> {
    const { plan, faults } = this.#setting;
    if (plan.faults === 0 || !random(plan.seed, "hold", kind, at).chance(holding.share)) return;
    faults.hold();
    for (let turn = 0; turn < holding.turns && faults.held === 0; turn++) {
      this.mail.sendDue(this.#setting.clock.sinceBegan);
      await this.#turn(this.#step());
    }
  }

  async #replay(at: number): Promise<void> {
    const { plan, placed, counts } = this.#setting;
    counts.add("operator replayed");
    await this.operator.replayStuck();
    const begun = placed.filter(({ id }) => this.mail.hasBegun(id));
    for (const call of random(plan.seed, "replay", at).shuffled(begun).slice(0, replayed))
      await this.operator.replay(call);
  }

  /** The configuration is another from now on, and as it was before once the time has come. */
  async #change({ at, over }: Incident, kind: keyof Changes): Promise<void> {
    const { plan, clock, counts, faults } = this.#setting;
    await this.mail.arrived();
    const { [kind]: _, ...others } = this.#changes;
    const changed: Changes = kind === "supportKey" ? { supportKey: "both" } : { [kind]: true };
    this.#changes = over ? others : { ...others, ...changed };
    counts.add(`worker configured anew, ${kind}${over ? " no more" : ""}`);
    await this.#deploy();
    faults.killed();
    const until = over ? undefined : changedUntil(plan, kind, at);
    if (until === undefined) return;
    faults.close(until - at);
    this.#incidents.push({ kind, at: clock.sinceBegan + until - at, over: true });
    this.#incidents.sort((a, b) => a.at - b.at);
  }

  /** The clock stands still meanwhile, but for the machine's. */
  async #kill(afterMs: number): Promise<void> {
    const { clock, faults, counts } = this.#setting;
    this.kills++;
    counts.add("worker killed");
    await pause(afterMs);
    await this.#trunkline?.kill();
    faults.killed();
    this.mail.sendDue(clock.sinceBegan + deadMs);
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
    await this.mail.arrived();
    this.#trunkline = await this.#trunkline?.deploy(this.#bindings());
  }

  /** Nobody calls while the helpdesk leaves everybody out, but calls that are going on go on. */
  async #sitOut(): Promise<void> {
    await pause(heardMs);
    this.#postpone(untoldBlockMs, this.#setting.clock.sinceBegan);
  }

  /** What was to begin after `from` begins so much later. */
  #postpone(byMs: number, from: number): void {
    this.mail.postpone(byMs, from);
    for (const incident of this.#incidents) if (incident.at > from && !incident.over) incident.at += byMs;
    this.#incidents.sort((a, b) => a.at - b.at);
    this.#over += byMs;
  }

  /** Now and then others have a share of the helpdesk's limit. */
  #othersUse(): void {
    const { clock, helpdesks, counts, plan } = this.#setting;
    const minute = Math.floor(clock.sinceBegan / 60_000);
    const sinceMs = clock.sinceBegan - this.#othersUsedAt;
    this.#othersUsedAt = clock.sinceBegan;
    if (plan.faults === 0 || minute % 2 === 0 || sinceMs > 60_000) return;
    const used = Math.floor(sinceMs / othersMs + random(plan.seed, "others", clock.sinceBegan).next());
    helpdesks.main.othersUse(used);
    if (used > 0) counts.add("helpdesk used by others", used);
  }

  /** The helpdesk's clock goes first: Trunkline must not believe that a minute is over before it is. */
  async #turn(byMs: number): Promise<void> {
    const { clock, helpdesks, counts, signal } = this.#setting;
    signal?.throwIfAborted();
    // Who used up the limit is asked for in the books; everybody is shut out for it.
    const { blockedUntil } = helpdesks.main;
    if (blockedUntil > this.#blockedUntil) this.#setting.faults.close(blockedUntil - clock.now());
    this.#blockedUntil = blockedUntil;
    clock.aheadMs += byMs;
    const requests = this.#requests();
    const query = `${this.#systems()}&ahead=${clock.aheadMs}&share=${this.#share}`;
    const [answer] = await Promise.all([this.#post(`/turn?${query}`), pause(leastMs)]);
    await Promise.race([this.mail.arrived(), pause(mostMs)]);
    await helpdesks.main.until(() => !isOpen(helpdesks.main.requests), mostMs).catch(() => undefined);
    await helpdesks.branch.until(() => !isOpen(helpdesks.branch.requests), mostMs).catch(() => undefined);
    if (!answer.ok) return;
    const { dueInMs, faults, unwatched } = (await answer.json()) as Turned;
    this.#dueInMs = dueInMs;
    this.#idleTurns = this.#requests() > requests ? 0 : this.#idleTurns + 1;
    for (const [kind, count] of Object.entries(faults)) counts.add(kind, count);
    if (!this.#unwatched) this.unwatched.push(...unwatched);
    this.#unwatched = unwatched.length > 0;
  }

  #systems(): string {
    const { main, branch } = this.#setting.helpdesks;
    return new URLSearchParams([main, branch].map(({ url }) => ["system", url])).toString();
  }

  #post(path: string): Promise<Response> {
    return fetch(`${this.#trunkline?.url}${path}`, { method: "POST" });
  }
}

/** Whether one of the last requests is not answered yet. */
function isOpen(requests: readonly { readonly status?: number }[]): boolean {
  return requests.slice(-8).some(({ status }) => status === undefined);
}
