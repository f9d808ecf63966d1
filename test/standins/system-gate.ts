/** What the helpdesk refuses before it reads a body: too many requests, the wrong place, and strangers. */
import type { IncomingMessage } from "node:http";
import type { SystemOptions } from "./system.ts";
import type { Reply } from "./system-calls.ts";
import { headerFault } from "./system-checks.ts";
import type { RateLimit } from "./system-limit.ts";

const route = /^\/api\/v2\/telephony\/calls\/([^/?#]+)(\/?)$/;

/** `undefined` lets the request in. */
export function refusal(request: IncomingMessage, limit: RateLimit, options: SystemOptions): Reply | undefined {
  const admission = limit.admit();
  if (admission.kind === "refused") {
    const faults = admission.violation ? [admission.violation] : [];
    const headers = { "retry-after": String(admission.retryAfterSeconds) };
    return { ...refuse(429, "rate limit exceeded: blocked for 20 minutes"), headers, faults };
  }
  return misplaced(request) ?? unauthorized(request, options) ?? unreadable(request, options);
}

/** The channel key in a path, where it has one. */
export function channelKeyOf(path: string): string | undefined {
  const key = route.exec(path)?.[1];
  try {
    return key && decodeURIComponent(key);
  } catch {
    return undefined;
  }
}

export function refuse(status: number, error: string): Reply {
  return { status, body: { error } };
}

/** Only a POST to the exact path, with its slash at the end, is where it belongs. */
function misplaced({ method, url: path = "" }: IncomingMessage): Reply | undefined {
  const match = route.exec(path);
  if (!match) return { ...refuse(404, "not found"), faults: [`no such path: ${path}`] };
  if (method !== "POST") {
    return { ...refuse(405, "POST only"), headers: { allow: "POST" }, faults: [`${method} instead of POST`] };
  }
  if (match[2] === "/") return undefined;
  return {
    ...refuse(301, "moved"),
    headers: { location: `${path}/` },
    faults: ["the path lacks its slash at the end"],
  };
}

/** Wrong secrets are for an operator to mend: they break no rule. */
function unauthorized(request: IncomingMessage, { channelKeys, auth, renamed }: SystemOptions): Reply | undefined {
  const key = channelKeyOf(request.url ?? "") ?? "";
  if (!channelKeys.includes(renamed?.get(key) ?? key)) return refuse(403, "unknown channel");
  if (auth === undefined) return undefined;
  if (request.headers.authorization === `Basic ${Buffer.from(auth).toString("base64")}`) return undefined;
  return { ...refuse(401, "not authorized"), headers: { "www-authenticate": 'Basic realm="helpdesk"' } };
}

function unreadable(request: IncomingMessage, { maxUpload }: SystemOptions): Reply | undefined {
  const wrong = headerFault(request);
  if (wrong) return { ...refuse(wrong.status, wrong.fault), faults: [wrong.fault] };
  const tooLarge = maxUpload !== undefined && Number(request.headers["content-length"]) > maxUpload;
  return tooLarge ? refuse(413, "too large") : undefined;
}
