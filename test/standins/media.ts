/** A stand-in for a PBX's own servers: what it is asked for is in its handlers, anything else is unexpected. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Media } from "./media-file.ts";

export { type Media, type MediaOptions, media, replaced } from "./media-file.ts";

/** `true` where it answered or is answering; `false` leaves the request to the next. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface PbxRequest {
  /** ms since the epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** 0: the connection was lost before the answer was complete. Absent: not answered yet. */
  status?: number;
}

export interface PbxOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Asked in turn. */
  readonly handlers: readonly Handler[];
  /** ms since the epoch. */
  readonly now?: () => number;
}

export interface Pbx {
  /** Without a slash at its end. */
  readonly url: string;
  readonly requests: readonly PbxRequest[];
  /** Requests that no handler wanted, such as `GET /x`. */
  readonly unexpected: readonly string[];
  reset(): void;
  close(): Promise<void>;
}

export async function startPbx({ port = 0, handlers, now = Date.now }: PbxOptions): Promise<Pbx> {
  const requests: PbxRequest[] = [];
  const unexpected: string[] = [];
  const server = createServer(async (request, response) => {
    requests.push(noted(request, response, now()));
    try {
      for (const handle of handlers) if (await handle(request, response)) return;
      unexpected.push(`${request.method} ${request.url}`);
      response.writeHead(404, { "content-type": "text/plain" }).end("Not found.");
    } catch (error) {
      unexpected.push(`${request.method} ${request.url}: the stand-in itself failed: ${error}`);
      response.destroy();
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(port, "127.0.0.1", resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    unexpected,
    reset() {
      requests.length = 0;
      unexpected.length = 0;
    },
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface TwilioMedia {
  /** `AC...`, in the path and, unless `user` says otherwise, in the authorization. */
  readonly account: string;
  /** An API key's `SK...`. */
  readonly user?: string;
  readonly password: string;
  /** By `RE...` for either format, or by `RE....mp3` and `RE....wav`. May be added to at any time. */
  readonly recordings: ReadonlyMap<string, Media>;
}

const recordingPath = /^\/2010-04-01\/Accounts\/([^/]+)\/Recordings\/(RE[0-9a-zA-Z]+)(\.mp3|\.wav)?$/;

/** Twilio's recordings: `GET /2010-04-01/Accounts/<AC>/Recordings/<RE>`, with `.mp3`, `.wav` or neither. */
export function mediaServer({ account, user = account, password, recordings }: TwilioMedia): Handler {
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return async (request, response) => {
    const [, owner, id = "", extension = ""] = recordingPath.exec(pathOf(request)) ?? [];
    if (!owner || !isReading(request)) return false;
    if (owner !== account || request.headers.authorization !== expected) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="Twilio API"' }).end("Authenticate");
      return true;
    }
    const recording = recordings.get(`${id}${extension}`) ?? recordings.get(id);
    if (recording) await recording.serve(request, response);
    else response.writeHead(404, { "content-type": "text/plain" }).end("No such recording.");
    return true;
  };
}

/** Files at plain paths, for anybody: where a redirect or a signed link leads. */
export function files(byPath: ReadonlyMap<string, Media>): Handler {
  return async (request, response) => {
    const file = byPath.get(pathOf(request));
    if (!file || !isReading(request)) return false;
    await file.serve(request, response);
    return true;
  };
}

function isReading({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.replace(/\?.*$/s, "");
}

function noted(request: IncomingMessage, response: ServerResponse, at: number): PbxRequest {
  const { method = "", url = "" } = request;
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const path = pathOf(request);
  const entry: PbxRequest = { at, method, path, query: url.slice(path.length), headers };
  response.once("finish", () => {
    entry.status = response.statusCode;
  });
  response.once("close", () => {
    entry.status ??= 0;
  });
  return entry;
}
