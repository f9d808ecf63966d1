/** Forms on their way to the system: how many at once, in which order, and what becomes of each. */
import type { Channel } from "../config/channels.ts";
import { log } from "../log.ts";
import { type Delivered, deliver } from "../system/deliver.ts";
import { asideMs, type Desk } from "./desk.ts";
import { learn, pause, spend, waitMs } from "./governor.ts";
import { classes, type Step } from "./outbox.ts";
import type { Planner } from "./planner.ts";
import { recordingKey } from "./recording-row.ts";
import type { CallKey, CallRow } from "./rows.ts";
import { settle } from "./settle.ts";
import { untold } from "./told.ts";

/** Forms under way at once. The platform lets six connections wait for an answer; transfers need some of them. */
const maxDeliveries = 4;
/** Recordings on their way to the system at once, among those: a slow upload must not hold up cards. */
const maxAttaching = 2;
/** How long a channel rests after the system refused its credentials: doubling from the first to the second, in ms. */
const restMs = [30_000, 15 * 60_000] as const;

export class Deliveries {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #done: () => void;
  /** The calls that a form is under way for, as `channel/call`. */
  readonly #underWay = new Set<string>();
  #attaching = 0;

  /** `done` is called after each delivery. */
  constructor(desk: Desk, planner: Planner, done: () => void) {
    this.#desk = desk;
    this.#planner = planner;
    this.#done = done;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Starts deliveries until none is due or no more may start; returns when the limit has room again, if it is that. */
  startDue(now: number): number | undefined {
    while (this.#underWay.size < maxDeliveries) {
      const resting = [...this.#desk.store.pauses()].filter(([, rest]) => rest.until > now).map(([name]) => name);
      const lastClass = this.#attaching < maxAttaching ? classes.recording : classes.change;
      const row = this.#desk.store.dueCall(now, lastClass, { channels: resting, calls: [...this.#underWay] });
      if (!row) return undefined;
      const channel = this.#desk.channel(row.channel);
      const wait = waitMs(this.#desk.store.governor(), now, this.#rpm());
      if (wait > 0) return now + wait;
      const planned = channel && this.#planner.tryPlan(channel, row, now);
      if (!channel || !planned) this.#desk.store.putCall({ ...row, dueAt: now + asideMs });
      else if (planned.step && planned.row.dueAt !== undefined && planned.row.dueAt <= now) {
        this.#start(channel, planned.row, planned.step, now);
      }
    }
    return undefined;
  }

  /** What is written here is durable before the request leaves: a crash finds the request counted, the create marked. */
  #start(channel: Channel, row: CallRow, step: Step, now: number): void {
    this.#desk.store.keepGovernor(spend(this.#desk.store.governor(), now));
    const attaching = step.recording ? recordingKey(step.recording) : row.told.attaching;
    const create = step.kind === "create" ? "sent" : row.told.create;
    this.#desk.store.putCall({ ...row, told: { ...row.told, create, attaching } });
    const key = `${row.channel}/${row.call}`;
    this.#underWay.add(key);
    this.#attaching += Number(step.recording !== undefined);
    this.#desk.goOn(
      this.#deliver(channel, step)
        .then((delivered) => this.#delivered(channel, row, step, delivered, now))
        .catch((error) => log("error", "delivery", { channel: channel.name, call: row.call, error: String(error) }))
        .then(() => {
          this.#underWay.delete(key);
          this.#attaching -= Number(step.recording !== undefined);
          this.#done();
        }),
    );
  }

  async #deliver(channel: Channel, step: Step): Promise<Delivered> {
    if (!step.recording?.key) return deliver(channel, step.form);
    try {
      const { name, system } = channel;
      return await this.#desk.courier.attachRecording({
        channel: name,
        system,
        form: step.form,
        key: step.recording.key,
      });
    } catch {
      return { outcome: { kind: "unknown", why: "the transfer of the recording was interrupted", slow: false } };
    }
  }

  #delivered(channel: Channel, key: CallKey, step: Step, { outcome, rate }: Delivered, sentAt: number): void {
    const now = this.#desk.outside.now();
    this.#desk.together(() => {
      const told = this.#desk.store.call(key)?.told ?? untold;
      const settled = settle(told, step, outcome, now, this.#desk.outside.random());
      const governor = this.#desk.store.governor();
      const wiser = rate ? learn(governor, rate === "untold" ? undefined : rate, sentAt) : governor;
      const stop = outcome.kind === "limited" ? pause(wiser, now, outcome.why, outcome.waitMs) : wiser;
      this.#desk.store.keepGovernor(stop);
      this.#rest(key, step, outcome, now);
      const recording = step.recording ? recordingKey(step.recording) : told.attaching;
      for (const row of this.#desk.store.recordingsOf(key)) {
        if (recordingKey(row) !== recording) continue;
        if (settled.consequence === "attached") this.#desk.store.putRecording({ ...row, state: "attached" });
        if (settled.consequence === "not-taken") {
          const problem = outcome.kind === "too-large" ? "it is too large for the system" : "the system refused it";
          this.#desk.store.putRecording({ ...row, state: "kept", problem });
        }
        if (settled.consequence === "no-file") {
          this.#desk.store.putRecording({ ...row, state: "gone", problem: "it is not in the archive any more" });
        }
      }
      this.#planner.replan(channel, key, now, settled.told);
    });
    const problem = outcome.kind === "delivered" ? undefined : outcome.why;
    const facts = { channel: channel.name, call: key.call, step: step.kind, outcome: outcome.kind, problem };
    log(problem ? "warn" : "info", "delivery", { ...facts, ms: now - sentAt });
  }

  /**
   * A channel whose credentials the system refuses rests, so that it does not burn the limit. One call that we may not
   * touch is no proof: a refused create is, or a second call's refusal with nothing delivered in between.
   */
  #rest({ channel, call }: CallKey, step: Step, outcome: Delivered["outcome"], now: number): void {
    const pauses = this.#desk.store.pauses();
    const before = pauses.get(channel);
    if (outcome.kind === "unwelcome") {
      const proven = step.kind === "create" || (before !== undefined && before.call !== call);
      const times = (before?.times ?? 0) + Number(proven);
      const until = proven ? now + Math.min(restMs[1], restMs[0] * 2 ** (times - 1)) : now;
      this.#desk.store.keepPauses(pauses.set(channel, { call, until, times, because: outcome.why }));
    } else if (outcome.kind === "delivered" && pauses.delete(channel)) {
      this.#desk.store.keepPauses(pauses);
    }
  }

  /** The least that a channel of this system allows, since the limit is for all of them together. */
  #rpm(): number | undefined {
    const limits = this.#desk.channels().flatMap(({ rpm }) => rpm ?? []);
    return limits.length > 0 ? Math.min(...limits) : undefined;
  }
}
