/** The calls that `npm start` places: genuine webhooks, paced a little so that a person sees the cards pop. */
import { setTimeout as pause } from "node:timers/promises";
import type { TwilioPbx } from "../../test/standins/twilio.ts";
import { send, type Webhook } from "../../test/standins/webhook.ts";
import type { ZadarmaPbx } from "../../test/standins/zadarma.ts";

export interface Accounts {
  readonly twilio: TwilioPbx;
  readonly zadarma: ZadarmaPbx;
  /** Puts a recording on the PBX's server. */
  recordTwilio(id: string): Promise<void>;
  recordZadarma(id: string, pbxCallId: string): Promise<void>;
}

export interface SampleCall {
  readonly title: string;
  readonly pbxCallId: string;
  /** What the helpdesk should end up with. */
  readonly expected: { readonly status: string; readonly recordings: number };
  /** When its first webhook was sent, ms since the epoch; pending until then. */
  readonly began: Promise<number>;
}

/** How long people take to pick up, to talk, and to hang up, sped up. In ms. */
const paceMs = 700;

const customer = "+14155550123";

/** Starts placing all of them at once. */
export function placeSampleCalls(
  { twilio, zadarma, recordTwilio, recordZadarma }: Accounts,
  run: string,
): SampleCall[] {
  const answered = twilio.inbound(customer, "+14155550100");
  const ann = twilio.dialled(answered, "client:ann");
  const recording = twilio.recordingId();
  const missed = twilio.inbound("+14155550177", "+14155550100");
  const unanswered = twilio.dialled(missed, "client:ann");
  const clock = new Date().toISOString().slice(0, 19).replace("T", " ");
  const ring = { pbx_call_id: `in_${run}`, call_start: clock, caller_id: "+380671112233", called_did: "+380443334455" };
  const group = { ...ring, call_id_with_rec: `${run}.1` };
  const out = { pbx_call_id: `out_${run}`, call_start: clock, internal: "100", destination: "0501234567" };
  return [
    place("Twilio: answered, recorded", answered.sid, { status: "answered", recordings: 1 }, [
      twilio.voice(answered),
      twilio.status(ann, "ringing", 1),
      twilio.status(ann, "in-progress", 6),
      twilio.status(ann, "completed", 101, { CallDuration: "95" }),
      twilio.dial(answered, "completed", { DialCallSid: ann.sid, DialCallDuration: "95", DialBridged: "true" }),
      twilio.status(answered, "completed", 101, { CallDuration: "101" }),
      async () => {
        await recordTwilio(recording);
        return twilio.recording(answered, recording);
      },
    ]),
    place("Twilio: nobody answers", missed.sid, { status: "missed", recordings: 0 }, [
      twilio.voice(missed),
      twilio.status(unanswered, "ringing", 1),
      twilio.status(unanswered, "no-answer", 31),
      twilio.dial(missed, "no-answer", { DialCallSid: unanswered.sid }),
      twilio.status(missed, "completed", 31, { CallDuration: "31" }),
    ]),
    place("Zadarma: ring group, 101 answers", ring.pbx_call_id, { status: "answered", recordings: 1 }, [
      zadarma.start(ring),
      zadarma.internal({ ...ring, internal: "100" }),
      zadarma.internal({ ...ring, internal: "101" }),
      zadarma.answer({ ...ring, destination: "101", internal: "101" }),
      zadarma.end({
        ...group,
        internal: "101",
        last_internal: "101",
        duration: "42",
        disposition: "answered",
        is_recorded: "1",
      }),
      async () => {
        await recordZadarma(group.call_id_with_rec, ring.pbx_call_id);
        return zadarma.record({ pbx_call_id: ring.pbx_call_id, call_id_with_rec: group.call_id_with_rec });
      },
    ]),
    place("Zadarma: outgoing, unanswered", out.pbx_call_id, { status: "missed", recordings: 0 }, [
      zadarma.outStart(out),
      zadarma.outEnd({ ...out, caller_id: "+380443334455", duration: "0", disposition: "no answer", is_recorded: "0" }),
    ]),
  ];
}

function place(
  title: string,
  pbxCallId: string,
  expected: SampleCall["expected"],
  webhooks: readonly (Webhook | (() => Promise<Webhook>))[],
): SampleCall {
  const { promise: began, resolve, reject } = Promise.withResolvers<number>();
  const playing = async () => {
    for (const [i, webhook] of webhooks.entries()) {
      if (i > 0) await pause(paceMs);
      const sending = typeof webhook === "function" ? await webhook() : webhook;
      if (i === 0) resolve(Date.now());
      const answer = await send(sending);
      if (answer.status >= 300) throw new Error(`${title}: a webhook was answered ${answer.status}`);
      await answer.arrayBuffer();
    }
  };
  playing().catch(reject);
  return { title, pbxCallId, expected, began };
}
