/**
 * Who carries recordings: a plain entrypoint beside the Exchange, since the platform limits what a Durable Object sends
 * out, and so that a slow transfer does not weigh on the object that must pop cards. It remembers nothing.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Recording } from "../calls/event.ts";
import { accountOf, type Channel, readConfiguration } from "../config/channels.ts";
import type { Env } from "../env.ts";
import { type Delivered, deliver } from "../system/deliver.ts";
import type { Form } from "../system/forms.ts";
import { open } from "./fetch.ts";
import { filenameOf, type Stored, stemOf, store } from "./store.ts";

/** What to fetch, and the call that it is of. */
export interface FetchJob {
  readonly channel: string;
  readonly call: string;
  readonly startedAt: number;
  readonly status: string;
  readonly recording: Recording;
}

/** `parts`: how many files the recording's id stands for. */
export type Fetched = Stored & { readonly parts?: number };

export class Courier extends WorkerEntrypoint<Env> {
  /** PBX to R2. */
  async fetchRecording({ channel: name, call, startedAt, status, recording }: FetchJob): Promise<Fetched> {
    const channel = this.#channel(name);
    const source = channel?.provider.recordings;
    if (!channel || !source) return { kind: "later", why: "the channel is not configured" };
    const opened = await open(source, recording, call, accountOf(channel, ""));
    if (opened.kind !== "media") return opened;
    const stem = stemOf(name, startedAt, call, recording.id, recording.part ?? 0);
    const stored = await store(this.env.RECORDINGS, opened.response, stem, { channel: name, call, status });
    return { ...stored, parts: opened.parts };
  }

  /** R2 to the system, as the file of `form`. */
  async attachRecording(name: string, form: Form, key: string): Promise<Delivered> {
    const channel = this.#channel(name);
    const object = channel && (await this.env.RECORDINGS.get(key));
    if (!object) {
      return { outcome: { kind: "unknown", why: "the recording could not be read from R2", slow: false } };
    }
    return deliver(channel, form, {
      field: "audio_record",
      filename: filenameOf(key),
      type: object.httpMetadata?.contentType ?? "application/octet-stream",
      size: object.size,
      body: object.body,
    });
  }

  #channel(name: string): Channel | undefined {
    return readConfiguration(this.env).channels.get(name);
  }
}
