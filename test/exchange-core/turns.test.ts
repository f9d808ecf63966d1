import { describe, expect, test } from "vitest";
import { type Class, classes } from "../../src/exchange/outbox.ts";
import {
  hasPlace,
  hasteOf,
  nextTurn,
  noTurns,
  openClasses,
  slowMs,
  tookTurn,
  type UnderWay,
  type Waiting,
} from "../../src/exchange/turns.ts";

const { card, final, change, recording, again } = classes;

const now = Date.UTC(2026, 8, 1, 9, 0, 0);
const minuteMs = 60_000;

function waits(kind: Class, channel = "support", forMs = 0): Waiting {
  return { channel, class: kind, since: now - forMs };
}

/** Forms of these classes that left `agoMs` ago. */
function sent(kinds: readonly Class[], agoMs = 0): UnderWay[] {
  return kinds.map((kind) => ({ channel: "support", class: kind, at: now - agoMs }));
}

/** Whose turns the next `count` are while `waiting` goes on and on. */
function turns(waiting: readonly Waiting[], count: number): Waiting[] {
  let taken = noTurns;
  return Array.from({ length: count }, () => {
    const turn = nextTurn(taken, waiting, now);
    if (!turn) throw new Error("nobody's turn");
    taken = tookTurn(taken, turn, waiting);
    return turn;
  });
}

describe("whose turn it is", () => {
  test("is nobody's where nothing waits", () => expect(nextTurn(noTurns, [], now)).toBeUndefined());

  test.each<[string, readonly Class[], Class]>([
    ["the card's before all", [recording, change, final, card], card],
    ["the final status's before changes", [change, final], final],
    ["another try's after cards and final statuses", [again, final], final],
    ["and before what else there is", [recording, change, again], again],
    ["the change's before a recording's", [recording, change], change],
    ["the recording's where nothing else waits", [recording], recording],
  ])("is %s", (_, kinds, first) => {
    const waiting = kinds.map((kind) => waits(kind));
    expect(nextTurn(noTurns, waiting, now)?.class).toBe(first);
  });
});

describe("what may be under way beside", () => {
  const all = [card, final, again, change, recording];

  test.each<[string, readonly Class[], readonly Class[]]>([
    ["nothing is anything", [], all],
    ["two recordings is no third one", [recording, recording], [card, final, again, change]],
    ["two tries of calls that failed is no third one", [again, again], [card, final, change, recording]],
    ["three that are no cards is a card", [final, change, recording], [card]],
    ["two tries and a recording is a card", [again, again, recording], [card]],
    ["three cards is anything", [card, card, card], all],
    ["four is nothing", [card, card, card, final], []],
  ])("%s", (_, underWay, open) => expect(openClasses(sent(underWay), now)).toEqual(open));

  test.each<[string, readonly Class[], readonly Class[], readonly Class[]]>([
    ["four that are slow is anything", [card, card, card, final], [], all],
    ["four that are slow and one that is not is anything", [card, card, card, final], [card], all],
    ["six is nothing, however slow they are", [card, card, card, card, card, card], [], []],
    ["two slow recordings is no third one", [recording, recording], [], [card, final, again, change]],
    ["three slow ones that are no cards is a card", [again, again, final], [card, card], [card]],
  ])("%s", (_, slow, young, open) => {
    expect(openClasses([...sent(slow, slowMs), ...sent(young)], now)).toEqual(open);
  });

  test("five of a channel is one of another, where there is one", () => {
    const forms = sent([card, card, card, card, card], slowMs);
    expect(hasPlace(forms, "support", ["support", "sales"])).toBe(false);
    expect(hasPlace(forms, "sales", ["support", "sales"])).toBe(true);
    expect(hasPlace(forms, "support", ["support"])).toBe(true);
  });
});

describe("while cards come on and on", () => {
  const count = (served: readonly Waiting[], kind: Class) => served.filter((turn) => turn.class === kind).length;

  test("all turns are theirs as long as nothing else waits for long", () => {
    const waiting = [waits(card), waits(final, "support", minuteMs), waits(recording, "support", 20 * minuteMs)];
    expect(count(turns(waiting, 100), card)).toBe(100);
  });

  test("one is hidden for each that pops up, once the first waits for more than a minute", () => {
    const waiting = [waits(card), waits(final, "support", minuteMs + 1)];
    expect(count(turns(waiting, 100), final)).toBe(50);
  });

  test("no class starves", () => {
    const hourMs = 60 * minuteMs;
    const waiting = Object.values(classes).map((kind) => waits(kind, "support", hourMs));
    const served = turns(waiting, 1000);
    expect(count(served, again)).toBeGreaterThan(150);
    expect(count(served, change)).toBeGreaterThan(80);
    expect(count(served, recording)).toBeGreaterThan(40);
    expect(count(served, card)).toBeGreaterThan(100);
  });

  test("what has waited for long goes before room is left to cards, and only when it is its turn", () => {
    const late = waits(final, "support", 2 * minuteMs);
    expect(hasteOf(noTurns, late, now)).toBe("patient");
    expect(hasteOf(tookTurn(noTurns, waits(card), [waits(card), late]), late, now)).toBe("eager");
    expect(hasteOf(noTurns, waits(card), now)).toBe("eager");
  });

  test("what failed goes out again by and by, as soon as it waited for half a minute", () => {
    expect(count(turns([waits(card), waits(again, "support", 30_000)], 100), again)).toBe(0);
    expect(count(turns([waits(card), waits(again, "support", 30_001)], 100), again)).toBe(25);
  });

  test("a class that did not wait has not been passed over", () => {
    let taken = noTurns;
    for (let i = 0; i < 100; i++) taken = tookTurn(taken, waits(card), [waits(card)]);
    expect(nextTurn(taken, [waits(card), waits(recording, "support", 60 * minuteMs)], now)?.class).toBe(card);
  });
});

test("the channels of a system take turns, so that a flood at one does not hold up another's cards", () => {
  const waiting = [waits(card, "flooded"), waits(card, "quiet"), waits(card, "third")];
  const channels = turns(waiting, 6).map((turn) => turn.channel);
  expect(new Set(channels.slice(0, 3)).size).toBe(3);
  expect(channels.slice(3)).toEqual(channels.slice(0, 3));
});
