/**
 * The one place that knows a system's calls: what was heard of them, what the system was told, what is still owed.
 * One object a system, so that order, repetition and the system's limit are held in one database and one transaction.
 */
import { DurableObject } from "cloudflare:workers";
import type { HeardEvent } from "../calls/event.ts";
import { keptAs } from "../calls/phone.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import { type Allowance, admit } from "./admission.ts";
import { Asker } from "./asker.ts";
import { Deliveries } from "./deliveries.ts";
import { Desk, type Outside, theWorld } from "./desk.ts";
import type { Edit } from "./edit.ts";
import { Fetches } from "./fetches.ts";
import type { Search } from "./finder.ts";
import { Hearing } from "./hearing.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Inquiries } from "./inquiries.ts";
import { type Page, type Place, together } from "./pages.ts";
import { Planner } from "./planner.ts";
import { maxReplayed, type Replayed, Replays } from "./replays.ts";
import type { CallKey, Counts, Malformed } from "./rows.ts";
import { migrate } from "./schema.ts";
import { type Standing, standingOf } from "./standing.ts";
import { afresh } from "./told.ts";
import { type CallDetail, type CallView, detail, malformedView, view } from "./views.ts";

/** How soon the alarm looks after work that is under way, in case this object does not live to see its end. In ms. */
const guardMs = 5_000;
/**
 * The longest that the object sleeps while something is owed or a call is open, whatever is configured and whatever it
 * waits for, in ms: a channel that was faulty or gone may be there again.
 */
const maxSleepMs = 5 * 60_000;
/** A webhook's events are kept, `fresh` of them new; or the channel has had its share, and nothing was kept. */
export type Recorded = { readonly fresh: number } | { readonly retryAfterSeconds: number };

/** Which calls are listed: those of a channel, or all, that fit, beyond a place and at most so many. */
export interface Listing extends Search {
  readonly channel?: string;
  readonly after?: Place;
  readonly most: number;
}

/** Which calls are replayed, and what is changed of their forms. */
export interface Bulk {
  readonly channel?: string;
  readonly which: readonly ("stuck" | "owed")[];
  readonly edit?: Edit;
}

/** `skipped`: those that the edit does not fit, or of which nothing can be sent. `nextTryAt`: of the first of them. */
export interface ReplayedAll {
  readonly replayed: number;
  readonly skipped: number;
  readonly nextTryAt?: number;
}

/** Times in ms since the epoch. */
export interface Stats extends Counts {
  readonly system: string;
  /** While the system does not answer: when it is asked again. */
  readonly downUntil?: number;
  readonly sentLastMinute: number;
  readonly limit?: number;
  readonly pausedUntil?: number;
  readonly restingChannels: readonly { readonly channel: string; readonly until: number; readonly because: string }[];
}

export class Exchange extends DurableObject<Env> {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #deliveries: Deliveries;
  readonly #fetches: Fetches;
  readonly #housekeeping: Housekeeping;
  readonly #replays: Replays;
  readonly #hearing: Hearing;
  readonly #inquiries: Inquiries;
  readonly #allowances = new Map<string, Allowance>();
  #alarmAt: number | undefined;

  constructor(ctx: DurableObjectState, env: Env, outside: Outside = theWorld) {
    super(ctx, env);
    migrate(ctx.storage);
    this.#desk = new Desk(ctx, env, outside);
    this.#planner = new Planner(this.#desk);
    this.#deliveries = new Deliveries(this.#desk, this.#planner, () => this.#pump());
    this.#replays = new Replays(this.#desk, this.#planner, this.#deliveries);
    const asker = new Asker(this.#desk);
    this.#fetches = new Fetches(this.#desk, this.#planner, asker, () => this.#pump());
    this.#hearing = new Hearing(this.#desk, this.#planner);
    this.#inquiries = new Inquiries(this.#desk, this.#planner, this.#hearing, asker, () => this.#pump());
    this.#housekeeping = new Housekeeping(this.#desk, this.#planner, this.#inquiries);
  }

  /** Keeps `events` of a channel and returns once they are durable, which the output gate sees to. */
  record(channelName: string, events: readonly HeardEvent[]): Recorded {
    const now = this.#desk.outside.now();
    const admitted = this.#admit(channelName, now);
    if ("retryAfterSeconds" in admitted) return admitted;
    // One that is not known here is kept all the same: the Worker may be newer than this object.
    const channel = this.#desk.channel(channelName);
    const { fresh, doubtful } = this.#desk.together(() => {
      const kept = this.#hearing.keep(channelName, channel, events, now);
      if (kept.fresh > 0) this.#wakeBy(now + guardMs);
      this.#housekeeping.heard(channel, now);
      return kept;
    });
    if (channel) for (const key of doubtful) this.#inquiries.doubt(channel, key);
    this.#pump();
    return { fresh };
  }

  /** Keeps a genuine webhook that could not be understood, for the operator. */
  keepMalformed(hook: Malformed): Recorded {
    const admitted = this.#admit(hook.channel, this.#desk.outside.now());
    if ("retryAfterSeconds" in admitted) return admitted;
    this.#desk.store.addMalformed(hook);
    this.#housekeeping.heard(undefined, this.#desk.outside.now());
    this.#pump();
    return { fresh: 1 };
  }

  #admit(channel: string, now: number): ReturnType<typeof admit> {
    const admitted = admit(this.#allowances.get(channel), now);
    if ("left" in admitted) this.#allowances.set(channel, admitted);
    return admitted;
  }

  /** Whether calls of a channel are kept here, though it may be configured no more. */
  knows(channel: string): boolean {
    return this.#desk.store.channels().includes(channel);
  }

  /** Calls beyond `after`, the newest first. */
  list({ channel, after, most, ...search }: Listing): Page<CallView> {
    // One that nothing woke for long may have lost its alarm.
    if (this.#alarmAt === undefined) this.#pump();
    const names = channel === undefined ? this.#desk.store.channels() : [channel];
    const pages = names.flatMap((name) =>
      this.#spellings(name, search.phone).map((phone) =>
        this.#desk.finder.page(name, { ...search, phone }, after, most),
      ),
    );
    const { calls, next } = together(pages, most);
    return { calls: calls.map((row) => view(row, this.#desk.system)), next };
  }

  /** The ways in which a channel may have kept a number; one that is none where none is looked for. */
  #spellings(channel: string, phone: string | undefined): (string | undefined)[] {
    return phone === undefined ? [undefined] : keptAs(phone, this.#desk.channel(channel) ?? {});
  }

  /** By whichever of its ids. */
  show({ channel: name, call }: CallKey): CallDetail | undefined {
    const key = { channel: name, call: this.#desk.store.callOf({ channel: name, call }) };
    const row = this.#desk.store.call(key);
    if (!row) return undefined;
    const channel = this.#desk.channel(key.channel);
    const form = channel && this.#planner.preview(channel, key, afresh(row.told, row.told.edit))?.form;
    return detail(row, this.#desk.system, this.#planner.fold(channel, key), this.#desk.store.recordingsOf(key), form);
  }

  /** Another try for a call, whatever was refused, given up on or waited for; `undefined` where there is no such call. */
  replay({ channel, call }: CallKey, edit?: Edit): Replayed | undefined {
    const key = { channel, call: this.#desk.store.callOf({ channel, call }) };
    const begun = this.#replays.begin(key, "none", edit);
    if (begun !== "begun") return begun;
    this.#pump();
    return this.#replays.outcome(key);
  }

  /** The same for all that wait, for the operator or for their next try. */
  replayAll({ channel, which, edit }: Bulk): ReplayedAll {
    const names = channel === undefined ? this.#desk.store.channels() : [channel];
    const rows = names.flatMap((name) => which.flatMap((one) => this.#replays.candidates(name, one)));
    const begun = rows.slice(0, maxReplayed).map((row) => [row, this.#replays.begin(row, "many", edit)] as const);
    this.#pump();
    const outcomes = begun.map(([row, what]) => (what === "begun" ? this.#replays.outcome(row) : what));
    const times = outcomes.flatMap((one) => (one?.kind === "replayed" ? one.nextTryAt : []));
    const nextTryAt = times.length > 0 ? Math.min(...times) : undefined;
    return { replayed: times.length, skipped: outcomes.length - times.length, nextTryAt };
  }

  /** How deliveries stand; reads little and writes nothing, so that it may be asked often. */
  standing(): Standing {
    const { store, system } = this.#desk;
    const { refused = [] } = store.learnt();
    // Of a channel that went, or to which nothing is sent any more, no create would ever come through.
    const ours = refused.filter((one) => this.#desk.isOurs(one.channel));
    const told = ours.filter((one) => this.#desk.channel(one.channel)?.delivery !== "off");
    return standingOf(system, store.outage(), told);
  }

  listMalformed(most: number): Malformed[] {
    return this.#desk.store.malformed(most).map(malformedView);
  }

  /** How much is owed to the system, since when, and what holds it up. */
  stats(): Stats {
    const now = this.#desk.outside.now();
    const governor = this.#desk.store.governor();
    const resting = [...this.#desk.store.pauses()].filter(([, { until }]) => until > now);
    return {
      system: this.#desk.system,
      ...this.#desk.queue.counts(),
      downUntil: this.#deliveries.downUntil,
      sentLastMinute: governor.sent.filter((at) => at > now - 60_000).length,
      limit: governor.heard?.limit,
      pausedUntil: (governor.pausedUntil ?? 0) > now ? governor.pausedUntil : undefined,
      restingChannels: resting.map(([channel, { until, because }]) => ({ channel, until, because })),
    };
  }

  /** The safety net: picks up what a crash, a retry's wait or a limit left lying. */
  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    this.#pump();
  }

  /** Never throws: what was recorded is safe whatever happens here, and an alarm that throws would be dropped in the end. */
  #pump(): void {
    try {
      this.#startDue(this.#desk.outside.now());
    } catch (error) {
      log("error", "pump", { error: String(error) });
      this.#wakeBy(this.#desk.outside.now() + guardMs);
    }
  }

  /** Starts all that is due and may start, and sets the alarm for the rest. */
  #startDue(now: number): void {
    const round = this.#tried(now, () => this.#housekeeping.round(now));
    const fetching = this.#tried(now, () => this.#fetches.startDue(now));
    const asking = this.#tried(now, () => this.#inquiries.startDoubted(now));
    const room = this.#deliveries.startDue(now);
    const guard = this.#deliveries.underWay + this.#fetches.underWay > 0 ? now + guardMs : undefined;
    const rests = [...this.#desk.store.pauses().values()].map((rest) => rest.until).filter((until) => until > now);
    const owing = this.#desk.store.owing();
    const latest = owing.length > 0 || this.#desk.store.hasOpen() ? now + maxSleepMs : undefined;
    const due = this.#desk.queue.nextDue(now, owing);
    const next = [due, room, guard, round, fetching, asking, latest, ...rests].filter((at) => at !== undefined);
    if (next.length > 0) this.#wakeBy(Math.min(...next));
  }

  /** What one part fails at keeps no other from its work; returns when to look again. */
  #tried(now: number, part: () => number | undefined): number | undefined {
    try {
      return part();
    } catch (error) {
      log("error", "pump", { error: String(error) });
      return now + guardMs;
    }
  }

  /** An alarm that rings too early does no harm; one that is already set for then need not be written again. */
  #wakeBy(at: number): void {
    const now = this.#desk.outside.now();
    if (this.#alarmAt !== undefined && this.#alarmAt <= at && this.#alarmAt > now) return;
    this.#alarmAt = at;
    // Alarms follow the platform's clock; one set for this very moment did not ring on older workerd (workerd#6866).
    void this.ctx.storage.setAlarm(Date.now() + Math.max(at - now, 5));
  }
}
