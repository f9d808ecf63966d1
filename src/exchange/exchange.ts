/**
 * The one place that knows a system's calls: what was heard of them, what the system was told, what is still owed.
 * One object a system, so that order, repetition and the system's limit are held in one database and one transaction.
 */
import { DurableObject } from "cloudflare:workers";
import { type Call, fold } from "../calls/call.ts";
import { type Desired, desiredOf } from "../calls/desired.ts";
import type { HeardEvent } from "../calls/event.ts";
import { audioExcepted, ignoredBecause } from "../calls/rules.ts";
import { type Channel, readConfiguration } from "../config/channels.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import type { Courier, Fetched } from "../recordings/courier.ts";
import { type Delivered, deliver } from "../system/deliver.ts";
import { recordingBackoff } from "./backoff.ts";
import { learn, pause, spend, waitMs } from "./governor.ts";
import { expired, nextRound, overdue, roundMs, unheardEnd } from "./housekeeping.ts";
import { classes, nextStep, type Step } from "./outbox.ts";
import { announce, fetched, leaveAlone, pending, type RecordingRow, recordingKey } from "./recording-row.ts";
import { migrate } from "./schema.ts";
import { settle } from "./settle.ts";
import { type CallKey, type CallRow, type Malformed, Store } from "./store.ts";
import { type Told, untold } from "./told.ts";

/** Forms under way at once. The platform lets six connections wait for an answer; transfers need some of them. */
const maxDeliveries = 4;
/** Recordings on their way to the system at once, among those: a slow upload must not hold up cards. */
const maxAttaching = 2;
/** Recordings on their way from a PBX at once. */
const maxTransfers = 2;
/** How soon the alarm looks after work that is under way, in case this object does not live to see its end. In ms. */
const guardMs = 5_000;
/** Objects that one request to R2 may delete. */
const maxDeleted = 1000;
/** How long a call waits whose channel is not configured any more, in ms. */
const orphanMs = 60 * 60_000;
/** How long a channel rests after the system refused its credentials: doubling from the first to the second, in ms. */
const restMs = [30_000, 15 * 60_000] as const;

/** What comes in from outside: ms since the epoch, and a number in [0, 1). */
export interface Outside {
  now(): number;
  random(): number;
}

const theWorld: Outside = { now: () => Date.now(), random: () => Math.random() };

export class Exchange extends DurableObject<Env> {
  readonly #store: Store;
  readonly #outside: Outside;
  /** Calls that a form is under way for, and calls that a recording is being fetched for, as `channel/call`. */
  readonly #delivering = new Set<string>();
  readonly #fetching = new Set<string>();
  #attaching = 0;
  #alarmAt: number | undefined;
  #roundAt = 0;

  constructor(ctx: DurableObjectState, env: Env, outside: Outside = theWorld) {
    super(ctx, env);
    this.#outside = outside;
    migrate(ctx.storage);
    this.#store = new Store(ctx.storage.sql);
  }

  /** Keeps `events` of a channel and returns once they are durable, which the output gate sees to. */
  record(channelName: string, events: readonly HeardEvent[]): { fresh: number } {
    const now = this.#outside.now();
    const channel = this.#channel(channelName);
    if (!channel) throw new Error("the channel is not configured");
    const fresh = this.ctx.storage.transactionSync(() => {
      const added = events.filter((event) => this.#store.addEvent(channelName, event));
      for (const call of new Set(added.map((event) => event.call))) {
        const key = { channel: channelName, call };
        this.#replan(channel, key, now, revived(this.#store.call(key)?.told));
      }
      if (added.length > 0) this.#wakeBy(now + guardMs);
      return added.length;
    });
    this.#pump();
    return { fresh };
  }

  /** Keeps a genuine webhook that could not be understood, for the operator. */
  keepMalformed(hook: Malformed): void {
    this.#store.addMalformed(hook);
  }

  /** The safety net: picks up what a crash, a retry's wait or a limit left lying. */
  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    this.#pump();
  }

  /** Never throws: what was recorded is safe whatever happens here, and an alarm that throws would be dropped in the end. */
  #pump(): void {
    try {
      this.#startDue(this.#outside.now());
    } catch (error) {
      log("error", "pump", { error: String(error) });
      this.#wakeBy(this.#outside.now() + guardMs);
    }
  }

  /** Starts all that is due and may start, and sets the alarm for the rest. */
  #startDue(now: number): void {
    const round = this.#keepHouse(now);
    this.#startFetching(now);
    const waiting = this.#startDelivering(now);
    const under = this.#delivering.size + this.#fetching.size > 0 ? now + guardMs : undefined;
    const rests = [...this.#store.pauses().values()].map((rest) => rest.until).filter((until) => until > now);
    const next = [this.#store.nextDue(now), waiting, under, round, ...rests].filter((at) => at !== undefined);
    if (next.length > 0) this.#wakeBy(Math.min(...next));
  }

  /** Closes calls whose end never came and forgets old ones; returns when there is more of that to do. */
  #keepHouse(now: number): number | undefined {
    const channels = this.#channels();
    const due = nextRound(this.#store, channels);
    if (due === undefined || due > now) return due;
    if (now < this.#roundAt + roundMs) return this.#roundAt + roundMs;
    this.#roundAt = now;
    for (const channel of channels) {
      for (const key of overdue(this.#store, channel, now)) {
        this.#store.addEvent(channel.name, unheardEnd(key, now));
        this.#replan(channel, key, now);
      }
      const old = expired(this.#store, channel, now);
      if (old.length > 0) this.ctx.waitUntil(this.#forget(channel, old, now));
    }
    return now + roundMs;
  }

  /** What is in R2 goes first: a row that is gone could not lead to it any more. */
  async #forget(channel: Channel, calls: readonly CallKey[], now: number): Promise<void> {
    try {
      const keys = calls.flatMap((key) => this.#store.recordingsOf(key).flatMap((row) => row.key ?? []));
      for (let i = 0; i < keys.length; i += maxDeleted) await this.env.RECORDINGS.delete(keys.slice(i, i + maxDeleted));
      const before = now - channel.recordings.retention * 24 * 60 * 60_000;
      this.ctx.storage.transactionSync(() => {
        const still = calls.filter((key) => (this.#store.call(key)?.heardAt ?? now) < before);
        for (const key of still) this.#store.forget(key);
        this.#store.forgetMalformed(channel.name, before);
      });
      log("info", "retention", { channel: channel.name, calls: calls.length, recordings: keys.length });
    } catch (error) {
      log("error", "retention", { channel: channel.name, error: String(error) });
    }
  }

  /** An alarm that rings too early does no harm; one that is already set for then need not be written again. */
  #wakeBy(at: number): void {
    const now = this.#outside.now();
    if (this.#alarmAt !== undefined && this.#alarmAt <= at && this.#alarmAt > now) return;
    this.#alarmAt = at;
    // Alarms follow the platform's clock; one set for this very moment did not ring on older workerd (workerd#6866).
    void this.ctx.storage.setAlarm(Date.now() + Math.max(at - now, 5));
  }

  /** Starts deliveries until none is due or no more may start; returns when the limit has room again, if it is that. */
  #startDelivering(now: number): number | undefined {
    while (this.#delivering.size < maxDeliveries) {
      const resting = [...this.#store.pauses()].filter(([, rest]) => rest.until > now).map(([name]) => name);
      const lastClass = this.#attaching < maxAttaching ? classes.recording : classes.change;
      const row = this.#store.dueCall(now, lastClass, { channels: resting, calls: [...this.#delivering] });
      if (!row) return undefined;
      const channel = this.#channel(row.channel);
      if (!channel) {
        this.#store.putCall({ ...row, dueAt: now + orphanMs });
        continue;
      }
      const wait = waitMs(this.#store.governor(), now, this.#rpm());
      if (wait > 0) return now + wait;
      const planned = this.#replan(channel, row, now);
      if (planned.step && planned.row.dueAt !== undefined && planned.row.dueAt <= now) {
        this.#start(channel, planned.row, planned.step, now);
      }
    }
    return undefined;
  }

  /** What is written here is durable before the request leaves: a crash finds the request counted, the create marked. */
  #start(channel: Channel, row: CallRow, step: Step, now: number): void {
    this.#store.keepGovernor(spend(this.#store.governor(), now));
    if (step.kind === "create") this.#store.putCall({ ...row, told: { ...row.told, create: "sent" } });
    const key = keyOf(row);
    this.#delivering.add(key);
    this.#attaching += Number(step.recording !== undefined);
    this.ctx.waitUntil(
      this.#deliver(channel, step)
        .then((delivered) => this.#delivered(channel, row, step, delivered, now))
        .catch((error) => log("error", "delivery", { channel: channel.name, call: row.call, error: String(error) }))
        .then(() => {
          this.#delivering.delete(key);
          this.#attaching -= Number(step.recording !== undefined);
          this.#pump();
        }),
    );
  }

  async #deliver(channel: Channel, step: Step): Promise<Delivered> {
    if (!step.recording?.key) return deliver(channel, step.form);
    try {
      return await this.#courier.attachRecording(channel.name, step.form, step.recording.key);
    } catch {
      return { outcome: { kind: "unknown", why: "the transfer of the recording was interrupted", slow: false } };
    }
  }

  #delivered(channel: Channel, key: CallKey, step: Step, { outcome, rate }: Delivered, sentAt: number): void {
    const now = this.#outside.now();
    this.ctx.storage.transactionSync(() => {
      const told = this.#store.call(key)?.told ?? untold;
      const settled = settle(told, step, outcome, now, this.#outside.random());
      const governor = learn(this.#store.governor(), rate, sentAt);
      const stop = outcome.kind === "limited" ? pause(governor, now, outcome.why, outcome.waitMs) : governor;
      this.#store.keepGovernor(stop);
      this.#rest(channel.name, outcome, now);
      const recording = step.recording ? recordingKey(step.recording) : told.attaching;
      for (const row of this.#store.recordingsOf(key)) {
        if (recordingKey(row) !== recording) continue;
        if (settled.consequence === "attached") this.#store.putRecording({ ...row, state: "attached" });
        if (settled.consequence === "not-taken") {
          const problem = outcome.kind === "too-large" ? "it is too large for the system" : "the system refused it";
          this.#store.putRecording({ ...row, state: "kept", problem });
        }
      }
      this.#replan(channel, key, now, settled.told);
    });
    const problem = outcome.kind === "delivered" ? undefined : outcome.why;
    const facts = { channel: channel.name, call: key.call, step: step.kind, outcome: outcome.kind, problem };
    log(problem ? "warn" : "info", "delivery", { ...facts, ms: now - sentAt });
  }

  /** A channel whose credentials the system refuses rests, so that it does not burn the limit; one that works does not. */
  #rest(channel: string, outcome: Delivered["outcome"], now: number): void {
    const pauses = this.#store.pauses();
    if (outcome.kind === "unwelcome") {
      const times = (pauses.get(channel)?.times ?? 0) + 1;
      const until = now + Math.min(restMs[1], restMs[0] * 2 ** (times - 1));
      this.#store.keepPauses(pauses.set(channel, { until, times, because: outcome.why }));
    } else if (outcome.kind === "delivered" && pauses.delete(channel)) {
      this.#store.keepPauses(pauses);
    }
  }

  #startFetching(now: number): void {
    const due = this.#store.dueRecordings(now, [...this.#fetching], maxTransfers - this.#fetching.size);
    for (const row of due) {
      const channel = this.#channel(row.channel);
      if (!channel) {
        this.#store.putRecording({ ...row, dueAt: now + orphanMs });
        continue;
      }
      const key = keyOf(row);
      if (this.#fetching.has(key)) continue;
      this.#fetching.add(key);
      this.ctx.waitUntil(
        this.#fetch(channel, row)
          .then((result) => this.#fetched(channel, row, result))
          .catch((error) => log("error", "recording", { channel: row.channel, call: row.call, error: String(error) }))
          .then(() => {
            this.#fetching.delete(key);
            this.#pump();
          }),
      );
    }
  }

  async #fetch(channel: Channel, { call, id, part, url }: RecordingRow): Promise<Fetched> {
    const { status, startedAt } = this.#fold(channel, { channel: channel.name, call });
    const recording = { id, part, url, status: "ready" } as const;
    try {
      return await this.#courier.fetchRecording({ channel: channel.name, call, startedAt, status, recording });
    } catch {
      return { kind: "later", why: "the transfer of the recording was interrupted" };
    }
  }

  #fetched(channel: Channel, row: RecordingRow, result: Fetched): void {
    const now = this.#outside.now();
    this.ctx.storage.transactionSync(() => {
      // Its place was taken meanwhile by a recording with a name, or its call's audio was excepted.
      const awaited = this.#store.recordingsOf(row).some((other) => isSame(other, row) && pending(other));
      if (!awaited) return;
      const { endedAt, lastHeardAt } = this.#fold(channel, row);
      // By our own clock: the PBX's may be off, and its webhooks may come hours late.
      const deadline = (endedAt === undefined ? now : lastHeardAt) + channel.recordings.wait * 1000;
      for (const changed of fetched(row, result, { ...channel.recordings, deadline, now, backoff: recordingBackoff })) {
        this.#store.putRecording(changed);
      }
      this.#replan(channel, row, now);
    });
    const problem = result.kind === "stored" ? undefined : result.why;
    const facts = { channel: row.channel, call: row.call, outcome: result.kind, problem };
    log(problem ? "warn" : "info", "recording", facts);
  }

  /** Works out anew what the call is and what is next for it, and writes both down. */
  #replan(channel: Channel, key: CallKey, now: number, newTold?: Told): { row: CallRow; step: Step | undefined } {
    const call = this.#fold(channel, key);
    const known = this.#store.call(key);
    const told = newTold ?? known?.told ?? untold;
    const ignored = ignoredBecause(call, channel);
    const excepted = (known?.audioExcepted ?? false) || audioExcepted(call, channel);
    if (channel.recordings.enabled) this.#announceRecordings(channel, call, now, excepted || ignored !== undefined);
    // A call that turns out to be one to ignore after its card popped is told to its end, or the card would stay.
    const desired = ignored === undefined || told.create !== "none" ? desiredOf(call, channel) : undefined;
    const step = desired && nextStep(call, desired, told, this.#store.recordingsOf(key), channel.delivery);
    const row: CallRow = {
      channel: key.channel,
      call: key.call,
      direction: call.direction,
      phone: call.phone,
      line: call.line,
      status: call.status,
      ignored,
      startedAt: call.startedAt,
      endedAt: call.endedAt,
      heardAt: call.lastHeardAt,
      told,
      class: step?.class,
      dueAt: step && dueAt(told, desired, known?.dueAt, now),
      audioExcepted: excepted,
    };
    this.#store.putCall(row);
    return { row, step };
  }

  #announceRecordings(channel: Channel, call: Call, now: number, alone: boolean): void {
    const source = channel.provider.recordings;
    if (!source) return;
    const known = this.#store.recordingsOf({ channel: channel.name, call: call.id });
    if (alone) {
      for (const row of leaveAlone(known)) this.#store.putRecording(row);
      return;
    }
    const changes = announce(channel.name, call, known, now, source.expectedAfterMs);
    for (const row of changes.put) this.#store.putRecording(row);
    for (const row of changes.remove) this.#store.removeRecording(row);
  }

  #fold(channel: Channel, { channel: name, call }: CallKey): Call {
    return fold(call, this.#store.eventsOf({ channel: name, call }), { country: channel.country });
  }

  #channel(name: string): Channel | undefined {
    return readConfiguration(this.env).channels.get(name);
  }

  /** The channels of this system. */
  #channels(): Channel[] {
    const channels = [...readConfiguration(this.env).channels.values()];
    return channels.filter(({ system }) => system === this.ctx.id.name);
  }

  /** The least that a channel of this system allows, since the limit is for all of them together. */
  #rpm(): number | undefined {
    const limits = this.#channels().flatMap(({ rpm }) => rpm ?? []);
    return limits.length > 0 ? Math.min(...limits) : undefined;
  }

  get #courier(): Service<Courier> {
    return (this.ctx.exports as unknown as { Courier: Service<Courier> }).Courier;
  }
}

/** A call that fails waits for its next try, whatever more is heard of it; given up on, it waits for the operator. */
function dueAt(told: Told, desired: Desired, dueBefore: number | undefined, now: number): number | undefined {
  if (told.notBefore === Number.MAX_SAFE_INTEGER) return undefined;
  const earliest = told.create === "none" ? (desired.notBefore ?? 0) : 0;
  return Math.max(told.notBefore ?? 0, earliest, Math.min(dueBefore ?? now, now));
}

/** What was given up on is worth another try when more is heard of the call. */
function revived(told: Told | undefined): Told | undefined {
  if (told?.notBefore !== Number.MAX_SAFE_INTEGER) return told;
  return { ...told, notBefore: undefined, failingSince: undefined, attempt: 0 };
}

function isSame(a: RecordingRow, b: RecordingRow): boolean {
  return recordingKey(a) === recordingKey(b);
}

function keyOf({ channel, call }: CallKey): string {
  return `${channel}/${call}`;
}
