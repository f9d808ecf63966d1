/**
 * Who carries recordings, and asks the PBX after calls: a plain entrypoint beside the Exchange, since the platform limits
 * what a Durable Object sends out, and so that a slow transfer does not weigh on the object that must pop cards. It
 * remembers nothing.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Recording } from "../calls/event.ts";
import { accountOf, type Channel, readConfiguration } from "../config/channels.ts";
import { keyed, ofSystem } from "../config/keys.ts";
import type { Env } from "../env.ts";
import { type Inquired, inquire } from "../inquiries/inquire.ts";
import type { AskedCall } from "../providers/provider.ts";
import { type Delivered, deliver } from "../system/deliver.ts";
import type { Form } from "../system/forms.ts";
import { Download } from "./download.ts";
import { open } from "./fetch.ts";
import { type Limits, limits } from "./limits.ts";
import { filenameOf, type NotStored, type Stored, stemOf, store } from "./store.ts";

/** What to fetch, and the call that it is of. */
export interface FetchJob {
  readonly channel: string;
  readonly system: string;
  readonly call: string;
  readonly startedAt: number;
  readonly status: string;
  readonly recording: Recording;
  /** Which of the files that the recording's id stands for, from 0. */
  readonly part: number;
}

/** The calls to ask the PBX after. */
export interface InquiryJob {
  readonly channel: string;
  readonly system: string;
  readonly calls: readonly AskedCall[];
}

/** The form that a stored recording goes along with. */
export interface AttachJob {
  readonly channel: string;
  readonly system: string;
  readonly form: Form;
  /** In R2. */
  readonly key: string;
  /** The system was seen to tell its limit. */
  readonly rated: boolean;
  /** Under which CHANNEL_KEY it goes out: the first, where none is named. */
  readonly keyDigest?: string;
}

/** `parts`: how many files the recording's id stands for. */
export type Fetched = (Stored & { readonly parts?: number }) | NotStored;

export class Courier extends WorkerEntrypoint<Env> {
  readonly #limits: Limits;

  constructor(ctx: ExecutionContext, env: Env, within: Limits = limits) {
    super(ctx, env);
    this.#limits = within;
  }

  /** PBX to R2. */
  async fetchRecording({
    channel: name,
    system,
    call,
    startedAt,
    status,
    recording,
    part,
  }: FetchJob): Promise<Fetched> {
    const channel = this.#channel(name, system);
    const source = channel?.provider.recordings;
    if (!channel || !source) return { kind: "later", why: "the channel is not configured" };
    const opened = await open(source, recording, part, call, accountOf(channel, ""), this.#limits);
    if (opened.kind !== "opened") return opened;
    const { stallMs, maxBytes } = this.#limits;
    const download = new Download(opened, stallMs);
    const stem = stemOf(name, startedAt, call, recording.id, part);
    const about = { channel: name, call, status };
    const stored = await store(this.env.RECORDINGS, download, stem, about, maxBytes);
    return stored.kind === "stored" ? { ...stored, parts: opened.parts } : stored;
  }

  /** R2 to the system, as the file of `form`. */
  async attachRecording({ channel: name, system, form, key, keyDigest, rated }: AttachJob): Promise<Delivered> {
    const known = this.#channel(name, system);
    const channel = known && keyDigest !== undefined ? keyed(known, keyDigest) : known;
    if (!channel) return { outcome: { kind: "unsent", why: "the channel is not configured" } };
    const object = await this.env.RECORDINGS.get(key).catch(() => undefined);
    if (object === undefined) return { outcome: { kind: "unsent", why: "the archive failed" } };
    if (object === null) return { outcome: { kind: "no-file", why: "the recording is not in the archive any more" } };
    return deliver(channel, form, rated, {
      field: "audio_record",
      filename: filenameOf(key),
      type: object.httpMetadata?.contentType ?? "application/octet-stream",
      size: object.size,
      body: object.body,
    });
  }

  /** What became of the calls, as far as the PBX tells. */
  async inquire({ channel: name, system, calls }: InquiryJob): Promise<readonly Inquired[]> {
    const channel = this.#channel(name, system);
    const source = channel?.provider.state;
    return channel && source ? inquire(source, calls, accountOf(channel, "")) : [];
  }

  /** The channel as the system that the job is for has it, though it be another's by now. */
  #channel(name: string, system: string): Channel | undefined {
    const channel = readConfiguration(this.env).channels.get(name);
    return channel && ofSystem(channel, system);
  }
}
