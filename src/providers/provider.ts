/** What a PBX is to Trunkline: facts and pure functions. No storage, no clock, no other provider. */
import type { ZodType } from "zod";
import type { RingWait } from "../calls/desired.ts";
import type { CallEvent, Recording } from "../calls/event.ts";
import type { ExtensionRange } from "../calls/extension.ts";
import type { Writing } from "../calls/phone.ts";
import type { Hook } from "../hooks/hook.ts";
import type { Verdict } from "../verify/verdict.ts";

/** The other end of a channel, as its provider sees it. */
export interface Account<Settings = unknown> {
  /** The channel's `<provider>` table, parsed by `Provider.settings`. */
  readonly settings: Settings;
  /** The channel's secrets by the name after its prefix: `TWILIO_AUTH_TOKEN`. One that is not set is absent. */
  readonly secrets: ReadonlyMap<string, string>;
  /** The channel's public webhook URL, without a trailing slash; holds the hook secret where there is one. */
  readonly hookUrl: string;
  /** The channel's `api`: another base URL for the PBX's API, without a trailing slash. */
  readonly api?: string;
  /** The company's own numbers, where configured. */
  readonly lines: readonly string[];
  /** ISO 3166 code of the channel's country, where configured. */
  readonly country?: string;
  /** What counts as an extension, where configured; it then replaces the form that the PBX's extensions have. */
  readonly extensions?: readonly ExtensionRange[];
}

/** How to answer a webhook. */
export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
}

/** What a genuine webhook says. */
export type Reading =
  | { readonly kind: "heard"; readonly events: readonly CallEvent[]; readonly reply: Reply }
  | { readonly kind: "ignored"; readonly reply: Reply }
  | { readonly kind: "malformed"; readonly field: string; readonly problem: string };

/** A GET of the PBX's API. */
export interface ApiRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request for a recording, or for the place where it is. */
export interface MediaRequest extends ApiRequest {
  /** Reads the answer of an API that tells where the recordings are; absent where the answer is the recording. */
  readonly links?: (answer: unknown) => Links;
}

/** `later`: ask again, it is not ready or the API is busy. `never`: no recording will come. */
export type Links =
  | { readonly kind: "found"; readonly urls: readonly string[] }
  | { readonly kind: "later"; readonly why: string }
  | { readonly kind: "never"; readonly why: string };

/** How a PBX hands out recordings. */
export interface RecordingSource<Settings = unknown> {
  /** Hosts that may serve them; `.example.com` stands for every host below it. The channel's `api` origin is added. */
  readonly hosts: readonly string[];
  /** How long after its announcement an `expected` recording is first asked for, in ms. */
  readonly expectedAfterMs: number;
  locate(recording: Recording, call: string, account: Account<Settings>): Promise<MediaRequest>;
}

/** A call whose end was never heard. Times in ms since the epoch: when it began, and when it was last heard of. */
export interface AskedCall {
  readonly call: string;
  readonly startedAt: number;
  readonly heardAt: number;
}

/** Requests whose answers tell, all of them together, of `calls`. */
export interface Inquiry {
  readonly calls: readonly AskedCall[];
  readonly requests: readonly ApiRequest[];
}

/** What became of a call. `over`: the events that its last webhooks would have made. `unknown`: the PBX does not tell. */
export type CallState =
  | { readonly kind: "over"; readonly events: readonly CallEvent[] }
  | { readonly kind: "alive" }
  | { readonly kind: "unknown"; readonly why: string };

/** How a PBX tells of calls whose end was never heard. */
export interface StateSource<Settings = unknown> {
  /** As those of recordings. */
  readonly hosts: readonly string[];
  /** What to ask, and in how many parts: one that fails does not keep the others from being read. */
  inquire(calls: readonly AskedCall[], account: Account<Settings>): Promise<readonly Inquiry[]>;
  /** What the answers to an inquiry, as JSON and in the order of its requests, say of one of its calls. */
  read(answers: readonly unknown[], asked: AskedCall, account: Account<Settings>): CallState;
}

export interface Advice {
  readonly key: string;
  readonly problem: string;
}

/** One PBX. What it cannot do is a member that is not there. */
export interface Provider<Settings = unknown> {
  readonly name: string;
  /** Secrets by the name after the channel's prefix. */
  readonly secrets: { readonly required: readonly string[]; readonly optional?: readonly string[] };
  readonly settings: ZodType<Settings>;
  /** How it writes numbers that have no plus. One that differs, such as what an agent dialled, says so in its event. */
  readonly numbers: Writing;
  /** Its webhooks carry no authenticity of their own: `HOOK_SECRET` is required. */
  readonly needsHookSecret?: true;
  /** Absent where the first webhook tells of all phones that ring, or rings are no business of the first. */
  readonly ringWait?: RingWait;
  /**
   * What works and should not stay as it is, of a channel without fault: the key or secret concerned, what is wrong and
   * what to do. `secret` tells the full name of one of the channel's, and whether it is set.
   */
  warnings?(settings: Settings, secret: (name: string) => { readonly name: string; readonly isSet: boolean }): Advice[];
  /** Answers the PBX's check of a new webhook address, which it sends unsigned. */
  challenge?(hook: Hook): Reply | undefined;
  verify(hook: Hook, account: Account<Settings>): Promise<Verdict>;
  read(hook: Hook, account: Account<Settings>): Reading;
  /** How many requests a minute its API takes of an account; absent where that is not known. `states`: of those after calls. */
  readonly perMinute?: { readonly all: number; readonly states: number };
  readonly recordings?: RecordingSource<Settings>;
  readonly state?: StateSource<Settings>;
}

export const noContent: Reply = { status: 204 };

/** An empty 200, for a PBX that wants exactly that. */
export const emptyOk: Reply = { status: 200, body: "", type: "text/plain; charset=utf-8" };
