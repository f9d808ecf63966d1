/** One call, one ticket: the call's events in any order, the system's answers lost in any way, the clock turned by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold } from "../../src/calls/call.ts";
import { type Desired, desiredOf, type Telling } from "../../src/calls/desired.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { there } from "../../src/exchange/belief.ts";
import { nextStep, type Step } from "../../src/exchange/outbox.ts";
import { type RecordingRow, recordingKey } from "../../src/exchange/recording-row.ts";
import { inDoubt, settle } from "../../src/exchange/settle.ts";
import { afresh, never, type Told, untold } from "../../src/exchange/told.ts";
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

/** What becomes of a request and of its answer. `front`: of the two that say no, whoever stands in front of the system does. */
const fates = [
  ...["fine", "request lost", "answer lost", "done late", "done much later", "unreadable"],
  ...["limited", "front limited", "front page", "unwelcome"],
] as const;
type Fate = string;
/** How long a system of which nothing is heard may still be at work on a create, and on anything else, in ms. */
const lateMs = { create_call: 90_000, update_call: 10 * 60_000 };

interface Ticket {
  readonly pbxCallId?: string;
  readonly statuses: string[];
  readonly comments: string[];
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
    this.catchUp(now);
    if (fate === "limited") return { kind: "limited", own: true, why: "429" };
    if (fate === "front limited") return { kind: "limited", own: false, why: "429" };
    if (fate === "front page") return { kind: "unknown", page: true, why: "404" };
    if (fate === "unwelcome") return { kind: "unwelcome", why: "403" };
    if (fate === "request lost") return { kind: "unknown", why: "lost" };
    const late = fate === "done late" ? 0.5 : fate === "done much later" ? 1 : undefined;
    if (late !== undefined) {
      this.#late.push({ at: now + late * lateMs[step.form.action], step });
      return { kind: "unknown", why: "slow" };
    }
    const [status, body] = this.#do(step);
    if (fate === "answer lost") return { kind: "unknown", why: "lost" };
    return judge(
      { status, headers: new Headers(), body: fate === "fine" ? body : "<html>" },
      step.form.action,
      now,
      false,
    );
  }

  /** What is late is done by `now`, ms since the epoch. */
  catchUp(now: number): void {
    const due = this.#late.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    this.#late = this.#late.filter(({ at }) => at > now);
    for (const { step } of due) this.#do(step);
  }

  #do({ form, recording }: Step): [status: number, body: string] {
    const named = form.action === "create_call" ? form["pbx_user_ids[]"] : form.pbx_user_id;
    if ([named].flat().some((id) => id !== undefined && this.#strangers.includes(id))) return [422, "{}"];
    if (form.action === "create_call") {
      const { pbx_call_id: pbxCallId } = form;
      this.tickets.push({ pbxCallId, statuses: [], comments: [], recordings: 0 });
    }
    const known = this.tickets.findIndex((ticket, id) =>
      "call_id" in form && form.call_id !== undefined
        ? String(id + 1) === form.call_id
        : ticket.pbxCallId === form.pbx_call_id,
    );
    const ticket = this.tickets[known];
    if (!ticket) return [404, "{}"];
    ticket.statuses.push(form.call_status ?? "ringing");
    if (form.action === "create_call" && form["pbx_user_ids[]"]?.length === 1)
      ticket.assignee = form["pbx_user_ids[]"][0];
    if (form.action === "update_call") ticket.assignee = form.pbx_user_id ?? ticket.assignee;
    if (form.comment !== undefined) ticket.comments.push(form.comment);
    ticket.recordings += Number(recording !== undefined);
    const audio_record = ticket.recordings > 0 ? `https://help.example/${ticket.recordings}.mp3` : null;
    return [200, JSON.stringify({ data: { call_id: known + 1, ticket_id: 9, audio_record } })];
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
  let [told, now, heard, updates]: [Told, number, number, boolean] = [untold, began, 1, false];
  let rows: RecordingRow[] = Array.from({ length: recordings }, (_, i) => ({ ...stored, id: `r${i}` }));
  let desired: Desired | undefined;
  for (let steps = 0; steps < 400; steps++) {
    const call = fold("c1", events.slice(0, heard));
    desired = desiredOf(call, rules);
    const step = desired && nextStep(call, desired, told, rows, delivery);
    if (!step && heard === events.length) {
      helpdesk.catchUp(now + 24 * 60 * 60_000);
      return { helpdesk, told, desired, kept: rows.filter(({ state }) => state === "kept").length };
    }
    heard = Math.min(heard + 1, events.length);
    if (!step) continue;
    if (told.notBefore === never) told = afresh(told);
    now = Math.max(now + 100, told.notBefore ?? 0, step.notBefore ?? 0);
    const sent = { step, before: told, at: now };
    const outcome = helpdesk.answer(step, fate.next().value ?? "fine", now);
    updates ||= outcome.kind === "delivered" && step.kind !== "create";
    told = inDoubt(told, step, now + 30_000);
    const settled = settle(told, sent, outcome, { updates, delivered: true, audio: true }, now, 0.5);
    const about = step.recording ? recordingKey(step.recording) : sent.before.attaching;
    const state = stateAfter.get(settled.consequence);
    if (state) rows = rows.map((row) => (recordingKey(row) === about ? { ...row, state } : row));
    told = settled.told;
  }
  throw new Error("there is always something left to tell");
}

const stateAfter: ReadonlyMap<string, RecordingRow["state"]> = new Map<string, RecordingRow["state"]>([
  ["attached", "attached"],
  ["not-taken", "kept"],
  ["lost", "kept"],
]);

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
        const { helpdesk, told, desired, kept } = tell(story);
        const over = desired !== undefined && finals.has(desired.status);
        const due = desired !== undefined && (over || story.delivery === "live");
        expect(helpdesk.tickets).toHaveLength(Number(due));
        if (!due) return;
        expect(told).toMatchObject({ callId: "1", ticketId: "9" });
        const { recordings = 0, comments = [] } = helpdesk.tickets[0] ?? {};
        expect(comments.filter((comment, i) => comment === comments[i + 1])).toEqual([]);
        expect(recordings).toBeLessThanOrEqual(story.recordings);
        if (story.delivery === "final") return;
        expect(recordings).toBe(over ? story.recordings - kept : 0);
        expect(told.belief).toEqual(there);
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

  test("the system never hears from us that a call that is over became active again", () => {
    fc.assert(
      fc.property(telling(calls), (story) => {
        const punctual = story.fates.filter((fate) => !fate.startsWith("done"));
        for (const { statuses } of tell({ ...story, fates: punctual }).helpdesk.tickets) {
          const over = statuses.map((status) => finals.has(status));
          expect(over).toEqual(over.toSorted((a, b) => Number(a) - Number(b)));
        }
      }),
      { numRuns: 200 },
    );
  });
});
