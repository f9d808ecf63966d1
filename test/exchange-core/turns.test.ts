import { describe, expect, test } from "vitest";
import { type Class, classes } from "../../src/exchange/outbox.ts";
import { nextTurn, noTurns, tookTurn, type Waiting } from "../../src/exchange/turns.ts";

const { card, final, change, recording } = classes;

function waits(kind: Class, channel = "support"): Waiting {
  return { channel, class: kind };
}

/** Whose turns the next `count` are while `waiting` goes on and on. */
function turns(waiting: readonly Waiting[], count: number): Waiting[] {
  let now = noTurns;
  return Array.from({ length: count }, () => {
    const turn = nextTurn(now, waiting);
    if (!turn) throw new Error("nobody's turn");
    now = tookTurn(now, turn, waiting);
    return turn;
  });
}

describe("whose turn it is", () => {
  test("is nobody's where nothing waits", () => expect(nextTurn(noTurns, [])).toBeUndefined());

  test.each<[string, readonly Class[], Class]>([
    ["the card's before all", [recording, change, final, card], card],
    ["the final status's before changes", [change, final], final],
    ["the change's before a recording's", [recording, change], change],
    ["the recording's where nothing else waits", [recording], recording],
  ])("is %s", (_, kinds, first) => {
    const waiting = kinds.map((kind) => waits(kind));
    expect(nextTurn(noTurns, waiting)?.class).toBe(first);
  });
});

test("while all wait on and on, cards get two of three turns and no class starves", () => {
  const waiting = [card, final, change, recording].map((kind) => waits(kind));
  const served = Map.groupBy(turns(waiting, 1000), (turn) => turn.class);
  const count = (kind: Class) => served.get(kind)?.length ?? 0;
  expect(count(card)).toBeGreaterThan(640);
  expect([count(final), count(change), count(recording)]).toEqual([
    expect.closeTo(200, -2),
    expect.closeTo(100, -2),
    expect.closeTo(50, -2),
  ]);
});

test("a class that did not wait has not been passed over", () => {
  let now = noTurns;
  for (let i = 0; i < 100; i++) now = tookTurn(now, waits(card), [waits(card)]);
  expect(nextTurn(now, [waits(card), waits(recording)])?.class).toBe(card);
});

test("the channels of a system take turns, so that a flood at one does not hold up another's cards", () => {
  const waiting = [waits(card, "flooded"), waits(card, "quiet"), waits(card, "third")];
  const channels = turns(waiting, 6).map((turn) => turn.channel);
  expect(new Set(channels.slice(0, 3)).size).toBe(3);
  expect(channels.slice(3)).toEqual(channels.slice(0, 3));
});
