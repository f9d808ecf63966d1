/** What the helpdesk makes of a delivery that kept the rules: calls, and a ticket for each. */
import type { Audio } from "./system-audio.ts";
import { idsOf } from "./system-checks.ts";
import type { Form } from "./system-form.ts";

/** Who sees the card. */
export interface Audience {
  readonly by: "user_ids[]" | "group_ids[]" | "pbx_user_ids[]" | "everyone";
  readonly ids: readonly string[];
}

/** The one employee to whom the ticket belongs: known to the helpdesk, or by the PBX's id. */
export type Assignee = { readonly userId: number } | { readonly pbxUserId: string };

export interface SystemCall {
  /** From 1. */
  readonly id: number;
  /** Its id and its ticket's as the API tells them. */
  readonly told: { readonly callId: string; readonly ticketId: string };
  readonly channelKey: string;
  readonly pbxCallId: string | undefined;
  readonly direction: string;
  readonly phone: string;
  readonly audience: Audience;
  /** Absent where no delivery told. */
  status: string | undefined;
  /** Every status that was told, in order. */
  readonly statuses: string[];
  /** Since when it has the status that it has, ms since the epoch. */
  statusSince: number;
  readonly ticket: Ticket;
  /** ms since the epoch. */
  readonly createdAt: number;
  changedAt: number;
}

export interface Ticket {
  readonly id: number;
  readonly callId: number;
  assignee: Assignee | undefined;
  readonly comments: string[];
  readonly recordings: Audio[];
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly faults?: readonly string[];
  /** Of what stands in front of the helpdesk, which knows nothing of its limit. */
  readonly front?: true;
}

/** How an installation names its calls, and what its answers show. */
export interface Installation {
  /** What its first call is called; ids are whole numbers of any size. Default: 1. */
  readonly firstId?: bigint;
  /** Whether an answer shows that the call has a recording; default `true`. */
  readonly audioShown?: boolean;
}

const active = ["ringing", "in-progress"];

/** Whether staff see the card. */
export function isActive(call: SystemCall): boolean {
  return active.includes(call.status ?? "");
}

export class Register {
  readonly calls: SystemCall[] = [];
  readonly #installation: Installation;
  #lastId = 0;

  constructor(installation: Installation = {}) {
    this.#installation = installation;
  }

  /**
   * The form is one that keeps the rules. A second `create_call` of a call makes a second ticket: that is the hazard.
   * `at` (ms since the epoch) may be long after the form came.
   */
  apply(channelKey: string, form: Form, at: number): Reply {
    const done =
      form.get("action") === "create_call" ? this.#create(channelKey, form, at) : this.#find(channelKey, form);
    if (!done) return { status: 404, body: { error: "call not found" } };
    const faults = change(done, form, at);
    return { status: 200, body: answer(done, this.#installation.audioShown ?? true), faults };
  }

  /** PBX ids of calls with more than one ticket. */
  doubled(): string[] {
    const seen = new Set<string>();
    const doubled = this.calls.flatMap(({ channelKey, pbxCallId }) => {
      const key = `${channelKey}/${pbxCallId}`;
      if (pbxCallId === undefined || seen.has(key)) return pbxCallId ?? [];
      seen.add(key);
      return [];
    });
    return [...new Set(doubled)];
  }

  reset(): void {
    this.calls.length = 0;
    this.#lastId = 0;
  }

  #create(channelKey: string, form: Form, at: number): SystemCall {
    const id = ++this.#lastId;
    const told = (this.#installation.firstId ?? 1n) + BigInt(id - 1);
    const audience = audienceOf(form);
    const call: SystemCall = {
      id,
      told: { callId: String(told), ticketId: String(told + 1000n) },
      channelKey,
      pbxCallId: form.get("pbx_call_id"),
      direction: form.get("direction") ?? "",
      phone: form.get("phone") ?? "",
      audience,
      status: undefined,
      statuses: [],
      statusSince: at,
      ticket: { id: 1000 + id, callId: id, assignee: assigneeOf(audience), comments: [], recordings: [] },
      createdAt: at,
      changedAt: at,
    };
    this.calls.push(call);
    return call;
  }

  #find(channelKey: string, form: Form): SystemCall | undefined {
    const callId = form.get("call_id");
    return this.calls.findLast((other) => {
      if (other.channelKey !== channelKey) return false;
      return callId === undefined ? other.pbxCallId === form.get("pbx_call_id") : other.told.callId === callId;
    });
  }
}

/** What both actions may tell. A call that is over and becomes active again is believed, and held against the client. */
function change(call: SystemCall, form: Form, at: number): string[] {
  const status = form.get("call_status");
  const userId = form.get("user_id");
  const pbxUserId = form.get("pbx_user_id");
  const comment = form.get("comment");
  const audio = form.files[0]?.audio;
  const reopened = status !== undefined && active.includes(status) && call.status !== undefined && !isActive(call);
  const faults = reopened ? [`reopened call ${call.id}: ${call.status}, then ${status}`] : [];
  if (status !== undefined) call.statuses.push(status);
  if (status !== undefined && status !== call.status) Object.assign(call, { status, statusSince: at });
  if (userId !== undefined) call.ticket.assignee = { userId: Number(userId) };
  if (pbxUserId !== undefined) call.ticket.assignee = { pbxUserId };
  if (comment !== undefined) call.ticket.comments.push(comment);
  if (audio) call.ticket.recordings.push(audio);
  call.changedAt = at;
  return faults;
}

/**
 * The documented shape, as JSON: no JavaScript number could hold an id of any size. Assumed: `audio_record` is where the
 * recording can be heard.
 */
function answer({ told, pbxCallId, status, ticket }: SystemCall, audioShown: boolean): string {
  const { assignee } = ticket;
  const recording = audioShown ? ticket.recordings.at(-1) : undefined;
  const ids = `"call_id":${told.callId},"ticket_id":${told.ticketId}`;
  const rest = JSON.stringify({
    pbx_call_id: pbxCallId ?? null,
    user_id: assignee && "userId" in assignee ? assignee.userId : 0,
    pbx_user_id: assignee && "pbxUserId" in assignee ? assignee.pbxUserId : null,
    call_status: status ?? null,
    audio_record: recording ? `/recordings/${recording.id}` : null,
  });
  return `{"data":{${ids},${rest.slice(1)}}`;
}

function audienceOf(form: Form): Audience {
  for (const by of ["user_ids[]", "group_ids[]", "pbx_user_ids[]"] as const) {
    if (form.has(by)) return { by, ids: idsOf(form.all(by)) };
  }
  return { by: "everyone", ids: [] };
}

/** Exactly one employee becomes the assignee; a group is nobody in particular. */
function assigneeOf({ by, ids }: Audience): Assignee | undefined {
  const [id] = ids;
  if (id === undefined || ids.length !== 1) return undefined;
  if (by === "user_ids[]") return { userId: Number(id) };
  return by === "pbx_user_ids[]" ? { pbxUserId: id } : undefined;
}
