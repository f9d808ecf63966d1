/**
 * What is heard of calls, kept with the call that it is of. Which of the PBX's ids mean one call is remembered: whatever names
 * a leg, or a room where legs meet, leads to its call, and two calls that turn out to be one go on as one.
 */
import type { HeardEvent } from "../calls/event.ts";
import type { Channel } from "../config/channels.ts";
import type { Desk } from "./desk.ts";
import type { Planner } from "./planner.ts";
import type { CallKey, CallRow } from "./rows.ts";
import { revived } from "./told.ts";

/** How many events were new, and those of their calls of which too little is heard for a verdict. */
export interface Kept {
  readonly fresh: number;
  readonly doubtful: readonly CallKey[];
}

export class Hearing {
  readonly #desk: Desk;
  readonly #planner: Planner;

  constructor(desk: Desk, planner: Planner) {
    this.#desk = desk;
    this.#planner = planner;
  }

  /** Keeps `events` and works out anew what their calls are; call it in a transaction. `channel`: absent while not known. */
  keep(name: string, channel: Channel | undefined, events: readonly HeardEvent[], now: number): Kept {
    const added = events.filter((event) => this.#desk.store.addEvent(name, event));
    for (const event of added) this.#join(name, event);
    const calls = [...new Set(added.map(({ call }) => this.#desk.store.callOf({ channel: name, call })))];
    const doubtful = calls
      .map((call) => ({ channel: name, call }))
      .filter((key) => {
        if (channel) return this.#planner.replan(channel, key, now, revived(this.#desk.store.call(key)?.told)).doubtful;
        this.#planner.keepAside(key, now);
        return false;
      });
    return { fresh: added.length, doubtful };
  }

  /** Remembers that the ids of an event mean its call; of a room's calls the older one is the call. */
  #join(channel: string, { call, ids = [], room }: HeardEvent): void {
    for (const id of ids) this.#unite(channel, this.#callOf(channel, call), id);
    if (room === undefined) return;
    const [own, there] = [this.#callOf(channel, call), this.#callOf(channel, room)];
    if (this.#begins(channel, there) < this.#begins(channel, own)) this.#unite(channel, there, call);
    else this.#unite(channel, own, room);
  }

  /** That `id` means `call`, unless both have a ticket: then each is told by itself. */
  #unite(channel: string, call: string, id: string): void {
    const other = this.#callOf(channel, id);
    if (other === call) return;
    const [known, joining] = [call, other].map((one) => this.#desk.store.call({ channel, call: one }));
    if (isTold(known) && isTold(joining)) return;
    const [stays, goes] = isTold(joining) ? [other, call] : [call, other];
    if (!this.#desk.store.call({ channel, call: stays }) && joining) {
      this.#desk.store.putCall({ ...joining, call: stays });
    }
    this.#desk.store.join(channel, goes, stays);
  }

  #callOf(channel: string, call: string): string {
    return this.#desk.store.callOf({ channel, call });
  }

  /** When a call began, ms since the epoch; what is no call yet begins last. */
  #begins(channel: string, call: string): number {
    return this.#desk.store.call({ channel, call })?.startedAt ?? Number.POSITIVE_INFINITY;
  }
}

/** Whether the system may know of it. */
function isTold(row: CallRow | undefined): boolean {
  return row !== undefined && row.told.belief.is !== "absent";
}
