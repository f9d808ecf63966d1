/**
 * A day of a helpdesk whose limit of requests a minute is shared with another client that takes half of it: what our own
 * rules make of so many calls. Everything that decides is the product's; calls, network, limit and clock are modelled.
 */
import { fold } from "../../src/calls/call.ts";
import { desiredOf, type Telling } from "../../src/calls/desired.ts";
import type { HeardEvent } from "../../src/calls/event.ts";
import { type Governor, idle, learn, pause, spend, waitMs } from "../../src/exchange/governor.ts";
import { type Class, classes, nextStep, type Step, served } from "../../src/exchange/outbox.ts";
import { freshMs } from "../../src/exchange/queue.ts";
import type { RecordingRow } from "../../src/exchange/recording-row.ts";
import { inDoubt, type Sent, settle } from "../../src/exchange/settle.ts";
import { type Told, untold } from "../../src/exchange/told.ts";
import {
  hasteOf,
  nextTurn,
  noTurns,
  openClasses,
  tookTurn,
  type UnderWay,
  type Waiting,
} from "../../src/exchange/turns.ts";
import { type Random, random } from "../chaos/random.ts";
import { Agenda } from "./agenda.ts";
import { SharedLimit } from "./shared-limit.ts";

export interface DayPlan {
  /** Requests a minute, for all clients together. */
  readonly limit: number;
  /**
   * How much the calls of the busiest hour would send if each webhook became a request, as a multiple of the limit; the
   * seven other hours of work have a quarter of the limit.
   */
  readonly load: number;
  readonly seed: number;
  /** Hours of work; the first is the busiest. A day has eight. */
  readonly hours?: number;
}

export interface Day {
  readonly calls: number;
  /** Requests if each webhook became one, and those that were sent. */
  readonly webhooks: number;
  readonly requests: number;
  /** How often the helpdesk blocked us, and the most requests of all clients in any sixty seconds. */
  readonly blocks: number;
  readonly most: number;
  /** Of the busiest hour's cards that popped up while the call lived, how long after the first webhook, in ms, sorted. */
  readonly cardDelays: readonly number[];
  /** How long after the end of the call such a card was hidden, in ms, sorted. */
  readonly hideDelays: readonly number[];
  /** Calls of the busiest hour, and those of which a card popped up while the phone rang, and while the call lived. */
  readonly busiest: { readonly calls: number; readonly ringing: number; readonly alive: number };
  /** How long each class waited at most, in ms. */
  readonly longest: ReadonlyMap<Class, number>;
  /** When all was told for the last time, in minutes after the busiest hour's end. */
  readonly drainedAfter: number;
  /** Calls whose last word the helpdesk was not told, and recordings that it does not have. */
  readonly owed: number;
}

const channel = "support";
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** How much the hours besides the busiest would send, as a multiple of the limit. */
const ordinaryLoad = 0.25;
/** Requests that a call would make if each webhook became one: three of four are answered and recorded. */
const requestsPerCall = 0.75 * 4 + 0.25 * 2;

const rules: Telling = {
  assign: [],
  ignore: [],
  internal: false,
  credit: "last",
  delivery: "live",
  recordings: { enabled: true, except: [] },
};

interface ModelCall {
  readonly id: string;
  readonly startedAt: number;
  readonly ringsUntil: number;
  readonly busy: boolean;
  readonly events: HeardEvent[];
  recordings: RecordingRow[];
  told: Told;
  step?: Step;
  owedSince?: number;
  underWay: boolean;
  cardAt?: number;
  overAt?: number;
  hiddenAt?: number;
}

export function playDay({ limit, load, seed, hours = 8 }: DayPlan): Day {
  const agenda = new Agenda();
  const system = new SharedLimit(limit);
  const drawn = random("day", seed, load);
  const calls: ModelCall[] = [];
  const queues = new Map<Class, ModelCall[]>(Object.values(classes).map((kind) => [kind, []]));
  const longest = new Map<Class, number>();
  const underWay: UnderWay[] = [];
  let governor: Governor = idle;
  let turns = noTurns;
  let [webhooks, requests, wakeAt, drainedAt] = [0, 0, Number.POSITIVE_INFINITY, 0];

  /** What the exchange does when it hears of a call: works out anew what is next for it. */
  const replan = (call: ModelCall, now: number) => {
    const known = fold(call.id, call.events);
    const desired = desiredOf(known, rules);
    const before = call.step?.class;
    const step = desired && nextStep(known, desired, call.told, call.recordings, rules.delivery);
    call.step = step && served(step, call.told);
    call.owedSince = call.step && (call.owedSince ?? now);
    if (call.step && call.step.class !== before) queues.get(call.step.class)?.push(call);
  };

  const isDue = (call: ModelCall | undefined, kind: Class) => call?.step?.class === kind && !call.underWay;

  /** As the exchange's table is asked: of cards that are fresh the oldest, of others the newest, of the rest the oldest. */
  const take = (kind: Class, now: number): ModelCall | undefined => {
    const queue = queues.get(kind) ?? [];
    const last = kind === classes.card ? queue.length - 1 : 0;
    while (queue.length > 0 && !isDue(queue.at(kind === classes.card ? -1 : 0), kind)) {
      if (kind === classes.card) queue.pop();
      else queue.shift();
    }
    if (kind !== classes.card) return queue[0];
    let first = queue.at(-1);
    for (let i = Math.min(last, queue.length - 1); i >= 0 && (queue[i]?.owedSince ?? 0) > now - freshMs; i--)
      if (isDue(queue[i], kind)) first = queue[i];
    return first;
  };

  const pump = (now: number) => {
    for (;;) {
      const waiting = openClasses(underWay, now).flatMap((kind): Waiting[] => {
        const first = take(kind, now);
        return first ? [{ channel, class: kind, since: first.owedSince ?? now }] : [];
      });
      const turn = nextTurn(turns, waiting, now);
      const call = turn && take(turn.class, now);
      if (!turn || !call?.step) return;
      const wait = waitMs(governor, now, undefined, hasteOf(turns, turn, now), { channel, among: [channel] });
      if (wait > 0) {
        if (wakeAt > now && wakeAt <= now + wait) return;
        wakeAt = now + wait;
        agenda.at(wakeAt, pump);
        return;
      }
      turns = tookTurn(turns, turn, waiting);
      send(call, call.step, now);
    }
  };

  const send = (call: ModelCall, step: Step, now: number) => {
    requests++;
    governor = spend(governor, now, channel);
    call.underWay = true;
    const before = call.told;
    call.told = inDoubt(before, step, now + 30_000);
    underWay.push({ channel, class: step.class, at: now });
    longest.set(step.class, Math.max(longest.get(step.class) ?? 0, now - (call.owedSince ?? now)));
    const there = drawn.between(20, 120);
    const work = step.recording ? drawn.between(1_000, 4_000) : drawn.between(20, 150);
    agenda.at(now + there, (arrived) => {
      const remaining = system.arrive(arrived);
      agenda.at(arrived + work, (answered) => heard(call, { step, before, at: now }, remaining, answered));
    });
  };

  const heard = (call: ModelCall, sent: Sent, remaining: number | undefined, now: number) => {
    const { step, at: sentAt } = sent;
    const left = underWay.findIndex((form) => form.class === step.class && form.at === sentAt);
    underWay.splice(left, 1);
    call.underWay = false;
    governor = learn(governor, { limit, remaining: remaining ?? 0 }, sentAt);
    if (remaining === undefined) governor = pause(governor, now, "429");
    const outcome =
      remaining === undefined
        ? ({ kind: "limited", own: true, why: "429" } as const)
        : ({ kind: "delivered", callId: call.id, audio: step.recording && call.id } as const);
    call.told = settle(call.told, sent, outcome, { updates: true, delivered: true, audio: true }, now, 0.5).told;
    if (remaining !== undefined && step.recording)
      call.recordings = call.recordings.map((row) => ({ ...row, state: "attached" }));
    if (remaining !== undefined && step.class === classes.card) call.cardAt ??= now;
    if (remaining !== undefined && step.class === classes.final) call.hiddenAt ??= now;
    call.step = undefined;
    call.owedSince = undefined;
    replan(call, now);
    if (!call.step) drainedAt = now;
    pump(now);
  };

  const tell = (call: ModelCall, at: number, event: Partial<HeardEvent>) => {
    agenda.at(at, (now) => {
      webhooks++;
      call.events.push({ call: call.id, id: String(call.events.length), heardAt: now, ...event });
      replan(call, now);
      pump(now);
    });
  };

  const place = (now: number, busy: boolean) => {
    const answered = drawn.chance(0.75);
    const rings = answered ? drawn.between(3_000, 20_000) : drawn.between(15_000, 40_000);
    const call: ModelCall = {
      id: `c${calls.length}`,
      startedAt: now,
      ringsUntil: now + rings,
      busy,
      events: [],
      recordings: [],
      told: untold,
      underWay: false,
    };
    calls.push(call);
    tell(call, now, { direction: "incoming", phone: "+380441234567", line: "+380800111222" });
    const leg = { id: "101", party: "agent", extension: "101" } as const;
    const over = now + rings + (answered ? Math.round(-150_000 * Math.log(1 - drawn.next())) : 0);
    call.overAt = over;
    if (!answered) return tell(call, over, { ended: "missed" });
    tell(call, now + rings, { leg: { ...leg, status: "in-progress" } });
    tell(call, over, { ended: "answered", leg: { ...leg, status: "answered" } });
    agenda.at(over + drawn.between(5_000, 20_000), (stored) => {
      webhooks++;
      call.recordings = [
        { channel, call: call.id, id: "r1", part: 0, state: "stored", key: "k", ready: true, attempt: 0 },
      ];
      replan(call, stored);
      pump(stored);
    });
  };

  othersWork(agenda, system, limit / 2, drawn);
  for (let hour = 0; hour < hours; hour++) {
    const perMinute = ((hour === 0 ? load : ordinaryLoad) * limit) / requestsPerCall;
    for (let at = hour * hourMs + gap(perMinute, drawn); at < (hour + 1) * hourMs; at += gap(perMinute, drawn))
      agenda.at(at, (now) => place(now, hour === 0));
  }
  agenda.play(24 * hourMs);

  const busiest = calls.filter((call) => call.busy);
  const alive = busiest.filter((call) => call.cardAt !== undefined);
  return {
    calls: calls.length,
    webhooks,
    requests,
    blocks: system.blocks,
    most: system.most,
    cardDelays: alive.map((call) => (call.cardAt ?? 0) - call.startedAt).sort((a, b) => a - b),
    hideDelays: alive
      .flatMap(({ hiddenAt, overAt = 0 }) => (hiddenAt === undefined ? [] : hiddenAt - overAt))
      .sort((a, b) => a - b),
    busiest: {
      calls: busiest.length,
      ringing: alive.filter((call) => (call.cardAt ?? 0) <= call.ringsUntil).length,
      alive: alive.length,
    },
    longest,
    drainedAfter: Math.max(0, drainedAt - hourMs) / minuteMs,
    owed: calls.filter((call) => call.step !== undefined).length,
  };
}

/** The time to the next of so many a minute that come at random, in ms. */
function gap(perMinute: number, drawn: Random): number {
  return Math.max(1, Math.round((-minuteMs / perMinute) * Math.log(1 - drawn.next())));
}

/** The other client sends most of its requests at random, and every fifth in a burst of five. */
function othersWork(agenda: Agenda, system: SharedLimit, perMinute: number, drawn: Random): void {
  const one = (now: number) => {
    system.arriveOther(now);
    agenda.at(now + gap(perMinute * 0.8, drawn), one);
  };
  const five = (now: number) => {
    for (let i = 0; i < 5; i++) system.arriveOther(now);
    agenda.at(now + gap((perMinute * 0.2) / 5, drawn), five);
  };
  agenda.at(0, one);
  agenda.at(0, five);
}
