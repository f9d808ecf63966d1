/** What happens when, in a model whose clock jumps from one thing to the next. */

type Happening = (now: number) => void;

interface Entry {
  readonly at: number;
  /** Of two of the same moment, the one that was put down first happens first. */
  readonly number: number;
  readonly happens: Happening;
}

/** A binary heap, the next entry on top. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #number = 0;

  /** `at`: ms since the model's beginning. */
  at(at: number, happens: Happening): void {
    const heap = this.#heap;
    heap.push({ at, number: this.#number++, happens });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.#sooner(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** Plays until nothing is left or `end` is reached. */
  play(end: number): void {
    for (let next = this.#pop(); next && next.at <= end; next = this.#pop()) next.happens(next.at);
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    heap[0] = last;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      const child = right < heap.length && this.#sooner(right, left) ? right : left;
      if (child >= heap.length || !this.#sooner(child, i)) return top;
      this.#swap(child, i);
      i = child;
    }
  }

  #sooner(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a] as Entry, this.#heap[b] as Entry];
    return one.at < other.at || (one.at === other.at && one.number < other.number);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b] as Entry, this.#heap[a] as Entry];
  }
}
