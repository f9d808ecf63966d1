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
    const distance = distanceOf(sought, plain(word), most);
    if (distance <= most) best = { word, distance };
  }
  return best?.word;
}

/**
 * How many letters were left out, added, mistaken or swapped with their neighbour; anything beyond `most` where it is more
 * than that, which is soon known of most words.
 */
function distanceOf(a: string, b: string, most: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > most) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const mistaken = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, mistaken, swapped));
    }
    if (Math.min(...row) > most && Math.min(...last) > most) return Number.POSITIVE_INFINITY;
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], j: number): number {
  return row[j] ?? Number.POSITIVE_INFINITY;
}
