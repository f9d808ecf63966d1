/** Asking a PBX after calls: to its own API only, by the rules that recordings are fetched by. */
import type { Account, AskedCall, CallState, Inquiry, StateSource } from "../providers/provider.ts";
import { follow } from "../recordings/fetch.ts";
import { limits } from "../recordings/limits.ts";
import { beginning } from "../system/client.ts";

/** How much of an answer is read, in bytes: Zadarma's has up to 1000 rows. */
export const maxInquiryBytes = 1024 * 1024;

/** A call, and what became of it as far as the PBX tells. */
export interface Inquired {
  readonly call: string;
  readonly state: CallState;
}

export async function inquire(
  source: StateSource,
  calls: readonly AskedCall[],
  account: Account,
): Promise<readonly Inquired[]> {
  const told: Inquired[] = [];
  for (const inquiry of await source.inquire(calls, account)) {
    const heard = await answersTo(source, inquiry, account);
    const stateOf = (asked: AskedCall): CallState =>
      "why" in heard ? { kind: "unknown", why: heard.why } : source.read(heard.answers, asked, account);
    told.push(...inquiry.calls.map((asked) => ({ call: asked.call, state: stateOf(asked) })));
  }
  return told;
}

/** One that is missing makes the others worthless: without its legs a call would seem missed. */
async function answersTo(
  { hosts }: StateSource,
  { requests }: Inquiry,
  { api }: Account,
): Promise<{ readonly answers: readonly unknown[] } | { readonly why: string }> {
  const answers: unknown[] = [];
  const bounds = { hosts, api, answerMs: limits.answerMs, over: AbortSignal.timeout(limits.totalMs) };
  for (const request of requests) {
    const answer = await follow(request, bounds);
    if (answer.kind !== "media") return { why: answer.why };
    answers.push(await json(answer.response));
  }
  return { answers };
}

/** Undefined for what is no JSON, or too much of it. */
async function json(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await beginning(response, maxInquiryBytes));
  } catch {
    return undefined;
  }
}
