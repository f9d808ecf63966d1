/** Comparisons of secrets that take as long whether they fail early or late. */

const encoder = new TextEncoder();

/** Whether two strings are equal, in constant time. Hashing first makes the lengths equal, so that length leaks nothing. */
export async function equal(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  let difference = 0;
  for (const [i, byte] of left.entries()) difference |= byte ^ (right[i] ?? 0);
  return difference === 0;
}

/** Whether any of `offered` equals any of `expected`; all pairs are compared, whichever matches. */
export async function anyEqual(offered: readonly string[], expected: readonly string[]): Promise<boolean> {
  const pairs = offered.flatMap((a) => expected.map((b) => equal(a, b)));
  return (await Promise.all(pairs)).includes(true);
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}
