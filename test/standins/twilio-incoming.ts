/** Calls that come in, as Twilio tells them. */
import type { CallStatus } from "../../src/calls/call.ts";
import type { TwilioPbx } from "./twilio.ts";
import type { Tell, Told } from "./twilio-stories.ts";

const customer = "+14155550123";
const line = "+14155550100";
const mobile = "+14155550177";

export const incoming = new Map<string, Tell>([
  ["an incoming call is answered and recorded", answeredAndRecorded],
  ["one of a ring group answers, the others lose", ringGroup],
  ["nobody answers", (pbx) => unanswered(pbx, "no-answer", "missed")],
  ["the agent's line is busy", (pbx) => unanswered(pbx, "busy", "busy")],
  ["the agent cannot be reached", (pbx) => unanswered(pbx, "failed", "failed")],
  ["nobody answers, the caller leaves a message", voicemail],
  ["the caller gives up in the menu", abandonedInMenu],
  ["the caller gives up during setup", abandonedInSetup],
  ["the caller gives up while it rings", abandonedWhileRinging],
  ["the agent picks up but declines the whisper", declined],
  ["a caller without a number", withheld],
  ["a forwarded call is answered on a mobile", forwarded],
  ["a call is handed to another agent", coldTransfer],
  ["a caller talks in a conference", conference],
]);

function answeredAndRecorded(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  const ann = pbx.dialled(root, "client:ann");
  const id = pbx.recordingId();
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(ann, "initiated", 1),
      pbx.status(ann, "ringing", 2),
      pbx.status(ann, "in-progress", 9),
      pbx.status(ann, "completed", 47, { CallDuration: "38" }),
      pbx.dial(root, "completed", {
        DialCallSid: ann.sid,
        DialCallDuration: "38",
        DialBridged: "true",
        RecordingUrl: pbx.recordingUrl(id),
      }),
      pbx.status(root, "completed", 47, { CallDuration: "47" }),
      pbx.recording(root, id),
    ],
    becomes: {
      direction: "incoming",
      phone: customer,
      line,
      internal: false,
      withheld: false,
      status: "answered",
      rung: ["ann"],
      talks: [{ extension: "ann", seconds: 38 }],
      seconds: 38,
      recordings: [{ id, status: "ready" }],
    },
  };
}

function ringGroup(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  const [ann, bob, desk] = [
    pbx.dialled(root, "client:ann"),
    pbx.dialled(root, "client:bob"),
    pbx.dialled(root, mobile),
  ];
  return {
    webhooks: [
      pbx.voice(root),
      ...[ann, bob, desk].map((leg) => pbx.status(leg, "initiated", 1)),
      ...[ann, bob, desk].map((leg) => pbx.status(leg, "ringing", 2)),
      pbx.status(bob, "in-progress", 6),
      pbx.status(ann, "canceled", 6),
      pbx.status(desk, "no-answer", 6, { SipResponseCode: "487" }),
      pbx.status(bob, "completed", 26, { CallDuration: "20" }),
      pbx.dial(root, "completed", { DialCallSid: bob.sid, DialCallDuration: "20", DialBridged: "true" }),
      pbx.status(root, "completed", 26, { CallDuration: "26" }),
    ],
    becomes: {
      direction: "incoming",
      phone: customer,
      status: "answered",
      rung: [mobile, "ann", "bob"],
      talks: [{ extension: "bob", seconds: 20 }],
    },
  };
}

function unanswered(pbx: TwilioPbx, ended: string, status: CallStatus): Told {
  const root = pbx.inbound(customer, line);
  const ann = pbx.dialled(root, "client:ann");
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(ann, "initiated", 1),
      pbx.status(ann, "ringing", 2),
      pbx.status(ann, ended, 22),
      pbx.dial(root, ended, { DialCallSid: ann.sid, DialCallDuration: "0", DialBridged: "false" }),
      pbx.status(root, "completed", 22, { CallDuration: "22" }),
    ],
    becomes: { direction: "incoming", phone: customer, line, status, rung: ["ann"], talks: [] },
  };
}

function voicemail(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  const ann = pbx.dialled(root, "client:ann");
  const id = pbx.recordingId();
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(ann, "ringing", 2),
      pbx.status(ann, "no-answer", 22),
      pbx.dial(root, "no-answer", { DialCallSid: ann.sid }),
      pbx.voicemail(root, id),
      pbx.recording(root, id, "completed", { RecordingSource: "RecordVerb", RecordingChannels: "1" }),
      pbx.status(root, "completed", 40, { CallDuration: "40" }),
    ],
    becomes: { status: "missed", phone: customer, talks: [], recordings: [{ id, status: "ready" }] },
  };
}

function abandonedInMenu(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  return {
    webhooks: [
      pbx.voice(root),
      pbx.voice(root, { CallStatus: "in-progress", Digits: "2", msg: "Gather End" }),
      pbx.voice(root, { CallStatus: "in-progress", Digits: "1", msg: "Gather End" }),
      pbx.status(root, "completed", 31, { CallDuration: "31" }),
    ],
    becomes: { direction: "incoming", phone: customer, status: "missed", talks: [], rung: [] },
  };
}

function abandonedInSetup(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  return {
    webhooks: [pbx.voice(root), pbx.status(root, "no-answer", 0)],
    becomes: { direction: "incoming", phone: customer, status: "missed" },
  };
}

function abandonedWhileRinging(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  const ann = pbx.dialled(root, "client:ann");
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(ann, "ringing", 2),
      pbx.status(ann, "canceled", 8),
      pbx.dial(root, "canceled", { CallStatus: "completed", DialCallSid: ann.sid }),
      pbx.status(root, "completed", 8, { CallDuration: "8" }),
    ],
    becomes: { direction: "incoming", status: "missed", rung: ["ann"], talks: [] },
  };
}

function declined(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  const ann = pbx.dialled(root, mobile);
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(ann, "ringing", 2),
      pbx.status(ann, "in-progress", 9),
      pbx.status(ann, "completed", 15, { CallDuration: "6" }),
      pbx.dial(root, "completed", { DialCallSid: ann.sid, DialCallDuration: "6", DialBridged: "false" }),
      pbx.status(root, "completed", 16, { CallDuration: "16" }),
    ],
    becomes: { direction: "incoming", status: "missed", rung: [mobile], talks: [], seconds: undefined },
  };
}

function withheld(pbx: TwilioPbx): Told {
  const root = pbx.inbound("+266696687", line);
  const ann = pbx.dialled(root, "client:ann");
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(ann, "ringing", 2),
      pbx.status(ann, "in-progress", 5),
      pbx.status(ann, "completed", 15, { CallDuration: "10" }),
      pbx.status(root, "completed", 15, { CallDuration: "15" }),
    ],
    becomes: { direction: "incoming", phone: undefined, withheld: true, line, status: "answered" },
  };
}

function forwarded(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  const desk = pbx.dialled(root, mobile);
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(desk, "completed", 60, { CallDuration: "50" }),
      pbx.status(root, "completed", 60, { CallDuration: "60" }),
    ],
    becomes: {
      direction: "incoming",
      phone: customer,
      status: "answered",
      talks: [{ extension: mobile, seconds: 50 }],
    },
  };
}

function coldTransfer(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  const [ann, bob] = [pbx.dialled(root, "client:ann"), pbx.dialled(root, "client:bob")];
  return {
    webhooks: [
      pbx.voice(root),
      pbx.status(ann, "ringing", 2),
      pbx.status(ann, "in-progress", 5),
      pbx.status(ann, "completed", 35, { CallDuration: "30" }),
      pbx.dial(root, "completed", { DialCallSid: ann.sid, DialBridged: "true" }),
      pbx.voice(root, { CallStatus: "in-progress" }),
      pbx.status(bob, "ringing", 36),
      pbx.status(bob, "in-progress", 40),
      pbx.status(bob, "completed", 60, { CallDuration: "20" }),
      pbx.dial(root, "completed", { DialCallSid: bob.sid, DialCallDuration: "20", DialBridged: "true" }),
      pbx.status(root, "completed", 60, { CallDuration: "60" }),
    ],
    becomes: {
      direction: "incoming",
      status: "answered",
      talks: [
        { extension: "ann", seconds: 30 },
        { extension: "bob", seconds: 20 },
      ],
      seconds: 50,
    },
  };
}

function conference(pbx: TwilioPbx): Told {
  const root = pbx.inbound(customer, line);
  return {
    webhooks: [pbx.voice(root), pbx.dial(root, "answered"), pbx.status(root, "completed", 60, { CallDuration: "60" })],
    becomes: { direction: "incoming", phone: customer, status: "answered" },
  };
}
