/** From the PBX to the ticket: each way in which a recording comes, and each in which it does not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { maxResumes } from "../../src/recordings/download.ts";
import { longMp3, longWav, sample, sha256Of } from "../standins/audio.ts";
import { media, replaced, startPbx } from "../standins/media.ts";
import { until } from "./harness.ts";
import * as recorded from "./recorded.ts";
import { play, type Scene, setScene } from "./scene.ts";

const minuteMs = 60_000;
const mebibyte = 1024 * 1024;
const secretLine = "+14155550111";

const incoming = { caller_id: "+380671112233", called_did: "+380443334455" };
const talked = { internal: "100", last_internal: "100", duration: "33", disposition: "answered", is_recorded: "1" };

let scene: Scene;

beforeAll(async () => {
  const recordings = { max_bytes: 30 * mebibyte, except: [{ line: secretLine }] };
  scene = await setScene({ sales: { recordings }, support: { recordings } });
});

afterAll(() => scene.close());

const answered = (line?: string) => recorded.answered(scene, line);
const ready = (call: recorded.Recorded) => recorded.ready(scene, call);
const attached = (pbxCallId: string, count?: number) => recorded.attached(scene, pbxCallId, count);

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

/** The bytes from which each answer was asked for, and the condition under which. */
function asksFor(recording: string): [from: string | undefined, ifSame: string | undefined][] {
  const asked = scene.pbx.requests.filter(({ path }) => path.includes(recording));
  return asked.map(({ headers }) => [headers.range, headers["if-range"]]);
}

const etag = '"v1"';
const lastModified = "Mon, 23 Nov 2026 09:00:00 GMT";

test.each([
  ["by its tag", { etag, lastModified }, etag],
  ["by its date", { lastModified }, lastModified],
  ["by its length alone", {}, undefined],
  ["by its length, where its tag is weak", { etag: 'W/"v1"', lastModified }, undefined],
  ["by its tag, where nobody told its length", { etag, chunked: true }, etag],
])("one that breaks off goes on from there %s", async (_, told, ifSame) => {
  const call = await answered();
  const source = longWav(12 * mebibyte);
  scene.twilioRecordings.set(call.recording, media({ source, ...told, cutAfter: { bytes: 2.5 * mebibyte, times: 4 } }));
  await ready(call);
  expect(await attached(call.root.sid)).toMatchObject([{ bytes: source.size, sha256: await sha256Of(source) }]);
  expect(asksFor(call.recording)).toEqual([
    [undefined, undefined],
    ...[1, 2, 3, 4].map((times) => [`bytes=${times * 2.5 * mebibyte}-`, ifSame]),
  ]);
});

test("Zadarma's link is asked for the rest", async () => {
  const call = { ...incoming, pbx_call_id: "in_cut" };
  const [bytes, type] = [await sample("wav"), "audio/mpeg"];
  const file = media({ source: bytes, type, etag, cutAfter: { bytes: 9_000 } });
  scene.zadarmaRecordings.set("1781129244.1", { bytes, type, file, pbxCallId: call.pbx_call_id });
  await play(
    scene.zadarma.start(call),
    scene.zadarma.end({ ...call, ...talked }),
    scene.zadarma.record({ pbx_call_id: call.pbx_call_id, call_id_with_rec: "1781129244.1" }),
  );
  expect(await attached(call.pbx_call_id)).toMatchObject([{ sha256: await file.sha256() }]);
  expect(asksFor("/1781129244.1.mp3")).toEqual([
    [undefined, undefined],
    ["bytes=9000-", etag],
  ]);
});

test.each([
  ["the PBX knows no ranges", { ranges: false }],
  ["nobody told its length and nothing names its version", { chunked: true }],
])("one that breaks off is fetched from its beginning where %s", async (_, told) => {
  const call = await answered();
  const source = longWav(12 * mebibyte);
  scene.twilioRecordings.set(call.recording, media({ source, ...told, cutAfter: { bytes: 8 * mebibyte, times: 2 } }));
  await ready(call);
  expect(await attached(call.root.sid)).toMatchObject([{ bytes: source.size, sha256: await sha256Of(source) }]);
  expect(asksFor(call.recording)).toHaveLength(3);
});

test.each([
  ["its tag", { etag }, { etag: '"v2"' }, longWav(7 * mebibyte)],
  ["its length", {}, {}, longWav(7 * mebibyte)],
  ["its length, which is too little now", {}, {}, longWav(3 * mebibyte)],
])("one that breaks off and is another by %s begins anew, and no file is made of two", async (_, was, is, source) => {
  const call = await answered();
  const before = media({ source: longMp3(8 * mebibyte), ...was, cutAfter: { bytes: 6 * mebibyte } });
  scene.twilioRecordings.set(call.recording, replaced(before, media({ source, ...is })));
  await ready(call);
  const [audio] = await attached(call.root.sid);
  expect(audio).toMatchObject({ bytes: source.size, sha256: await sha256Of(source) });
  expect(audio?.name).toMatch(/\.wav$/);
});

test("one that breaks off again and again is left for a later try", async () => {
  const call = await answered();
  const file = media({ source: longWav(mebibyte), ranges: false, cutAfter: { bytes: 1000, times: maxResumes + 2 } });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  await until("the first try to end", () => file.asked === maxResumes + 1);
  await scene.passing("the next", () => file.asked === maxResumes + 3);
  expect(await attached(call.root.sid)).toMatchObject([{ sha256: await file.sha256() }]);
});

/** A file whose header tells of more than there is. */
async function truncated(bytes: number): Promise<Buffer> {
  return (await sample("wav")).subarray(0, bytes);
}

test("one that tells a length itself and is shorter is fetched again", async () => {
  const call = await answered();
  const whole = media({ source: await sample("wav"), chunked: true });
  scene.twilioRecordings.set(call.recording, replaced(media({ source: await truncated(9_000), chunked: true }), whole));
  await ready(call);
  await scene.passing("the second try", () => whole.asked === 1);
  const [audio, ...more] = await attached(call.root.sid);
  expect([audio, more]).toMatchObject([{ sha256: await whole.sha256() }, []]);
  expect((await scene.call(call.root.sid)).ticket.comments).toHaveLength(1);
});

test("one that is shorter than it tells each time alike is all that the PBX has", async () => {
  const call = await answered();
  const file = media({ source: await truncated(9_000), chunked: true });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  await scene.passing("the second try", () => file.asked === 2);
  expect(await attached(call.root.sid)).toMatchObject([{ bytes: 9_000, sha256: await file.sha256() }]);
});

test("one of which only a part ever came is attached in the end, and the comment says so", async () => {
  const call = await answered();
  const part = media({ source: await truncated(9_000), chunked: true });
  const away = media({ source: await sample("wav"), status: 503 });
  scene.twilioRecordings.set(call.recording, replaced(part, away));
  await ready(call);
  const { ticket } = await scene.call(call.root.sid);
  await scene.passing("the part", () => ticket.recordings.length === 1);
  expect(ticket.recordings).toMatchObject([{ sha256: await part.sha256() }]);
  await scene.call(call.root.sid, () => ticket.comments.length === 2);
  expect(ticket.comments.at(-1)).toBe("Recording may be incomplete: it is shorter than it says");
});

test("one that the PBX says is gone for good is not asked for again", async () => {
  const call = await answered();
  const file = media({ source: await sample("mp3"), status: 410 });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  expect(await remark(call.root.sid, /not available/)).toEqual([expect.stringContaining("the PBX answered 410")]);
  await scene.turn(60 * minuteMs);
  expect(file.asked).toBe(1);
});

test.each([
  ["as the PBX says", {}],
  ["as it turns out", { chunked: true }],
])("one that is too large to be stored, %s, is not asked for again", async (_, told) => {
  await scene.trunkline.limit({ maxBytes: 6 * mebibyte });
  const call = await answered();
  const file = media({ source: longWav(12 * mebibyte), ...told });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  expect(await remark(call.root.sid, /not available/)).toEqual([
    expect.stringContaining(`the recording is larger than ${6 * mebibyte} bytes`),
  ]);
  await scene.turn(60 * minuteMs);
  expect(file.asked).toBe(1);
  await scene.trunkline.limit({});
});

test("one whose PBX falls silent in the middle is asked for the rest", async () => {
  await scene.trunkline.limit({ stallMs: 300 });
  const call = await answered();
  const file = media({ source: longWav(3 * mebibyte), etag, stallAfter: { bytes: mebibyte } });
  scene.twilioRecordings.set(call.recording, file);
  await ready(call);
  expect(await attached(call.root.sid)).toMatchObject([{ sha256: await file.sha256() }]);
  expect(asksFor(call.recording).at(-1)).toEqual([`bytes=${mebibyte}-`, etag]);
  await scene.trunkline.limit({});
});

test("two are fetched at once; while their PBX is silent cards pop up, and others get their turn", async () => {
  await scene.trunkline.limit({ stallMs: 2_000 });
  const [one, two, third] = [await answered(), await answered(), await answered()];
  const silent = { source: await sample("mp3"), stallAfter: { bytes: 0, times: 100 } };
  for (const { recording } of [one, two]) scene.twilioRecordings.set(recording, media(silent));
  scene.twilioRecordings.set(third.recording, media({ source: await sample("wav") }));
  const asked = () => [one, two, third].map(({ recording }) => asksFor(recording).length);
  for (const call of [one, two, third]) await ready(call);
  await until("both", () => asked()[0] === 1 && asked()[1] === 1);
  await answered();
  expect(asked()).toEqual([1, 1, 0]);
  expect(await attached(third.root.sid)).toHaveLength(1);
  for (const { recording } of [one, two]) scene.twilioRecordings.set(recording, media({ source: await sample("mp3") }));
  await scene.passing("the two", () =>
    scene.system.calls.every(({ pbxCallId, ticket }) => {
      return ![one, two].some(({ root }) => root.sid === pbxCallId) || ticket.recordings.length === 1;
    }),
  );
  await scene.trunkline.limit({});
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
