/** What the parts of an Exchange share: its tables, its channels, and the world outside. */
import { type Channel, readConfiguration } from "../config/channels.ts";
import { ofSystem } from "../config/keys.ts";
import type { Env } from "../env.ts";
import type { Courier } from "../recordings/courier.ts";
import { Finder } from "./finder.ts";
import { Queue } from "./queue.ts";
import { Store } from "./store.ts";

/** What comes in from outside: ms since the epoch, and a number in [0, 1). */
export interface Outside {
  now(): number;
  random(): number;
}

export const theWorld: Outside = { now: () => Date.now(), random: () => Math.random() };

/** How long work waits whose channel is not configured here, or that we cannot work out, in ms. */
export const asideMs = 60_000;

export class Desk {
  readonly store: Store;
  readonly queue: Queue;
  readonly finder: Finder;
  readonly env: Env;
  readonly outside: Outside;
  /** The system that this object is for: `https://<system_domain>`. */
  readonly system: string;
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState, env: Env, outside: Outside) {
    this.store = new Store(ctx.storage.sql);
    this.queue = new Queue(ctx.storage.sql);
    this.system = ctx.id.name ?? "";
    this.finder = new Finder(ctx.storage.sql, this.system);
    this.env = env;
    this.outside = outside;
    this.#ctx = ctx;
  }

  /** A channel as this system has it, also one that moved to another: the calls that began here are told here. */
  channel(name: string): Channel | undefined {
    const channel = readConfiguration(this.env).channels.get(name);
    return channel && ofSystem(channel, this.system);
  }

  /** Whether new calls of the channel are this system's. */
  isOurs(name: string): boolean {
    return readConfiguration(this.env).channels.get(name)?.system === this.system;
  }

  /** The channels of this system, and those that moved to another and left calls here. */
  channels(): Channel[] {
    const all = [...readConfiguration(this.env).channels.values()];
    const here = all.every(({ system }) => system === this.system) ? [] : this.store.channels();
    return all
      .filter(({ name, system }) => system === this.system || here.includes(name))
      .map((channel) => ofSystem(channel, this.system));
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
