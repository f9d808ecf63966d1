/** Rules of a channel that no call can fit, or that never get a turn. */
import type { AssignRule, ChannelTable } from "./channel.ts";

interface Unfit {
  readonly key: string;
  readonly problem: string;
}

type Rule = Readonly<Partial<Record<"line" | "extension" | "direction" | "phone", string>>>;

export function unfit({ assign, ignore, recordings }: ChannelTable | Pick<ChannelTable, Lists>): Unfit[] {
  return [
    ...numbersIn("assign", assign),
    ...numbersIn("ignore", ignore),
    ...numbersIn("recordings.except", recordings.except),
    ...assign.flatMap((rule, i) => {
      const first = assign.slice(0, i).findIndex((earlier) => covers(earlier, rule));
      if (first < 0) return [];
      const problem = `never gets a turn: whatever it fits, rule ${first + 1} fits before. Put it above that`;
      return [{ key: `assign.${i}`, problem }];
    }),
  ];
}

type Lists = "assign" | "ignore" | "recordings";

function numbersIn(list: string, rules: readonly Rule[]): Unfit[] {
  return rules.flatMap((rule, i) =>
    (["phone", "line"] as const).flatMap((key) => {
      const problem = neverANumber(rule[key] ?? "");
      return problem === undefined ? [] : [{ key: `${list}.${i}.${key}`, problem }];
    }),
  );
}

/** Words that PBXs write where a caller hides the number; nothing of it is left then to be compared. */
const hidden = new Set(["anonymous", "private", "restricted", "unavailable", "unknown", "withheld", "hidden"]);

/** Why no number ever reads so. Numbers are compared in E.164 where that is known, and a `*` counts at the end alone. */
function neverANumber(pattern: string): string | undefined {
  const begins = pattern.replace(/\*$/, "");
  if (hidden.has(begins.trim().toLowerCase())) return "fits no call: a hidden number fits no rule. Leave the rule out";
  if (/^\+.*\*/.test(begins)) return "fits no call: a * counts only at the end. Write what stands before it, and *";
  if (/[\\^$[\]|]/.test(pattern)) {
    return "fits no call: a rule is no regular expression. Write how the number begins, and *";
  }
  if (/^\+0/.test(begins)) return "fits no call: no country's code begins with 0. Write + and the country's code";
  return undefined;
}

/** Whether `rule` fits no call that `earlier` does not fit. */
function covers(earlier: AssignRule, rule: AssignRule): boolean {
  const same = (key: "extension" | "direction") => earlier[key] === undefined || earlier[key] === rule[key];
  return same("extension") && same("direction") && coversLine(earlier.line, rule.line);
}

function coversLine(earlier: string | undefined, line: string | undefined): boolean {
  if (earlier === undefined || earlier === line) return true;
  return earlier.endsWith("*") && (line?.startsWith(earlier.slice(0, -1)) ?? false);
}
