/**
 * How deliveries stand, remembered for a while: whoever asks, and however often, wakes no object more than once in that time.
 * Remembered in this isolate, and nowhere else.
 */
import type { Env } from "../env.ts";
import { exchangeAt } from "../exchange/at.ts";
import { outOfReach, type Standing, type State, states } from "../exchange/standing.ts";
import { log } from "../log.ts";

/** How long what an object said is told on, in ms. */
export const rememberedMs = 10_000;
/** How long an object has to answer, in ms. */
export const patienceMs = 1_500;

export class Standings {
  readonly #now: () => number;
  readonly #ask: (env: Env, system: string) => Promise<Standing>;
  readonly #known = new Map<string, { readonly at: number; readonly standing: Standing }>();

  /** `now` gives ms since the epoch. */
  constructor(now: () => number, ask = askObject) {
    this.#now = now;
    this.#ask = ask;
  }

  of(env: Env, systems: readonly string[]): Promise<Standing[]> {
    return Promise.all(systems.map((system) => this.#one(env, system)));
  }

  async #one(env: Env, system: string): Promise<Standing> {
    const known = this.#known.get(system);
    const age = known ? this.#now() - known.at : Number.POSITIVE_INFINITY;
    if (known && age >= 0 && age < rememberedMs) return known.standing;
    const standing = await this.#asked(env, system);
    this.#known.set(system, { at: this.#now(), standing });
    return standing;
  }

  /** An object that just made way for one of a newer version fails once, and that says nothing. */
  async #askedAgain(env: Env, system: string): Promise<Standing> {
    try {
      return await this.#ask(env, system);
    } catch {
      return await this.#ask(env, system);
    }
  }

  /** One that does not answer in time is told as it looks from here. */
  async #asked(env: Env, system: string): Promise<Standing> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("it does not answer")), patienceMs);
    });
    try {
      return await Promise.race([this.#askedAgain(env, system), late]);
    } catch (error) {
      log("error", "health", { system, error: String(error) });
      return outOfReach(system);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The worst of all; `ok` where there is none. */
export function worst(standings: readonly Standing[]): State {
  return states.findLast((state) => standings.some(({ deliveries }) => deliveries === state)) ?? "ok";
}

async function askObject(env: Env, system: string): Promise<Standing> {
  return await exchangeAt(env, system).standing();
}
