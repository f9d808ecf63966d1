import { describe, expect, test } from "vitest";
import { blockMs, type Governor, idle, learn, pause, spend, waitMs, windowMs } from "../../src/exchange/governor.ts";

const start = Date.UTC(2026, 8, 1, 9, 0, 0);

/** The governor after `count` requests, one every `everyMs`, from `start` on. */
function sentSoFar(count: number, everyMs = 0, governor: Governor = idle): Governor {
  return Array.from({ length: count }, (_, i) => start + i * everyMs).reduce(spend, governor);
}

function heard(governor: Governor, limit: number, remaining: number, at = start): Governor {
  return learn(governor, { limit, remaining }, at);
}

/** How many requests may leave at once, with an answer known, though it told nothing. */
function room(governor: Governor, now: number, rpm?: number): number {
  let [count, after] = [0, learn(governor, undefined, now)];
  while (waitMs(after, now, rpm) === 0 && count < 2000) [count, after] = [count + 1, spend(after, now)];
  return count;
}

describe("what may be sent in a minute", () => {
  test.each<[title: string, governor: Governor, rpm: number | undefined, count: number]>([
    ["is the documented limit less a tenth for others, before anything is heard", idle, undefined, 270],
    ["is what the channel allows", idle, 20, 20],
    ["is never more than the system's limit, whatever the channel allows", idle, 1000, 300],
    ["is one request at least", heard(idle, 1, 1, start - windowMs), undefined, 1],
    ["follows the limit that the system tells", heard(sentSoFar(1), 100, 99), undefined, 89],
    ["leaves others what they need", heard(sentSoFar(1), 300, 40), undefined, 10],
    ["is nothing where others used it up", heard(sentSoFar(1), 300, 30), undefined, 0],
    [
      "keeps the limit that was told, also when what was left of it is old news",
      heard(idle, 100, 3, start - windowMs),
      undefined,
      90,
    ],
    ["is less what was sent already", sentSoFar(200), undefined, 70],
    [
      "is less what left in the same moment as the request that was answered first",
      heard(sentSoFar(4), 100, 60),
      undefined,
      47,
    ],
  ])("%s", (_, governor, rpm, count) => expect(room(governor, start, rpm)).toBe(count));

  test("is counted in a sliding minute, and a second more", () => {
    const governor = learn(sentSoFar(270, 100), undefined, start);
    expect(waitMs(governor, start + 30_000, undefined)).toBe(windowMs - 30_000);
    expect(room(governor, start + windowMs, undefined)).toBe(1);
    expect(room(governor, start + windowMs + 900, undefined)).toBe(10);
  });

  test("counts a request for a minute although the answer to a later one was heard", () => {
    const governor = heard(sentSoFar(10, 1_000), 300, 250, start + 5_000);
    expect(room(governor, start + 9_000, undefined)).toBe(250 - 4 - 30);
  });
});

describe("what an answer tells", () => {
  test("is only that there was one, where it says nothing", () => {
    expect(learn(idle, undefined, start)).toEqual({ ...idle, answeredAt: start });
    expect(learn(learn(idle, undefined, start), undefined, start - 1).answeredAt).toBe(start);
  });

  test("is old news after one to a later request", () => {
    const later = heard(idle, 300, 100, start + 1);
    expect(heard(later, 300, 200, start)).toEqual(later);
  });

  test("counts where it tells of less, of two to requests of the same moment", () => {
    expect(heard(heard(idle, 300, 100), 300, 103).heard?.others).toBe(199);
    expect(heard(heard(idle, 300, 103), 300, 100).heard?.others).toBe(199);
  });
});

describe("the wait for room", () => {
  test("is until the oldest request is a minute old", () => {
    expect(waitMs(learn(sentSoFar(1), undefined, start), start + 1, 1)).toBe(windowMs - 1);
  });

  test("is no more than until what was said of others' requests is a minute old", () => {
    expect(waitMs(heard(idle, 300, 0), start + 1_000, undefined)).toBe(windowMs - 1_000);
  });

  test("is not in tiny steps where the last answer that told anything is long ago", () => {
    const governor = sentSoFar(1, 0, heard(idle, 300, 299, start - 50_000));
    expect(waitMs(governor, start + 20_000, 1)).toBe(windowMs - 20_000);
  });
});

describe("while no answer of the last minute is known", () => {
  test("requests are a second apart", () => {
    expect(waitMs(idle, start, undefined)).toBe(0);
    expect(waitMs(sentSoFar(1), start, undefined)).toBe(1_000);
    expect(waitMs(sentSoFar(3, 1_000), start + 2_400, undefined)).toBe(600);
    expect(waitMs(sentSoFar(3, 1_000), start + 3_000, undefined)).toBe(0);
  });

  test("and others used 298 of 300, only one of four calls that are due at once leaves blind", () => {
    const blind = sentSoFar(1);
    expect(waitMs(blind, start, undefined)).toBeGreaterThan(0);
    expect(room(heard(blind, 300, 1), start + 100)).toBe(0);
  });

  test("the limit counts all the same", () => {
    const governor = sentSoFar(5, 1_000);
    expect(waitMs(governor, start + 10_000, 5)).toBe(windowMs - 10_000);
  });

  test("a pause counts all the same", () => {
    expect(waitMs(pause(sentSoFar(1), start, "429"), start, undefined)).toBe(blockMs);
  });

  test.each<[string, number, number]>([
    ["one of the last minute ends that", windowMs - 1, 0],
    ["an older one does not", windowMs, 1_000],
  ])("%s", (_, ago, wait) => {
    expect(waitMs(learn(sentSoFar(1), undefined, start - ago), start, undefined)).toBe(wait);
  });
});

describe("a pause", () => {
  test("lasts as long as the block where the system does not say", () => {
    expect(waitMs(pause(idle, start, "429"), start + 1_000, undefined)).toBe(blockMs - 1_000);
  });

  test("lasts as long as the system says", () => {
    expect(waitMs(pause(idle, start, "429", 90_000), start, undefined)).toBe(90_000);
  });

  test("lasts a minute at least: sooner, the limit would still be used up", () => {
    expect(waitMs(pause(idle, start, "429", 0), start, undefined)).toBe(windowMs);
  });

  test("is not cut short by another answer", () => {
    const paused = pause(pause(idle, start, "429", blockMs), start + 1_000, "429", 90_000);
    expect(waitMs(paused, start + 1_000, undefined)).toBe(blockMs - 1_000);
  });

  test("does not forget the limit", () => {
    const paused = pause(sentSoFar(270), start, "429", windowMs);
    expect(waitMs(paused, start + windowMs - 1, undefined)).toBe(1);
    expect(waitMs(paused, start + windowMs, undefined)).toBe(0);
  });

  test.each([
    [0, 67],
    [1, 135],
    [2, 202],
    [3, 270],
  ])("is followed by a slow start: in minute %d after it %d requests may be sent", (minute, count) => {
    const paused = pause(idle, start, "429", windowMs);
    expect(room(paused, start + windowMs + minute * windowMs)).toBe(count);
  });
});
