/** Twilio's API as far as calls go: https://www.twilio.com/docs/voice/api/call-resource. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Handler } from "./media.ts";
import type { Leg } from "./twilio.ts";

/** What the API says of a leg. */
export interface TwilioCall extends Leg {
  readonly status: string;
  /** Seconds; absent while it lives. */
  readonly duration?: number;
  /** When it began and when it ended, ms since the epoch; the latter absent while it lives. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly answeredBy?: string;
}

export interface TwilioApiSettings {
  /** `AC...`, in the path and in the authorization. */
  readonly account: string;
  readonly password: string;
  /** May be added to at any time. */
  readonly calls: readonly TwilioCall[];
}

const onePath = /^\/2010-04-01\/Accounts\/([^/]+)\/Calls\/(CA[0-9a-z]+)\.json$/;
const allPath = /^\/2010-04-01\/Accounts\/([^/]+)\/Calls\.json$/;
const pages = { usual: 50, most: 1000 };

/** Answers what is about calls; `false` for a request that is not. */
export function twilioApi({ account, password, calls }: TwilioApiSettings): Handler {
  const expected = `Basic ${Buffer.from(`${account}:${password}`).toString("base64")}`;

  const one = (sid: string) => {
    const call = calls.find((call) => call.sid === sid);
    return call ? { status: 200, body: resourceOf(account, call) } : problem(404, 20404, "was not found");
  };

  const all = (parameters: URLSearchParams) => {
    const size = Number(parameters.get("PageSize") ?? pages.usual);
    const strange = [...parameters.keys()].some((name) => name !== "PageSize" && name !== "ParentCallSid");
    if (strange || !(size >= 1 && size <= pages.most)) return problem(400, 20001, "Invalid parameter");
    const parent = parameters.get("ParentCallSid");
    const found = calls.filter((call) => parent === null || call.parent === parent);
    const uri = `/2010-04-01/Accounts/${account}/Calls.json?${parameters}`;
    const page = { page: 0, page_size: size, start: 0, end: Math.max(0, found.length - 1), uri, first_page_uri: uri };
    const next_page_uri = found.length > size ? `${uri}&Page=1` : null;
    const listed = found.slice(0, size).map((call) => resourceOf(account, call));
    return { status: 200, body: { ...page, next_page_uri, previous_page_uri: null, calls: listed } };
  };

  return (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://none");
    const [, owner, sid] = onePath.exec(pathname) ?? allPath.exec(pathname) ?? [];
    if (!owner || request.method !== "GET") return false;
    const welcome = owner === account && request.headers.authorization === expected;
    const answer = !welcome ? problem(401, 20003, "Authenticate") : sid === undefined ? all(searchParams) : one(sid);
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
    return true;
  };
}

/** Numbers come as text, what is not known as null. */
export function resourceOf(account: string, call: TwilioCall): Readonly<Record<string, unknown>> {
  const uri = `/2010-04-01/Accounts/${account}/Calls/${call.sid}`;
  return {
    account_sid: account,
    annotation: null,
    answered_by: call.answeredBy ?? null,
    api_version: "2010-04-01",
    caller_name: call.parent === undefined ? "" : null,
    date_created: rfc2822(call.startedAt),
    date_updated: rfc2822(call.endedAt ?? call.startedAt),
    direction: call.direction,
    duration: call.duration === undefined ? null : String(call.duration),
    end_time: call.endedAt === undefined ? null : rfc2822(call.endedAt),
    forwarded_from: null,
    from: call.from,
    from_formatted: call.from,
    group_sid: null,
    parent_call_sid: call.parent ?? null,
    phone_number_sid: call.parent === undefined ? `PN${"0".repeat(32)}` : "",
    price: null,
    price_unit: "USD",
    queue_time: "0",
    sid: call.sid,
    start_time: rfc2822(call.startedAt),
    status: call.status,
    subresource_uris: { recordings: `${uri}/Recordings.json`, events: `${uri}/Events.json` },
    to: call.to,
    to_formatted: call.to,
    trunk_sid: null,
    uri: `${uri}.json`,
  };
}

function problem(status: number, code: number, message: string) {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

function rfc2822(time: number): string {
  return new Date(time).toUTCString().replace("GMT", "+0000");
}
