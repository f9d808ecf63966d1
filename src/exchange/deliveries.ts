/** Forms on their way to the system: how many at once, in which order, and what becomes of each. */
import type { Channel } from "../config/channels.ts";
import { keyDigest, keyed, keyIsGone } from "../config/keys.ts";
import { log } from "../log.ts";
import { type Delivered, deliver } from "../system/deliver.ts";
import { asideMs, type Desk } from "./desk.ts";
import { learn, pause, spend, waitMs } from "./governor.ts";
import { isDown, maxDownWaitMs, noOutage, noted } from "./outage.ts";
import { type Class, classes, type Step } from "./outbox.ts";
import type { Planner } from "./planner.ts";
import { recordingKey } from "./recording-row.ts";
import type { CallKey, CallRow } from "./rows.ts";
import { settle, settleMs } from "./settle.ts";
import { type Told, untold } from "./told.ts";
import { hasteOf, nextTurn, noTurns, openClasses, tookTurn } from "./turns.ts";

/** Calls that are looked at in one go: of many that turn out to owe nothing, the rest are for the next. */
const maxLooked = 200;
/** How long a channel rests after the system refused its credentials: doubling from the first to the second, in ms. */
const restMs = [30_000, 15 * 60_000] as const;

export class Deliveries {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #done: () => void;
  /** The class of the form that is under way for each call, by `channel/call`. */
  readonly #underWay = new Map<string, Class>();
  #turns = noTurns;
  #outage = noOutage;

  /** `done` is called after each delivery. */
  constructor(desk: Desk, planner: Planner, done: () => void) {
    this.#desk = desk;
    this.#planner = planner;
    this.#done = done;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** While the system is down, when it is asked again, ms since the epoch. */
  get downUntil(): number | undefined {
    return isDown(this.#outage) ? this.#outage.until : undefined;
  }

  /** Starts deliveries until none is due or no more may start; returns when one may again, if it is time that holds them up. */
  startDue(now: number): number | undefined {
    const resting = this.#desk.store.pauses();
    const awake = this.#desk.channels().filter(({ name }) => (resting.get(name)?.until ?? 0) <= now);
    const channels = new Map(awake.map((channel) => [channel.name, channel]));
    for (let looked = 0; looked < maxLooked; looked++) {
      const busy = [...this.#underWay.keys()];
      const open = openClasses([...this.#underWay.values()], isDown(this.#outage));
      const waiting = this.#desk.queue.waiting(now, [...channels.keys()], open, busy);
      const turn = nextTurn(this.#turns, waiting, now);
      const channel = turn && channels.get(turn.channel);
      if (!turn || !channel) return undefined;
      const haste = hasteOf(this.#turns, turn, now);
      const from = Math.max(now + waitMs(this.#desk.store.governor(), now, this.#rpm(), haste), this.downUntil ?? 0);
      if (from > now) return from;
      const row = this.#desk.queue.dueCall(turn, now, busy);
      if (!row) return undefined;
      const planned = this.#planner.tryPlan(channel, row, now);
      if (!planned) this.#desk.store.putCall({ ...row, dueAt: now + asideMs });
      else if (planned.step && planned.row.dueAt !== undefined && planned.row.dueAt <= now) {
        const inKey = this.#inItsKey(channel, planned.row, planned.step);
        if (!inKey) this.#desk.store.putCall(lockedOut(planned.row, channel));
        else {
          this.#turns = tookTurn(this.#turns, turn, waiting);
          this.#start(inKey, { ...planned.row, keyDigest: keyDigest(inKey) }, planned.step, now);
        }
      }
    }
    return now;
  }

  /** The channel with the key that the form goes out under: the newest for a new call, that of its create for another. */
  #inItsKey(channel: Channel, { keyDigest }: CallRow, step: Step): Channel | undefined {
    const anew = step.kind === "create" && this.#desk.isOurs(channel.name);
    return anew || keyDigest === undefined ? channel : keyed(channel, keyDigest);
  }

  /**
   * What is written here is durable before the request leaves: a crash finds the request counted, the create marked, and
   * a wait for the system, which may still be at work on it.
   */
  #start(channel: Channel, row: CallRow, step: Step, now: number): void {
    this.#desk.store.keepGovernor(spend(this.#desk.store.governor(), now));
    const attaching = step.recording ? recordingKey(step.recording) : row.told.attaching;
    const create = step.kind === "create" ? "sent" : row.told.create;
    this.#desk.store.putCall({ ...row, told: { ...row.told, create, attaching, notBefore: now + settleMs } });
    const key = `${row.channel}/${row.call}`;
    this.#underWay.set(key, step.recording ? classes.recording : step.class);
    this.#desk.goOn(
      this.#deliver(channel, step)
        .then((delivered) => this.#delivered(channel, row, step, delivered, now))
        .catch((error) => log("error", "delivery", { channel: channel.name, call: row.call, error: String(error) }))
        .then(() => {
          this.#underWay.delete(key);
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
        keyDigest: keyDigest(channel),
      });
    } catch {
      return { outcome: { kind: "unknown", why: "the transfer of the recording was interrupted", slow: false } };
    }
  }

  #delivered(channel: Channel, key: CallKey, step: Step, { outcome, rate }: Delivered, sentAt: number): void {
    const now = this.#desk.outside.now();
    this.#note(key, step, outcome, now);
    this.#desk.together(() => {
      const { notBefore: _, ...told } = this.#desk.store.call(key)?.told ?? untold;
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
        if (settled.consequence === "lost") {
          this.#desk.store.putRecording({ ...row, state: "kept", problem: "it did not get through to the system" });
        }
        if (settled.consequence === "no-file") {
          this.#desk.store.putRecording({ ...row, state: "gone", problem: "it is not in the archive any more" });
        }
      }
      this.#planner.replan(channel, key, now, this.#soonerWhileDown(settled.told, now));
    });
    const problem = outcome.kind === "delivered" ? undefined : outcome.why;
    const facts = { channel: channel.name, call: key.call, step: step.kind, outcome: outcome.kind, problem };
    log(problem ? "warn" : "info", "delivery", { ...facts, ms: now - sentAt });
  }

  /** A file that does not get through says more of the file than of the system, as long as that is there. */
  #note({ channel, call }: CallKey, step: Step, outcome: Delivered["outcome"], now: number): void {
    const wasDown = isDown(this.#outage);
    if (step.recording && outcome.kind === "unknown" && !wasDown) return;
    this.#outage = noted(this.#outage, outcome, `${channel}/${call}`, now, this.#desk.outside.random());
    if (wasDown !== isDown(this.#outage)) log("warn", wasDown ? "system is back" : "system is down", { channel });
  }

  /** The system as a whole is asked ever more seldom then, so that no call need wait for long once it is back. */
  #soonerWhileDown(told: Told, now: number): Told {
    const { notBefore } = told;
    if (!isDown(this.#outage) || notBefore === undefined || notBefore === Number.MAX_SAFE_INTEGER) return told;
    return { ...told, notBefore: Math.min(notBefore, now + maxDownWaitMs) };
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

/** It waits for the operator, since it could only be told as another channel's. */
function lockedOut(row: CallRow, channel: Channel): CallRow {
  const told = { ...row.told, notBefore: Number.MAX_SAFE_INTEGER, problem: keyIsGone(channel), answer: undefined };
  return { ...row, told, dueAt: undefined };
}
