/** The ticket's comment: what staff should read of a call beyond its status. */
import type { Call } from "./call.ts";

/** What a template may name, and how it reads. A call that lacks it leaves the place empty. */
export const placeholders: ReadonlyMap<string, (call: Call, agent: string | undefined) => string | undefined> = new Map<
  string,
  (call: Call, agent: string | undefined) => string | undefined
>([
  ["agent", (_, agent) => agent],
  ["direction", (call) => call.direction],
  ["duration", (call) => (call.seconds === undefined ? undefined : clock(call.seconds))],
  ["line", (call) => call.line],
  ["note", (call) => (call.notes.length > 0 ? call.notes.join("; ") : undefined)],
  ["phone", (call) => call.phone],
  ["status", (call) => call.status],
]);

/** The comment on a call that is over. `template` undefined: a short useful one; `""`: none. */
export function commentOn(call: Call, agent: string | undefined, template: string | undefined): string | undefined {
  if (template === undefined) return usual(call, agent);
  const text = template.replace(/\{([^}]*)\}/g, (_, name: string) => placeholders.get(name)?.(call, agent) ?? "");
  return text.replace(/[ \t]+/g, " ").trim() || undefined;
}

function usual(call: Call, agent: string | undefined): string | undefined {
  const parts = [
    call.line && `line ${call.line}`,
    agent && `agent ${agent}`,
    call.seconds !== undefined && `talk ${clock(call.seconds)}`,
    ...call.notes,
  ].filter((part) => typeof part === "string" && part !== "");
  return parts.length > 0 ? parts.join(", ") : undefined;
}

/** Seconds as `m:ss`, or `h:mm:ss` from an hour on. */
export function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
