/** A call of a ring group as Zadarma tells it, in six webhooks, read by the provider itself. */
import type { HeardEvent } from "../../src/calls/event.ts";
import type { Hook } from "../../src/hooks/hook.ts";
import type { Account } from "../../src/providers/provider.ts";
import { type ZadarmaSettings, zadarma } from "../../src/providers/zadarma.ts";

const account: Account<ZadarmaSettings> = { settings: {}, secrets: new Map(), hookUrl: "", lines: [] };

/** The `number`th call, begun at `at` (ms since the epoch) and heard of in time. */
export function eventsOf(number: number, at: number, recorded: boolean): HeardEvent[] {
  const call = {
    pbx_call_id: callId(number),
    call_start: new Date(at).toISOString().slice(0, 19).replace("T", " "),
    caller_id: `+38067${String(number).padStart(7, "0")}`,
    called_did: "+380443334455",
  };
  const talk = { internal: "101", last_internal: "101", duration: "42", disposition: "answered" };
  const recording = { call_id_with_rec: `${Math.floor(at / 1000)}.${number}` };
  const said: [event: string, afterMs: number, fields: Record<string, string>][] = [
    ["NOTIFY_START", 0, call],
    ["NOTIFY_INTERNAL", 1_000, { ...call, internal: "100" }],
    ["NOTIFY_INTERNAL", 1_000, { ...call, internal: "101" }],
    ["NOTIFY_ANSWER", 6_000, { ...call, destination: "101", internal: "101" }],
    ["NOTIFY_END", 48_000, { ...call, ...talk, is_recorded: recorded ? "1" : "0", ...(recorded && recording) }],
  ];
  if (recorded) said.push(["NOTIFY_RECORD", 60_000, { pbx_call_id: call.pbx_call_id, ...recording }]);
  return said.flatMap(([event, afterMs, fields]) => heard({ event, ...fields }, at + afterMs));
}

export function callId(number: number): string {
  // As long as theirs: `in_` and 40 hexadecimal digits.
  return `in_${number.toString(16).padStart(40, "0")}`;
}

function heard(fields: Record<string, string>, heardAt: number): HeardEvent[] {
  const hook = { fields: new URLSearchParams(fields) } as Hook;
  const reading = zadarma.read(hook, account);
  if (reading.kind !== "heard") throw new Error(`${fields.event} is not understood`);
  return reading.events.map((event) => ({ ...event, heardAt }));
}
