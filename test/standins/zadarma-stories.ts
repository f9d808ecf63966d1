/** Calls as Zadarma tells them: what it sends for each, and what the call became. */
import { createHash } from "node:crypto";
import type { Call } from "../../src/calls/call.ts";
import type { Story } from "../providers/conforms.ts";
import type { Fields, ZadarmaPbx } from "./zadarma.ts";

export interface ZadarmaStory extends Story {
  /** The extensions that talked, in the order in which they did. */
  readonly talked: readonly string[];
}

/** The channel's country, which completes the numbers that agents dial. */
export const country = "UA";

/** Numbers come with a plus and without, even in one webhook. */
const customer = "+380671112233";
const did = "380443334455";
const line = "+380443334455";

interface Telling {
  /** Tells apart the calls of one telling from those of another. */
  readonly run?: string;
}

export function stories(pbx: ZadarmaPbx, { run = "sample" }: Telling = {}): ZadarmaStory[] {
  const callNamed = (prefix: string, title: string): Fields => {
    const id = createHash("sha1").update(`${run} ${title}`).digest("hex");
    return { pbx_call_id: `${prefix}_${id}` };
  };
  const told = (title: string, prefix: "in" | "out", tell: (call: Fields) => Omit<ZadarmaStory, "title">) => {
    return { title, ...tell(callNamed(prefix, title)) };
  };
  return [...incoming(pbx, told), ...outgoing(pbx, told)];
}

type Told = (title: string, prefix: "in" | "out", tell: (call: Fields) => Omit<ZadarmaStory, "title">) => ZadarmaStory;

const noRecord = { is_recorded: "0" };
const answeredEnd = { disposition: "answered", status_code: "16" };

function incoming(pbx: ZadarmaPbx, told: Told): ZadarmaStory[] {
  const facts = { direction: "incoming", phone: customer, line, internal: false, withheld: false } as const;
  const from = (call: Fields): Fields => ({ ...call, caller_id: customer, called_did: did });
  const answer = (call: Fields, extension: string, more: Fields = {}) =>
    pbx.answer({ ...call, caller_id: customer, destination: extension, internal: extension, ...more });
  return [
    told("a ring group is called and its second phone answers", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "100" }),
        pbx.internal({ ...from(call), internal: "101" }),
        pbx.internal({ ...from(call), internal: "102" }),
        answer(call, "101"),
        pbx.end({
          ...from(call),
          internal: "101",
          duration: "47",
          ...answeredEnd,
          last_internal: "101",
          is_recorded: "1",
          call_id_with_rec: "1781129241.26640977",
        }),
        pbx.record({ call_id_with_rec: "1781129241.26640977", pbx_call_id: call.pbx_call_id ?? "" }),
      ],
      becomes: {
        ...facts,
        status: "answered",
        rung: ["100", "101", "102"],
        seconds: 47,
        recordings: [{ id: "1781129241.26640977", status: "ready" }],
      },
      talked: ["101"],
    })),
    told("nobody picks up", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "100" }),
        pbx.internal({ ...from(call), internal: "101" }),
        pbx.end({
          ...from(call),
          internal: "101",
          duration: "30",
          disposition: "no answer",
          status_code: "19",
          ...noRecord,
        }),
      ],
      becomes: { ...facts, status: "missed", rung: ["100", "101"], seconds: undefined, recordings: [] },
      talked: [],
    })),
    told("the caller gives up while it rings", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "100" }),
        pbx.end({
          ...from(call),
          internal: "100",
          duration: "4",
          disposition: "cancel",
          status_code: "16",
          ...noRecord,
        }),
      ],
      becomes: { ...facts, status: "missed", rung: ["100"], seconds: undefined },
      talked: [],
    })),
    told("the caller gives up in the menu", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.end({ ...from(call), duration: "0", disposition: "cancel", status_code: "16", ...noRecord }),
      ],
      becomes: { ...facts, status: "missed", rung: [] },
      talked: [],
    })),
    told("the extension is busy", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "100" }),
        pbx.end({ ...from(call), internal: "100", duration: "0", disposition: "busy", status_code: "17", ...noRecord }),
      ],
      becomes: { ...facts, status: "busy", rung: ["100"] },
      talked: [],
    })),
    told("the call is handed over, each part of it recorded", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "101" }),
        answer(call, "101"),
        pbx.internal({ ...from(call), internal: "100", transfer_from: "101", transfer_type: "blind" }),
        answer(call, "100", { transfer_from: "101", transfer_type: "blind" }),
        pbx.end({
          ...from(call),
          internal: "101",
          duration: "95",
          ...answeredEnd,
          last_internal: "100",
          is_recorded: "1",
        }),
        pbx.record({ call_id_with_rec: "1781129300.26640980", pbx_call_id: call.pbx_call_id ?? "" }),
        pbx.record({ call_id_with_rec: "1781129340.26640991", pbx_call_id: call.pbx_call_id ?? "" }),
      ],
      becomes: {
        ...facts,
        status: "answered",
        rung: ["100", "101"],
        seconds: 95,
        recordings: [
          { id: "1781129300.26640980", status: "ready" },
          { id: "1781129340.26640991", status: "ready" },
        ],
      },
      talked: ["101", "100"],
    })),
    told("the line leads straight to an extension, without a start", "in", (call) => ({
      webhooks: [
        pbx.internal({ ...from(call), internal: "100" }),
        answer(call, "100"),
        pbx.end({ ...from(call), internal: "100", duration: "12", ...answeredEnd, last_internal: "100", ...noRecord }),
      ],
      becomes: { ...facts, status: "answered", rung: ["100"], seconds: 12, recordings: [] },
      talked: ["100"],
    })),
    told("the recording is ready before the call has ended", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "100" }),
        answer(call, "100"),
        pbx.record({ call_id_with_rec: "1781129401.26641002", pbx_call_id: call.pbx_call_id ?? "" }),
        pbx.end({
          ...from(call),
          internal: "100",
          duration: "33",
          ...answeredEnd,
          last_internal: "100",
          is_recorded: "1",
        }),
      ],
      becomes: { ...facts, status: "answered", recordings: [{ id: "1781129401.26641002", status: "ready" }] },
      talked: ["100"],
    })),
    told("a number outside answers for an extension", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "100" }),
        pbx.answer({ ...call, caller_id: customer, destination: "+380501234567" }),
        pbx.end({ ...from(call), duration: "61", ...answeredEnd, ...noRecord }),
      ],
      becomes: { ...facts, status: "answered", rung: ["100"], seconds: 61 },
      talked: [],
    })),
    told("extensions come as full logins and in short", "in", (call) => ({
      webhooks: [
        pbx.start(from(call)),
        pbx.internal({ ...from(call), internal: "499499-100" }),
        answer(call, "100"),
        pbx.end({ ...from(call), duration: "8", ...answeredEnd, last_internal: "499499-100", ...noRecord }),
      ],
      becomes: { ...facts, status: "answered", rung: ["100"] },
      talked: ["100"],
    })),
    told("the caller hides the number", "in", (call) => ({
      webhooks: [
        pbx.start({ ...from(call), caller_id: "anonymous" }),
        pbx.internal({ ...from(call), caller_id: "0", internal: "100" }),
        pbx.end({ ...from(call), caller_id: "", duration: "0", disposition: "cancel", status_code: "16", ...noRecord }),
      ],
      becomes: { ...facts, phone: undefined, withheld: true, status: "missed" },
      talked: [],
    })),
  ];
}

function outgoing(pbx: ZadarmaPbx, told: Told): ZadarmaStory[] {
  const facts = { direction: "outgoing", phone: customer, internal: false, withheld: false, rung: ["100"] } as const;
  const to = (call: Fields): Fields => ({ ...call, destination: customer, internal: "100" });
  /** `caller_id` is what the customer is shown. */
  const end = (call: Fields, disposition: string, more: Fields = {}) =>
    pbx.outEnd({ caller_id: did, ...to(call), duration: "0", disposition, status_code: "16", ...noRecord, ...more });
  const unanswered = (title: string, disposition: string, becomes: Partial<Call>) =>
    told(title, "out", (call) => ({
      webhooks: [pbx.outStart(to(call)), end(call, disposition)],
      becomes: { ...facts, line, seconds: undefined, ...becomes },
      talked: [],
    }));
  return [
    told("the customer answers", "out", (call) => ({
      webhooks: [
        pbx.outStart({ ...to(call), calltype: "normal" }),
        pbx.answer({ ...to(call), caller_id: did }),
        end(call, "answered", { duration: "20", is_recorded: "1", call_id_with_rec: "1781130000.26650001" }),
        pbx.record({ call_id_with_rec: "1781130000.26650001", pbx_call_id: call.pbx_call_id ?? "" }),
      ],
      becomes: {
        ...facts,
        line,
        status: "answered",
        seconds: 20,
        recordings: [{ id: "1781130000.26650001", status: "ready" }],
      },
      talked: ["100"],
    })),
    unanswered("the customer does not answer", "no answer", { status: "missed" }),
    unanswered("the agent gives up", "cancel", { status: "canceled" }),
    unanswered("the customer is busy", "busy", { status: "busy" }),
    unanswered("the account has no money left", "no money", { status: "failed", notes: ["no money"] }),
    told("the agent hands the customer over", "out", (call) => ({
      webhooks: [
        pbx.outStart(to(call)),
        pbx.answer({ ...to(call), caller_id: did }),
        pbx.internal({ ...call, caller_id: did, called_did: customer, internal: "099", transfer_from: "100" }),
        pbx.answer({ ...call, caller_id: did, destination: "099", internal: "099", transfer_from: "100" }),
        end(call, "answered", { duration: "40", last_internal: "099" }),
      ],
      becomes: { ...facts, line, status: "answered", seconds: 40, rung: ["099", "100"] },
      talked: ["100", "099"],
    })),
    told("a full login dials a national number", "out", (call) => ({
      webhooks: [
        pbx.outStart({ ...call, destination: "067 111-22-33", internal: "499499-100" }),
        pbx.answer({ ...call, caller_id: did, destination: "0671112233", internal: "499499-100" }),
        pbx.outEnd({
          ...call,
          caller_id: did,
          destination: "0671112233",
          internal: "499499-100",
          duration: "9",
          ...answeredEnd,
          ...noRecord,
        }),
      ],
      becomes: { ...facts, line, status: "answered", seconds: 9 },
      talked: ["100"],
    })),
  ];
}
