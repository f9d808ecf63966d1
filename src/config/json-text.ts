/** JSON as people type it: where it breaks, and what it names twice. What it says never gets into a message. */

/** `line` and `column` count from 1. */
export interface Break {
  readonly line: number;
  readonly column: number;
  readonly why: string;
}

/** `twice`: the paths of keys that stand twice in their object; of those, `value` has the last. */
export type JsonReading = { readonly value: unknown; readonly twice: readonly (readonly string[])[] } | Break;

/** How deep objects and lists may stand in one another. */
const maxDepth = 32;

/** Reads what `JSON.parse` reads, and tells more of it. */
export function readJson(text: string): JsonReading {
  const scan = new Scan(text);
  try {
    return { value: JSON.parse(text), twice: scan.twice() };
  } catch {
    return placeOf(text, scan.brokenAt());
  }
}

function placeOf(text: string, at: number): Break {
  const before = text.slice(0, at).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, why: whyAt(text, at) };
}

/** The usual mistakes by the character that they are noticed at. */
function whyAt(text: string, at: number): string {
  const character = text[at];
  const previous = text.slice(0, at).trimEnd().at(-1);
  if (text.trim() === "") return "it is empty";
  if (character === undefined) return "it ends before it is complete";
  if ((character === "}" || character === "]") && previous === ",") return "there is a comma too many before it";
  if (character === "'" || character === "“" || character === "”")
    return 'texts stand in straight double quotes, "..."';
  if (character === "#" || character === "/") return "JSON has no comments";
  if (character === "=") return "JSON has : between a key and its value";
  if (/[A-Za-z_]/.test(character) && (previous === "{" || previous === ",")) return "keys stand in double quotes";
  if (character === "\ufeff") return "a mark that is not seen stands before it (BOM)";
  if (/[A-Za-z_]/.test(character) && (previous === ":" || previous === "["))
    return "texts stand in double quotes, and true, false and null are written small";
  if (previous === '"' && (character === "{" || character === "[")) return "a : is missing before it";
  if (character === '"') {
    const begun = previous === undefined || "{[:,".includes(previous);
    return begun ? "the text that begins here has no end, or a line break in it" : "a comma is missing before it";
  }
  return "something else is expected here";
}

class Broken extends Error {}

/** One walk over the text, by the grammar of RFC 8259. */
class Scan {
  readonly #text: string;
  readonly #twice: string[][] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The paths of keys that stand twice; of a text that is JSON. What lies too deep is not looked at. */
  twice(): string[][] {
    this.brokenAt();
    return this.#twice;
  }

  /** Where a text that is no JSON stops being it. */
  brokenAt(): number {
    try {
      this.#value([]);
      this.#blank();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
    return this.#at;
  }

  #value(path: readonly string[]): void {
    this.#blank();
    if (path.length > maxDepth) throw new Broken();
    const begins = this.#text[this.#at];
    if (begins === "{") this.#object(path);
    else if (begins === "[") this.#list(path);
    else if (begins === '"') this.#string();
    else this.#take(/(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y);
  }

  #object(path: readonly string[]): void {
    const seen = new Set<string>();
    this.#items("{", "}", () => {
      const key = this.#string();
      if (seen.has(key)) this.#twice.push([...path, key]);
      seen.add(key);
      this.#blank();
      this.#take(/:/y);
      this.#value([...path, key]);
    });
  }

  #list(path: readonly string[]): void {
    let i = 0;
    this.#items("[", "]", () => this.#value([...path, String(i++)]));
  }

  #items(open: string, close: string, item: () => void): void {
    this.#at += open.length;
    this.#blank();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#blank();
      item();
      this.#blank();
      if (this.#text[this.#at] === close) break;
      this.#take(/,/y);
    }
    this.#at++;
  }

  #string(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON allows none of them in a text.
    return JSON.parse(this.#take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y));
  }

  #blank(): void {
    this.#take(/[ \t\r\n]*/y);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [taken] = pattern.exec(this.#text) ?? [];
    if (taken === undefined) throw new Broken();
    this.#at += taken.length;
    return taken;
  }
}
