/** The calls that a run places: every story of both PBXs, again and again, each time with ids and recordings of its own. */
import { createHash } from "node:crypto";
import type { Story } from "../providers/conforms.ts";
import { twilioPbx, stories as twilioStories } from "../standins/twilio.ts";
import type { Webhook } from "../standins/webhook.ts";
import { type ZadarmaPbx, zadarmaPbx, stories as zadarmaStories } from "../standins/zadarma.ts";
import { type Random, random } from "./random.ts";

export const accounts = {
  twilio: { accountSid: "AC00000000000000000000000000000001", authToken: "twilio-auth-token" },
  zadarma: { key: "zadarma-key", secret: "zadarma-secret" },
} as const;

/** Where the PBXs believe that Trunkline is: its address changes with each start, and signatures cover it. */
export const publicUrl = "https://hooks.example";

export interface Placed {
  readonly id: string;
  readonly provider: "twilio" | "zadarma";
  readonly channel: "sales" | "support" | "nights" | "branch";
  readonly title: string;
  readonly webhooks: readonly Webhook[];
  readonly becomes: Story["becomes"];
  /** Who talked last; `undefined` where nobody did, or the story does not say. */
  readonly talkedLast?: string;
  readonly recordings: readonly Recorded[];
  /** It may be told once only, when it is over: nothing that is heard of later can reach its ticket then. */
  readonly once?: boolean;
}

/** What becomes of a recording at its PBX; one that is `good` or `late` must reach the ticket. */
export type Fate = "good" | "late" | "cut short for good" | "of a wrong type" | "gone";

export interface Recorded {
  readonly id: string;
  readonly fate: Fate;
  readonly bytes: Buffer;
  readonly type: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Which of the webhooks tells that it is there. */
  readonly webhook: number;
}

interface Pbxs {
  readonly seed: number;
  /** Where recordings are. */
  readonly api: string;
  /** Signs with secrets that are not ours. */
  readonly forged?: true;
}

/** `count` calls in an order of the seed's. */
export function placedCalls(pbxs: Pbxs, count: number): Placed[] {
  const placed: Placed[] = [];
  for (let round = 0; placed.length < count; round++) {
    const run = `${pbxs.forged ? "forged" : "chaos"} ${pbxs.seed} ${round}`;
    placed.push(...random(run).shuffled([...ofTwilio(pbxs, run), ...ofZadarma(pbxs, run)]));
  }
  return placed.slice(0, count);
}

function ofTwilio({ api, forged }: Pbxs, run: string): Placed[] {
  const secret = forged ? { authToken: "somebody else's" } : {};
  const pbx = twilioPbx({ ...accounts.twilio, ...secret, hookUrl: `${publicUrl}/hooks/sales`, api, run });
  return twilioStories(pbx).map((story) => {
    const talkedLast = story.becomes.talks?.at(-1)?.extension;
    return {
      provider: "twilio",
      channel: "sales",
      ...story,
      id: idOf(story),
      talkedLast,
      recordings: recorded(story, run),
    };
  });
}

function ofZadarma({ forged }: Pbxs, run: string): Placed[] {
  const secret = forged ? { secret: "somebody else's" } : {};
  const named = (id: string) =>
    `1781${createHash("sha1").update(`${run} ${id}`).digest().readUInt32LE()}.${id.slice(-4)}`;
  const tellingOf = (channel: Placed["channel"]) => {
    const genuine = zadarmaPbx({ ...accounts.zadarma, ...secret, hookUrl: `${publicUrl}/hooks/${channel}` });
    return { channel, stories: zadarmaStories(renaming(genuine, named), { run }) };
  };
  const [support, nights, branch] = [tellingOf("support"), tellingOf("nights"), tellingOf("branch")];
  return support.stories.map((first, i) => {
    const { channel, stories } = random(run, "channel", i).pick([support, support, support, nights, branch]);
    const told = stories[i] ?? first;
    const recordings = told.becomes.recordings?.map((recording) => ({ ...recording, id: named(recording.id ?? "") }));
    const story = { ...told, becomes: { ...told.becomes, ...(recordings && { recordings }) } };
    const talkedLast = told.talked.at(-1);
    return { provider: "zadarma", channel, ...story, id: idOf(story), talkedLast, recordings: recorded(story, run) };
  });
}

/** The stories' recordings have the same ids each time: in a run each call needs its own. */
function renaming(pbx: ZadarmaPbx, named: (id: string) => string): ZadarmaPbx {
  const renamed = (event: unknown) => (fields: Readonly<Record<string, string>>) => {
    const { call_id_with_rec: id, ...rest } = fields;
    return (event as (fields: object) => Webhook)(id === undefined ? rest : { ...rest, call_id_with_rec: named(id) });
  };
  return Object.fromEntries(
    Object.entries(pbx).map(([name, event]) => [name, renamed(event)]),
  ) as unknown as ZadarmaPbx;
}

function idOf({ webhooks }: Story): string {
  const fields = new URLSearchParams(webhooks[0]?.body);
  return fields.get("pbx_call_id") ?? fields.get("ParentCallSid") ?? fields.get("CallSid") ?? "";
}

function recorded({ webhooks, becomes }: Story, run: string): Recorded[] {
  const ready = (becomes.recordings ?? []).filter(({ status }) => status === "ready");
  return ready.map(({ id = "" }) => {
    const announces = ({ body = "" }: Webhook) =>
      body.includes(id) && /event=NOTIFY_RECORD|RecordingStatus=/.test(body);
    return {
      id,
      fate: fateOf(random(run, id, "fate")),
      webhook: webhooks.findIndex(announces),
      ...audio(random(run, id)),
    };
  });
}

function fateOf({ next }: Random): Fate {
  const drawn = next();
  if (drawn < 0.7) return "good";
  if (drawn < 0.85) return "late";
  return drawn < 0.9 ? "cut short for good" : drawn < 0.95 ? "of a wrong type" : "gone";
}

type Format = readonly [type: string, head: Buffer];

const formats: readonly [Format, ...Format[]] = [
  ["audio/mpeg", Buffer.from("ID3\x04\0\0\0\0\0\0", "latin1")],
  ["audio/wav", Buffer.from("RIFF\0\0\0\0WAVEfmt ", "latin1")],
  ["audio/ogg", Buffer.from("OggS\0\x02", "latin1")],
];

/** So many bytes and more are stored in several parts. */
export const severalParts = 5 * 1024 * 1024;

/** Noise that no other recording has. */
function audio(random: Random): Pick<Recorded, "bytes" | "type" | "sha256"> {
  const [type, head] = random.pick(formats);
  const [short, long] = [random.between(500, random.chance(0.1) ? 400_000 : 30_000), severalParts + 500_000];
  const noise = Buffer.alloc(random.chance(0.04) ? random.between(severalParts, long) : short);
  for (let at = 0; at + 4 <= noise.length; at += 4) noise.writeUInt32LE(Math.floor(random.next() * 2 ** 32), at);
  const bytes = Buffer.concat([head, noise]);
  return { type, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}
