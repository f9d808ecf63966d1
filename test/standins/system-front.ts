/** What stands in front of the helpdesk and answers for it: a proxy, an ingress, a firewall. None knows of calls or of a limit. */
import type { Reply } from "./system-calls.ts";

const html = (title: string) =>
  `<html><head><title>${title}</title></head><body><center><h1>${title}</h1></center></body></html>`;

const pages = new Map<number, readonly [type: "text/html" | "text/plain", body: string]>([
  [403, ["text/html", html("Request blocked")]],
  [404, ["text/plain", "default backend - 404"]],
  [405, ["text/html", html("405 Not Allowed")]],
  [413, ["text/html", html("413 Request Entity Too Large")]],
  [421, ["text/plain", "Misdirected Request"]],
  [423, ["text/html", html("Locked")]],
  [429, ["text/plain", "Too many requests"]],
  [500, ["text/html", html("500 Internal Server Error")]],
  [502, ["text/html", html("502 Bad Gateway")]],
  [503, ["text/html", html("503 Service Temporarily Unavailable")]],
  [504, ["text/html", html("504 Gateway Time-out")]],
]);

export const frontStatuses: readonly number[] = [...pages.keys()];

/** The page that it shows with `status`, one of `frontStatuses`. */
export function frontPage(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  const [type, body] = pages.get(status) ?? ["text/plain", ""];
  return { status, body, headers: { "content-type": type, ...headers }, front: true };
}
