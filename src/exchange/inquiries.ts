/**
 * Calls whose end was never heard: the PBX is asked after them, where its API tells, before they are taken for over. And calls
 * of which too little was heard for a verdict: it is asked at once, and once.
 */
import { plainly } from "../calls/plain.ts";
import type { Channel } from "../config/channels.ts";
import type { Inquired } from "../inquiries/inquire.ts";
import { log } from "../log.ts";
import { type Asker, costOfState } from "./asker.ts";
import type { Desk } from "./desk.ts";
import type { Hearing } from "./hearing.ts";
import { alive, asked, exhausted, type InquiryRow } from "./inquiry.ts";
import type { Planner } from "./planner.ts";
import type { CallKey, CallRow } from "./rows.ts";

const minuteMs = 60_000;

/** Calls of a channel that are asked after at once, one after the other: the rest is for the next round. */
export const maxAsked = 10;
/** How long what would settle a doubt is waited for before the PBX is asked, in ms. */
export const doubtWaitMs = 1_500;
/** The least time between two looks at what is in doubt, in ms. */
const minRestMs = 500;
/** How long asking after a doubtful call may wait for room in the PBX's limit, in ms: what is told then is not held up for it. */
const maxDoubtMs = 10 * minuteMs;

export class Inquiries {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #hearing: Hearing;
  readonly #asker: Asker;
  readonly #done: () => void;
  /** Calls that may have to be asked after, by `channel/call`: which, and since when that is known (ms since the epoch). */
  readonly #doubted = new Map<string, { readonly key: CallKey; readonly since: number }>();
  /** The channels whose PBX is being asked. */
  readonly #underWay = new Set<string>();

  /** `done` is called after each time. */
  constructor(desk: Desk, planner: Planner, hearing: Hearing, asker: Asker, done: () => void) {
    this.#desk = desk;
    this.#planner = planner;
    this.#hearing = hearing;
    this.#asker = asker;
    this.#done = done;
  }

  /** Asks the channel's PBX after its silent `calls`, as far as there is room; returns those that are to be taken for over. */
  ask(channel: Channel, calls: readonly CallRow[], now: number): readonly CallRow[] {
    const silentSince = now - channel.silence * minuteMs;
    const silent = calls.filter(({ heardAt }) => heardAt <= silentSince);
    if (!channel.provider.state) return silent;
    const over = silent.filter((row) => exhausted(this.#inquiry(row), now));
    const due = calls.filter((row) => !over.includes(row)).slice(0, maxAsked);
    if (due.length > 0 && this.#hasRoom(channel, now)) this.#start(channel, due, now);
    return over;
  }

  /** Too little is heard of a call: unless more is soon, the PBX is asked. What is only remembered here a crash may forget. */
  doubt({ name, provider }: Channel, key: CallKey): void {
    if (!provider.state) return;
    const id = `${name}/${key.call}`;
    if (!this.#doubted.has(id)) this.#doubted.set(id, { key, since: this.#desk.outside.now() });
  }

  /** Asks after the calls that are in doubt by now; returns when to look again. */
  startDoubted(now: number): number | undefined {
    const waiting = [...this.#doubted].filter(([, { since }]) => since + doubtWaitMs <= now);
    const byChannel = new Map<string, CallRow[]>();
    for (const [id, { key, since }] of waiting) {
      const channel = this.#desk.channel(key.channel);
      const row = channel && this.#inDoubt(channel, key);
      if (!row || since + maxDoubtMs < now) this.#doubted.delete(id);
      else byChannel.set(key.channel, [...(byChannel.get(key.channel) ?? []), row]);
    }
    for (const [name, rows] of byChannel) {
      const channel = this.#desk.channel(name);
      if (!channel || !this.#hasRoom(channel, now)) continue;
      const asked = rows.slice(0, maxAsked);
      for (const { call } of asked) this.#doubted.delete(`${name}/${call}`);
      this.#start(channel, asked, now);
    }
    const next = [...this.#doubted.values()].map(({ key, since }) => {
      const channel = this.#desk.channel(key.channel);
      const room = channel ? this.#asker.opensAt(channel, costOfState, now) : now;
      return Math.max(since + doubtWaitMs, room, now + minRestMs);
    });
    return next.length > 0 ? Math.min(...next) : undefined;
  }

  /** The call, if too little was heard of it for a verdict, and the PBX was not asked since it was over. */
  #inDoubt(channel: Channel, { call }: CallKey): CallRow | undefined {
    const key = { channel: channel.name, call: this.#desk.store.callOf({ channel: channel.name, call }) };
    const row = this.#desk.store.call(key);
    if (!row || row.ignored !== undefined) return undefined;
    const { doubtful, endHeardAt, firstHeardAt } = this.#planner.fold(channel, key);
    const asked = this.#desk.store.inquiry(key);
    return doubtful && (asked === undefined || asked.askedAt < (endHeardAt ?? firstHeardAt)) ? row : undefined;
  }

  #hasRoom(channel: Channel, now: number): boolean {
    return !this.#underWay.has(channel.name) && this.#asker.opensAt(channel, costOfState, now) <= now;
  }

  /** What is written here is durable before the requests leave: a crash finds them counted. */
  #start(channel: Channel, due: readonly CallRow[], now: number): void {
    const calls = due.filter((row) => this.#counted(row, now));
    if (calls.length === 0) return;
    this.#asker.asks(channel, costOfState, now);
    this.#underWay.add(channel.name);
    const { name, system } = channel;
    this.#desk.goOn(
      this.#desk.courier
        .inquire({
          channel: name,
          system,
          calls: calls.map(({ call, startedAt, heardAt }) => ({ call, startedAt, heardAt })),
        })
        .then((told) => {
          for (const inquired of told) this.#told(channel, inquired);
        })
        .catch((error) => log("error", "inquiry", { channel: name, error: String(error) }))
        .then(() => {
          this.#underWay.delete(name);
          this.#done();
        }),
    );
  }

  /** One that cannot be counted is not asked after, and keeps no other waiting. */
  #counted(row: CallRow, now: number): boolean {
    try {
      this.#desk.store.putInquiry(row, asked(this.#inquiry(row), now));
      return true;
    } catch (error) {
      log("error", "inquiry", { channel: row.channel, call: row.call, error: String(error) });
      return false;
    }
  }

  /** One whose answer cannot be kept must not take the others' with it. */
  #told(channel: Channel, { call, state }: Inquired): void {
    const now = this.#desk.outside.now();
    const key = { channel: channel.name, call: this.#desk.store.callOf({ channel: channel.name, call }) };
    try {
      this.#desk.together(() => {
        const row = this.#inquiry(key);
        const status = this.#desk.store.call(key)?.status === "in-progress" ? "in-progress" : "ringing";
        if (state.kind === "alive" && row) this.#desk.store.putInquiry(key, alive(row, status, now));
        if (state.kind !== "over") return this.#toldNothing(channel, key, now);
        const told = state.events.map((event) => ({ ...plainly(event), heardAt: now }));
        const { doubtful } = this.#hearing.keep(channel.name, channel, told, now);
        for (const one of doubtful) this.doubt(channel, one);
      });
    } catch (error) {
      log("error", "inquiry", { ...key, error: String(error) });
      return;
    }
    const problem = state.kind === "unknown" ? state.why : undefined;
    log(problem ? "warn" : "info", "inquiry", { ...key, outcome: state.kind, problem });
  }

  /** A verdict waits no longer for what the PBX does not know. Of the call itself nothing was heard by that. */
  #toldNothing(channel: Channel, { call }: CallKey, now: number): void {
    const { doubtful, lastHeardAt } = this.#planner.fold(channel, { channel: channel.name, call });
    if (!doubtful) return;
    this.#hearing.keep(channel.name, channel, [{ call, id: "asked", asked: true, heardAt: lastHeardAt }], now);
  }

  /** What came of it since the call was last heard of. */
  #inquiry(key: CallKey): InquiryRow | undefined {
    const row = this.#desk.store.inquiry(key);
    return row && row.askedAt > (this.#desk.store.call(key)?.heardAt ?? 0) ? row : undefined;
  }
}
