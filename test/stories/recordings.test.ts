/** From the PBX to the ticket: each way in which a recording comes, and each in which it does not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { longMp3, longWav, sample, sha256Of } from "../standins/audio.ts";
import { media, startPbx } from "../standins/media.ts";
import type { Leg } from "../standins/twilio.ts";
import { play, type Scene, setScene } from "./scene.ts";

const minuteMs = 60_000;
const mebibyte = 1024 * 1024;
const secretLine = "+14155550111";

let scene: Scene;

beforeAll(async () => {
  const recordings = { max_bytes: 30 * mebibyte, except: [{ line: secretLine }] };
  scene = await setScene({ sales: { recordings }, support: { recordings } });
});

afterAll(() => scene.close());

/** A call that ann answers, up to its end; its recording comes later. */
async function answered(line = "+14155550100"): Promise<{ root: Leg; recording: string }> {
  const { twilio } = scene;
  const root = twilio.inbound("+14155550123", line);
  const ann = twilio.dialled(root, "client:ann");
  await play(
    twilio.voice(root),
    twilio.status(ann, "in-progress", 5),
    twilio.status(ann, "completed", 43, { CallDuration: "38" }),
    twilio.status(root, "completed", 43, { CallDuration: "43" }),
  );
  await scene.call(root.sid, (call) => call.status === "answered");
  return { root, recording: twilio.recordingId() };
}

function ready({ root, recording }: { root: Leg; recording: string }): Promise<void> {
  return play(scene.twilio.recording(root, recording));
}

async function attached(pbxCallId: string, count = 1) {
  const call = await scene.call(pbxCallId, (call) => call.ticket.recordings.length >= count);
  return call.ticket.recordings.map(({ name, type, bytes, sha256 }) => ({ name, type, bytes, sha256 }));
}

async function remark(pbxCallId: string, about: RegExp): Promise<string[]> {
  const call = await scene.call(pbxCallId, (call) => call.ticket.comments.some((comment) => about.test(comment)));
  expect(call.ticket.recordings).toEqual([]);
  return call.ticket.comments.filter((comment) => about.test(comment));
}

test.each([
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
  ["ogg", "audio/ogg"],
  ["m4a", "audio/mp4"],
] as const)("%s is attached byte for byte, named and typed by what it is", async (format, type) => {
  const call = await answered();
  const file = media({ source: await sample(format), type: "application/octet-stream" });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  const [audio] = await attached(call.root.sid);
  expect(audio).toMatchObject({ type, bytes: file.size, sha256: await file.sha256() });
  expect(audio?.name).toMatch(format === "m4a" ? /\.mp4$/ : new RegExp(`\\.${format}$`));
});

test("one whose length nobody tells is attached byte for byte", async () => {
  const call = await answered();
  const source = longMp3(20 * mebibyte + 12_345);
  scene.twilioRecordings.set(call.recording, media({ source, chunked: true }));
  await ready(call);
  expect(await attached(call.root.sid)).toMatchObject([{ bytes: source.size, sha256: await sha256Of(source) }]);
});

test("one that is not ready yet is asked for again", async () => {
  const call = await answered();
  const file = media({ source: await sample("mp3"), notReadyTimes: 3 });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  await scene.passing("the fourth try", () => file.asked === 4);
  expect(await attached(call.root.sid)).toMatchObject([{ sha256: await file.sha256() }]);
});

test("one that breaks off in the middle is fetched again", async () => {
  const call = await answered();
  const file = media({ source: longWav(3 * mebibyte), cutAfter: { bytes: mebibyte } });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  await scene.passing("the second try", () => file.asked === 2);
  expect(await attached(call.root.sid)).toMatchObject([{ sha256: await file.sha256() }]);
});

test("an error page is no recording, and staff learn that none came", async () => {
  const call = await answered();
  const file = media({ source: await sample("mp3"), html: true });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  const { ticket } = await scene.call(call.root.sid);
  await scene.passing("the remark", () => ticket.comments.length === 2);
  expect(file.asked).toBeGreaterThan(3);
  expect(await remark(call.root.sid, /not available/)).toEqual([
    expect.stringContaining("the PBX sent a page instead of a recording"),
  ]);
});

test("one that is larger than the channel allows stays in the archive, and the comment says so", async () => {
  const call = await answered();
  scene.twilioRecordings.set(call.recording, media({ source: longWav(31 * mebibyte) }));
  await ready(call);
  expect(await remark(call.root.sid, /not attached/)).toEqual([expect.stringMatching(/bytes.*kept in the archive/)]);
});

test("one of a kind that the system does not take stays in the archive, and the comment says so", async () => {
  const call = await answered();
  const amr = Buffer.concat([Buffer.from("#!AMR\n"), Buffer.alloc(4000, 0xa5)]);
  scene.twilioRecordings.set(call.recording, media({ source: amr, type: "audio/amr" }));
  await ready(call);
  expect(await remark(call.root.sid, /not attached/)).toEqual([expect.stringContaining("no mp3, mp4, wav or ogg")]);
});

test("one that the system finds too large stays in the archive, and the comment says so", async () => {
  const call = await answered();
  scene.twilioRecordings.set(call.recording, media({ source: longWav(2 * mebibyte) }));
  scene.system.behave(({ hasFile }) => (hasFile ? { early: 413 } : undefined));
  await ready(call);
  expect(await remark(call.root.sid, /not attached/)).toEqual([expect.stringContaining("too large for the system")]);
  scene.system.behave(undefined);
});

test.each([
  ["the connection is lost after it", { drop: "after" }],
  ["it is answered 500", { status: 500, commit: true }],
  ["it is answered with a page", { html: true, commit: true }],
] as const)("one that was attached while %s is not attached again", async (_, fault) => {
  const call = await answered();
  scene.twilioRecordings.set(call.recording, media({ source: await sample("mp3") }));
  let uploads = 0;
  scene.system.behave(({ hasFile }) => (hasFile && ++uploads === 1 ? fault : undefined));
  const before = scene.system.requests.length;
  await ready(call);
  await scene.passing("the question after it", () => scene.system.requests.length === before + 2);
  await scene.turn(60 * minuteMs);
  expect(await attached(call.root.sid)).toHaveLength(1);
  expect(uploads).toBe(1);
  scene.system.behave(undefined);
});

test("a redirect to the PBX's own host is followed, one to another host is not", async () => {
  const elsewhere = await startPbx({ handlers: [] });
  const file = media({ source: await sample("mp3") });
  scene.files.set("/stored/there.mp3", file);
  const [good, bad] = [await answered(), await answered()];
  scene.twilioRecordings.set(good.recording, media({ source: await sample("wav"), redirectTo: "/stored/there.mp3" }));
  const away = media({ source: await sample("wav"), redirectTo: `${elsewhere.url}/x.mp3` });
  scene.twilioRecordings.set(bad.recording, away);
  await ready(good);
  await ready(bad);
  expect(await attached(good.root.sid)).toMatchObject([{ sha256: await file.sha256() }]);
  await remark(bad.root.sid, /may not be fetched from/);
  expect(elsewhere.requests).toEqual([]);
  await elsewhere.close();
});

test("an excepted call's audio is not even asked for", async () => {
  const call = await answered(secretLine);
  const file = media({ source: await sample("mp3") });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  await scene.turn(10 * minuteMs);
  expect(file.asked).toBe(0);
});

test("a voicemail is attached to a missed call", async () => {
  const { twilio } = scene;
  const root = twilio.inbound("+14155550123", "+14155550100");
  const message = twilio.recordingId();
  const file = media({ source: await sample("mp3") });
  scene.twilioRecordings.set(message, file);
  await play(
    twilio.voice(root),
    twilio.dial(root, "no-answer"),
    twilio.voicemail(root, message),
    twilio.recording(root, message, "completed", { RecordingSource: "RecordVerb" }),
    twilio.status(root, "completed", 40, { CallDuration: "40" }),
  );
  expect(await attached(root.sid)).toMatchObject([{ sha256: await file.sha256() }]);
  expect((await scene.call(root.sid)).status).toBe("missed");
});

const incoming = { caller_id: "+380671112233", called_did: "+380443334455" };
const talked = { internal: "100", last_internal: "100", duration: "33", disposition: "answered", is_recorded: "1" };

test("Zadarma's RECORD may come before its END", async () => {
  const call = { ...incoming, pbx_call_id: "in_record_first" };
  const bytes = await sample("mp3");
  scene.zadarmaRecordings.set("1781129241.1", { bytes, type: "audio/mpeg", pbxCallId: call.pbx_call_id });
  const { zadarma } = scene;
  await play(
    zadarma.start(call),
    zadarma.record({ pbx_call_id: call.pbx_call_id, call_id_with_rec: "1781129241.1" }),
    zadarma.end({ ...call, ...talked }),
  );
  expect(await attached(call.pbx_call_id)).toMatchObject([{ bytes: bytes.byteLength }]);
});

test("where Zadarma never says which recording it is, all of the call's are fetched", async () => {
  const call = { ...incoming, pbx_call_id: "in_unnamed" };
  const [one, two] = [await sample("mp3"), await sample("wav")];
  scene.zadarmaRecordings.set("1781129242.1", { bytes: one, type: "audio/mpeg", pbxCallId: call.pbx_call_id });
  scene.zadarmaRecordings.set("1781129242.2", { bytes: two, type: "audio/x-wav", pbxCallId: call.pbx_call_id });
  await play(scene.zadarma.start(call), scene.zadarma.end({ ...call, ...talked }));
  await scene.call(call.pbx_call_id, ({ status }) => status === "answered");
  const { ticket } = await scene.call(call.pbx_call_id);
  await scene.passing("both", () => ticket.recordings.length === 2);
  const sizes = (await attached(call.pbx_call_id, 2)).map(({ bytes }) => bytes);
  expect(sizes).toEqual([one.byteLength, two.byteLength]);
});

test("Zadarma's «File not found» is a wait", async () => {
  const call = { ...incoming, pbx_call_id: "in_late" };
  const readyAt = scene.now() + 2 * minuteMs;
  const bytes = await sample("mp3");
  scene.zadarmaRecordings.set("1781129243.1", { bytes, type: "audio/mpeg", pbxCallId: call.pbx_call_id, readyAt });
  await play(
    scene.zadarma.start(call),
    scene.zadarma.end({ ...call, ...talked, call_id_with_rec: "1781129243.1" }),
    scene.zadarma.record({ pbx_call_id: call.pbx_call_id, call_id_with_rec: "1781129243.1" }),
  );
  await scene.call(call.pbx_call_id, ({ status }) => status === "answered");
  const { ticket } = await scene.call(call.pbx_call_id);
  await scene.passing("it", () => ticket.recordings.length === 1);
  expect(await attached(call.pbx_call_id)).toMatchObject([{ bytes: bytes.byteLength }]);
});

test("no rule of the system's was broken, and the PBXs were asked for nothing strange", () => {
  expect(scene.system.violations).toEqual([]);
  expect(scene.pbx.unexpected).toEqual([]);
});
