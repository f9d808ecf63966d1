import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Governor, idle, learn, spend, waitMs, windowMs } from "../../src/exchange/governor.ts";
import { aliveMs, type Claim, divided, firstRequests, partOf, roomMs } from "../../src/exchange/parts.ts";

const start = Date.UTC(2026, 8, 1, 9, 0, 0);
const minuteMs = 60_000;

describe("a minute is divided", () => {
  const among = ["a", "b", "c"];

  test.each<[string, Claim, readonly (readonly [string, number])[], readonly string[], number]>([
    ["among those that something was sent for", { channel: "a", among }, [["b", start]], ["a", "b"], 1],
    ["and those that wait", { channel: "a", among, waiting: ["c"] }, [], ["a", "c"], 1],
    ["not for who was silent for long", { channel: "a", among }, [["b", start - aliveMs]], ["a"], 2],
    ["not for who moved to another system", { channel: "a", among }, [["gone", start]], ["a"], 2],
  ])("%s", (_, claim, seen, alive, others) => {
    expect(divided(claim, seen, start)).toEqual({ alive, idle: others });
  });

  test.each([
    ["equally", 90, 3, 0, 30],
    ["less what is kept for the first cards of the others", 90, 1, 1, 90 - firstRequests],
    ["which is a quarter of it at most", 90, 2, 50, Math.floor((90 - 22) / 2)],
    ["a request for each at least", 3, 10, 5, 1],
    ["all for a lone one", 90, 1, 0, 90],
  ])("%s", (_, most, alive, others, part) => {
    const names = Array.from({ length: alive }, (_, i) => `channel ${i}`);
    expect(partOf(most, { alive: names, idle: others })).toBe(part);
  });
});

describe("room", () => {
  /** So many requests of each, one a second, the oldest first. */
  const sent = (...whose: readonly string[]) => ({
    ms: windowMs,
    sent: whose.map((_, i) => start + i * 1_000),
    whose,
  });
  const two = { alive: ["a", "b"], idle: 0 };
  const at = start + 10_000;

  test.each<[string, readonly string[], string, number]>([
    ["is there within the part", ["a", "a"], "a", 0],
    ["is not there beyond it, while the rest is kept for another", ["a", "a", "a"], "a", windowMs - 10_000],
    ["is there for that other one", ["a", "a", "a"], "b", 0],
    ["is not there for anybody in a full minute", ["a", "a", "a", "a", "a", "a"], "b", windowMs - 10_000],
    ["comes to the one within its part first", ["b", "a", "a", "a", "a", "a"], "a", windowMs - 10_000 + 3_000],
  ])("%s", (_, whose, channel, wait) => {
    expect(roomMs(sent(...whose), 6, channel, two, at)).toBe(wait);
  });

  test("beyond its part is what others do not need: those that are not alive keep a few", () => {
    const by = { alive: ["a"], idle: 1 };
    expect(roomMs(sent(...Array(14).fill("a")), 20, "a", by, start + 20_000)).toBe(0);
    expect(roomMs(sent(...Array(15).fill("a")), 20, "a", by, start + 20_000)).toBe(windowMs - 20_000);
  });
});

test("room is there after the wait and not a moment sooner, never in a full minute, and always where nothing was sent", () => {
  const minutes = fc.record({
    requests: fc.array(fc.tuple(fc.nat(windowMs - 1), fc.constantFrom("a", "b", "c", "")), { maxLength: 60 }),
    most: fc.integer({ min: 1, max: 50 }),
    others: fc.subarray(["b", "c"]),
    rest: fc.nat(20),
  });
  fc.assert(
    fc.property(minutes, ({ requests, most, others, rest }) => {
      const by = { alive: ["a", ...others], idle: rest };
      const sorted = requests.toSorted(([one], [two]) => one - two);
      const waitAt = (now: number) => {
        const left = sorted.filter(([at]) => start + at > now - windowMs);
        const minute = { ms: windowMs, sent: left.map(([at]) => start + at), whose: left.map(([, name]) => name) };
        const wait = roomMs(minute, most, "a", by, now);
        if (left.length >= most) expect(wait).toBeGreaterThan(0);
        if (left.length === 0) expect(wait).toBe(0);
        return wait;
      };
      const now = start + windowMs - 1;
      const wait = waitAt(now);
      expect(waitAt(now + wait)).toBe(0);
      if (wait > 0) expect(waitAt(now + wait - 1)).toBe(1);
    }),
  );
});

interface Plan {
  readonly limit: number;
  readonly among: readonly string[];
  /** How far apart what each of them has to send is, in ms, from when on, in ms; many at once. */
  readonly comes: readonly { channel: string; everyMs: number; fromMs: number; count: number }[];
  readonly minutes: number;
}

const tickMs = 100;

/** Plays it with the clock turned by hand: how long each channel's requests waited at most, how many went, the most a minute. */
function play({ limit, among, comes, minutes }: Plan) {
  let governor: Governor = idle;
  const queues = new Map<string, number[]>(among.map((name) => [name, []]));
  const went = new Map<string, number>();
  const waited = new Map<string, number>();
  const all: number[] = [];
  let [turn, most] = [0, 0];
  for (let at = start; at < start + minutes * minuteMs; at += tickMs) {
    for (const { channel, everyMs, fromMs, count } of comes) {
      const due = at - start - fromMs;
      if (due >= 0 && due % everyMs < tickMs) queues.get(channel)?.push(...Array(count).fill(at));
    }
    const waiting = among.filter((name) => queues.get(name)?.length);
    for (let i = 0; i < among.length; i++) {
      const channel = among[turn++ % among.length] ?? "";
      const since = queues.get(channel)?.[0];
      if (since === undefined || waitMs(governor, at, undefined, "eager", { channel, among, waiting }) > 0) continue;
      queues.get(channel)?.shift();
      governor = spend(governor, at, channel);
      all.push(at);
      const used = all.filter((earlier) => earlier > at - minuteMs).length;
      most = Math.max(most, used);
      governor = learn(governor, { limit, remaining: Math.max(0, limit - used) }, at);
      waited.set(channel, Math.max(waited.get(channel) ?? 0, at - since));
      went.set(channel, (went.get(channel) ?? 0) + 1);
    }
  }
  return { waited, went, most };
}

const flood = { channel: "flood", everyMs: 100, fromMs: 0, count: 5 };

describe("under a flood of fifty a second", () => {
  test.each([60, 300])("at a limit of %d, a sibling that comes later has its cards at once", (limit) => {
    const cards = { channel: "quiet", everyMs: 10_000, fromMs: 90_000, count: 1 };
    const { waited, most } = play({ limit, among: ["flood", "quiet"], comes: [flood, cards], minutes: 5 });
    expect(waited.get("quiet")).toBeLessThan(2_000);
    expect(most).toBeLessThanOrEqual(limit);
  });

  test("a burst of a sibling's first cards pops up at once, and more of them by and by", () => {
    const among = ["flood", "quiet"];
    const bursts = (count: number) =>
      play({
        limit: 300,
        among,
        comes: [flood, { channel: "quiet", everyMs: 120_000, fromMs: 200_000, count }],
        minutes: 5,
      }).waited.get("quiet");
    expect(bursts(firstRequests)).toBeLessThan(2_000);
    expect(bursts(30)).toBeLessThan(30_000);
  });

  test("no number of siblings whose need is less than their part waits, and no minute holds more than the limit", () => {
    const plans = fc.record({
      limit: fc.constantFrom(60, 120, 300),
      quiet: fc.array(fc.record({ everyMs: fc.constantFrom(20_000, 30_000, 60_000), fromMs: fc.nat(100_000) }), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(plans, ({ limit, quiet }) => {
        const names = quiet.map((_, i) => `quiet ${i}`);
        const comes = quiet.map((one, i) => ({ ...one, channel: `quiet ${i}`, count: 1 }));
        const played = play({ limit, among: ["flood", ...names], comes: [flood, ...comes], minutes: 4 });
        expect(played.most).toBeLessThanOrEqual(limit);
        for (const name of names) expect(played.waited.get(name) ?? 0).toBeLessThan(6_000);
      }),
      { numRuns: 10 },
    );
  });

  test("two floods have equal parts", () => {
    const other = { ...flood, channel: "other" };
    const { went } = play({ limit: 300, among: ["flood", "other"], comes: [flood, other], minutes: 5 });
    const [one = 0, two = 0] = [went.get("flood"), went.get("other")];
    expect(Math.abs(one - two) / (one + two)).toBeLessThan(0.05);
  });
});

test("a lone channel has the minute for itself, and one whose siblings are silent most of it", () => {
  const sent = (among: readonly string[]) => play({ limit: 300, among, comes: [flood], minutes: 12 }).went.get("flood");
  const lone = sent(["flood"]) ?? 0;
  expect(lone).toBeGreaterThan(12 * 150);
  expect(sent(["flood", "silent"])).toBeGreaterThan(0.75 * lone);
});

describe("a governor that was stored by the version before", () => {
  const stored: Governor = JSON.parse(JSON.stringify({ sent: Array.from({ length: 80 }, (_, i) => start + i * 100) }));
  const claim = { channel: "a", among: ["a", "b"] };

  test("counts what it sent, whoever's it was", () => {
    const governor = learn(stored, undefined, start + 8_000);
    let [count, after] = [0, governor];
    while (waitMs(after, start + 8_000, undefined, "eager", claim) === 0 && count < 100)
      [count, after] = [count + 1, spend(after, start + 8_000, "a")];
    expect(count).toBe(10);
    expect(after.whose?.filter((name) => name === "a")).toHaveLength(10);
    expect(after.sent).toHaveLength(after.whose?.length ?? 0);
  });
});
