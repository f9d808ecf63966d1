/** Recordings on their way from the PBX: which are asked for, and what becomes of each. */
import type { Channel } from "../config/channels.ts";
import { log } from "../log.ts";
import type { Fetched } from "../recordings/courier.ts";
import { type Asker, costOfRecording } from "./asker.ts";
import { giveUpAfterMs, recordingBackoff } from "./backoff.ts";
import { asideMs, type Desk } from "./desk.ts";
import type { Planner } from "./planner.ts";
import { fetched, pending, type RecordingRow, recordingKey } from "./recording-row.ts";

/** Recordings under way at once. */
const maxFetches = 2;

export class Fetches {
  readonly #desk: Desk;
  readonly #planner: Planner;
  readonly #asker: Asker;
  readonly #done: () => void;
  /** The calls that a recording is being fetched for, as `channel/call`. */
  readonly #underWay = new Set<string>();
  /** Calls whose tries cannot be written down, and until when they are left alone (ms since the epoch). */
  readonly #uncounted = new Map<string, number>();

  /** `done` is called after each try. */
  constructor(desk: Desk, planner: Planner, asker: Asker, done: () => void) {
    this.#desk = desk;
    this.#planner = planner;
    this.#asker = asker;
    this.#done = done;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Starts what is due, as far as there is room; returns when to look at what could not be counted. */
  startDue(now: number): number | undefined {
    const all = this.#desk.channels();
    const opens = all.map((channel) => this.#asker.opensAt(channel, costOfRecording, now)).filter((at) => at > now);
    const open = all.filter((channel) => this.#asker.opensAt(channel, costOfRecording, now) <= now);
    const channels = new Map(open.map((channel) => [channel.name, channel]));
    const room = maxFetches - this.#underWay.size;
    if (room <= 0) return undefined;
    for (const row of this.#desk.store.dueRecordings(now, [...channels.keys()], this.#leftOut(now), room)) {
      const channel = channels.get(row.channel);
      const key = `${row.channel}/${row.call}`;
      if (!channel || this.#underWay.has(key)) continue;
      if (this.#asker.opensAt(channel, costOfRecording, now) > now || !this.#counted(row, now)) continue;
      this.#asker.asks(channel, costOfRecording, now);
      this.#underWay.add(key);
      this.#desk.goOn(
        this.#fetch(channel, row)
          .then((result) => this.#fetched(channel, row, result))
          .catch((error) => log("error", "recording", { channel: row.channel, call: row.call, error: String(error) }))
          .then(() => {
            this.#underWay.delete(key);
            this.#done();
          }),
      );
    }
    const next = [...this.#uncounted.values(), ...opens];
    return next.length > 0 ? Math.min(...next) : undefined;
  }

  #leftOut(now: number): string[] {
    for (const [key, until] of this.#uncounted) if (until <= now) this.#uncounted.delete(key);
    return [...this.#underWay, ...this.#uncounted.keys()];
  }

  /**
   * Durable before the request leaves: whatever fails afterwards, our own writing too, finds the try counted and a wait.
   * One that cannot be counted is not made, and keeps no other waiting.
   */
  #counted(row: RecordingRow, now: number): boolean {
    const attempt = row.attempt + 1;
    try {
      this.#desk.store.putRecording({ ...row, attempt, dueAt: now + recordingBackoff(attempt) });
      return true;
    } catch (error) {
      this.#uncounted.set(`${row.channel}/${row.call}`, now + asideMs);
      log("error", "recording", { channel: row.channel, call: row.call, error: String(error) });
      return false;
    }
  }

  async #fetch(channel: Channel, { call, id, part, url }: RecordingRow): Promise<Fetched> {
    const { status, startedAt } = this.#planner.fold(channel, { channel: channel.name, call });
    const recording = { id, url, status: "ready" } as const;
    const { name, system } = channel;
    try {
      return await this.#desk.courier.fetchRecording({
        channel: name,
        system,
        call,
        startedAt,
        status,
        recording,
        part,
      });
    } catch {
      return { kind: "later", why: "the transfer of the recording was interrupted" };
    }
  }

  #fetched(channel: Channel, row: RecordingRow, result: Fetched): void {
    const now = this.#desk.outside.now();
    this.#desk.together(() => {
      // Its place was taken meanwhile by a recording with a name, or its call's audio was excepted.
      const awaited = this.#desk.store.recordingsOf(row).some((other) => isSame(other, row) && pending(other));
      if (!awaited) return this.#discard(row, result);
      const { endedAt, lastHeardAt } = this.#planner.fold(channel, row);
      // By our own clock: the PBX's may be off, and its webhooks may come hours late.
      const deadline = (endedAt === undefined ? now : lastHeardAt) + channel.recordings.wait * 1000;
      // A ticket that waits for its recording does not wait for R2 as well.
      const archiveDeadline = this.#desk.store.call(row)?.mode === "final" ? deadline : deadline + giveUpAfterMs;
      const { max_bytes } = channel.recordings;
      const handling = { max_bytes, deadline, archiveDeadline, now, backoff: recordingBackoff };
      const known = this.#desk.store.recordingsOf(row);
      for (const changed of fetched(row, result, handling)) {
        // A further file of the same id may have been fetched before, when this one was lost.
        const isNew = !isSame(changed, row);
        if (!isNew || !known.some((other) => isSame(other, changed))) this.#desk.store.putRecording(changed);
      }
      this.#planner.replan(channel, row, now);
    });
    const problem = result.kind === "stored" ? undefined : result.why;
    const facts = { channel: row.channel, call: row.call, outcome: result.kind, problem };
    log(problem ? "warn" : "info", "recording", facts);
  }

  /** What was fetched in vain: no row would lead to it. */
  #discard(row: RecordingRow, result: Fetched): void {
    if (result.kind !== "stored") return;
    const used = this.#desk.store.recordingsOf(row).some(({ key }) => key === result.key);
    if (!used) this.#desk.goOn(this.#desk.env.RECORDINGS.delete(result.key).catch(() => undefined));
  }
}

function isSame(a: RecordingRow, b: RecordingRow): boolean {
  return recordingKey(a) === recordingKey(b);
}
