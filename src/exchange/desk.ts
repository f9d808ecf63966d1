/** What the parts of an Exchange share: its tables, its channels, and the world outside. */
import { type Channel, readConfiguration } from "../config/channels.ts";
import type { Env } from "../env.ts";
import type { Courier } from "../recordings/courier.ts";
import { Queue } from "./queue.ts";
import { Store } from "./store.ts";

/** What comes in from outside: ms since the epoch, and a number in [0, 1). */
export interface Outside {
  now(): number;
  random(): number;
}

export const theWorld: Outside = { now: () => Date.now(), random: () => Math.random() };

/** How long work waits whose channel is not configured here any more, or that we cannot work out, in ms. */
export const asideMs = 60_000;

export class Desk {
  readonly store: Store;
  readonly queue: Queue;
  readonly env: Env;
  readonly outside: Outside;
  /** The system that this object is for: `https://<system_domain>`. */
  readonly system: string;
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState, env: Env, outside: Outside) {
    this.store = new Store(ctx.storage.sql);
    this.queue = new Queue(ctx.storage.sql);
    this.env = env;
    this.outside = outside;
    this.system = ctx.id.name ?? "";
    this.#ctx = ctx;
  }

  /** A channel that moved to another system is that system's object's: what it is still owed here stays here. */
  channel(name: string): Channel | undefined {
    const channel = readConfiguration(this.env).channels.get(name);
    return channel?.system === this.system ? channel : undefined;
  }

  /** The channels of this system. */
  channels(): Channel[] {
    return [...readConfiguration(this.env).channels.values()].filter(({ system }) => system === this.system);
  }

  /** All that `change` writes becomes durable together, or nothing of it where it throws. */
  together<T>(change: () => T): T {
    return this.#ctx.storage.transactionSync(change);
  }

  /** Holds the object while `work` is under way; `work` must not reject. */
  goOn(work: Promise<void>): void {
    this.#ctx.waitUntil(work);
  }

  get courier(): Service<Courier> {
    return (this.#ctx.exports as unknown as { Courier: Service<Courier> }).Courier;
  }
}
