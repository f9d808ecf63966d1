/** What a person at the helpdesk sees: cards of the calls that are active, and the tickets, renewed every second. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { rangeOf } from "./media-file.ts";
import type { System } from "./system.ts";
import type { Audio, AudioStore } from "./system-audio.ts";
import { type Assignee, type Audience, isActive, type SystemCall } from "./system-calls.ts";
import { html, type Markup, policy, script, style } from "./system-look.ts";

/** Answers what a browser asks for; `false` where nothing here is meant. */
export function showPage(
  request: IncomingMessage,
  response: ServerResponse,
  system: System,
  audios: AudioStore,
): boolean {
  const { pathname } = new URL(request.url ?? "/", system.url);
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  if (pathname === "/") return answer(response, 200, "text/html; charset=utf-8", page(system));
  if (pathname === "/page.json") return answer(response, 200, "application/json", JSON.stringify(parts(system)));
  if (pathname === "/favicon.ico") return answer(response, 204, "image/x-icon", "");
  const id = /^\/recordings\/([0-9]{1,9})$/.exec(pathname)?.[1];
  if (id === undefined) return false;
  const audio = audios.find(Number(id));
  if (!audio) return answer(response, 404, "text/plain", "No such recording.");
  play(request, response, audio, audios);
  return true;
}

function answer(response: ServerResponse, status: number, type: string, body: string): true {
  response.writeHead(status, { "content-type": type, "content-security-policy": policy, "cache-control": "no-store" });
  response.end(body);
  return true;
}

/** Browsers ask for parts of a recording in order to jump within it. */
function play(request: IncomingMessage, response: ServerResponse, audio: Audio, audios: AudioStore): void {
  const range = rangeOf(request.headers.range, audio.kept);
  const type = /^(audio\/[a-z0-9.-]+|video\/mp4|application\/ogg)$/.test(audio.type)
    ? audio.type
    : "application/octet-stream";
  const headers = { "content-type": type, "accept-ranges": "bytes", "x-content-type-options": "nosniff" };
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...headers, "content-range": `bytes */${audio.kept}` }).end();
    return;
  }
  const { from, to } = range ?? { from: 0, to: audio.kept - 1 };
  const partial = range ? { "content-range": `bytes ${from}-${to}/${audio.kept}` } : {};
  response.writeHead(range ? 206 : 200, { ...headers, ...partial, "content-length": to - from + 1 });
  if (request.method === "HEAD" || audio.kept === 0) response.end();
  else pipeline(audios.read(audio, from, to), response, () => {});
}

function page(system: System): string {
  const { summary, cards, tickets, violations } = parts(system);
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Helpdesk (stand-in)</title>
${html.raw(`<style>${style}</style>`)}
<noscript><meta http-equiv="refresh" content="2"></noscript>
<header><h1>Helpdesk <small>stand-in</small></h1><div id="summary">${html.raw(summary)}</div></header>
<main>
<section><h2>Calls now</h2><div id="cards">${html.raw(cards)}</div></section>
<section><h2>Tickets</h2><div id="tickets">${tickets.map(([, ticket]) => html.raw(ticket))}</div></section>
<section id="violations">${html.raw(violations)}</section>
</main>
${html.raw(`<script>${script}</script>`)}
</html>
`.text;
}

/** The parts that change, each as HTML, so that the page replaces only what did and a recording plays on. */
function parts(system: System) {
  const cards = system.calls.filter(isActive).map((call) => card(call));
  return {
    summary: summary(system).text,
    cards: html`${cards.length > 0 ? cards : html`<p class="none">Nobody is calling.</p>`}`.text,
    tickets: system.calls.toReversed().map((call) => [`ticket-${call.ticket.id}`, ticket(call).text] as const),
    violations: violations(system.violations).text,
  };
}

function summary({ calls, uses, limit, violations, blockedUntil }: System): Markup {
  const rules =
    violations.length === 0 ? html`<b class="good">none</b>` : html`<b class="bad">${violations.length}</b>`;
  const blocked =
    blockedUntil > 0 ? html`<p class="blocked">Everybody is blocked until ${clock(blockedUntil)}.</p>` : "";
  return html`<dl><div><dt>tickets</dt><dd><b>${calls.length}</b></dd></div>
<div><dt>requests this minute</dt><dd><b>${uses}</b> of ${limit}</dd></div>
<div><dt>rules broken</dt><dd>${rules}</dd></div></dl>${blocked}`;
}

function card(call: SystemCall): Markup {
  return html`<article class="card ${call.status ?? ""}"><p class="state"><i></i>${statusWords(call)}</p>
<p class="phone">${call.phone}</p>
<p>${arrow(call)} ${call.direction} since ${clock(call.createdAt)}</p><p>shown to ${audienceWords(call.audience)}</p></article>`;
}

function ticket(call: SystemCall): Markup {
  const { id, assignee, comments, recordings } = call.ticket;
  return html`<article class="ticket" id="ticket-${id}"><div class="head"><span class="number">#${id}</span>
<strong>${call.phone}</strong><span class="status ${call.status ?? ""}">${statusWords(call)}</span></div>
<p class="facts">${arrow(call)} ${call.direction}, ${clock(call.createdAt)} · shown to ${audienceWords(call.audience)}
 · assigned to <b>${assigneeWords(assignee)}</b> · PBX call ${call.pbxCallId ?? "unknown"}</p>
${comments.map((comment) => html`<blockquote>${comment}</blockquote>`)}
${recordings.map(player)}</article>`;
}

function player({ id, name, bytes, kept }: Audio): Markup {
  const cut = kept < bytes ? html`, the first ${size(kept)} can be heard` : "";
  return html`<figure><audio controls preload="metadata" src="/recordings/${id}"></audio>
<figcaption>${name}, ${size(bytes)}${cut}</figcaption></figure>`;
}

function violations(all: readonly string[]): Markup {
  if (all.length === 0) return html``;
  return html`<h2>Rules broken</h2><ol>${all.map((violation) => html`<li>${violation}</li>`)}</ol>`;
}

function statusWords({ status }: SystemCall): string {
  return status?.replace("-", " ") ?? "no status";
}

function arrow({ direction }: SystemCall): string {
  return direction === "outgoing" ? "↗" : "↙";
}

const audiences = new Map([
  ["user_ids[]", ["employee", "employees"]],
  ["group_ids[]", ["group", "groups"]],
  ["pbx_user_ids[]", ["extension", "extensions"]],
]);

function audienceWords({ by, ids }: Audience): string {
  const [one = "", many = ""] = audiences.get(by) ?? [];
  return by === "everyone" ? "everybody" : `${ids.length === 1 ? one : many} ${ids.join(", ")}`;
}

function assigneeWords(assignee: Assignee | undefined): string {
  if (!assignee) return "nobody";
  return "userId" in assignee ? `employee ${assignee.userId}` : `extension ${assignee.pbxUserId}`;
}

function clock(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
