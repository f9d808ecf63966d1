/**
 * Large recordings go from the PBX to R2, and from there to the system, as they are. That R2 is fed without holding them in memory
 * is measured. That they leave it so is not: the local simulation of R2 reads an object of many parts whole, though nobody
 * reads it from there (2026-11).
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { longWav, type Source, sha256Of } from "../standins/audio.ts";
import { media } from "../standins/media.ts";
import { play, type Scene, setScene } from "./scene.ts";

const mebibyte = 1024 * 1024;
const size = 200 * mebibyte;
/** What workerd may grow by when four times as many bytes pass as before. */
const allowance = 100 * mebibyte;
const token = "console-token-of-a-test";

let scene: Scene;

beforeAll(async () => {
  scene = await setScene({
    sales: { recordings: { max_bytes: 1 } },
    support: { recordings: { max_bytes: size } },
    secrets: { CONSOLE_TOKEN: token },
  });
});

afterAll(() => scene.close());

/** A recording on a channel that keeps it in R2; its key there. */
async function keep(source: Source): Promise<string> {
  const { twilio } = scene;
  const root = twilio.inbound("+14155550123", "+14155550100");
  const recording = twilio.recordingId();
  scene.twilioRecordings.set(recording, media({ source }));
  await play(
    twilio.voice(root),
    twilio.status(root, "completed", 43, { CallDuration: "43" }),
    twilio.recording(root, recording),
  );
  const isKept = (comment: string) => comment.includes("kept in the archive");
  await scene.call(root.sid, ({ ticket }) => ticket.comments.some(isKept), 60_000);
  const { recordings } = (await (await api(`calls/sales/${root.sid}`)).json()) as { recordings: { key: string }[] };
  return recordings[0]?.key ?? "";
}

function api(path: string): Promise<Response> {
  return fetch(`${scene.trunkline.url}/api/${path}`, { headers: { authorization: `Bearer ${token}` } });
}

/** Hexadecimal. */
async function sha256In(key: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of (await api(`recordings/${key}`)).body ?? []) hash.update(chunk);
  return hash.digest("hex");
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

test("200 MB are stored byte for byte, and memory does not grow with them", async () => {
  await keep(longWav(size / 4));
  const before = peak();
  const source = longWav(size);
  const key = await keep(source);
  const after = peak();
  expect(await sha256In(key)).toBe(await sha256Of(source));
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(allowance);
});

test("100 MB arrive byte for byte", async () => {
  const source = longWav(size / 2);
  const file = media({ source, type: "audio/x-wav" });
  const call = {
    pbx_call_id: "in_large",
    caller_id: "+380671112233",
    called_did: "+380443334455",
  };
  scene.zadarmaRecordings.set("1.1", { bytes: new Uint8Array(), type: "", file, pbxCallId: call.pbx_call_id });
  const talk = { internal: "100", duration: "33", disposition: "answered", is_recorded: "1", call_id_with_rec: "1.1" };
  await play(
    scene.zadarma.start(call),
    scene.zadarma.end({ ...call, ...talk }),
    scene.zadarma.record({ pbx_call_id: call.pbx_call_id, call_id_with_rec: "1.1" }),
  );
  const { ticket } = await scene.call(call.pbx_call_id, ({ ticket }) => ticket.recordings.length === 1, 60_000);
  expect(ticket.recordings).toMatchObject([{ bytes: source.size, sha256: await sha256Of(source) }]);
});
