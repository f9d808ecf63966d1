/** What the worker writes while it works, for people: a line for each webhook, each delivery and each refusal. */
import { ink } from "./ink.ts";

/** What a line of the worker's log tells; which of it is there depends on `what`. */
interface Entry {
  readonly what: string;
  readonly channel?: string;
  readonly call?: string;
  readonly leg?: string;
  readonly ended?: boolean;
  readonly fresh?: boolean;
  readonly key?: string;
  readonly field?: string;
  readonly step?: string;
  readonly outcome?: string;
  readonly problem?: string;
  readonly reason?: string;
  readonly error?: string;
  readonly ms?: number;
}

/** What fits a terminal, in characters. */
const width = 80;
/** What stands in front of what is told. */
const [whatWidth, channelWidth, callWidth] = [9, 8, 17];

/** What the configuration's lines are to people. */
const shownAs = new Map([
  ["configuration", "warning"],
  ["misconfigured", "fault"],
]);

/** What the runtime notes for its own makers, such as an alarm that was set anew while it rang (workerd, 2026-11). */
export function isRuntimes(line: string): boolean {
  return line.startsWith("NOSENTRY");
}

/** A line as the worker wrote it, ready to be shown. */
export function shown(line: string): string {
  const entry = entryOf(line);
  if (!entry) return ink.red(line);
  const { says, ink: paint } = told(entry);
  const what = (shownAs.get(entry.what) ?? entry.what.replace(/^(malformed )?webhook .*/, "refused")).padEnd(whatWidth);
  const call = entry.call === undefined ? "" : `${brief(entry.call).padEnd(callWidth)} `;
  const head = `${what} ${(entry.channel ?? "").padEnd(channelWidth)} ${call}`;
  return paint(head + folded(says, head.length));
}

function entryOf(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "what" in value ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}

interface Said {
  readonly says: string;
  readonly ink: (text: string) => string;
}

function told(entry: Entry): Said {
  const { what, leg, ended, fresh, step, outcome, problem, reason, error, ms } = entry;
  switch (what) {
    case "webhook": {
      const says = ended ? "the call is over" : (leg ?? "news of the call");
      return { says: fresh ? says : `${says} (known already)`, ink: ink.dim };
    }
    case "delivery":
      if (outcome === "delivered") return { says: `${step}, ${ms} ms`, ink: ink.cyan };
      return { says: `${step ?? "a request"}: ${outcome ?? "not made"}: ${problem ?? error}`, ink: ink.red };
    case "recording":
      return {
        says: [outcome, problem ?? error].filter(Boolean).join(": "),
        ink: outcome === "stored" ? ink.cyan : ink.red,
      };
    case "configuration":
    case "misconfigured":
      return { says: `${entry.key}: ${problem}`, ink: ink.yellow };
    case "malformed webhook":
      return { says: `400, ${entry.field}: ${problem}`, ink: ink.red };
    case "webhook refused":
      return { says: `403, ${reason}`, ink: ink.red };
    case "webhook put off":
      return { says: `429, ${reason}`, ink: ink.red };
    case "webhook not kept":
      return { says: `503, ${error}`, ink: ink.red };
    default: {
      const { what: _, channel: __, call: ___, ...rest } = entry;
      return {
        says: Object.entries(rest)
          .map((fact) => fact.join(" "))
          .join(", "),
        ink: ink.yellow,
      };
    }
  }
}

/** Enough of a call's id to tell it from the others. */
function brief(call: string): string {
  return call.length <= callWidth ? call : `${call.slice(0, 6)}..${call.slice(-9)}`;
}

/** Broken into lines between words, with `indent` blanks in front of all but the first. */
function folded(text: string, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last === "" || last.length + 1 + word.length <= width - indent)
      lines[lines.length - 1] = `${last} ${word}`.trim();
    else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
