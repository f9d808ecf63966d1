/** Calls with recordings, for stories about what becomes of these. */
import type { Audio } from "../standins/system-audio.ts";
import type { Leg } from "../standins/twilio.ts";
import { play, type Scene } from "./scene.ts";

/** A call whose recording was not announced yet. */
export interface Recorded {
  readonly root: Leg;
  readonly recording: string;
}

/** A call that ann answers, up to its end, as the system then knows it. */
export async function answered(scene: Scene, line = "+14155550100"): Promise<Recorded> {
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

/** Its recording is announced. */
export function ready(scene: Scene, { root, recording }: Recorded): Promise<void> {
  return play(scene.twilio.recording(root, recording));
}

/** What its ticket has, once that is so many recordings. */
export async function attached(scene: Scene, pbxCallId: string, count = 1): Promise<Partial<Audio>[]> {
  const call = await scene.call(pbxCallId, (call) => call.ticket.recordings.length >= count);
  return call.ticket.recordings.map(({ name, type, bytes, sha256 }) => ({ name, type, bytes, sha256 }));
}
