/** What Zadarma's statistics say of calls: https://zadarma.com/en/support/api/#api_statistics_pbx (read 2026-11). */
import * as z from "zod";
import type { CallEvent, Direction } from "../calls/event.ts";
import type { AskedCall, CallState } from "./provider.ts";
import { instantOf, wallClockOf } from "./zadarma-clock.ts";
import { directionOf, ends, type Facts } from "./zadarma-events.ts";
import { type Extensions, extensionOf, isExtension, isMailbox } from "./zadarma-numbers.ts";
import { refusalIn } from "./zadarma-request.ts";

const hourMs = 60 * 60_000;
/** How much earlier and later than we heard of the calls their rows may begin. */
const marginMs = hourMs;
/** How far clocks are behind UTC and ahead of it where no zone is known. */
const zones = { westernmostMs: 12 * hourMs, easternmostMs: 14 * hourMs };

/** Numbers or text, as it comes. */
const written = z.union([z.string(), z.number()]).nullish();

const statistics = z.object({ status: z.literal("success"), stats: z.array(z.unknown()) });
const row = z.object({
  pbx_call_id: z.string(),
  call_id: written,
  sip: written,
  destination: written,
  callstart: z.string().default(""),
  disposition: z.string().default(""),
  seconds: z.coerce.number().catch(0),
  is_recorded: z.union([z.boolean(), z.string(), z.number()]).nullish(),
});

/** `agent`: the extension that it is of. `mailbox`: a machine took it. */
type Row = z.infer<typeof row> & { readonly agent?: string; readonly mailbox: boolean };

/** The parameters that ask for the rows of `calls`. `version` 2 has a call's rows one by one. */
export function statisticsOf(calls: readonly AskedCall[], zone: string | undefined): Readonly<Record<string, string>> {
  const [west, east] = zone === undefined ? [zones.westernmostMs, zones.easternmostMs] : [0, 0];
  const began = Math.min(...calls.map(({ startedAt, heardAt }) => Math.min(startedAt, heardAt)));
  const heard = Math.max(...calls.map(({ heardAt }) => heardAt));
  return {
    start: wallClockOf(began - marginMs - west, zone),
    end: wallClockOf(heard + marginMs + east, zone),
    version: "2",
  };
}

/** Statistics are of what has ended: a call that is not among them may be alive as well as forgotten. */
export function toldBy(answer: unknown, call: string, zone: string | undefined, extensions: Extensions): CallState {
  const listed = statistics.safeParse(answer).data;
  if (!listed) return { kind: "unknown", why: refusalIn(answer) ?? "the answer is no statistics of Zadarma's" };
  const found = listed.stats.flatMap((stat) => row.safeParse(stat).data ?? []).filter((of) => of.pbx_call_id === call);
  if (found.length === 0) return { kind: "unknown", why: "the statistics do not list the call" };
  const rows = found.map((row): Row => {
    const mailbox = [row.sip, row.destination].some((text) => isMailbox(String(text ?? ""), extensions));
    return { ...row, mailbox, agent: mailbox ? undefined : agentOf(row, extensions) };
  });
  return { kind: "over", events: eventsOf(call, rows.sort(inOrder), zone) };
}

/** By time, and within a second by the ids that Asterisk counts up. */
function inOrder(a: Row, b: Row): number {
  const place = ({ callstart, call_id }: Row) => `${callstart} ${call_id}`;
  return place(a) < place(b) ? -1 : 1;
}

/** A call that was handed over, or rang at several extensions, has several rows: it is one call all the same. */
function eventsOf(call: string, rows: readonly Row[], zone: string | undefined): CallEvent[] {
  const direction = directionOf(call);
  const startedAt = instantOf(rows[0]?.callstart ?? "", zone);
  const over = rows.flatMap((row) => {
    const began = instantOf(row.callstart, zone);
    return began === undefined ? [] : [began + row.seconds * 1000];
  });
  const at = over.length > 0 ? Math.max(...over) : undefined;
  return [...endsIn(rows, direction), ...talksIn(rows, direction), ...recordingsIn(rows)].map((facts) => {
    return { call, id: `state:${JSON.stringify(facts)}`, direction, startedAt, at, asked: true, ...facts };
  });
}

/** The row of whoever talked last ends the call; where nobody did, each row says why, and the fold decides. */
function endsIn(rows: readonly Row[], direction: Direction | undefined): Facts[] {
  const telling = tellingOf(rows);
  const answered = telling.filter(isAnswered);
  const [first, last] = [answered[0], answered.at(-1)];
  if (!first || !last) return telling.flatMap((row) => endOf(row, { internal: row.agent }, direction));
  const duration = answered.reduce((sum, { seconds }) => sum + seconds, 0);
  const talked = { internal: first.agent, last_internal: last.agent, duration: String(duration) };
  return endOf(last, talked, direction);
}

/** As if the last webhook of the call had been heard. */
function endOf(
  { disposition: theirs, mailbox }: Row,
  fields: Record<string, string | undefined>,
  direction?: Direction,
): Facts[] {
  const disposition = mailbox ? "" : theirs;
  const said = Object.entries({ disposition, ...fields }).flatMap(([name, value]) => (value ? [[name, value]] : []));
  return ends(new URLSearchParams(said), undefined, direction);
}

/** Each agent's talk. On an outgoing call who placed it is known by the end. */
function talksIn(rows: readonly Row[], direction: Direction | undefined): Facts[] {
  const answered = tellingOf(rows).filter(isAnswered);
  const placing = direction === "outgoing" ? answered[0]?.agent : undefined;
  const agents = new Set(answered.flatMap(({ agent }) => agent ?? []));
  return [...agents]
    .filter((agent) => agent !== placing)
    .map((extension) => {
      const seconds = answered.reduce((sum, row) => sum + (row.agent === extension ? row.seconds : 0), 0);
      return { leg: { party: "agent", extension, status: "answered", seconds } };
    });
}

/** An id that came as a number has lost its last digits: the recording is then asked for by its call. */
function recordingsIn(rows: readonly Row[]): Facts[] {
  const recorded = rows.filter(({ is_recorded }) => ["true", "1"].includes(String(is_recorded)));
  return recorded.map(({ call_id }) => ({
    recording: { id: typeof call_id === "string" ? call_id : "", status: "expected" },
  }));
}

/** A menu answers every call, and a mailbox who is put through: where extensions were rung, only their rows tell. */
function tellingOf(rows: readonly Row[]): readonly Row[] {
  const ofAgents = rows.filter(({ agent }) => agent !== undefined);
  return ofAgents.length > 0 ? ofAgents : rows;
}

function isAnswered({ disposition, mailbox }: Row): boolean {
  return disposition.trim().toLowerCase() === "answered" && !mailbox;
}

/** The caller may stand in either field, and so may the extension. */
function agentOf({ sip, destination }: z.infer<typeof row>, extensions: Extensions): string | undefined {
  const written = [sip, destination].map(String).find((text) => isExtension(text, extensions));
  return written === undefined ? undefined : extensionOf(written);
}
