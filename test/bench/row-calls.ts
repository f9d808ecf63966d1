/** The calls whose rows are counted, with the times at which a PBX would tell of them. */
import type { TwilioPbx } from "../standins/twilio.ts";
import type { Webhook } from "../standins/webhook.ts";
import type { ZadarmaPbx } from "../standins/zadarma.ts";

export interface Play {
  readonly title: string;
  readonly channel: string;
  readonly call: string;
  /** What becomes of it. */
  readonly status: string;
  /** The PBX's id of its recording, where it has one. */
  readonly recording?: string;
  /** Each with when it is sent, in seconds since the call began. */
  readonly webhooks: readonly (readonly [at: number, webhook: Webhook])[];
}

const [customer, line] = ["+14155550123", "+14155550100"];

export function twilioAnswered(pbx: TwilioPbx): Play {
  const root = pbx.inbound(customer, line);
  const ann = pbx.dialled(root, "client:ann");
  const recording = pbx.recordingId();
  return {
    ...{ title: "Twilio: answered, recorded", channel: "sales", call: root.sid, status: "answered", recording },
    webhooks: [
      [0, pbx.voice(root)],
      [1, pbx.status(ann, "initiated", 1)],
      [2, pbx.status(ann, "ringing", 2)],
      [9, pbx.status(ann, "in-progress", 9)],
      [189, pbx.status(ann, "completed", 189, { CallDuration: "180" })],
      [189, pbx.dial(root, "completed", { DialCallSid: ann.sid, DialCallDuration: "180", DialBridged: "true" })],
      [189, pbx.status(root, "completed", 189, { CallDuration: "189" })],
      [195, pbx.recording(root, recording)],
    ],
  };
}

export function twilioMissed(pbx: TwilioPbx): Play {
  const root = pbx.inbound(customer, line);
  const ann = pbx.dialled(root, "client:ann");
  return {
    ...{ title: "Twilio: missed", channel: "sales", call: root.sid, status: "missed" },
    webhooks: [
      [0, pbx.voice(root)],
      [1, pbx.status(ann, "initiated", 1)],
      [2, pbx.status(ann, "ringing", 2)],
      [32, pbx.status(ann, "no-answer", 32)],
      [32, pbx.dial(root, "no-answer", { DialCallSid: ann.sid })],
      [32, pbx.status(root, "completed", 32, { CallDuration: "32" })],
    ],
  };
}

export function zadarmaAnswered(pbx: ZadarmaPbx, run: string): Play {
  // As long as theirs.
  const call = `in_${[...run]
    .map((letter) => letter.charCodeAt(0).toString(16))
    .join("")
    .padEnd(40, "0")
    .slice(0, 40)}`;
  const recording = `${run.length}.${call.slice(-8)}`;
  const ring = { pbx_call_id: call, caller_id: "+380671112233", called_did: "+380443334455" };
  const recorded = { pbx_call_id: call, call_id_with_rec: recording };
  const talk = { internal: "101", last_internal: "101", duration: "180", disposition: "answered", is_recorded: "1" };
  return {
    ...{ title: "Zadarma: answered, recorded", channel: "support", call, status: "answered", recording },
    webhooks: [
      [0, pbx.start(ring)],
      [1, pbx.internal({ ...ring, internal: "100" })],
      [1, pbx.internal({ ...ring, internal: "101" })],
      [9, pbx.answer({ ...ring, destination: "101", internal: "101" })],
      [189, pbx.end({ ...ring, ...recorded, ...talk })],
      [200, pbx.record(recorded)],
    ],
  };
}
