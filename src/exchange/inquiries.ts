/** Calls whose end was never heard: the PBX is asked after them, where its API tells, before they are taken for over. */
import { plainly } from "../calls/plain.ts";
import type { Channel } from "../config/channels.ts";
import type { Inquired } from "../inquiries/inquire.ts";
import { log } from "../log.ts";
import type { Desk } from "./desk.ts";
import { alive, asked, exhausted, type InquiryRow } from "./inquiry.ts";
import type { Planner } from "./planner.ts";
import type { CallKey, CallRow } from "./rows.ts";
import { revived } from "./told.ts";

const minuteMs = 60_000;

/** Calls of a channel that are asked after at once, one after the other: the rest is for the next round. */
export const maxAsked = 10;

export class Inquiries {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #done: () => void;
  /** The channels whose PBX is being asked. */
  readonly #underWay = new Set<string>();

  /** `done` is called after each time. */
  constructor(desk: Desk, planner: Planner, done: () => void) {
    this.#desk = desk;
    this.#planner = planner;
    this.#done = done;
  }

  /** Asks the channel's PBX after its silent `calls`, as far as there is room; returns those that are to be taken for over. */
  ask(channel: Channel, calls: readonly CallRow[], now: number): readonly CallRow[] {
    const silentSince = now - channel.silence * minuteMs;
    const silent = calls.filter(({ heardAt }) => heardAt <= silentSince);
    if (!channel.provider.state) return silent;
    const over = silent.filter((row) => exhausted(this.#inquiry(row), now));
    const due = calls.filter((row) => !over.includes(row)).slice(0, maxAsked);
    if (due.length > 0 && !this.#underWay.has(channel.name)) this.#start(channel, due, now);
    return over;
  }

  /** What is written here is durable before the requests leave: a crash finds them counted. */
  #start(channel: Channel, due: readonly CallRow[], now: number): void {
    const calls = due.filter((row) => this.#counted(row, now));
    if (calls.length === 0) return;
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
    const [key, now] = [{ channel: channel.name, call }, this.#desk.outside.now()];
    try {
      this.#desk.together(() => {
        const row = this.#inquiry(key);
        const status = this.#desk.store.call(key)?.status === "in-progress" ? "in-progress" : "ringing";
        if (state.kind === "alive" && row) this.#desk.store.putInquiry(key, alive(row, status, now));
        if (state.kind !== "over") return;
        for (const event of state.events) this.#desk.store.addEvent(channel.name, { ...plainly(event), heardAt: now });
        this.#planner.replan(channel, key, now, revived(this.#desk.store.call(key)?.told));
      });
    } catch (error) {
      log("error", "inquiry", { ...key, error: String(error) });
      return;
    }
    const problem = state.kind === "unknown" ? state.why : undefined;
    log(problem ? "warn" : "info", "inquiry", { ...key, outcome: state.kind, problem });
  }

  /** What came of it since the call was last heard of. */
  #inquiry(key: CallKey): InquiryRow | undefined {
    const row = this.#desk.store.inquiry(key);
    return row && row.askedAt > (this.#desk.store.call(key)?.heardAt ?? 0) ? row : undefined;
  }
}
