/** What the system should know of a call. */
import type { Call, CallStatus } from "./call.ts";
import { commentOn } from "./comment.ts";
import type { Direction } from "./event.ts";
import { assignmentOf, awaited, creditedTo, type Rules } from "./rules.ts";

/** Who sees the card: one kind of id, at least one of them. Absent: everybody with telephony access. */
export type Audience =
  | { readonly kind: "users"; readonly ids: readonly string[] }
  | { readonly kind: "groups"; readonly ids: readonly string[] }
  | { readonly kind: "pbxUsers"; readonly ids: readonly string[] };

/** The one employee whose ticket it is. */
export type Assignee =
  | { readonly kind: "user"; readonly id: string }
  | { readonly kind: "pbxUser"; readonly id: string };

export interface Desired {
  readonly direction: Direction;
  readonly phone: string;
  readonly status: CallStatus;
  readonly audience?: Audience;
  readonly assignee?: Assignee;
  /** Of a call that is over. */
  readonly comment?: string;
  /** No ticket is made before then (ms since the epoch): what it would say may be wrong, and cannot be changed later. */
  readonly notBefore?: number;
  /** Of a call that is over: that it is, is not told before then (ms since the epoch), since more may be heard. */
  readonly overNotBefore?: number;
}

/**
 * What stands in the place of a number that the caller hides, since the system demands one.
 * Assumed: the system takes any text for a phone, as its "string or number" says.
 */
export const hiddenPhone = "anonymous";

/** How long a leg's guess waits for the webhook of the root that would tell for sure, in ms. */
const guessWaitMs = 2_000;
/** How long a call that is over waits for a webhook that tells its number, in ms. */
const phoneWaitMs = 5_000;

/** How long a call that is told at once, when it is over, waits for a webhook that announces a recording, in ms. */
const audioWaitMs = 5_000;

/** How long an end that is only concluded waits for another leg, in ms. */
export const legWaitMs = 5_000;
/** How long a verdict that only silence supports waits for what the PBX answers, in ms. */
export const answerWaitMs = 10_000;

/** Where several phones ring one after the other, whose card it is is known after a while without another; both in ms. */
export interface RingWait {
  readonly quietMs: number;
  readonly mostMs: number;
}

export interface Telling extends Rules {
  readonly delivery: "live" | "final";
  readonly recordings: Rules["recordings"] & { readonly enabled: boolean };
  readonly comment?: string;
  /** What the PBX is known for. `state`: it can be asked after a call. */
  readonly provider?: { readonly ringWait?: RingWait; readonly state?: unknown };
}

/** What to tell of the call; undefined where not enough is known yet. */
export function desiredOf(call: Call, rules: Telling): Desired | undefined {
  if (call.direction === undefined) return undefined;
  const over = call.endedAt !== undefined;
  const phone = call.phone ?? (call.withheld || over ? hiddenPhone : undefined);
  if (phone === undefined) return undefined;
  const agent = creditedTo(call, rules.credit);
  return {
    direction: call.direction,
    phone,
    status: call.status,
    audience: audienceOf(call, rules, agent),
    assignee: assigneeOf(call, rules, agent),
    comment: over ? commentOn(call, agent, rules.comment) : undefined,
    notBefore: latest([notBefore(call, rules), ringsUntil(call, rules), overNotBefore(call, rules)]),
    overNotBefore: overNotBefore(call, rules),
  };
}

function notBefore(call: Call, { delivery, recordings }: Telling): number | undefined {
  if (call.phone === undefined && !call.withheld) return call.lastHeardAt + phoneWaitMs;
  if (delivery === "final" && recordings.enabled && call.recordings.length === 0) return call.lastHeardAt + audioWaitMs;
  return call.guessed ? call.firstHeardAt + guessWaitMs : undefined;
}

/** An answer ends the wait for further rings, and so does the end. */
function ringsUntil(call: Call, { provider }: Telling): number | undefined {
  const wait = provider?.ringWait;
  if (!wait || call.direction !== "incoming" || call.status !== "ringing") return undefined;
  const quietAt = (call.lastRungAt ?? call.firstHeardAt) + wait.quietMs;
  return Math.min(quietAt, call.firstHeardAt + wait.mostMs);
}

function overNotBefore(call: Call, { provider }: Telling): number | undefined {
  if (call.endHeardAt === undefined) return undefined;
  if (call.concluded) return call.lastHeardAt + legWaitMs;
  return call.doubtful && provider?.state ? call.endHeardAt + answerWaitMs : undefined;
}

function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** A rule decides; otherwise the agent who talked, or all that were rung. A call that was answered elsewhere is nobody's. */
function audienceOf(call: Call, rules: Rules, agent: string | undefined): Audience | undefined {
  const rule = assignmentOf(call, rules);
  if (rule?.user_ids) return { kind: "users", ids: rule.user_ids };
  if (rule?.group_ids) return { kind: "groups", ids: rule.group_ids };
  const known = agent === undefined ? awaited(call) : [agent];
  // Softphones name themselves, and the system may read a comma as the end of an id: one name must not become two.
  const ids = rule?.pbx_user_ids ?? known.filter((id) => !id.includes(","));
  return ids.length > 0 ? { kind: "pbxUsers", ids } : undefined;
}

/** A rule that names one employee decides; otherwise the agent who talked. Groups and lists are nobody's name. */
function assigneeOf(call: Call, rules: Rules, agent: string | undefined): Assignee | undefined {
  const rule = assignmentOf(call, rules);
  const [user, pbxUser] = [rule?.user_ids, rule?.pbx_user_ids];
  if (agent === undefined) return undefined;
  if (user?.length === 1 && user[0] !== undefined) return { kind: "user", id: user[0] };
  if (pbxUser?.length === 1 && pbxUser[0] !== undefined) return { kind: "pbxUser", id: pbxUser[0] };
  return { kind: "pbxUser", id: agent };
}
