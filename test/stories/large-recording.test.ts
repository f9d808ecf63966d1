/**
 * A recording of 400 MB goes from the PBX to R2 to the system without being held in memory. What workerd grows by until then
 * is the local simulation of R2, by reading an object of many parts above all (2026-11).
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { longWav, type Source, sha256Of } from "../standins/audio.ts";
import { media } from "../standins/media.ts";
import { play, type Scene, setScene } from "./scene.ts";

const mebibyte = 1024 * 1024;
const size = 400 * mebibyte;
/** What workerd may grow by when twice as many bytes pass as before, in bytes: half of what is more. */
const allowance = 100 * mebibyte;

let scene: Scene;

beforeAll(async () => {
  scene = await setScene({ sales: { recordings: { max_bytes: size } } });
});

afterAll(() => scene.close());

async function record(source: Source) {
  const { twilio } = scene;
  const root = twilio.inbound("+14155550123", "+14155550100");
  const recording = twilio.recordingId();
  scene.twilioRecordings.set(recording, media({ source }));
  await play(
    twilio.voice(root),
    twilio.status(root, "completed", 43, { CallDuration: "43" }),
    twilio.recording(root, recording),
  );
  const call = await scene.call(root.sid, ({ ticket }) => ticket.recordings.length === 1, 110_000);
  return call.ticket.recordings[0];
}

/** The most memory that this test's workerd ever held, in bytes; undefined where the platform has no /proc. */
function peak(): number | undefined {
  const sizes = processes().map((pid) => /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1]);
  return sizes.length > 0 ? Math.max(...sizes.map((kibibytes) => Number(kibibytes ?? 0) * 1024)) : undefined;
}

function processes(): string[] {
  try {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.filter((pid) => {
      const status = read(`/proc/${pid}/status`);
      return /^Name:\s+workerd/m.test(status) && new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(status);
    });
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

test("400 MB arrive byte for byte, and memory does not grow with them", async () => {
  await record(longWav(size / 2));
  const before = peak();
  const source = longWav(size);
  expect(await record(source)).toMatchObject({ bytes: size, sha256: await sha256Of(source) });
  const after = peak();
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(allowance);
}, 240_000);
