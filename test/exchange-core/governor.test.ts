import { describe, expect, test } from "vitest";
import { blockMs, type Governor, idle, learn, pause, spend, waitMs, windowMs } from "../../src/exchange/governor.ts";

const start = Date.UTC(2026, 8, 1, 9, 0, 0);

/** The governor after `count` requests, one every `everyMs`, from `start` on. */
function sentSoFar(count: number, everyMs = 0, governor: Governor = idle): Governor {
  const times = Array.from({ length: count }, (_, i) => start + i * everyMs);
  return times.reduce((before, at) => spend(before, at, "support"), governor);
}

function heard(governor: Governor, limit: number, remaining: number, at = start): Governor {
  return learn(governor, { limit, remaining }, at);
}

/** Others were watched for long enough, and used nothing. */
const alone: Governor = {
  sent: [],
  watched: Array.from({ length: 10 }, (_, i) => ({ from: start - (10 - i) * windowMs, least: 0, most: 0 })),
};

/** How many requests may leave at once, with an answer known, though it told nothing. */
function room(governor: Governor, now: number, rpm?: number): number {
  let [count, after] = [0, learn(governor, undefined, now)];
  while (waitMs(after, now, rpm) === 0 && count < 2000) [count, after] = [count + 1, spend(after, now, "support")];
  return count;
}

describe("what may be sent in a minute", () => {
  test.each<[title: string, governor: Governor, rpm: number | undefined, count: number]>([
    ["is the documented limit less a tenth for others, once they are known to be few", alone, undefined, 270],
    ["is less than a third of it while others were not watched", idle, undefined, 90],
    ["is what the channel allows", alone, 20, 20],
    ["is never more than what is ours, whatever the channel allows", alone, 1000, 270],
    ["is one request at least", heard(alone, 1, 1, start - windowMs), undefined, 1],
    ["follows the limit that the system tells", heard(sentSoFar(1, 0, alone), 100, 99), undefined, 89],
    ["leaves others what they use", heard(sentSoFar(1, 0, alone), 300, 190), undefined, 300 - 109 - 88 - 1],
    ["is nothing where others used it up", heard(sentSoFar(1, 0, alone), 300, 30), undefined, 0],
    [
      "keeps the limit that was told, also when what was left of it is old news",
      heard(alone, 100, 100, start - windowMs),
      undefined,
      90,
    ],
    ["is less what was sent already", sentSoFar(200, 0, alone), undefined, 70],
    [
      "is less what left in the same moment as the request that was answered first",
      heard(sentSoFar(4, 0, alone), 300, 280),
      undefined,
      300 - 19 - 30 - 4,
    ],
  ])("%s", (_, governor, rpm, count) => expect(room(governor, start, rpm)).toBe(count));

  test("is the more, the longer others were watched", () => {
    const known = (minutes: number) => room({ ...alone, watched: alone.watched?.slice(10 - minutes) }, start);
    const shares = [0, 2, 4, 6, 8, 10].map(known);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect([shares.at(0), shares.at(-1)]).toEqual([90, 270]);
  });

  test("is less where others send unevenly", () => {
    const minutes = (least: number, most: number): Governor => ({
      sent: [],
      heard: { limit: 300, others: 100, at: start },
      watched: alone.watched?.map(({ from }) => ({ from, least, most })),
    });
    expect(room(minutes(100, 100), start)).toBe(300 - 100 - 30);
    expect(room(minutes(80, 130), start)).toBe(300 - 100 - 40);
  });

  test("forgets what others did once it is long ago", () => {
    const uneven = alone.watched?.map(({ from }) => ({ from: from - 20 * windowMs, least: 0, most: 200 })) ?? [];
    expect(room({ ...alone, watched: [...uneven, ...(alone.watched ?? [])] }, start)).toBe(270);
  });

  test("leaves room to those that cannot wait, and comes back evenly", () => {
    const patient = (governor: Governor, now: number) =>
      waitMs(learn(governor, undefined, now), now, undefined, "patient");
    expect(patient(alone, start)).toBe(0);
    expect(patient(sentSoFar(140, 0, alone), start)).toBe(Math.ceil(windowMs / 270));
    expect(patient(sentSoFar(243, 0, alone), start + 1_000)).toBe(windowMs - 1_000);
    expect(waitMs(learn(sentSoFar(243, 0, alone), undefined, start), start + 1_000, undefined)).toBe(0);
  });

  test("is counted in a sliding minute, and a second more", () => {
    const governor = learn(sentSoFar(270, 100, alone), undefined, start);
    expect(waitMs(governor, start + 30_000, undefined)).toBe(windowMs - 30_000);
    expect(room(governor, start + windowMs, undefined)).toBe(1);
    expect(room(governor, start + windowMs + 900, undefined)).toBe(10);
  });

  test("counts a request for a minute although the answer to a later one was heard", () => {
    const governor = heard(sentSoFar(10, 1_000, alone), 300, 284, start + 5_000);
    expect(room(governor, start + 9_000, undefined)).toBe(284 - 4 - 30);
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

describe("a limit", () => {
  /** Told `limit` of which nothing is used, every minute for so many. */
  const told = (limit: number, minutes: number, governor: Governor = alone, from = start): Governor =>
    Array.from({ length: minutes + 1 }, (_, i) => from + i * 60_000).reduce(
      (before, at) => heard(before, limit, limit, at),
      governor,
    );
  /** How many requests a minute would be ours then, others being known to be few. */
  const ours = (governor: Governor, rpm?: number) => {
    const now = (governor.heard?.at ?? start) + 1;
    const watched = alone.watched?.map((one) => ({ ...one, from: one.from + (now - start) }));
    return room({ ...governor, watched }, now, rpm);
  };

  test.each<[string, Governor, number | undefined, number]>([
    ["that is lower counts at once", told(100, 0), undefined, 90],
    ["that is documented counts at once again", told(300, 0, told(100, 0), start + 1_000), undefined, 270],
    ["above that does not", told(1_000, 0), undefined, 270],
    ["nor for nearly ten minutes", told(1_000, 9), undefined, 270],
    ["but after ten minutes of it", told(1_000, 10), undefined, 900],
    ["and at once where the operator asks for more", told(1_000, 0), 600, 600],
    ["of which the system allows less all the same", told(400, 0), 600, 360],
    ["that the operator merely asks for is none", told(300, 0), 600, 270],
    ["that is lower again begins anew", told(1_000, 9, told(300, 0, told(1_000, 9)), start + 600_000), undefined, 270],
    ["counts by the least of those minutes", told(1_000, 5, told(500, 5), start + 360_000), undefined, 450],
    [
      "that was told long ago and now is not told for ten minutes",
      told(1_000, 0, told(1_000, 0), start + 3_600_000),
      undefined,
      270,
    ],
  ])("%s", (_, governor, rpm, count) => expect(ours(governor, rpm)).toBe(count));

  test("that is lower counts at once, also from an answer to an older request", () => {
    const older = heard(heard(alone, 300, 300, start + 2_000), 100, 100, start);
    expect(older.heard).toMatchObject({ limit: 100, at: start + 2_000 });
    expect(ours(older)).toBe(90);
  });

  test("that is told without what is left of it counts, and says nothing of what others use", () => {
    const before = heard(sentSoFar(1, 0, alone), 300, 190);
    const told = learn(before, { limit: 200 }, start + 1);
    expect(told.heard).toEqual({ limit: 200, others: 109, at: start + 1 });
    expect(told.watched).toBe(before.watched);
    expect(learn(told, { limit: 100 }, start).heard).toMatchObject({ limit: 100, at: start + 1 });
  });

  test("that is higher is old news from such an answer", () => {
    expect(heard(heard(alone, 100, 100, start + 2_000), 300, 300, start).heard?.limit).toBe(100);
  });

  test("of which little is left, by an answer to an older request, counts by what others surely used", () => {
    const sent = sentSoFar(11, 100, alone);
    const older = heard(heard(sent, 300, 289, start + 1_000), 300, 100, start);
    expect(older.heard?.others).toBe(300 - 100 - 11);
    expect(heard(heard(sent, 300, 100, start + 1_000), 300, 289, start).heard?.others).toBe(300 - 100 - 11);
  });

  test("that does not count yet leaves us what is left of it, within the one that does", () => {
    expect(ours(heard(alone, 1_000, 400))).toBe(270);
    expect(ours(heard(alone, 1_000, 100))).toBe(300 - 199 - 30);
  });
});

describe("the wait for room", () => {
  test("is until the oldest request is a minute old", () => {
    expect(waitMs(learn(sentSoFar(1), undefined, start), start + 1, 1)).toBe(windowMs - 1);
  });

  test("is none for one request, however many others send: somebody must find out when they stop", () => {
    expect(waitMs(heard(idle, 300, 0), start + 1_000, undefined)).toBe(0);
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
    const paused = pause(sentSoFar(270, 0, alone), start, "429", windowMs);
    expect(waitMs(paused, start + windowMs - 1, undefined)).toBe(1);
    expect(waitMs(paused, start + windowMs, undefined)).toBe(0);
  });

  test.each([
    [0, 67],
    [1, 135],
    [2, 202],
    [3, 270],
  ])("is followed by a slow start: in minute %d after it %d requests may be sent", (minute, count) => {
    const watched = alone.watched?.map((one) => ({ ...one, from: one.from + 4 * windowMs }));
    const paused = pause({ sent: [], watched }, start, "429", windowMs);
    expect(room(paused, start + windowMs + minute * windowMs)).toBe(count);
  });
});
