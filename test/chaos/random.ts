/** Chance that can be repeated: what is drawn depends on the seed and on what it is drawn for, not on what else was drawn. */
import { createHash } from "node:crypto";

export interface Random {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** From `least` up to `most`, whole. */
  between(least: number, most: number): number;
  pick<T>(list: readonly [T, ...T[]]): T;
  shuffled<T>(list: readonly T[]): T[];
}

/** `purpose`: the same words draw the same. */
export function random(...purpose: readonly (string | number)[]): Random {
  let state = createHash("sha256").update(purpose.join("\n")).digest().readUInt32LE();
  /** mulberry32 */
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    chance: (probability) => next() < probability,
    between,
    pick: (list) => list[between(0, list.length - 1)] ?? list[0],
    shuffled: (list) => {
      const keyed = list.map((item) => ({ item, key: next() }));
      return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
    },
  };
}
