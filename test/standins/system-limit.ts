/** The helpdesk's rate limit: so many requests in any sixty seconds, and who exceeds it is shut out for twenty minutes. */

const minuteMs = 60_000;
const blockMs = 20 * minuteMs;

export type Admission =
  | { readonly kind: "admitted" }
  | { readonly kind: "refused"; readonly retryAfterSeconds: number; readonly violation?: string };

export class RateLimit {
  readonly limit: number;
  readonly #now: () => number;
  #uses: number[] = [];
  /** ms since the epoch, 0 while nobody is blocked. */
  #blockedUntil = 0;
  #told = false;

  constructor(limit: number, now: () => number) {
    this.limit = limit;
    this.#now = now;
  }

  /** Counts one request of ours. Those that are refused count too, as long as they come within the limit. */
  admit(): Admission {
    if (this.blockedUntil > 0) return this.#refuse(this.#told ? "came again while blocked" : undefined);
    if (this.uses >= this.limit) {
      this.block();
      return this.#refuse(`rate limit exceeded: more than ${this.limit} requests in a minute`);
    }
    this.#uses.push(this.#now());
    return { kind: "admitted" };
  }

  /** Requests of the last sixty seconds, other clients' included. */
  get uses(): number {
    const since = this.#now() - minuteMs;
    this.#uses = this.#uses.filter((at) => at > since);
    return this.#uses.length;
  }

  get remaining(): number {
    return this.blockedUntil > 0 ? 0 : Math.max(0, this.limit - this.uses);
  }

  /** When the block ends, ms since the epoch; 0 while there is none. */
  get blockedUntil(): number {
    return this.#blockedUntil > this.#now() ? this.#blockedUntil : 0;
  }

  /** Other clients of the helpdesk made `count` requests just now. */
  othersUse(count: number): void {
    const at = this.#now();
    for (let i = 0; i < count; i++) this.#uses.push(at);
    if (this.uses > this.limit) this.block();
  }

  block(): void {
    this.#blockedUntil = this.#now() + blockMs;
    this.#told = false;
  }

  reset(): void {
    this.#uses = [];
    this.#blockedUntil = 0;
  }

  /** Only who has been told of the block is at fault for coming again. */
  #refuse(violation: string | undefined): Admission {
    this.#told = true;
    const retryAfterSeconds = Math.ceil((this.#blockedUntil - this.#now()) / 1000);
    return { kind: "refused", retryAfterSeconds, violation };
  }
}
