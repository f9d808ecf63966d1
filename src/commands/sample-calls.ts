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
  /** Once all its webhooks were taken: when the first was sent, ms since the epoch. */
  readonly placed: Promise<{ readonly began: number }>;
}

type Play = Omit<SampleCall, "placed"> & { readonly webhooks: readonly (Webhook | (() => Promise<Webhook>))[] };

/** How long people take to pick up, to talk, and to hang up, sped up. In ms. */
const paceMs = 700;

const [customer, other, line] = ["+14155550123", "+14155550177", "+14155550100"];

/** Starts placing all of them at once. */
export function placeSampleCalls(accounts: Accounts, run: string, stopped: AbortSignal): SampleCall[] {
  const plays = [
    twilioAnswered(accounts, customer, "Twilio: answered"),
    twilioMissed(accounts),
    zadarmaGroup(accounts, run),
    zadarmaOutgoing(accounts, run),
  ];
  return plays.map((play) => place(play, stopped));
}

/** One more call of whoever has this number. */
export function placeCall(accounts: Accounts, from: string, stopped: AbortSignal): SampleCall {
  return place(twilioAnswered(accounts, from, "Twilio: yours"), stopped);
}

function twilioAnswered({ twilio, recordTwilio }: Accounts, from: string, title: string): Play {
  const root = twilio.inbound(from, line);
  const ann = twilio.dialled(root, "client:ann");
  const recording = twilio.recordingId();
  const webhooks = [
    twilio.voice(root),
    twilio.status(ann, "ringing", 1),
    twilio.status(ann, "in-progress", 6),
    twilio.status(ann, "completed", 101, { CallDuration: "95" }),
    twilio.dial(root, "completed", { DialCallSid: ann.sid, DialCallDuration: "95", DialBridged: "true" }),
    twilio.status(root, "completed", 101, { CallDuration: "101" }),
    async () => {
      await recordTwilio(recording);
      return twilio.recording(root, recording);
    },
  ];
  return { title, pbxCallId: root.sid, expected: { status: "answered", recordings: 1 }, webhooks };
}

function twilioMissed({ twilio }: Accounts): Play {
  const root = twilio.inbound(other, line);
  const ann = twilio.dialled(root, "client:ann");
  const webhooks = [
    twilio.voice(root),
    twilio.status(ann, "ringing", 1),
    twilio.status(ann, "no-answer", 31),
    twilio.dial(root, "no-answer", { DialCallSid: ann.sid }),
    twilio.status(root, "completed", 31, { CallDuration: "31" }),
  ];
  return { title: "Twilio: no answer", pbxCallId: root.sid, expected: { status: "missed", recordings: 0 }, webhooks };
}

function zadarmaGroup({ zadarma, recordZadarma }: Accounts, run: string): Play {
  const ring = { pbx_call_id: `in_${run}`, caller_id: "+380671112233", called_did: "+380443334455" };
  const recorded = { pbx_call_id: ring.pbx_call_id, call_id_with_rec: `${run}.1` };
  const talk = { internal: "101", last_internal: "101", duration: "42", disposition: "answered", is_recorded: "1" };
  const webhooks = [
    zadarma.start(ring),
    zadarma.internal({ ...ring, internal: "100" }),
    zadarma.internal({ ...ring, internal: "101" }),
    zadarma.answer({ ...ring, destination: "101", internal: "101" }),
    zadarma.end({ ...ring, ...recorded, ...talk }),
    async () => {
      await recordZadarma(recorded.call_id_with_rec, ring.pbx_call_id);
      return zadarma.record(recorded);
    },
  ];
  const expected = { status: "answered", recordings: 1 };
  return { title: "Zadarma: 101 picks up", pbxCallId: ring.pbx_call_id, expected, webhooks };
}

function zadarmaOutgoing({ zadarma }: Accounts, run: string): Play {
  const out = { pbx_call_id: `out_${run}`, internal: "100", destination: "0501234567" };
  const ended = { caller_id: "+380443334455", duration: "0", disposition: "no answer", is_recorded: "0" };
  const webhooks = [zadarma.outStart(out), zadarma.outEnd({ ...out, ...ended })];
  const expected = { status: "missed", recordings: 0 };
  return { title: "Zadarma: outgoing", pbxCallId: out.pbx_call_id, expected, webhooks };
}

function place({ webhooks, ...call }: Play, stopped: AbortSignal): SampleCall {
  const placed = play(call.title, webhooks, stopped);
  // Whoever waits for it hears of it.
  placed.catch(() => {});
  return { ...call, placed };
}

async function play(title: string, webhooks: Play["webhooks"], stopped: AbortSignal): Promise<{ began: number }> {
  const began = Date.now();
  for (const [i, webhook] of webhooks.entries()) {
    if (i > 0) await pause(paceMs, undefined, { signal: stopped });
    const answer = await send(typeof webhook === "function" ? await webhook() : webhook);
    await answer.arrayBuffer();
    if (answer.status >= 300) throw new Error(`${title}: a webhook was answered ${answer.status}`);
  }
  return { began };
}
