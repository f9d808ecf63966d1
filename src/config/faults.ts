/** What is wrong with a configuration: where, what, and what to write instead. Never holds a value. */
import type { core } from "zod";
import { cure, type Tables, unknownKey } from "./hints.ts";

export interface Fault {
  /** The variable concerned, where that is not the key itself. */
  readonly variable?: string;
  /** The channel concerned; absent where no channel can be named. */
  readonly channel?: string;
  /** The configuration key or secret concerned. */
  readonly key: string;
  /** What is wrong, then what to write. */
  readonly problem: string;
}

/** Works as it is, and is most likely not meant so. */
export type Warning = Fault;

/** Where a channel's table stands. */
export interface Place {
  readonly variable: string;
  readonly channel: string;
}

/** A zod issue as faults, one for each key: `under` is where the schema begins in the channel's `table`. */
export function faultsOf(
  place: Place,
  issue: core.$ZodIssue,
  under: readonly string[],
  table: unknown,
  tables: Tables,
): Fault[] {
  const path = [...under, ...issue.path.map(String)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      ...place,
      key: [...path, key.slice(0, maxShown)].join("."),
      problem: sentences("is no key that is known here", unknownKey(place, key, path, tables)),
    }));
  }
  const value = path.reduce<unknown>((inner, key) => within(inner, key), table);
  const problem = sentences(wording(issue, value), cure(place, path, issue, value));
  return [{ ...place, key: path.join(".") || "(table)", problem }];
}

/** Of a key that nobody knows, in characters. */
export const maxShown = 40;

/** The parts that there are, as sentences. */
export function sentences(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(". ");
}

/** As it reads in a terminal or a log. */
export function spoken({ variable, channel, key, problem }: Fault): string {
  const where = [variable, channel && `channel "${channel}"`, key === variable ? undefined : key];
  return `${where.filter((part) => part !== undefined).join(", ")}: ${problem}`;
}

const kinds = new Map([
  ["string", "a text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["array", "a list"],
  ["object", "a table"],
]);

/** What zod says where a schema does not say it better. */
const unsaid = "Invalid input";

/** What is wrong, by the issue; the texts of our own schemas are taken as they are. */
function wording(issue: core.$ZodIssue, value: unknown): string {
  if (value === undefined) return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return `must be ${kinds.get(issue.expected) ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map((word) => JSON.stringify(word)).join(", ")}`;
    case "invalid_union":
      return issue.message === unsaid ? "must be a text or a whole number" : issue.message;
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? "must not be empty"
        : `must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `must be ${issue.origin === "array" || issue.origin === "string" ? "no longer than" : "at most"} ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function within(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
