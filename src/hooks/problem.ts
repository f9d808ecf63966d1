/** Answers that say no, as `application/problem+json` (RFC 9457). */

import type { Fault } from "../config/faults.ts";

export interface Problem {
  readonly status: number;
  readonly title: string;
  /** What to do about it. Never holds what the caller sent. */
  readonly detail?: string;
  /** The field at fault. */
  readonly field?: string;
  /** What is wrong with the configuration. */
  readonly faults?: readonly Fault[];
}

export function problem(
  { status, title, detail, field, faults }: Problem,
  headers: Record<string, string> = {},
  more: Readonly<Record<string, unknown>> = {},
): Response {
  const body = JSON.stringify({ type: "about:blank", title, status, detail, field, faults, ...more });
  return new Response(body, { status, headers: { ...headers, "content-type": "application/problem+json" } });
}

export const notFound: Problem = { status: 404, title: "Not found" };
export const forbidden: Problem = { status: 403, title: "Not authentic" };
export const unauthorized: Problem = { status: 401, title: "Unauthorized", detail: "Send CONSOLE_TOKEN as a bearer." };
export const tooLarge: Problem = { status: 413, title: "Body too large", detail: "A webhook has 256 KiB at most." };
export const encoded: Problem = {
  status: 415,
  title: "Content encoding not understood",
  detail: "Send the webhook as it is, not compressed.",
};
export const notAllowed: Problem = {
  status: 405,
  title: "Method not allowed",
  detail: "Webhooks come by GET or POST.",
};
export const misconfigured: Problem = { status: 503, title: "Misconfigured", detail: "Mend each of the faults." };
export const tooMany: Problem = {
  status: 429,
  title: "Too many webhooks",
  detail: "The channel had its share. Send it again later.",
};
export const notNow: Problem = { status: 503, title: "Cannot be kept right now", detail: "Send it again later." };
