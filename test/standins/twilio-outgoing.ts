/** Calls that go out, and those between softphones, as Twilio tells them. */
import type { CallStatus } from "../../src/calls/call.ts";
import type { TwilioPbx } from "./twilio.ts";
import type { Tell, Told } from "./twilio-stories.ts";

const customer = "+14155550123";
const line = "+14155550100";

export const outgoing = new Map<string, Tell>([
  ["a call placed through the API is answered", placedAndAnswered],
  ["a call placed through the API is not answered", (pbx) => placed(pbx, "no-answer", "missed")],
  ["a call placed through the API is busy", (pbx) => placed(pbx, "busy", "busy")],
  ["a call placed through the API is canceled", (pbx) => placed(pbx, "canceled", "canceled")],
  ["a call placed through the API fails", (pbx) => placed(pbx, "failed", "failed")],
  ["a machine answers a call placed through the API", answeredByMachine],
  ["click-to-call rings the agent, then the customer", clickToCall],
  ["click-to-call whose agent does not pick up", clickToNobody],
  ["a softphone calls out", softphone],
  ["a softphone calls out, nobody answers", softphoneUnanswered],
  ["a desk phone of a SIP domain calls out", sipPhone],
  ["one softphone calls another", internal],
]);

function placedAndAnswered(pbx: TwilioPbx): Told {
  const root = pbx.placed(line, customer);
  const id = pbx.recordingId();
  return {
    webhooks: [
      pbx.status(root, "initiated", 0),
      pbx.status(root, "ringing", 1),
      pbx.status(root, "in-progress", 8),
      pbx.status(root, "completed", 57, { CallDuration: "49", Duration: "1" }),
      pbx.recording(root, id, "completed", { RecordingSource: "OutboundAPI" }),
    ],
    becomes: {
      direction: "outgoing",
      phone: customer,
      line,
      status: "answered",
      seconds: 49,
      recordings: [{ id, status: "ready" }],
    },
  };
}

function placed(pbx: TwilioPbx, ended: string, status: CallStatus): Told {
  const root = pbx.placed(line, customer);
  return {
    webhooks: [
      pbx.status(root, "initiated", 0),
      pbx.status(root, "ringing", 1),
      pbx.status(root, ended, 31, { CallDuration: "0", SipResponseCode: "487" }),
    ],
    becomes: { direction: "outgoing", phone: customer, line, status, talks: [], seconds: undefined },
  };
}

function answeredByMachine(pbx: TwilioPbx): Told {
  const root = pbx.placed(line, customer);
  return {
    webhooks: [
      pbx.status(root, "ringing", 1),
      pbx.status(root, "in-progress", 8, { AnsweredBy: "machine_start" }),
      pbx.status(root, "completed", 20, { CallDuration: "12", AnsweredBy: "machine_start" }),
    ],
    becomes: { status: "answered", notes: ["Answered by an answering machine."] },
  };
}

function clickToCall(pbx: TwilioPbx): Told {
  const root = pbx.placed(line, "client:ann");
  const called = pbx.dialled(root, customer, line);
  return {
    webhooks: [
      pbx.status(root, "initiated", 0),
      pbx.status(root, "ringing", 1),
      pbx.status(root, "in-progress", 4),
      pbx.voice(root, { CallStatus: "in-progress" }),
      pbx.status(called, "ringing", 5),
      pbx.status(called, "in-progress", 12),
      pbx.status(called, "completed", 42, { CallDuration: "30" }),
      pbx.dial(root, "completed", { DialCallSid: called.sid, DialCallDuration: "30", DialBridged: "true" }),
      pbx.status(root, "completed", 42, { CallDuration: "38" }),
    ],
    becomes: {
      direction: "outgoing",
      phone: customer,
      line,
      status: "answered",
      rung: ["ann"],
      talks: [{ extension: "ann" }],
      seconds: 30,
    },
  };
}

function clickToNobody(pbx: TwilioPbx): Told {
  const root = pbx.placed(line, "client:ann");
  return {
    webhooks: [pbx.status(root, "initiated", 0), pbx.status(root, "ringing", 1), pbx.status(root, "no-answer", 31)],
    becomes: { direction: "outgoing", status: "canceled", rung: ["ann"], talks: [] },
  };
}

function softphone(pbx: TwilioPbx): Told {
  const root = pbx.inbound("client:ann", "");
  const called = pbx.dialled(root, customer, line);
  return {
    webhooks: [
      pbx.voice(root, { ApplicationSid: `AP${"0".repeat(32)}`, PhoneNumber: customer }),
      pbx.status(called, "ringing", 2),
      pbx.status(called, "in-progress", 8),
      pbx.status(called, "completed", 28, { CallDuration: "20" }),
      pbx.dial(root, "completed", { DialCallSid: called.sid, DialCallDuration: "20", DialBridged: "true" }),
      pbx.status(root, "completed", 28, { CallDuration: "28" }),
    ],
    becomes: {
      direction: "outgoing",
      phone: customer,
      status: "answered",
      rung: ["ann"],
      talks: [{ extension: "ann", seconds: 20 }],
    },
  };
}

function softphoneUnanswered(pbx: TwilioPbx): Told {
  const root = pbx.inbound("client:ann", "");
  const called = pbx.dialled(root, customer, line);
  return {
    webhooks: [
      pbx.voice(root, { phone_number: customer }),
      pbx.status(called, "ringing", 2),
      pbx.status(called, "no-answer", 32),
      pbx.dial(root, "no-answer", { DialCallSid: called.sid }),
      pbx.status(root, "completed", 32, { CallDuration: "32" }),
    ],
    becomes: { direction: "outgoing", phone: customer, status: "missed", rung: ["ann"], talks: [] },
  };
}

function sipPhone(pbx: TwilioPbx): Told {
  const root = pbx.inbound("sip:101@acme.sip.twilio.com", `sip:${customer}@acme.sip.twilio.com`);
  const called = pbx.dialled(root, customer, line);
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(called, "busy", 5, { SipResponseCode: "486" }),
      pbx.dial(root, "busy", { DialCallSid: called.sid }),
      pbx.status(root, "completed", 5, { CallDuration: "5" }),
    ],
    becomes: { direction: "outgoing", phone: customer, status: "busy", rung: ["101"], talks: [] },
  };
}

function internal(pbx: TwilioPbx): Told {
  const root = pbx.inbound("client:ann", "client:bob");
  const bob = pbx.dialled(root, "client:bob");
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(bob, "ringing", 2),
      pbx.status(bob, "in-progress", 6),
      pbx.status(bob, "completed", 16, { CallDuration: "10" }),
      pbx.dial(root, "completed", { DialCallSid: bob.sid, DialCallDuration: "10", DialBridged: "true" }),
      pbx.status(root, "completed", 16, { CallDuration: "16" }),
    ],
    becomes: { internal: true, direction: "outgoing", phone: "bob", status: "answered", seconds: 10 },
  };
}
