/** One call is one ticket, whatever the system does. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { send } from "../standins/webhook.ts";
import { until } from "./harness.ts";
import { play, type Scene, setScene } from "./scene.ts";

const minuteMs = 60_000;

let scene: Scene;

beforeEach(async () => {
  scene = await setScene();
});

afterEach(() => scene.close());

const ring = {
  pbx_call_id: "in_story",
  caller_id: "+380671112233",
  called_did: "+380443334455",
};
const talk = { internal: "100", last_internal: "100", duration: "33", disposition: "answered", is_recorded: "0" };

/** A call from its first ring to its end. */
async function wholeCall(): Promise<void> {
  const { zadarma } = scene;
  await play(
    zadarma.start(ring),
    zadarma.internal({ ...ring, internal: "100" }),
    zadarma.answer({ ...ring, destination: "100", internal: "100" }),
    zadarma.end({ ...ring, ...talk }),
  );
}

/** As soon as the system knows how the call ended. */
function answered() {
  return scene.passing("the end of the call", () =>
    scene.system.calls.find(({ pbxCallId, status }) => pbxCallId === ring.pbx_call_id && status === "answered"),
  );
}

function expectOneTruth(): void {
  const { system } = scene;
  expect(system.violations).toEqual([]);
  expect(system.calls).toHaveLength(1);
  expect(system.calls).toMatchObject([{ status: "answered", ticket: { assignee: { pbxUserId: "100" } } }]);
}

test("the same webhook ten times at once, while the system is slow, makes one ticket", async () => {
  scene.system.behave(() => ({ delayMs: 400 }));
  const webhook = scene.zadarma.start(ring);
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(webhook)));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  await wholeCall();
  await answered();
  expectOneTruth();
  expect(scene.system.requests.filter(({ action }) => action === "create_call")).toHaveLength(1);
});

test("a create that the system is still at work on when we are evicted is not made again", async () => {
  const { system, trunkline, zadarma } = scene;
  const held = Promise.withResolvers<void>();
  system.behave(({ n }) => (n === 1 ? { until: held.promise } : undefined));
  await play(zadarma.start(ring));
  await until("the request", () => system.requests.length === 1);
  await trunkline.evict(system.url);

  await scene.turn(0);
  await play(zadarma.start({ ...ring, pbx_call_id: "in_another" }));
  await scene.call("in_another");
  held.resolve();
  await scene.passing("the answer", () => system.requests.some(({ action }) => action === "update_call"));
  expect(system.requests.map(({ action }) => action)).toEqual(["create_call", "create_call", "update_call"]);
  expect(system.doubled()).toEqual([]);
});

test("two webhooks of one call at once make one ticket", async () => {
  scene.system.behave(() => ({ delayMs: 200 }));
  const { zadarma } = scene;
  const [start, internal] = [zadarma.start(ring), zadarma.internal({ ...ring, internal: "100" })];
  await Promise.all([send(internal), send(start)]);
  await wholeCall();
  await answered();
  expectOneTruth();
});

test("a card pops up although another call's delivery hangs", async () => {
  const never = new Promise(() => undefined);
  scene.system.behave(({ fields }) => (fields.pbx_call_id === "in_stuck" ? { until: never } : undefined));
  await play(scene.zadarma.start({ ...ring, pbx_call_id: "in_stuck" }), scene.zadarma.start(ring));
  expect(await scene.call(ring.pbx_call_id)).toMatchObject({ status: "ringing" });
});

describe("a create_call whose outcome is unknown is asked after, twice, before it is repeated:", () => {
  const [create, ask] = ["create_call", "update_call"] as const;

  test.each([
    ["the connection is lost after it was done", { drop: "after" }, [create, ask]],
    ["it is done, and answered with a page", { html: true, commit: true }, [create, ask]],
    ["it is done, and answered 500", { status: 500, commit: true }, [create, ask]],
    ["the connection is lost before it was done", { drop: "before" }, [create, ask, ask, create]],
    ["it is not done, and answered 503", { status: 503 }, [create, ask, ask, create]],
    ["it is not done, and answered with a page", { html: true }, [create, ask, ask, create]],
  ] as const)("%s", async (_, behaviour, actions) => {
    scene.system.behave(({ n }) => (n === 1 ? behaviour : undefined));
    await play(scene.zadarma.start(ring));
    await scene.passing("the ticket", () => scene.system.requests.length === actions.length);
    await wholeCall();
    await answered();
    expect(scene.system.requests.slice(0, actions.length).map(({ action }) => action)).toEqual(actions);
    expectOneTruth();
  });
});

test("a whole call behind an outage becomes one form, with the final status", async () => {
  let down = true;
  scene.system.behave(() => (down ? { drop: "before" } : undefined));
  await wholeCall();
  await scene.passing("some tries", () => scene.system.requests.length > 1);
  const before = scene.system.requests.length;
  down = false;
  await answered();
  // The last try before the end of the outage may have been the asking one.
  const told = scene.system.requests.slice(before).filter(({ status }) => status === 200);
  expect(told.map(({ fields }) => fields.call_status)).toEqual(["answered"]);
  expectOneTruth();
});

test("429 leaves the system alone for its twenty minutes, then all arrives", async () => {
  scene.system.behave(({ n }) => (n === 1 ? { status: 429 } : undefined));
  await play(scene.zadarma.start(ring));
  await scene.system.until(() => scene.system.requests.length === 1);
  await wholeCall();
  await scene.turn(19 * minuteMs);
  expect(scene.system.requests).toHaveLength(1);
  await scene.turn(minuteMs);
  await answered();
  expectOneTruth();
});

test("refused credentials rest their channel, not the other, and it resumes by itself", async () => {
  scene.system.behave(({ path }) => (path.includes("support-channel-key") ? { status: 403 } : undefined));
  await wholeCall();
  await scene.system.until(() => scene.system.requests.length === 1);
  const root = scene.twilio.inbound("+14155550123", "+14155550100");
  await play(scene.twilio.voice(root));
  await scene.call(root.sid);
  const refused = () => scene.system.requests.filter(({ status }) => status === 403).length;
  expect(refused()).toBe(1);
  scene.system.behave(undefined);
  await answered();
  expect(scene.system.doubled()).toEqual([]);
});

test("a form that is refused is not sent again, and the call's other facts still are", async () => {
  scene.system.behave(({ fields }) => (fields.call_status === "in-progress" ? { status: 422 } : undefined));
  await wholeCall();
  await answered();
  await scene.turn(60 * minuteMs);
  expect(scene.system.requests.filter(({ status }) => status === 422).length).toBeLessThanOrEqual(2);
  expect(scene.system.calls).toMatchObject([{ status: "answered" }]);
});

test("an agent whom the system does not know costs neither the end of the call nor a second ticket", async () => {
  const names = (fields: object) => Object.keys(fields).some((name) => name.includes("pbx_user_id"));
  scene.system.behave(({ n, fields }) => {
    if (n === 1) return { drop: "after" };
    return names(fields) ? { status: 422 } : undefined;
  });
  await wholeCall();
  await answered();
  expect(scene.system.calls).toHaveLength(1);
  expect(scene.system.violations).toEqual([]);
});

test("one call that we may not touch does not hold up the channel's cards", async () => {
  scene.system.behave(({ action }) => (action === "update_call" ? { status: 403 } : undefined));
  await wholeCall();
  await until("the refusal", () => scene.system.requests.some(({ status }) => status === 403));
  await play(scene.zadarma.start({ ...ring, pbx_call_id: "in_next" }));
  expect(await scene.call("in_next")).toMatchObject({ status: "ringing" });
});

test("a system whose limit others have nearly used up is not blocked by a burst of ours", async () => {
  await scene.close();
  scene = await setScene({ system: { limit: 300 } });
  scene.system.othersUse(298);
  const ids = Array.from({ length: 4 }, (_, i) => `in_crowd_${i}`);
  await Promise.all(ids.map((pbx_call_id) => play(scene.zadarma.start({ ...ring, pbx_call_id }))));
  await scene.passing("every card", () => scene.system.tickets.length === ids.length);
  expect(scene.system.violations).toEqual([]);
});

test("a burst stays within the system's limit, and every call arrives", async () => {
  await scene.close();
  scene = await setScene({ system: { limit: 40 } });
  const ids = Array.from({ length: 100 }, (_, i) => `in_burst_${i}`);
  for (const pbx_call_id of ids) await play(scene.zadarma.start({ ...ring, pbx_call_id }));
  await scene.passing("every call", () => scene.system.tickets.length === ids.length);
  expect(scene.system.violations).toEqual([]);
  expect(scene.system.doubled()).toEqual([]);
});

test("a card goes before everything else, the newest first, and the rest does not starve", async () => {
  await scene.close();
  scene = await setScene({ system: { limit: 40 } });
  const card = (i: number) => `in_card_${String(i).padStart(3, "0")}`;
  const over = Array.from({ length: 60 }, (_, i) => `in_over_${i}`);
  scene.system.block();
  for (const pbx_call_id of over)
    await play(scene.zadarma.end({ ...ring, pbx_call_id, disposition: "no answer", duration: "0" }));
  await scene.system.until(() => scene.system.requests.length > 0);
  for (let i = 0; i < 60; i++) await play(scene.zadarma.start({ ...ring, pbx_call_id: card(i) }));
  await scene.passing("every call", () => scene.system.tickets.length === 120);
  const ids = scene.system.calls.map(({ pbxCallId = "" }) => pbxCallId);
  const early = ids.slice(0, 60).filter((id) => id.startsWith("in_card"));
  expect(early.length).toBeGreaterThan(40);
  expect(early.length).toBeLessThan(60);
  expect(early.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => card(59 - i)));
  expect(scene.system.violations).toEqual([]);
});

test("a system that is down is asked now and then, not once for every call, and all arrives soon after it is back", async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `in_down_${i}`);
  scene.system.behave(() => ({ drop: "before" }));
  for (const pbx_call_id of ids) await play(scene.zadarma.start({ ...ring, pbx_call_id }));
  for (let turn = 0; turn < 60; turn++) await scene.turn(3 * minuteMs);
  expect(scene.system.requests.length).toBeLessThan(80);
  scene.system.behave(undefined);
  const back = scene.now();
  await scene.passing("every card", () => scene.system.tickets.length === ids.length);
  expect(scene.now() - back).toBeLessThan(10 * minuteMs);
  expect(scene.system.doubled()).toEqual([]);
});

describe("with final delivery", () => {
  beforeEach(async () => {
    await scene.close();
    scene = await setScene({ support: { delivery: "final" } });
  });

  test("a call is one create_call, when it is over", async () => {
    await wholeCall();
    expect(scene.system.requests).toEqual([]);
    await answered();
    expect(scene.system.requests.map(({ action }) => action)).toEqual(["create_call"]);
    expectOneTruth();
  });

  test("it brings its recording along", async () => {
    const bytes = Buffer.concat([Buffer.from("ID3"), Buffer.alloc(5000, 7)]);
    scene.zadarmaRecordings.set("17.1", { bytes, type: "audio/mpeg", pbxCallId: ring.pbx_call_id });
    const { zadarma } = scene;
    await play(zadarma.start(ring), zadarma.end({ ...ring, ...talk, is_recorded: "1", call_id_with_rec: "17.1" }));
    await answered();
    expect(scene.system.requests).toMatchObject([{ action: "create_call", file: { bytes: bytes.byteLength } }]);
    expectOneTruth();
  });
});

test("rules decide whose ticket it is and what is no ticket at all", async () => {
  await scene.close();
  scene = await setScene({
    support: {
      assign: [{ extension: "100", user_ids: [7] }],
      ignore: [{ phone: "+38050*" }],
    },
  });
  await play(scene.zadarma.start({ ...ring, pbx_call_id: "in_ignored", caller_id: "+380501234567" }));
  await wholeCall();
  await answered();
  expect(scene.system.calls).toMatchObject([{ pbxCallId: "in_story", ticket: { assignee: { userId: 7 } } }]);
});
