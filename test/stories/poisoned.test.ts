/** One poisoned item is one poisoned item: what never gets through holds up nothing else. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { maxRefusals } from "../../src/exchange/settle.ts";
import type { Behaviour } from "../standins/system-faults.ts";
import { until } from "./harness.ts";
import { play, type Scene, setScene } from "./scene.ts";

const minuteMs = 60_000;
/** How late a card may be, in ms: calls that have not failed yet are tried two seconds apart. */
const soonMs = 4_000;

let scene: Scene;

beforeEach(async () => {
  scene = await setScene();
});

afterEach(() => scene.close());

function rings(pbx_call_id: string) {
  return scene.zadarma.start({ pbx_call_id, caller_id: "+380671112233", called_did: "+380443334455" });
}

/** Forms of calls with such ids are answered so, whenever they come. */
function poison(prefix: string, behaviour: Behaviour): void {
  scene.system.behave(({ fields }) => (String(fields.pbx_call_id).startsWith(prefix) ? behaviour : undefined));
}

function requestsOf(prefix: string) {
  return scene.system.requests.filter(({ fields }) => String(fields.pbx_call_id).startsWith(prefix));
}

/** The calls are made one after another, each as soon as the one before was tried. */
async function tried(...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await play(rings(id));
    await until(`a try of ${id}`, () => requestsOf(id).some(({ status }) => status !== undefined));
  }
}

const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}_${i}`);

async function expectCardsSoon(...cards: readonly string[]): Promise<void> {
  for (const id of cards) {
    const rangAt = scene.now();
    await play(rings(id));
    await scene.call(id);
    expect(scene.now() - rangAt).toBeLessThan(soonMs);
  }
}

describe.each<[string, Behaviour, number]>([
  ["403", { status: 403 }, 4],
  ["500", { status: 500 }, 6],
])("calls whose form is always answered %s", (_, behaviour, count) => {
  test("hold up no card of their channel, though nothing else came before it", async () => {
    poison("in_poison", behaviour);
    await tried(...ids("in_poison", count));
    await expectCardsSoon(...ids("in_good", 3));
  });

  test("hold up no card after hours of it, and are tried ever more seldom", async () => {
    poison("in_poison", behaviour);
    await tried(...ids("in_poison", count));
    for (let turn = 0; turn < 60; turn++) await scene.turn(2 * minuteMs);
    await expectCardsSoon(...ids("in_good", 3));
    for (let turn = 0; turn < 60; turn++) await scene.turn(2 * minuteMs);
    expect(requestsOf("in_poison").length).toBeLessThan(count * 40);
    await expectCardsSoon("in_late");
  });

  test("hold up no card after an eviction", async () => {
    poison("in_poison", behaviour);
    await tried(...ids("in_poison", count));
    await scene.trunkline.evict(scene.system.url);
    await expectCardsSoon("in_good");
  });
});

describe("calls that were told to come again in an hour", () => {
  beforeEach(async () => {
    scene.system.behave(() => ({ status: 503, headers: { "retry-after": "3600" } }));
    await tried(...ids("in_maintenance", 3));
  });

  test("come as soon as the system served another call", async () => {
    scene.system.behave(undefined);
    await expectCardsSoon("in_good");
    const servedAt = scene.now();
    await scene.passing("their cards", () => scene.system.tickets.length === 4);
    expect(scene.now() - servedAt).toBeLessThan(5 * minuteMs);
    expect(scene.system.doubled()).toEqual([]);
  });

  test("wait for that hour where nothing else is known", async () => {
    scene.system.behave(undefined);
    for (let turn = 0; turn < 58; turn++) await scene.turn(minuteMs);
    expect(scene.system.requests).toHaveLength(3);
    for (let turn = 0; turn < 10; turn++) await scene.turn(minuteMs);
    await scene.passing("their cards", () => scene.system.tickets.length === 3);
  });
});

test("one call that is told so for ever is not hammered, however many others are served", async () => {
  poison("in_poison", { status: 503, headers: { "retry-after": "3600" } });
  await tried("in_poison");
  for (const id of ids("in_good", 10)) {
    await expectCardsSoon(id);
    await scene.turn(minuteMs);
  }
  expect(requestsOf("in_poison").length).toBeLessThanOrEqual(4);
});

test("credentials that are refused for a while, and then are not: all arrives soon after", async () => {
  scene.system.behave(() => ({ status: 403 }));
  await tried(...ids("in_refused", 6));
  for (let turn = 0; turn < 30; turn++) await scene.turn(2 * minuteMs);
  const during = scene.system.requests.length;
  expect(during).toBeLessThan(60);
  scene.system.behave(undefined);
  await expectCardsSoon("in_good");
  const back = scene.now();
  await scene.passing("their cards", () => scene.system.tickets.length === 7);
  expect(scene.now() - back).toBeLessThan(5 * minuteMs);
});

test("so does a lone call that got stuck by it", async () => {
  scene.system.behave(() => ({ status: 403 }));
  await tried("in_refused");
  for (let turn = 0; turn < 10; turn++) await scene.turn(minuteMs);
  await until("its last try", () => requestsOf("in_refused").length === maxRefusals);
  scene.system.behave(undefined);
  await expectCardsSoon("in_good");
  await scene.passing("its card", () => scene.system.tickets.length === 2);
});

test("few calls that failed while nobody was served go out soon after it", async () => {
  scene.system.behave(() => ({ status: 503 }));
  await tried(...ids("in_night", 3));
  for (let turn = 0; turn < 60; turn++) await scene.turn(3 * minuteMs);
  scene.system.behave(undefined);
  await expectCardsSoon("in_morning");
  const back = scene.now();
  await scene.passing("their cards", () => scene.system.tickets.length === 4);
  expect(scene.now() - back).toBeLessThan(5 * minuteMs);
});

test("one call that meets the limit each time does not bring all to rest for ever", async () => {
  poison("in_poison", { front: 429 });
  await tried("in_poison");
  let late = 0;
  for (let hour = 0; hour < 12; hour++) {
    await play(rings(`in_good_${hour}`));
    const isThere = () => scene.system.calls.some(({ pbxCallId }) => pbxCallId === `in_good_${hour}`);
    await scene.turn(1_000);
    for (let turn = 0; turn < 12; turn++) {
      late += Number(!isThere());
      await scene.turn(5 * minuteMs);
    }
    expect(isThere()).toBe(true);
  }
  // In five-minute turns: of twelve hours two at most, where a rest of twenty minutes meets a card.
  expect(late).toBeLessThanOrEqual(24);
  expect(requestsOf("in_poison").length).toBeLessThan(10);
});

test("calls that are never answered hold up no card for long", async () => {
  poison("in_poison", { until: new Promise(() => undefined) });
  await Promise.all(ids("in_poison", 4).map((id) => play(rings(id))));
  await until("their forms", () => requestsOf("in_poison").length === 4);
  await expectCardsSoon("in_good");
  await play(...ids("in_poison_too", 2).map(rings));
  const root = scene.twilio.inbound("+14155550123", "+14155550100");
  const rangAt = scene.now();
  await play(scene.twilio.voice(root));
  await scene.call(root.sid);
  expect(scene.now() - rangAt).toBeLessThan(soonMs);
});

test("a flood at one channel delays no card of its sibling", async () => {
  await scene.close();
  scene = await setScene({ system: { limit: 300 } });
  const delays: number[] = [];
  for (let second = 0; second < 24; second++) {
    await play(...ids(`in_flood_${second}`, 25).map(rings));
    const rangAt = scene.now();
    const root = scene.twilio.inbound("+14155550123", "+14155550100");
    await play(scene.twilio.voice(root));
    await scene.call(root.sid);
    delays.push(scene.now() - rangAt);
    await scene.turn(5_000);
  }
  expect(Math.max(...delays)).toBeLessThan(soonMs);
  expect(scene.system.violations).toEqual([]);
  expect(scene.system.tickets.length).toBeGreaterThan(60);
});
