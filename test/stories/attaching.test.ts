/** From R2 to the ticket: each recording arrives once, or the ticket says why it did not, and nothing else waits for it. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { maxLostAttaches } from "../../src/exchange/settle.ts";
import { longWav, sample } from "../standins/audio.ts";
import { type Media, media } from "../standins/media.ts";
import { until } from "./harness.ts";
import { answered, attached, type Recorded, ready } from "./recorded.ts";
import { play, type Scene, setScene } from "./scene.ts";

const minuteMs = 60_000;
const mebibyte = 1024 * 1024;
const token = "console-token-of-a-test";

let scene: Scene;

beforeAll(async () => {
  scene = await setScene({ secrets: { CONSOLE_TOKEN: token } });
});

afterEach(async () => {
  scene.system.behave(undefined);
  await scene.trunkline.archiveFails();
});

afterAll(() => scene.close());

/** A call that is over, with a recording that the PBX has. */
async function recorded(file?: Media): Promise<Recorded> {
  const call = await answered(scene);
  scene.twilioRecordings.set(call.recording, file ?? media({ source: await sample("mp3") }));
  return call;
}

async function remarks(pbxCallId: string): Promise<string[]> {
  const about = (comment: string) => comment.includes("Recording");
  const { ticket } = await scene.call(pbxCallId);
  await scene.passing("the remark", () => ticket.comments.some(about));
  return ticket.comments.filter(about);
}

function api(path: string, method = "GET"): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`${scene.trunkline.url}/api/${path}`, { method, headers });
}

/** What is known of the recordings of a Twilio call. */
async function known({ root }: Recorded): Promise<{ state: string; key?: string; problem?: string }[]> {
  const { recordings } = (await (await api(`calls/sales/${root.sid}`)).json()) as { recordings: [] };
  return recordings;
}

/** Whether R2 has the file. */
async function inArchive(key: string | undefined): Promise<boolean> {
  const answer = await api(`recordings/${key}`);
  await answer.body?.cancel();
  return answer.ok;
}

const lost = [
  ["the connection is lost after it", { drop: "after" }],
  ["it is answered 500", { status: 500, commit: true }],
  ["it is answered with a page", { html: true, commit: true }],
] as const;

test.each(lost)("one that was attached while %s is not attached again", async (_, fault) => {
  const call = await recorded();
  let sent = 0;
  scene.system.behave(({ hasFile }) => (hasFile && ++sent === 1 ? fault : undefined));
  const before = scene.system.requests.length;
  await ready(scene, call);
  await scene.passing("the question after it", () => scene.system.requests.length === before + 2);
  await scene.turn(60 * minuteMs);
  expect(await attached(scene, call.root.sid)).toHaveLength(1);
  expect(sent).toBe(1);
});

test.each(lost)("neither is a second one of a call, which was attached while %s", async (_, fault) => {
  const call = await recorded();
  await ready(scene, call);
  await attached(scene, call.root.sid);
  const second = { ...call, recording: scene.twilio.recordingId() };
  scene.twilioRecordings.set(second.recording, media({ source: await sample("wav") }));
  let sent = 0;
  scene.system.behave(({ hasFile }) => (hasFile && ++sent === 1 ? fault : undefined));
  await ready(scene, second);
  await attached(scene, call.root.sid, 2);
  await scene.passing("its being told", async () => (await known(call)).every(({ state }) => state === "attached"));
  await scene.turn(60 * minuteMs);
  const types = (await attached(scene, call.root.sid)).map(({ type }) => type);
  expect([types, sent]).toEqual([["audio/mpeg", "audio/wav"], 1]);
});

test("a second one of a call that was lost on its way is sent again", async () => {
  const call = await recorded();
  await ready(scene, call);
  await attached(scene, call.root.sid);
  const second = { ...call, recording: scene.twilio.recordingId() };
  scene.twilioRecordings.set(second.recording, media({ source: await sample("wav") }));
  let sent = 0;
  scene.system.behave(({ hasFile }) => (hasFile && ++sent === 1 ? { drop: "during" } : undefined));
  await ready(scene, second);
  const { ticket } = await scene.call(call.root.sid);
  await scene.passing("both", () => ticket.recordings.length === 2);
  expect(ticket.recordings.map(({ type }) => type)).toEqual(["audio/mpeg", "audio/wav"]);
});

test("one that the system finds too large stays in R2, the comment says so, and a replay sends it once more", async () => {
  const call = await recorded(media({ source: longWav(2 * mebibyte) }));
  scene.system.behave(({ hasFile }) => (hasFile ? { early: 413 } : undefined));
  await ready(scene, call);
  expect(await remarks(call.root.sid)).toEqual([expect.stringContaining("too large for the system; it is kept in")]);
  const [row] = await known(call);
  expect([row?.state, await inArchive(row?.key)]).toEqual(["kept", true]);
  scene.system.behave(undefined);
  await api(`calls/sales/${call.root.sid}/replay`, "POST");
  expect(await attached(scene, call.root.sid)).toMatchObject([{ bytes: 2 * mebibyte }]);
});

test("one that never gets through, though the system is there, is given up: it stays in R2, and the comment says so", async () => {
  const call = await recorded();
  let sent = 0;
  scene.system.behave(({ hasFile }) => {
    sent += Number(hasFile);
    return hasFile ? { drop: "during" } : undefined;
  });
  await ready(scene, call);
  expect(await remarks(call.root.sid)).toEqual([
    "Recording not attached: it did not get through to the system; it is kept in the archive",
  ]);
  await scene.turn(60 * minuteMs);
  expect(sent).toBe(maxLostAttaches);
  const [row] = await known(call);
  expect([row?.state, await inArchive(row?.key)]).toEqual(["kept", true]);
});

test("an outage of the system is no reason to give up a recording", async () => {
  const call = await recorded();
  let asked = 0;
  scene.system.behave(() => (++asked <= maxLostAttaches + 2 ? { status: 503 } : undefined));
  await ready(scene, call);
  while (asked <= maxLostAttaches + 2) await scene.turn(10 * minuteMs);
  const { ticket } = await scene.call(call.root.sid);
  await scene.passing("it", () => ticket.recordings.length === 1);
  expect(ticket.comments).toHaveLength(1);
});

test("two are sent at once, and a system that takes its time over them holds up no card", async () => {
  const calls: Recorded[] = [];
  for (let i = 0; i < 6; i++) calls.push(await recorded());
  const held = Promise.withResolvers<void>();
  let sending = 0;
  scene.system.behave(({ hasFile }) => {
    sending += Number(hasFile);
    return hasFile ? { until: held.promise } : undefined;
  });
  for (const call of calls) await ready(scene, call);
  await until("two uploads", () => sending === 2);
  await until("the others to be stored", async () =>
    (await Promise.all(calls.map(known))).every(([row]) => row?.state === "stored"),
  );
  const next = scene.twilio.inbound("+14155550123", "+14155550100");
  await play(scene.twilio.voice(next));
  expect(await scene.call(next.sid)).toMatchObject({ status: "ringing" });
  expect(sending).toBe(2);
  held.resolve();
  for (const { root } of calls) expect(await attached(scene, root.sid)).toHaveLength(1);
  expect(sending).toBe(calls.length);
});

test.each([
  ["takes no file", ["put"], 12_000],
  ["begins no upload", ["createMultipartUpload"], 6 * mebibyte],
  ["takes no part", ["uploadPart", "abort"], 6 * mebibyte],
  ["completes no upload", ["complete", "abort"], 6 * mebibyte],
])("while R2 %s a recording waits, for longer than the PBX is waited for", async (_, methods, size) => {
  const file = media({ source: longWav(size) });
  const call = await recorded(file);
  await scene.trunkline.archiveFails(...methods);
  await ready(scene, call);
  await until("a try", () => file.asked === 1);
  for (let passed = 0; passed < 60; passed += 5) await scene.turn(5 * minuteMs);
  await until("more tries", () => file.asked > 3);
  expect((await scene.call(call.root.sid)).ticket.comments).toHaveLength(1);
  await scene.trunkline.archiveFails();
  const { ticket } = await scene.call(call.root.sid);
  await scene.passing("it", () => ticket.recordings.length === 1);
  expect(ticket.recordings).toMatchObject([{ bytes: size, sha256: await file.sha256() }]);
});

test("while R2 hands out no file nothing is sent, however long, and then the recording is", async () => {
  const call = await recorded();
  await scene.trunkline.archiveFails("get");
  await ready(scene, call);
  await until("the refusal", async () => (await known(call)).some(({ state }) => state === "stored"));
  const { id, ticket } = await scene.call(call.root.sid);
  const sent = () => scene.system.requests.filter(({ fields }) => fields.call_id === String(id)).length;
  const before = sent();
  for (let tries = 0; tries < 2 * maxLostAttaches; tries++) await scene.turn(60 * minuteMs);
  expect(sent()).toBe(before);
  await scene.trunkline.archiveFails();
  await scene.passing("it", () => ticket.recordings.length === 1);
  expect([ticket.comments.length, sent()]).toEqual([1, before + 1]);
});

test("what R2 did not delete when its time was over is deleted in the next round", async () => {
  const call = await recorded();
  await ready(scene, call);
  await attached(scene, call.root.sid);
  await until("its end", async () => (await known(call)).some(({ state }) => state === "attached"));
  const [row] = await known(call);
  await scene.trunkline.archiveFails("delete");
  await scene.turn(91 * 24 * 60 * minuteMs);
  await scene.turn(minuteMs);
  expect([(await known(call)).length, await inArchive(row?.key)]).toEqual([1, true]);
  await scene.trunkline.archiveFails();
  await scene.turn(10 * minuteMs);
  await until("it to be gone", async () => !(await inArchive(row?.key)));
  expect((await api(`calls/sales/${call.root.sid}`)).status).toBe(404);
});

test("of all this no rule of the system's was broken", () => expect(scene.system.violations).toEqual([]));
