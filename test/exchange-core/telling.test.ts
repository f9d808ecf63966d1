/** One call, one ticket: the call's events in any order, the system's answers lost in any way, the clock turned by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold } from "../../src/calls/call.ts";
import { type Desired, desiredOf, type Telling } from "../../src/calls/desired.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { nextStep, type Step } from "../../src/exchange/outbox.ts";
import { type RecordingRow, recordingKey } from "../../src/exchange/recording-row.ts";
import { settle } from "../../src/exchange/settle.ts";
import { type Told, untold } from "../../src/exchange/told.ts";
import { judge, type Outcome } from "../../src/system/outcome.ts";
import { anyCall, anyEvents } from "../calls/any-call.ts";
import { began } from "../calls/heard.ts";
import { stored } from "./steps.ts";

const rules: Telling = {
  assign: [],
  ignore: [],
  internal: true,
  credit: "last",
  delivery: "live",
  recordings: { enabled: true, except: [] },
};
const finals = new Set(["answered", "missed", "busy", "failed", "canceled"]);

/** What becomes of a request and of its answer. */
const fates = ["fine", "request lost", "answer lost", "done late", "unreadable", "limited", "unwelcome"] as const;
type Fate = (typeof fates)[number];
/** How long a system that does not answer may still be at work, in ms. */
const lateMs = 14_000;

interface Ticket {
  readonly pbxCallId?: string;
  readonly statuses: string[];
  assignee?: string;
  recordings: number;
}

/** The helpdesk, as its API is documented: every create_call makes a ticket. */
class Helpdesk {
  readonly tickets: Ticket[] = [];
  /** Extensions of whom it knows no employee: it refuses forms that name them. */
  readonly #strangers: readonly string[];
  #late: { at: number; step: Step }[] = [];

  constructor(strangers: readonly string[]) {
    this.#strangers = strangers;
  }

  answer(step: Step, fate: Fate, now: number): Outcome {
    this.#catchUp(now);
    if (fate === "limited") return { kind: "limited", why: "429" };
    if (fate === "unwelcome") return { kind: "unwelcome", why: "403" };
    if (fate === "request lost") return { kind: "unknown", why: "lost", slow: false };
    if (fate === "done late") {
      this.#late.push({ at: now + lateMs, step });
      return { kind: "unknown", why: "slow", slow: true };
    }
    const [status, body] = this.#do(step);
    if (fate === "answer lost") return { kind: "unknown", why: "lost", slow: false };
    return judge({ status, headers: new Headers(), body: fate === "fine" ? body : "<html>" }, step.form.action, now);
  }

  #catchUp(now: number): void {
    for (const { step } of this.#late.filter(({ at }) => at <= now)) this.#do(step);
    this.#late = this.#late.filter(({ at }) => at > now);
  }

  #do({ form, recording }: Step): [status: number, body: string] {
    const named = form.action === "create_call" ? form["pbx_user_ids[]"] : form.pbx_user_id;
    if ([named].flat().some((id) => id !== undefined && this.#strangers.includes(id))) return [422, "{}"];
    if (form.action === "create_call") {
      const { pbx_call_id: pbxCallId } = form;
      this.tickets.push({ pbxCallId, statuses: [], recordings: 0 });
    }
    const known = this.tickets.findIndex((ticket, id) =>
      "call_id" in form && form.call_id !== undefined
        ? String(id) === form.call_id
        : ticket.pbxCallId === form.pbx_call_id,
    );
    const ticket = this.tickets[known];
    if (!ticket) return [404, "{}"];
    ticket.statuses.push(form.call_status ?? "ringing");
    if (form.action === "create_call" && form["pbx_user_ids[]"]?.length === 1)
      ticket.assignee = form["pbx_user_ids[]"][0];
    if (form.action === "update_call") ticket.assignee = form.pbx_user_id ?? ticket.assignee;
    ticket.recordings += Number(recording !== undefined);
    const audio_record = ticket.recordings > 0 ? `https://help.example/${ticket.recordings}.mp3` : null;
    return [200, JSON.stringify({ data: { call_id: known, ticket_id: 9, audio_record } })];
  }
}

interface Story {
  readonly events: readonly HeardEvent[];
  readonly fates: readonly Fate[];
  readonly delivery: "live" | "final";
  /** How many there are. */
  readonly recordings: number;
  readonly strangers: readonly string[];
}

/** Tells the helpdesk as the Exchange does, with one event more after each delivery; ends when there is nothing to tell. */
function tell({ events, fates, delivery, recordings, strangers }: Story) {
  const helpdesk = new Helpdesk(strangers);
  const fate = fates[Symbol.iterator]();
  let [told, now, heard]: [Told, number, number] = [untold, began, 1];
  let rows: RecordingRow[] = Array.from({ length: recordings }, (_, i) => ({ ...stored, id: `r${i}` }));
  let desired: Desired | undefined;
  for (let steps = 0; steps < 200; steps++) {
    const call = fold("c1", events.slice(0, heard));
    desired = desiredOf(call, rules);
    const step = desired && nextStep(call, desired, told, rows, delivery);
    if (!step && heard === events.length) return { helpdesk, told, desired };
    heard = Math.min(heard + 1, events.length);
    if (!step) continue;
    now = Math.max(now + 100, told.notBefore ?? 0);
    if (step.kind === "create") told = { ...told, create: "sent" };
    if (step.recording) told = { ...told, attaching: recordingKey(step.recording) };
    const settled = settle(told, step, helpdesk.answer(step, fate.next().value ?? "fine", now), now, 0.5);
    const [{ consequence }, { attaching }] = [settled, told];
    const state = consequence === "attached" ? consequence : consequence === "not-taken" ? "kept" : undefined;
    if (state) rows = rows.map((row) => (recordingKey(row) === attaching ? { ...row, state } : row));
    told = settled.told;
  }
  throw new Error("there is always something left to tell");
}

const anyOrder = (calls: fc.Arbitrary<HeardEvent[]>) =>
  calls.chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));

const story = {
  fates: fc.array(fc.constantFrom(...fates), { maxLength: 12 }),
  delivery: fc.constantFrom("live", "final"),
  recordings: fc.nat({ max: 3 }),
  strangers: fc.constant<string[]>([]),
};

const telling = (calls: fc.Arbitrary<HeardEvent[]>) => fc.record({ ...story, events: anyOrder(calls) });

/** To a system that knows not everybody who talks. */
const tellingOfStrangers = (calls: fc.Arbitrary<HeardEvent[]>) =>
  fc.record({
    ...story,
    events: anyOrder(calls),
    strangers: fc.subarray(["101", "102", "103"], { minLength: 1 }),
  });

describe.each([
  ["a call as PBXs tell it", anyCall],
  ["events that contradict each other", anyEvents],
])("of %s", (_, calls) => {
  test("the system gets one ticket, and in the end what it should know", () => {
    fc.assert(
      fc.property(telling(calls), (story) => {
        const { helpdesk, told, desired } = tell(story);
        const over = desired !== undefined && finals.has(desired.status);
        const due = desired !== undefined && (over || story.delivery === "live");
        expect(helpdesk.tickets).toHaveLength(Number(due));
        if (!due) return;
        expect(told).toMatchObject({ create: "done", callId: "0", ticketId: "9" });
        const most = story.delivery === "final" ? 1 : story.recordings;
        expect(helpdesk.tickets[0]?.recordings).toBe(over ? Math.min(story.recordings, most) : 0);
        if (story.delivery === "final") return;
        expect(told.status).toBe(desired.status);
        expect(helpdesk.tickets[0]?.statuses.at(-1)).toBe(desired.status);
        if (desired.assignee) expect(helpdesk.tickets[0]?.assignee).toBe(desired.assignee.id);
      }),
      { numRuns: 400 },
    );
  });

  test("the system gets its ticket and its end also where it refuses those whom it does not know", () => {
    fc.assert(
      fc.property(tellingOfStrangers(calls), (story) => {
        const { helpdesk, told, desired } = tell(story);
        if (!desired || !(finals.has(desired.status) || story.delivery === "live")) return;
        const [ticket, ...more] = helpdesk.tickets;
        expect([ticket?.statuses.at(-1), more]).toEqual([told.status, []]);
        if (story.delivery === "final") return;
        expect(told.status).toBe(desired.status);
        const { assignee } = desired;
        if (assignee && !story.strangers.includes(assignee.id)) expect(ticket?.assignee).toBe(assignee.id);
      }),
      { numRuns: 200 },
    );
  });

  test("the system never sees a call that is over become active again", () => {
    fc.assert(
      fc.property(telling(calls), (story) => {
        for (const { statuses } of tell(story).helpdesk.tickets) {
          const over = statuses.map((status) => finals.has(status));
          expect(over).toEqual(over.toSorted((a, b) => Number(a) - Number(b)));
        }
      }),
      { numRuns: 200 },
    );
  });
});
