/**
 * Calls that waited for the whole, a system or a channel, are let go once it serves another: see freed.ts for how soon. So are
 * those that waited for their key, once it is configured again.
 */
import { keyed, keyIsGone } from "../config/keys.ts";
import { log } from "../log.ts";
import type { Desk } from "./desk.ts";
import { acquitted, freed, shortMs } from "./freed.ts";
import type { Planner } from "./planner.ts";
import type { CallKey, CallRow } from "./rows.ts";
import { maxRefusals } from "./settle.ts";

/** Calls of a class that are let go at once; where there are more, the next delivery lets them go. */
const maxReleased = 200;

export class Releases {
  readonly #desk: Desk;
  readonly #planner: Planner;

  constructor(desk: Desk, planner: Planner) {
    this.#desk = desk;
    this.#planner = planner;
  }

  /**
   * The system serves again, and did not since `since`: lets go calls of all its channels that wait for long; true where
   * there may be more.
   */
  ofSystem(since: number, busy: ReadonlySet<string>, now: number): boolean {
    const { queue } = this.#desk;
    const rows = this.#desk.channels().flatMap(({ name }) => queue.waitingLong(name, now + shortMs, maxReleased));
    // Those that were refused wait for their channel.
    const waiting = rows.filter(({ told }) => !told.refusals);
    return this.#release(waiting, since, busy, now, freed);
  }

  /** The channel is welcome again: lets go those of its calls that wait for long, and those that refusals got stuck. */
  ofChannel(channel: string, since: number, busy: ReadonlySet<string>, now: number): boolean {
    const { queue } = this.#desk;
    const waiting = queue.waitingLong(channel, now + shortMs, maxReleased);
    const stuck = queue.stuckByRefusals(channel, maxRefusals, maxReleased);
    return this.#release([...waiting, ...stuck], since, busy, now, acquitted);
  }

  /** After a deployment: lets go calls that were stuck for want of a key that is configured again. */
  ofKeys(now: number): void {
    for (const channel of this.#desk.channels()) {
      for (const row of this.#desk.queue.stuckCalls(channel.name, maxReleased)) {
        const back = row.told.problem === keyIsGone(channel) && keyed(channel, row.keyDigest ?? "") !== undefined;
        if (back) this.#replan(row, { ...row.told, notBefore: undefined, problem: undefined }, now);
      }
    }
  }

  /** `busy`: calls that are under way, by `channel/call`; what they wait for is for their outcome to say. */
  #release(
    rows: readonly CallRow[],
    since: number,
    busy: ReadonlySet<string>,
    now: number,
    change: typeof freed,
  ): boolean {
    let released = 0;
    for (const row of rows) {
      const told = change(row.told, since, now, this.#desk.outside.random());
      if (!told || busy.has(`${row.channel}/${row.call}`)) continue;
      released++;
      this.#replan(row, told, now);
    }
    return released >= maxReleased;
  }

  #replan(key: CallKey, told: CallRow["told"], now: number): void {
    const channel = this.#desk.channel(key.channel);
    try {
      if (channel) this.#planner.replan(channel, key, now, told);
    } catch (error) {
      log("error", "plan", { channel: key.channel, call: key.call, error: String(error) });
    }
  }
}
