/**
 * The one place that knows a system's calls: what was heard of them, what the system was told, what is still owed.
 * One object a system, so that order, repetition and the system's limit are held in one database and one transaction.
 */
import { DurableObject } from "cloudflare:workers";
import type { HeardEvent } from "../calls/event.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import { Deliveries } from "./deliveries.ts";
import { Desk, type Outside, theWorld } from "./desk.ts";
import { Fetches } from "./fetches.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Inquiries } from "./inquiries.ts";
import { Planner } from "./planner.ts";
import type { CallKey, Counts, Malformed } from "./rows.ts";
import { migrate } from "./schema.ts";
import { afresh, revived } from "./told.ts";
import { type CallDetail, type CallView, detail, malformedView, view } from "./views.ts";

/** How soon the alarm looks after work that is under way, in case this object does not live to see its end. In ms. */
const guardMs = 5_000;
/** How many calls are replayed at once. */
const maxReplayed = 1000;

/** Times in ms since the epoch. */
export interface Stats extends Counts {
  readonly system: string;
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
  #alarmAt: number | undefined;

  constructor(ctx: DurableObjectState, env: Env, outside: Outside = theWorld) {
    super(ctx, env);
    migrate(ctx.storage);
    this.#desk = new Desk(ctx, env, outside);
    this.#planner = new Planner(this.#desk);
    this.#deliveries = new Deliveries(this.#desk, this.#planner, () => this.#pump());
    this.#fetches = new Fetches(this.#desk, this.#planner, () => this.#pump());
    const inquiries = new Inquiries(this.#desk, this.#planner, () => this.#pump());
    this.#housekeeping = new Housekeeping(this.#desk, this.#planner, inquiries);
  }

  /** Keeps `events` of a channel and returns once they are durable, which the output gate sees to. */
  record(channelName: string, events: readonly HeardEvent[]): { fresh: number } {
    const now = this.#desk.outside.now();
    const channel = this.#desk.channel(channelName);
    if (!channel) throw new Error("the channel is not configured");
    const fresh = this.#desk.together(() => {
      const added = events.filter((event) => this.#desk.store.addEvent(channelName, event));
      for (const call of new Set(added.map((event) => event.call))) {
        const key = { channel: channelName, call };
        this.#planner.replan(channel, key, now, revived(this.#desk.store.call(key)?.told));
      }
      if (added.length > 0) this.#wakeBy(now + guardMs);
      this.#housekeeping.heard(channel, now);
      return added.length;
    });
    this.#pump();
    return { fresh };
  }

  /** Keeps a genuine webhook that could not be understood, for the operator. */
  keepMalformed(hook: Malformed): void {
    this.#desk.store.addMalformed(hook);
  }

  /** Calls, the newest first; `before`: that began before then (ms since the epoch). */
  list(query: { channel?: string; stuck: boolean; before?: number; most: number }): CallView[] {
    return this.#desk.store.calls(query).map(view);
  }

  show(key: CallKey): CallDetail | undefined {
    const row = this.#desk.store.call(key);
    const channel = this.#desk.channel(key.channel);
    return row && channel && detail(row, this.#planner.fold(channel, key), this.#desk.store.recordingsOf(key));
  }

  /** Another try for a call, whatever was refused or given up on; `false` where there is no such call. */
  replay(key: CallKey): boolean {
    const row = this.#desk.store.call(key);
    const channel = this.#desk.channel(key.channel);
    if (!row || !channel) return false;
    const now = this.#desk.outside.now();
    this.#desk.together(() => {
      for (const lost of this.#desk.store.recordingsOf(key).filter(({ state }) => state === "gone")) {
        this.#desk.store.putRecording({ ...lost, state: "waiting", attempt: 0, dueAt: now });
      }
      this.#planner.replan(channel, key, now, afresh(row.told));
    });
    this.#pump();
    return true;
  }

  /** The same for all that wait for the operator; returns how many. */
  replayStuck(channel?: string): number {
    const stuck = this.#desk.store.calls({ channel, stuck: true, most: maxReplayed });
    return stuck.filter((row) => this.replay(row)).length;
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
      ...this.#desk.store.counts(),
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
    const round = this.#housekeeping.round(now);
    this.#fetches.startDue(now);
    const room = this.#deliveries.startDue(now);
    const guard = this.#deliveries.underWay + this.#fetches.underWay > 0 ? now + guardMs : undefined;
    const rests = [...this.#desk.store.pauses().values()].map((rest) => rest.until).filter((until) => until > now);
    const next = [this.#desk.store.nextDue(now), room, guard, round, ...rests].filter((at) => at !== undefined);
    if (next.length > 0) this.#wakeBy(Math.min(...next));
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
