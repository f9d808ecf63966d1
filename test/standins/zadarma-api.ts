/** Zadarma's API as far as recordings and statistics go: as strict about signatures, as vague about errors. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Media, media } from "./media-file.ts";

export interface ZadarmaRecording {
  readonly bytes: Uint8Array;
  /** MIME type. */
  readonly type: string;
  /** Until then it is not found; ms since the epoch. */
  readonly readyAt?: number;
  readonly pbxCallId: string;
  /** How it is handed out, where that goes wrong. */
  readonly file?: Media;
}

/** A row of the statistics, as documented; ids and extensions come as numbers now and then. */
export interface ZadarmaStatistic {
  readonly call_id: string | number;
  readonly sip: string | number;
  /** By the account's clock: `YYYY-MM-DD HH:MM:SS`. */
  readonly callstart: string;
  readonly clid: string | number;
  readonly destination: string | number;
  readonly disposition: string;
  readonly seconds: number;
  readonly is_recorded: boolean | string;
  readonly pbx_call_id: string;
}

interface ZadarmaApiSettings {
  readonly key: string;
  readonly secret: string;
  /** By `call_id_with_rec`. */
  readonly recordings: ReadonlyMap<string, ZadarmaRecording>;
  /** What has ended. */
  readonly statistics?: readonly ZadarmaStatistic[];
  /** ms since the epoch. */
  readonly now: () => number;
  /** The HTTP status of what is beyond the rate limit: 429 is documented, 200 was met. */
  readonly limitedAs?: 200 | 429;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Requests a minute: of all methods, and of statistics. */
const limit = 100;
const statisticsLimit = 3;
const maxRows = 1000;
const minuteMs = 60_000;
const recordPath = "/v1/pbx/record/request/";
const statisticsPath = "/v1/statistics/pbx/";
const lifetimes = { least: 180, usual: 1800, most: 5_184_000 };

/** Answers what is the API's; `false` for a request that is not. */
export function zadarmaApi(
  settings: ZadarmaApiSettings,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const { recordings, now, limitedAs = 200 } = settings;
  const requested: number[] = [];
  const requestedStatistics: number[] = [];
  const tokens = new Map<string, { callId: string; expiresAt: number }>();

  const link = (origin: string, callId: string, expiresAt: number) => {
    const token = createHash("sha1").update(`${settings.secret} ${tokens.size}`).digest("hex");
    tokens.set(token, { callId, expiresAt });
    return `${origin}/v1/pbx/record/download/${token}/${callId}.mp3`;
  };

  const answerOf = (request: IncomingMessage): Answer => {
    const recent = requested.filter((at) => at > now() - minuteMs);
    requested.splice(0, requested.length, ...recent, now());
    if (recent.length >= limit) return refused(limitedAs, "You exceeded the rate limit");
    const [path = "", query = ""] = (request.url ?? "").split("?");
    if (!authorized(request.headers.authorization ?? "", path, query, settings)) return refused(401, "Not authorized");
    if (request.method !== "GET") return refused(404, "Wrong method");
    const parameters = new URLSearchParams(query);
    if (path === recordPath) return recordsOf(parameters, `http://${request.headers.host}`);
    return path === statisticsPath ? statisticsOf(parameters) : refused(404, "Wrong method");
  };

  const statisticsOf = (parameters: URLSearchParams): Answer => {
    const recent = requestedStatistics.filter((at) => at > now() - minuteMs);
    requestedStatistics.splice(0, requestedStatistics.length, ...recent, now());
    if (recent.length >= statisticsLimit) return refused(limitedAs, "You exceeded the rate limit");
    const [start = "", end = ""] = [parameters.get("start") ?? "", parameters.get("end") ?? ""];
    const known = new Set(["start", "end", "version", "format"]);
    const strange = [...parameters.keys()].some((name) => !known.has(name));
    const wellFormed = [start, end].every((time) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(time));
    if (strange || !wellFormed || parameters.get("version") !== "2") return refused(400, "Wrong parameters");
    const stats = (settings.statistics ?? []).filter(({ callstart }) => callstart >= start && callstart <= end);
    return { status: 200, body: { status: "success", start, end, version: 2, stats: stats.slice(0, maxRows) } };
  };

  const recordsOf = (parameters: URLSearchParams, origin: string): Answer => {
    const [callId, pbxCallId] = [parameters.get("call_id"), parameters.get("pbx_call_id")];
    const lifetime = Number(parameters.get("lifetime") ?? lifetimes.usual);
    const known = new Set(["call_id", "pbx_call_id", "lifetime", "format"]);
    const strange = [...parameters.keys()].some((name) => !known.has(name));
    const lifetimeFits = lifetime >= lifetimes.least && lifetime <= lifetimes.most;
    if (strange || !lifetimeFits || (!callId && !pbxCallId)) return refused(400, "Wrong parameters");
    const found = [...recordings].filter(
      ([id, { pbxCallId: of, readyAt = 0 }]) =>
        (!callId || callId === id) && (!pbxCallId || pbxCallId === of) && readyAt <= now(),
    );
    if (found.length === 0) return refused(200, "File not found");
    const expiresAt = now() + lifetime * 1000;
    const links = found.map(([id]) => link(origin, id, expiresAt));
    const lifetime_till = new Date(expiresAt).toISOString().slice(0, 19).replace("T", " ");
    return { status: 200, body: { status: "success", ...(pbxCallId ? { links } : { link: links[0] }), lifetime_till } };
  };

  const download = async (request: IncomingMessage, response: ServerResponse) => {
    const [, token = "", callId] =
      /^\/v1\/pbx\/record\/download\/([0-9a-f]+)\/(.+)\.mp3$/.exec(request.url ?? "") ?? [];
    const grant = tokens.get(token);
    const recording = recordings.get(callId ?? "");
    // The token is all that is asked for: credentials have no business here.
    const welcome = request.method === "GET" && request.headers.authorization === undefined;
    if (!welcome || !recording || !grant || grant.callId !== callId || grant.expiresAt <= now()) {
      response.writeHead(404, { "content-type": "text/html" }).end("<html><h1>404 Not Found</h1></html>");
      return;
    }
    const { bytes, type, file = media({ source: bytes, type }) } = recording;
    await file.serve(request, response);
  };

  return async (request, response) => {
    const path = request.url ?? "";
    if (!path.startsWith("/v1/")) return false;
    if (path.startsWith("/v1/pbx/record/download/")) {
      await download(request, response);
      return true;
    }
    const { status, body } = answerOf(request);
    const left = Math.max(0, limit - requested.length);
    response.writeHead(status, {
      "content-type": "application/json",
      "x-ratelimit-limit": limit,
      "x-ratelimit-remaining": left,
      "x-ratelimit-reset": Math.ceil((now() + minuteMs) / 1000),
    });
    response.end(JSON.stringify(body));
    return true;
  };
}

function refused(status: number, message: string): Answer {
  return { status, body: { status: "error", message } };
}

/** Zadarma signs anew what it decoded: a query that is sorted or encoded in another way has another signature. */
function authorized(
  header: string,
  path: string,
  query: string,
  { key, secret }: { key: string; secret: string },
): boolean {
  const parameters = [...new URLSearchParams(query)].sort(([a], [b]) => (a < b ? -1 : 1));
  const rebuilt = parameters.map(([name, value]) => `${phpEncoded(name)}=${phpEncoded(value)}`).join("&");
  const hash = createHmac("sha1", secret).update(path + rebuilt + createHash("md5").update(rebuilt).digest("hex"));
  const expected = Buffer.from(`${key}:${Buffer.from(hash.digest("hex"), "latin1").toString("base64")}`);
  const offered = Buffer.from(header);
  return query === rebuilt && offered.byteLength === expected.byteLength && timingSafeEqual(offered, expected);
}

/** PHP's `urlencode`. */
function phpEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
