/** Calls as they may happen, and as each PBX would tell of them: what they are is known beforehand. */
import fc from "fast-check";
import { type LegHook, legsBegan } from "./telnyx.ts";
import { type Leg, twilioPbx } from "./twilio.ts";
import type { Webhook } from "./webhook.ts";
import { type Fields, wallClock, zadarmaPbx } from "./zadarma.ts";

export interface Life {
  readonly direction: "incoming" | "outgoing";
  /** A menu picks up before anybody is rung. */
  readonly menu: boolean;
  /** Who is rung, or who calls; numbers of the agents, from 0. */
  readonly rung: readonly number[];
  /** Who talks, one after the other: the first is one of the rung, each next one was handed the call. */
  readonly talks: readonly number[];
  /** Where nobody took it: a mailbox did. */
  readonly mailbox: boolean;
  /** The agent joins the caller in a conference, by a call of their own, where the PBX has such. */
  readonly conference: boolean;
  /** Why an outgoing call was not answered. */
  readonly because: "busy" | "missed";
}

export const lives: fc.Arbitrary<Life> = fc
  .record({
    direction: fc.constantFrom("incoming", "outgoing"),
    menu: fc.boolean(),
    rung: fc.shuffledSubarray([0, 1, 2], { minLength: 1 }),
    answered: fc.boolean(),
    handedTo: fc.shuffledSubarray([3, 4]),
    mailbox: fc.boolean(),
    conference: fc.boolean(),
    because: fc.constantFrom("busy", "missed"),
  })
  .map(({ answered, handedTo, mailbox, conference, rung, ...said }) => {
    const alone = said.direction === "outgoing" ? rung.slice(0, 1) : rung;
    const talks = answered ? [alone[0] ?? 0, ...handedTo] : [];
    const inRoom = conference && answered && said.direction === "incoming" && handedTo.length === 0;
    return {
      ...said,
      rung: alone,
      talks,
      mailbox: mailbox && !answered && said.direction === "incoming",
      conference: inRoom,
    };
  });

/** What a ticket should say in the end. */
export function statusOf({ direction, talks, because }: Life): string {
  if (talks.length > 0) return "answered";
  return direction === "outgoing" ? because : "missed";
}

export const agents = ["ann", "bob", "eve", "kim", "lea"] as const;
export const extensions = ["100", "101", "102", "103", "104"] as const;
export const customer = "+14155550123";
export const line = "+14155550100";
/** When they begin, ms since the epoch. */
export const livesBegin = legsBegan;

export const twilioFacts = {
  accountSid: `AC${"0".repeat(31)}1`,
  authToken: "token",
  hookUrl: "https://hooks.example/hooks/sales",
};

export function asTwilio(life: Life): Webhook[] {
  const pbx = twilioPbx({ ...twilioFacts, startedAt: livesBegin });
  const incoming = life.direction === "incoming";
  const name = (agent: number) => `client:${agents[agent]}`;
  const root = incoming ? pbx.inbound(customer, line) : pbx.inbound(name(life.rung[0] ?? 0), customer);
  const menu = incoming && life.menu ? [pbx.voice(root, { CallStatus: "in-progress", Digits: "1" })] : [];
  const end = pbx.status(root, "completed", 100, { CallDuration: "100" });
  if (life.conference) return [pbx.voice(root), ...menu, ...inConference(pbx, root, name(life.talks[0] ?? 0)), end];
  const own = incoming ? life.rung.map((agent) => ({ agent, leg: pbx.dialled(root, name(agent)) })) : [];
  const theirs = incoming ? [] : reached(pbx, root, life);
  const talked = own.find(({ agent }) => agent === life.talks[0]);
  const lost = own.filter((one) => one !== talked);
  const handed = life.talks.slice(1).map((agent) => pbx.dialled(root, name(agent), incoming ? customer : line));
  return [
    pbx.voice(root),
    ...menu,
    ...own.map(({ leg }) => pbx.status(leg, "ringing", 2)),
    ...(talked ? talk(pbx, talked.leg, 9, 20) : []),
    ...lost.map(({ leg }) => pbx.status(leg, talked ? "canceled" : "no-answer", 10)),
    ...theirs,
    ...handed.flatMap((leg, i) => talk(pbx, leg, 40 + 20 * i, 10)),
    ...(life.mailbox ? [pbx.voicemail(root, pbx.recordingId())] : []),
    end,
  ];
}

type Twilio = ReturnType<typeof twilioPbx>;

function talk(pbx: Twilio, leg: Leg, at: number, seconds: number): Webhook[] {
  return [
    pbx.status(leg, "in-progress", at),
    pbx.status(leg, "completed", at + seconds, { CallDuration: String(seconds) }),
  ];
}

function reached(pbx: Twilio, root: Leg, { talks, because }: Life): Webhook[] {
  const leg = pbx.dialled(root, customer, line);
  const ended = because === "busy" ? "busy" : "no-answer";
  return [pbx.status(leg, "ringing", 2), ...(talks.length > 0 ? talk(pbx, leg, 9, 60) : [pbx.status(leg, ended, 30)])];
}

function inConference(pbx: Twilio, root: Leg, agent: string): Webhook[] {
  const own = pbx.inbound(agent, "the-room");
  const joins = (leg: Leg, at: number) =>
    pbx.send("/conference", {
      ...{ CallSid: leg.sid, ConferenceSid: `CF${"1".repeat(32)}`, StatusCallbackEvent: "participant-join" },
      ...{
        SequenceNumber: String(at),
        Timestamp: new Date(livesBegin + at * 1000).toUTCString().replace("GMT", "+0000"),
      },
    });
  return [joins(root, 3), pbx.voice(own), joins(own, 12), pbx.status(own, "completed", 90, { CallDuration: "78" })];
}

export const zadarmaFacts = { key: "zk", secret: "zs", hookUrl: "https://hooks.example/hooks/support" };

export function asZadarma(life: Life): Webhook[] {
  const pbx = zadarmaPbx({ ...zadarmaFacts, now: () => livesBegin });
  const call_start = wallClock(livesBegin);
  const who = (agent: number | undefined) => extensions[agent ?? 0] ?? "";
  const handed = (call: Fields, caller_id: string) =>
    life.talks.slice(1).map((agent, i) => {
      const from = { transfer_from: who(life.talks[i]), transfer_type: "blind" };
      return pbx.answer({ ...call, caller_id, destination: who(agent), internal: who(agent), ...from });
    });
  const last = life.mailbox ? "8500" : life.talks.length > 0 ? who(life.talks.at(-1)) : undefined;
  const lasting: Fields = last === undefined ? {} : { last_internal: last };
  if (life.direction === "outgoing") {
    const call = { pbx_call_id: "out_11aa", call_start };
    const out = { ...call, destination: customer, internal: who(life.rung[0]) };
    const answer = pbx.answer({ ...out, caller_id: line });
    const disposition = life.talks.length > 0 ? "answered" : life.because === "busy" ? "busy" : "no answer";
    const end = pbx.outEnd({ ...out, caller_id: line, disposition, duration: "60", is_recorded: "0", ...lasting });
    return [pbx.outStart(out), ...(life.talks.length > 0 ? [answer, ...handed(call, line)] : []), end];
  }
  const call = { pbx_call_id: "in_11aa", call_start };
  const into = { ...call, caller_id: customer, called_did: line };
  const answers = (internal: string) => pbx.answer({ ...call, caller_id: customer, destination: internal, internal });
  const disposition = last !== undefined || life.menu ? "answered" : "no answer";
  return [
    pbx.start(into),
    ...life.rung.map((agent) => pbx.internal({ ...into, internal: who(agent) })),
    ...(life.talks.length > 0 ? [answers(who(life.talks[0]))] : life.mailbox ? [answers("8500")] : []),
    ...handed(call, customer),
    pbx.end({ ...into, internal: who(life.rung[0]), disposition, duration: "60", is_recorded: "0", ...lasting }),
  ];
}

export function asLegs(life: Life): LegHook[] {
  const says =
    (leg: string, from: string, to: string) =>
    (event: LegHook["event"], second: number, more: Partial<LegHook> = {}) => ({
      ...{ session: "s1", leg, event, second, from, to },
      ...more,
    });
  const dialled = (agent: number) => says(`L${agent}`, line, `sip:${agents[agent]}@acme.sip.telnyx.com`);
  const clearing = { cause: "normal_clearing" };
  const handed = life.talks.slice(1).flatMap((agent, i) => {
    const leg = dialled(agent);
    return [
      leg("initiated", 38 + 20 * i, { direction: "outgoing" }),
      leg("answered", 40 + 20 * i),
      leg("hangup", 55 + 20 * i, clearing),
    ];
  });
  if (life.direction === "outgoing") {
    const [agent, theirs] = [dialled(life.rung[0] ?? 0), says("C", line, customer)];
    const cause = life.because === "busy" ? "user_busy" : "no_answer";
    const answered = life.talks.length > 0;
    return [
      agent("initiated", 0, { direction: "outgoing" }),
      agent("answered", 2),
      theirs("initiated", 3, { direction: "outgoing" }),
      ...(answered ? [theirs("answered", 9), theirs("hangup", 99, clearing)] : [theirs("hangup", 30, { cause })]),
      agent("hangup", answered ? 38 : 31, clearing),
      ...handed,
    ];
  }
  const root = says("A", customer, line);
  const rung = life.rung.flatMap((agent) => {
    const leg = dialled(agent);
    const talks = agent === life.talks[0];
    const cause = life.talks.length > 0 ? "originator_cancel" : "timeout";
    const end = talks ? [leg("answered", 9), leg("hangup", 30, clearing)] : [leg("hangup", 10, { cause })];
    return [leg("initiated", 2, { direction: "outgoing" }), ...end];
  });
  const menu = life.menu || life.mailbox ? [root("answered", 1)] : [];
  return [root("initiated", 0, { direction: "incoming" }), ...menu, ...rung, ...handed, root("hangup", 100, clearing)];
}
