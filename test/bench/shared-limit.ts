/** A helpdesk that counts strictly: so many requests in any sixty seconds, whoever sends them, or 20 minutes for nobody. */

const minuteMs = 60_000;
const blockMs = 20 * minuteMs;

export class SharedLimit {
  readonly #limit: number;
  /** When each request came, those of the last minute from `#first` on. */
  #came: number[] = [];
  #first = 0;
  #blockedUntil = 0;
  /** How often it came to that, and the most requests in any sixty seconds. */
  blocks = 0;
  most = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is left of the limit after a request of ours; undefined while blocked. */
  arrive(now: number): number | undefined {
    if (now < this.#blockedUntil) return undefined;
    const uses = this.#count(now);
    if (uses <= this.#limit) return this.#limit - uses;
    this.blocks++;
    this.#blockedUntil = now + blockMs;
    return undefined;
  }

  /** A request of the other client's: it may be the one too many just as well. */
  arriveOther(now: number): void {
    this.arrive(now);
  }

  #count(now: number): number {
    this.#came.push(now);
    const uses = this.#uses(now);
    this.most = Math.max(this.most, uses);
    return uses;
  }

  #uses(now: number): number {
    while ((this.#came[this.#first] ?? now) <= now - minuteMs) this.#first++;
    if (this.#first > 100_000) [this.#came, this.#first] = [this.#came.slice(this.#first), 0];
    return this.#came.length - this.#first;
  }
}
