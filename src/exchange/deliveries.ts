/** Forms on their way to the system: how many at once, in which order, and what becomes of each. */
import type { Channel } from "../config/channels.ts";
import { keyDigest, keyed, keyIsGone } from "../config/keys.ts";
import { log } from "../log.ts";
import { fileTimeoutMs, formTimeoutMs } from "../system/client.ts";
import { type Delivered, deliver } from "../system/deliver.ts";
import type { Outcome } from "../system/outcome.ts";
import { asideMs, type Desk } from "./desk.ts";
import { learn, pause, spend, waitMs } from "./governor.ts";
import { classes, type Step } from "./outbox.ts";
import type { Planner } from "./planner.ts";
import { recordingKey } from "./recording-row.ts";
import { Releases } from "./releases.ts";
import type { CallKey, CallRow } from "./rows.ts";
import { inDoubt, type Learnt, type Sent, settle } from "./settle.ts";
import { type Came, refusedAfter } from "./standing.ts";
import { never, type Told, untold } from "./told.ts";
import {
  hasPlace,
  hasteOf,
  isSlow,
  nextTurn,
  noTurns,
  openClasses,
  slowMs,
  tookTurn,
  type UnderWay,
  type Waiting,
} from "./turns.ts";
import {
  answered,
  channelAfter,
  down,
  type Failure,
  failureOf,
  isProven,
  opensAt,
  type Probing,
  probeMs,
  rest,
  systemAfter,
} from "./whole.ts";

/** Calls that are looked at in one go: of many that turn out to owe nothing, the rest are for the next. */
const maxLooked = 200;
/** How long a call is left alone whose form could not be begun, since its storage refused to note it, in ms. */
const refusedMs = 5_000;

export class Deliveries {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #releases: Releases;
  readonly #done: () => void;
  /** The form that is under way for each call, by `channel/call`. */
  readonly #underWay = new Map<string, UnderWay>();
  /** Calls of which something could not be written down, and until when they are left alone (ms since the epoch). */
  readonly #unwritten = new Map<string, number>();
  #turns = noTurns;
  /** Whether this object, which knows one configuration, looked for calls that waited for it. */
  #unlocked = false;
  /** When a call that had not failed yet last left, by channel, ms since the epoch. */
  readonly #probedAt = new Map<string, number>();

  /** `done` is called after each delivery. */
  constructor(desk: Desk, planner: Planner, done: () => void) {
    this.#desk = desk;
    this.#planner = planner;
    this.#releases = new Releases(desk, planner);
    this.#done = done;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  isUnderWay({ channel, call }: CallKey): boolean {
    return this.#underWay.has(`${channel}/${call}`);
  }

  /** From when on what is due of the call may leave, by what is known at `now`, ms since the epoch. */
  opensAt({ channel, class: kind = classes.change, owedSince = 0 }: CallRow, now: number): number {
    const waiting = { channel, class: kind, since: owedSince };
    const at = this.#opens([waiting], now).get(waiting) ?? now;
    // Another is under way, and what comes of it decides.
    return Number.isFinite(at) ? Math.max(at, now) : now + probeMs;
  }

  /** While the system is down, when it is asked again by calls that failed before, ms since the epoch. */
  get downUntil(): number | undefined {
    const outage = this.#desk.store.outage();
    return isProven(outage) ? outage?.until : undefined;
  }

  /** Starts deliveries until none is due or no more may start; returns when one may again, if it is time that holds them up. */
  startDue(now: number): number | undefined {
    const channels = new Map(this.#desk.channels().map((channel) => [channel.name, channel]));
    if (!this.#unlocked) this.#releases.ofKeys(now);
    this.#unlocked = true;
    for (let looked = 0; looked < maxLooked; looked++) {
      const busy = this.#leftOut(now);
      const forms = [...this.#underWay.values()];
      const open = openClasses(forms, now);
      const names = [...channels.keys()].filter((name) => hasPlace(forms, name, [...channels.keys()]));
      const waiting = this.#desk.queue.waiting(now, names, open, busy);
      const opens = this.#opens(waiting, now);
      const turn = nextTurn(
        this.#turns,
        waiting.filter((one) => (opens.get(one) ?? now) <= now),
        now,
      );
      const channel = turn && channels.get(turn.channel);
      const full = open.length === 0 || names.length < channels.size;
      const slow = full || waiting.length > 0 ? slowFrom(forms, now) : [];
      if (!turn || !channel) return earliest([...opens.values(), ...this.#unwritten.values(), ...slow]);
      const row = this.#desk.queue.dueCall(turn, now, busy);
      if (!row) return undefined;
      try {
        if (this.#startOne(channel, row, turn, now)) this.#turns = tookTurn(this.#turns, turn, waiting);
      } catch (error) {
        this.#leaveAlone(row, now + refusedMs, error);
      }
    }
    return now;
  }

  /** Starts what is next for the call whose turn it is; false where that is nothing by now. */
  #startOne(channel: Channel, row: CallRow, turn: Waiting, now: number): boolean {
    const planned = this.#planner.tryPlan(channel, row, now);
    if (!planned) this.#desk.store.putCall({ ...row, dueAt: now + asideMs });
    if (!planned?.step || planned.step.class !== turn.class) return false;
    if (planned.row.dueAt === undefined || planned.row.dueAt > now) return false;
    const inKey = this.#inItsKey(channel, planned.row, planned.step);
    if (!inKey) {
      this.#desk.store.putCall(lockedOut(planned.row, channel));
      return false;
    }
    this.#start(inKey, { ...planned.row, keyDigest: keyDigest(inKey) }, planned.step, now);
    if (turn.class !== classes.again) this.#probedAt.set(channel.name, now);
    return true;
  }

  /** Calls that have no turn, as `channel/call`: those under way, and those of which something could not be written down. */
  #leftOut(now: number): string[] {
    for (const [key, until] of this.#unwritten) if (until <= now) this.#unwritten.delete(key);
    return [...this.#underWay.keys(), ...this.#unwritten.keys()];
  }

  /** What is said of it is not known to the tables: it keeps no other waiting, and is not sent again and again. */
  #leaveAlone({ channel, call }: CallKey, until: number, error: unknown): void {
    this.#unwritten.set(`${channel}/${call}`, until);
    log("error", "delivery", { channel, call, error: String(error) });
  }

  /** From when on each of those that wait may leave, by what is known of the system and its channel, and by the limit. */
  #opens(waiting: readonly Waiting[], now: number): Map<Waiting, number> {
    const { store } = this.#desk;
    const [outage, pauses, governor, rpm] = [store.outage(), store.pauses(), store.governor(), this.#rpm()];
    const among = this.#desk.channels().map(({ name }) => name);
    const names = [...new Set(waiting.map(({ channel }) => channel))];
    const forms = [...this.#underWay.values()];
    const probedAt = Math.max(0, ...this.#probedAt.values());
    const troubleOpens = (one: Waiting) =>
      Math.max(
        opensAt(outage, down, one.class, probing(forms, probedAt, now)),
        opensAt(pauses.get(one.channel), rest, one.class, this.#probing(one.channel, now)),
      );
    const needy = names.filter((name) => waiting.some((one) => one.channel === name && troubleOpens(one) <= now));
    return new Map(
      waiting.map((one) => {
        const claim = { channel: one.channel, among, waiting: needy };
        const wait = waitMs(governor, now, rpm, hasteOf(this.#turns, one, now), claim);
        return [one, Math.max(troubleOpens(one), now + wait)];
      }),
    );
  }

  #probing(channel: string, now: number): Probing {
    const own = [...this.#underWay.values()].filter((form) => form.channel === channel);
    return probing(own, this.#probedAt.get(channel) ?? 0, now);
  }

  /** The channel with the key that the form goes out under: the newest for a new call, that of its create for another. */
  #inItsKey(channel: Channel, { keyDigest }: CallRow, step: Step): Channel | undefined {
    const anew = step.kind === "create" && this.#desk.isOurs(channel.name);
    return anew || keyDigest === undefined ? channel : keyed(channel, keyDigest);
  }

  /**
   * What is written here is durable before the request leaves: a crash finds it counted, and what it says in doubt until the
   * time is over within which it would have been answered.
   */
  #start(channel: Channel, row: CallRow, step: Step, now: number): void {
    const { store } = this.#desk;
    store.keepGovernor(spend(store.governor(), now, channel.name));
    const givenUpAt = now + (step.recording ? fileTimeoutMs : formTimeoutMs);
    store.putCall({ ...row, told: inDoubt(row.told, step, givenUpAt) });
    const sent: Sent = { step, before: row.told, at: now };
    const key = `${row.channel}/${row.call}`;
    const { name } = channel;
    this.#underWay.set(key, { channel: name, class: step.recording ? classes.recording : step.class, at: now });
    this.#desk.goOn(
      this.#deliver(channel, step)
        .then((delivered) => this.#delivered(channel, row, sent, delivered))
        // Sent, and its outcome could not be written down: the tables have it in doubt, and it waits like one that failed.
        .catch((error) => this.#leaveAlone(row, this.#desk.outside.now() + asideMs, error))
        .then(() => {
          this.#underWay.delete(key);
          this.#done();
        }),
    );
  }

  async #deliver(channel: Channel, step: Step): Promise<Delivered> {
    const rated = this.#desk.store.governor().heard !== undefined;
    if (!step.recording?.key) return deliver(channel, step.form, rated);
    try {
      const { name, system } = channel;
      const job = { channel: name, system, form: step.form, key: step.recording.key, keyDigest: keyDigest(channel) };
      return await this.#desk.courier.attachRecording({ ...job, rated });
    } catch {
      return { outcome: { kind: "unknown", why: "the transfer of the recording was interrupted" } };
    }
  }

  #delivered(channel: Channel, key: CallKey, sent: Sent, { outcome, rate }: Delivered): void {
    const now = this.#desk.outside.now();
    const { step, at: sentAt } = sent;
    this.#note(key, step, outcome, now);
    this.#desk.together(() => {
      const told = this.#desk.store.call(key)?.told ?? untold;
      const learnt = this.#learnt(channel, sent, outcome);
      const settled = settle(told, sent, outcome, learnt, now, this.#desk.outside.random());
      this.#noteRefusal({ channel: channel.name, step, outcome, settled, learnt }, now);
      const governor = this.#desk.store.governor();
      const wiser = rate ? learn(governor, rate === "untold" ? undefined : rate, sentAt) : governor;
      const stop = outcome.kind === "limited" ? pause(wiser, now, outcome.why, outcome.waitMs) : wiser;
      this.#desk.store.keepGovernor(stop);
      this.#rest(key, step, outcome, now);
      const recording = step.recording ? recordingKey(step.recording) : sent.before.attaching;
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

  /** What is known of the system by now. */
  #learnt({ name }: Channel, { step, before }: Sent, outcome: Outcome): Learnt {
    const { store } = this.#desk;
    const known = store.learnt();
    const learnt = { ...known, delivered: known.delivered.includes(name) };
    if (outcome.kind !== "delivered") return learnt;
    const updates = known.updates || step.kind !== "create";
    const audio =
      known.audio || (step.recording !== undefined && outcome.audio !== undefined && outcome.audio !== before.audio);
    const delivered = learnt.delivered ? known.delivered : [...known.delivered, name];
    if (updates !== known.updates || audio !== known.audio || delivered !== known.delivered)
      store.keepLearnt({ ...known, updates, audio, delivered });
    return { updates, audio, delivered: true };
  }

  /** Whether the channel's creates are refused by now. */
  #noteRefusal(came: Came, now: number): void {
    const { store } = this.#desk;
    const known = store.learnt();
    const { refused = [] } = known;
    const after = refusedAfter(refused, came, now);
    if (after !== refused) store.keepLearnt({ ...known, refused: after });
  }

  /** What the outcome tells of the system; where it serves again, calls that waited for it go out. */
  #note(key: CallKey, step: Step, outcome: Delivered["outcome"], now: number): void {
    const { store, outside } = this.#desk;
    const before = store.outage();
    const after = systemAfter(before, outcome, this.#failure(key, step, outcome), now, outside.random());
    if (after === before) return;
    this.#desk.together(() => {
      const busy = new Set(this.#underWay.keys());
      const more = !after && before && this.#releases.ofSystem(before.since ?? now, busy, now);
      store.keepOutage(more ? answered(before) : after);
    });
    if (isProven(before) === isProven(after)) return;
    log("warn", isProven(after) ? "system is down" : "system is back", { channel: key.channel });
  }

  #failure(key: CallKey, step: Step, outcome: Delivered["outcome"]): Failure {
    const attempt = this.#desk.store.call(key)?.told.attempt ?? 0;
    return failureOf(`${key.channel}/${key.call}`, attempt, step.recording !== undefined, outcome);
  }

  /** The system as a whole is asked ever more seldom then, so that no call need wait for long once it is back. */
  #soonerWhileDown(told: Told, now: number): Told {
    const { notBefore } = told;
    if (this.downUntil === undefined || notBefore === undefined || notBefore === never) return told;
    return { ...told, notBefore: Math.min(notBefore, now + down.waitMs[1]) };
  }

  /** The same of the channel: one whose credentials the system refuses rests, so that it does not burn the limit. */
  #rest(key: CallKey, step: Step, outcome: Delivered["outcome"], now: number): void {
    const { store, outside } = this.#desk;
    const pauses = store.pauses();
    const before = pauses.get(key.channel);
    const after = channelAfter(before, outcome, this.#failure(key, step, outcome), now, outside.random());
    if (after === before) return;
    const busy = new Set(this.#underWay.keys());
    // Where the whole channel was refused, it does not matter since when a call of it failed.
    const since = isProven(before) ? 0 : (before?.since ?? now);
    const more = !after && before && this.#releases.ofChannel(key.channel, since, busy, now);
    const kept = more ? answered(before) : after;
    if (kept) pauses.set(key.channel, kept);
    else pauses.delete(key.channel);
    store.keepPauses(pauses);
  }

  /** The least that a channel of this system allows, since the limit is for all of them together. */
  #rpm(): number | undefined {
    const limits = this.#desk.channels().flatMap(({ rpm }) => rpm ?? []);
    return limits.length > 0 ? Math.min(...limits) : undefined;
  }
}

/** What is under way at a whole. A call that has not failed yet, and is slow to be answered, holds up the next one no more. */
function probing(forms: readonly UnderWay[], probedAt: number, now: number): Probing {
  const holding = forms.filter(
    (form) => form.class === classes.again || form.class === classes.recording || !isSlow(form, now),
  );
  return { classes: holding.map((form) => form.class), probedAt };
}

/** When each of these turns slow that is not, ms since the epoch. */
function slowFrom(forms: readonly UnderWay[], now: number): number[] {
  return forms.filter((form) => !isSlow(form, now)).map(({ at }) => at + slowMs);
}

/** The first of these times that will come; undefined where none does. */
function earliest(times: readonly number[]): number | undefined {
  const first = Math.min(...times);
  return Number.isFinite(first) ? first : undefined;
}

/** It waits for the operator, since it could only be told as another channel's. */
function lockedOut(row: CallRow, channel: Channel): CallRow {
  const told = { ...row.told, notBefore: never, problem: keyIsGone(channel), answer: undefined };
  return { ...row, told, dueAt: undefined };
}
