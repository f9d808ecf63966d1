/** What somebody may have meant: the known word that is closest to the one that was written. */

/** How many letters may be wrong: one of a short word, a quarter of a long one. */
function tolerance(length: number): number {
  return length < 3 ? 0 : Math.min(3, Math.max(1, Math.floor(length / 4)));
}

/** The closest of `words`, if it is close enough; capitals, blanks, `-` and `_` are no difference. The first of several. */
export function nearest(written: string, words: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[\s_-]/g, "");
  const sought = plain(written);
  let best: { word: string; distance: number } | undefined;
  for (const word of words) {
    const most = Math.min(tolerance(plain(word).length), (best?.distance ?? Number.POSITIVE_INFINITY) - 1);
    const distance = sought === plain(word) ? 0 : distanceOf(sought, plain(word));
    if (distance <= most) best = { word, distance };
  }
  return best?.word;
}

/** How many letters were left out, added, mistaken or swapped with their neighbour. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return Number.POSITIVE_INFINITY;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + same,
          swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
