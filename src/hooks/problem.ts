/** Answers that say no, as `application/problem+json` (RFC 9457). */

export interface Problem {
  readonly status: number;
  readonly title: string;
  /** What to do about it. Never holds what the caller sent. */
  readonly detail?: string;
  /** The field at fault. */
  readonly field?: string;
}

export function problem({ status, title, detail, field }: Problem, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ type: "about:blank", title, status, detail, field });
  return new Response(body, { status, headers: { ...headers, "content-type": "application/problem+json" } });
}

export const notFound: Problem = { status: 404, title: "Not found" };
export const forbidden: Problem = { status: 403, title: "Not authentic" };
export const tooLarge: Problem = { status: 413, title: "Body too large", detail: "A webhook has 256 KiB at most." };
export const notAllowed: Problem = {
  status: 405,
  title: "Method not allowed",
  detail: "Webhooks come by GET or POST.",
};
export const notNow: Problem = { status: 503, title: "Cannot be kept right now", detail: "Send it again later." };
