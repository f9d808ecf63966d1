import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Governor, idle, learn, spend, waitMs } from "../../src/exchange/governor.ts";

const start = Date.UTC(2026, 8, 1, 9, 0, 0);
const minuteMs = 60_000;
const tickMs = 250;
/** As many forms as the Exchange has under way at once. */
const maxInFlight = 4;

/** A system that counts strictly: so many requests in any sixty seconds, whoever sends them. */
class Limit {
  readonly limit: number;
  #arrived: number[] = [];
  most = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  arrive(at: number): number {
    this.#arrived = this.#arrived.filter((earlier) => earlier > at - minuteMs);
    this.#arrived.push(at);
    this.most = Math.max(this.most, this.#arrived.length);
    return Math.max(0, this.limit - this.#arrived.length);
  }
}

interface Day {
  readonly limit: number;
  /** What becomes due, at which tick. */
  readonly bursts: readonly { tick: number; calls: number }[];
  /** How many requests others make in a tick, over and over. */
  readonly others: readonly number[];
  /** How long a request takes to arrive and its answer to come back, in ms, over and over. */
  readonly delays: readonly (readonly [there: number, back: number])[];
  /** Whether an answer tells of the limit, over and over. */
  readonly tells: readonly boolean[];
}

interface Underway {
  readonly sentAt: number;
  readonly arrivesAt: number;
  readonly answeredAt: number;
  readonly tells: boolean;
  remaining?: number;
}

/** Plays the day with the clock turned by hand. `longest`: the longest time without a request while some were due, in ms. */
function play({ limit, bursts, others, delays, tells }: Day, ticks: number) {
  const system = new Limit(limit);
  let governor: Governor = idle;
  let underway: Underway[] = [];
  let [due, sent, idleSince, longest, wakeAt, wakes] = [0, 0, start, 0, 0, 0];
  // Others were there a minute before us: how many they are is what the system can tell.
  for (let tick = -minuteMs / tickMs; tick < ticks; tick++) {
    const now = start + tick * tickMs;
    for (let i = 0; i < (others[Math.abs(tick) % others.length] ?? 0); i++) system.arrive(now);
    for (const request of underway.toSorted((a, b) => a.arrivesAt - b.arrivesAt)) {
      if (request.arrivesAt <= now && request.remaining === undefined) request.remaining = system.arrive(now);
    }
    for (const { answeredAt, sentAt, tells, remaining = 0 } of underway) {
      if (answeredAt <= now) governor = learn(governor, tells ? { limit, remaining } : undefined, sentAt);
    }
    const before = underway.length;
    underway = underway.filter((request) => request.answeredAt > now);
    const came = bursts.reduce((sum, burst) => (burst.tick === tick ? sum + burst.calls : sum), 0);
    if (due === 0) idleSince = now;
    due += came;
    // As the Exchange does: it looks when something happens, and else when the wait is over.
    if (came === 0 && before === underway.length && now < wakeAt) continue;
    while (due > 0 && underway.length < maxInFlight) {
      const wait = waitMs(governor, now, undefined);
      wakeAt = now + wait;
      if (wait > 0) {
        wakes++;
        break;
      }
      governor = spend(governor, now, "support");
      const [there, back] = delays[sent % delays.length] ?? [0, 0];
      const arrivesAt = now + there;
      underway.push({
        sentAt: now,
        arrivesAt,
        answeredAt: arrivesAt + back,
        tells: tells[sent % tells.length] ?? true,
      });
      longest = Math.max(longest, now - idleSince);
      [due, sent, idleSince] = [due - 1, sent + 1, now];
    }
  }
  if (due > 0) longest = Math.max(longest, start + ticks * tickMs - idleSince);
  return { most: system.most, longest, due, sent, wakes };
}

function anyDay(limit: number, ticks: number): fc.Arbitrary<Day> {
  const burst = fc.record({ tick: fc.nat(ticks - 1), calls: fc.integer({ min: 1, max: limit }) });
  // Others come evenly: what they would add of a sudden, beyond the reserve, nobody could know.
  const perTick = fc.integer({ min: 0, max: Math.max(1, Math.floor(limit / 100)) });
  const sparse = fc.tuple(perTick, fc.integer({ min: 3, max: 20 })).map(([n, every]) => {
    return [n, ...Array.from({ length: every - 1 }, () => 0)];
  });
  return fc.record({
    limit: fc.constant(limit),
    bursts: fc.array(burst, { minLength: 1, maxLength: 12 }),
    others: sparse.filter((others) => ((others[0] ?? 0) / others.length) * 240 < limit * 0.6),
    delays: fc.array(fc.tuple(fc.integer({ min: 0, max: 750 }), fc.integer({ min: 0, max: 1500 })), {
      minLength: 1,
      maxLength: 7,
    }),
    tells: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }).map((tells) => [true, ...tells]),
  });
}

describe.each([[60], [300]])("under a limit of %d that others use too", (limit) => {
  test("no minute ever holds more, and nothing waits for two minutes", () => {
    const ticks = (15 * minuteMs) / tickMs;
    fc.assert(
      fc.property(anyDay(limit, ticks), (day) => {
        const { most, longest } = play(day, ticks);
        expect(most).toBeLessThanOrEqual(limit);
        expect(longest).toBeLessThanOrEqual(2 * minuteMs);
      }),
      { numRuns: 25 },
    );
  });
});

test("alone, it comes to send nearly nine tenths of the limit and looks no more often than once for each", () => {
  const day = {
    limit: 300,
    bursts: [{ tick: 0, calls: 20_000 }],
    others: [0],
    delays: [[50, 100]],
    tells: [true],
  } as const;
  const tenMinutes = (10 * minuteMs) / tickMs;
  const { sent, wakes } = play(day, 2 * tenMinutes);
  expect(sent - play(day, tenMinutes).sent).toBeGreaterThanOrEqual(10 * 265);
  expect(wakes).toBeLessThan(sent);
});
