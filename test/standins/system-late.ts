/** What the helpdesk does later than it answers: work that goes on though nobody waits for it any more. */

interface Work {
  /** ms since the epoch. */
  readonly at: number;
  readonly done: () => void;
}

export class LateWork {
  readonly #now: () => number;
  #works: Work[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `done` is called once the clock has passed `at` (ms since the epoch), and somebody looks. */
  add(at: number, done: () => void): void {
    this.#works.push({ at, done });
  }

  /** Does what is due by now, in the order of its time. */
  catchUp(): void {
    const now = this.#now();
    const due = this.#works.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    if (due.length === 0) return;
    this.#works = this.#works.filter(({ at }) => at > now);
    for (const { done } of due) done();
  }

  get waiting(): number {
    return this.#works.length;
  }

  forget(): void {
    this.#works = [];
  }
}
