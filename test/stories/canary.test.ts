/**
 * No secret leaves Trunkline but to whom it belongs, and no whole number but to the helpdesk and the PBX: a scene in which
 * all goes well and all goes wrong, after which everything that was logged, answered and stored is searched.
 */
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sample } from "../standins/audio.ts";
import { type Handler, media, mediaServer, type Pbx, startPbx } from "../standins/media.ts";
import { type Seen, type System, startSystem } from "../standins/system.ts";
import { twilioPbx } from "../standins/twilio.ts";
import type { Webhook } from "../standins/webhook.ts";
import { zadarmaPbx } from "../standins/zadarma.ts";
import { until } from "./harness.ts";
import { startWrangler, type WranglerDev } from "./wrangler.ts";

const root = join(import.meta.dirname, "..", "..");

/** Hexadecimal, as the PBXs' are; without a run of digits that masking would make unrecognizable. */
function canary(name: string, length: number): string {
  return createHash("sha256").update(name).digest("hex").replace(/\d{3}/g, "abc").slice(0, length);
}

const systemAuth = `bot@helpdesk.example:${canary("system auth", 24)}`;
const secrets = {
  CONSOLE_TOKEN: canary("console token", 32),
  SALES_CHANNEL_KEY: canary("sales channel key", 24),
  SALES_SYSTEM_AUTH: systemAuth,
  SALES_HOOK_SECRET: canary("sales hook secret", 24),
  SALES_TWILIO_AUTH_TOKEN: canary("twilio token", 32),
  SUPPORT_CHANNEL_KEY: canary("support channel key", 24),
  SUPPORT_SYSTEM_AUTH: systemAuth,
  SUPPORT_HOOK_SECRET: canary("support hook secret", 24),
  SUPPORT_ZADARMA_KEY: canary("zadarma key", 20),
  SUPPORT_ZADARMA_SECRET: canary("zadarma secret", 20),
  BROKEN_CHANNEL_KEY: canary("broken channel key", 24),
  BROKEN_SYSTEM_AUTH: canary("a system auth that lacks its colon", 24),
  BROKEN_HOOK_SECRET: `${canary("a hook secret", 12)}/${canary("of two parts", 12)}`,
  BROKEN_TWILIO_AUTH_TOKEN: canary("another twilio token", 32),
};
/** No secret: each of the account's webhooks holds it. */
const accountSid = "AC0000000000000000000000000000ca4a";
const passwordInAddress = canary("a password in an address", 24);
const basic = (credentials: string) => Buffer.from(credentials).toString("base64");

/** All that must not be seen. Credentials go over the wire in base64. */
const hidden = new Map<string, string>([
  ...Object.entries(secrets),
  ["a password in an address", passwordInAddress],
  ["SYSTEM_AUTH as it is sent", basic(systemAuth)],
  ["TWILIO_AUTH_TOKEN as it is sent", basic(`${accountSid}:${secrets.SALES_TWILIO_AUTH_TOKEN}`)],
]);

const numbers = {
  caller: "+380671112233",
  american: "+16505550123",
  agent: "+12125550177",
};
const names = ["Kanarienvogel", "kanarek-softphone"];
/** Where no recording may be fetched from, and what would open it there. */
const astray = { host: "kanaria.evil.example", token: canary("a link's token", 40) };

let system: System;
let pbx: Pbx;
let wrangler: WranglerDev;
let url: string;
/** Each answer of the worker's, with its headers; orders to Twilio apart. */
const answers: string[] = [];
const orders: string[] = [];

beforeAll(async () => {
  system = await startSystem({
    channelKeys: [secrets.SALES_CHANNEL_KEY, secrets.SUPPORT_CHANNEL_KEY],
    auth: systemAuth,
    limit: 1_000_000,
  });
  system.behave(helpdeskFault);
  const [account, password] = [accountSid, secrets.SALES_TWILIO_AUTH_TOKEN];
  const recordings = new Map([["REgood", media({ source: await sample("mp3") })]]);
  pbx = await startPbx({ handlers: [talkative, mediaServer({ account, password, recordings })] });
  wrangler = await start();
  url = wrangler.url;
  await scene();
});

afterAll(async () => {
  await wrangler.remove();
  await Promise.all([system.close(), pbx.close()]);
});

function start(): Promise<WranglerDev> {
  const common = { system: system.url, api: pbx.url };
  const channels = {
    sales: {
      provider: "twilio",
      ...common,
      twilio: { forward: [numbers.agent], voicemail: "Please leave a message." },
    },
    support: { provider: "zadarma", ...common },
    broken: { provider: "twilio", system: `https://bot:${passwordInAddress}@help.example`, country: passwordInAddress },
  };
  return startWrangler({ CHANNELS: JSON.stringify(channels), SALES_TWILIO_ACCOUNT_SID: accountSid, ...secrets });
}

/** What stands in front of a helpdesk in trouble repeats all that it was sent. */
function helpdeskFault({ path, fields }: Seen) {
  const status = new Map([
    ["in_refused", 422],
    ["in_failing", 500],
    ["in_barred", 403],
  ]).get(String(fields.pbx_call_id));
  const request = { path, fields, authorization: `Basic ${basic(systemAuth)}` };
  return status === undefined
    ? undefined
    : { status, body: { error: "not now", spoken: "+380 (67) 111-22-33", request } };
}

/** A PBX that is in trouble repeats what it was sent, or leads astray. */
const talkative: Handler = (request, response) => {
  const text = JSON.stringify({ authorization: request.headers.authorization, caller: numbers.caller });
  const answer = (status: number, body: string) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
    return true;
  };
  if (request.url?.includes("/Recordings/REbad")) return answer(500, text);
  if (!request.url?.startsWith("/v1/pbx/record/request/")) return false;
  if (request.url.includes("astray")) {
    const link = `https://${astray.host}/${astray.token}.mp3`;
    return answer(200, JSON.stringify({ status: "success", link }));
  }
  const message = `${request.headers.authorization} may not hear the call of ${numbers.caller}`;
  return answer(200, JSON.stringify({ status: "error", message }));
};

async function heard(path: string, init: RequestInit = {}, into = answers): Promise<number> {
  const answer = await fetch(path.startsWith("http") ? path : url + path, { ...init, redirect: "manual" });
  const headers = [...answer.headers].map((header) => header.join(": "));
  const body = Buffer.from(await answer.arrayBuffer()).toString("latin1");
  into.push([answer.status, ...headers, body].join("\n"));
  return answer.status;
}

async function play(...webhooks: readonly Webhook[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const { url, method, headers, body } of webhooks) {
    const order = new URL(url).pathname === `/hooks/sales/${secrets.SALES_HOOK_SECRET}`;
    statuses.push(await heard(url, { method, headers, body }, order ? orders : answers));
  }
  return statuses;
}

function operator(path: string, method = "GET"): Promise<number> {
  return heard(`/api${path}`, { method, headers: { authorization: `Bearer ${secrets.CONSOLE_TOKEN}` } });
}

const call = { caller_id: numbers.caller, called_did: "+380443334455" };
const talked = { internal: "100", last_internal: "100", duration: "33", disposition: "answered", is_recorded: "1" };

function zadarma(secret = secrets.SUPPORT_ZADARMA_SECRET, hookSecret = secrets.SUPPORT_HOOK_SECRET) {
  return zadarmaPbx({ key: "", secret, hookUrl: `${url}/hooks/support/${hookSecret}` });
}

function twilio(authToken = secrets.SALES_TWILIO_AUTH_TOKEN, hookSecret = secrets.SALES_HOOK_SECRET) {
  return twilioPbx({ accountSid, authToken, hookUrl: `${url}/hooks/sales/${hookSecret}`, api: pbx.url });
}

/** Everything that can be asked of Trunkline, and every way in which it goes wrong. */
async function scene(): Promise<void> {
  await wellAndUnwell();
  await notBelieved();
  expect(await heard("/health")).toBe(503);
  const early = ["delivered", "refused", "unknown", "stored", "later", "never"];
  await until("the faults", () => early.every((outcome) => outcomes().has(outcome)));
  expect(await play(zadarma().start({ ...call, pbx_call_id: "in_barred" }))).toEqual([200]);
  await until("the last of them", () => outcomes().has("unwelcome"));
  await asked();
}

async function wellAndUnwell(): Promise<void> {
  const tell = twilio();
  const caller = tell.inbound(numbers.american, "+14155550100");
  const softphone = tell.inbound("client:kanarek-softphone", "+14155550100");
  const agent = tell.dialled(caller, numbers.agent);
  const sales = await play(
    tell.voice(caller, { CallerName: "Kanarienvogel" }),
    tell.status(agent, "in-progress", 5),
    tell.status(agent, "completed", 43, { CallDuration: "38" }),
    tell.dial(caller, "completed", { DialCallSid: agent.sid, DialCallDuration: "38" }),
    tell.status(caller, "completed", 43, { CallDuration: "43" }),
    tell.recording(caller, "REgood"),
    tell.recording(caller, "REbad"),
    tell.voice(softphone),
  );
  expect(sales).toEqual([200, 204, 204, 200, 204, 204, 204, 200]);
  const say = zadarma();
  const whole = (id: string) => {
    const named = { ...call, pbx_call_id: id };
    const recorded = { pbx_call_id: id, call_id_with_rec: `${id}.1` };
    return [say.start(named), say.end({ ...named, ...talked }), say.record(recorded)];
  };
  const ids = ["in_well", "in_astray", "in_refused", "in_failing"];
  const support = await play(...ids.flatMap(whole), say.echo("here"), say.sms({ result: numbers.caller }));
  expect(new Set(support)).toEqual(new Set([200]));
}

async function notBelieved(): Promise<void> {
  const named = { ...call, pbx_call_id: "in_forged", caller_name: "Kanarienvogel" };
  const forged = [
    zadarma("another").start(named),
    { ...zadarma().start(named), headers: { "content-type": "application/x-www-form-urlencoded" } },
    zadarma(undefined, "guess").start(named),
    twilio("another").status(twilio().inbound(numbers.american, numbers.agent), "completed", 1),
    twilio(undefined, "guess").voice(twilio().inbound(numbers.american, numbers.agent)),
  ];
  expect(await play(...forged)).toEqual(forged.map(() => 403));
  const { pbx_call_id: _, caller_name: __, ...nameless } = named;
  expect(
    await play(
      zadarma().start(nameless),
      twilio().send("/status", { ...nameless, CallSid: "CA/1", CallStatus: "ringing" }),
    ),
  ).toEqual([400, 400]);
  const large = { ...zadarma().start(named), body: numbers.caller.repeat(30_000) };
  const genuine = zadarma().start(named);
  const packed = { ...genuine, headers: { ...genuine.headers, "content-encoding": "gzip" } };
  expect(await play(large, { ...genuine, method: "PUT" }, packed)).toEqual([413, 405, 415]);
  const elsewhere = ["broken", "nobody"].map((name) => ({ ...zadarma().start(named), url: `${url}/hooks/${name}` }));
  expect(await play(...elsewhere)).toEqual([503, 404]);
}

/** By the operator, and by others. */
async function asked(): Promise<void> {
  const { sid } = twilio().inbound(numbers.american, "+14155550100");
  const calls = [`sales/${sid}`, ...["in_well", "in_astray", "in_refused", "in_failing"].map((id) => `support/${id}`)];
  const lists = ["/calls", "/calls?stuck=true", "/malformed", "/stats", ...calls.map((path) => `/calls/${path}`)];
  for (const path of lists) expect([path, await operator(path)]).toEqual([path, 200]);
  expect(await operator("/calls/support/in_refused/replay", "POST")).toBe(202);
  expect(await operator("/calls/replay", "POST")).toBe(202);
  expect(await operator(`/recordings/${recordingKey()}`)).toBe(200);
  for (const path of ["/recordings/support/none.mp3", "/calls/support/none", "/calls/nobody/none", "/x"])
    expect([path, await operator(path)]).toEqual([path, 404]);
  for (const token of ["wrong", secrets.CONSOLE_TOKEN.slice(0, -1)]) {
    expect(await heard(`/api/calls?token=${token}`, { headers: { authorization: `Bearer ${token}` } })).toBe(401);
  }
  expect(await heard("/nowhere")).toBe(404);
}

function recordingKey(): string {
  return /"key":"(sales\/[^"]+)"/.exec(answers.join())?.[1] ?? "none";
}

interface Line {
  readonly what: string;
  readonly outcome?: string;
}

function logged(what?: string): Line[] {
  const lines = wrangler.output().match(/\{"what":.*\}/g) ?? [];
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => what === undefined || line.what === what);
}

function outcomes(): Set<string | undefined> {
  return new Set([...logged("delivery"), ...logged("recording")].map(({ outcome }) => outcome));
}

/** Wrangler's own line for each request holds its path. Once deployed, wrangler.toml switches its like off. */
function log(): string {
  return wrangler.output().replace(/^.*\[wrangler:info\].* (GET|POST|PUT) \/.*$/gm, "");
}

/** The longest piece of something hidden that may be seen, in characters. */
const harmless = 11;

function secretsIn(text: string, names = [...hidden.keys()]): string[] {
  return names.filter((name) => pieces(hidden.get(name) ?? "", harmless + 1).some((piece) => text.includes(piece)));
}

/** However it is written; a number has at least eleven digits, and the last four may be seen. */
function numbersIn(text: string): string[] {
  const plain = text.replace(/(?<=\d)[ ().-]{1,2}(?=\d)/g, "");
  return Object.values(numbers).filter((number) => pieces(number.slice(1), 8).some((piece) => plain.includes(piece)));
}

function pieces(text: string, length: number): string[] {
  return Array.from({ length: Math.max(1, text.length - length + 1) }, (_, i) => text.slice(i, i + length));
}

function wordsIn(text: string): string[] {
  return [...names, ...Object.values(astray)].filter((word) => text.includes(word));
}

describe("what is searched", () => {
  test("is a log that tells of all that happened", () => {
    const whats = new Set(logged().map(({ what }) => what));
    const webhooks = ["webhook", "webhook refused", "malformed webhook"];
    expect(whats).toEqual(new Set(["misconfigured", ...webhooks, "delivery", "recording"]));
    expect(outcomes()).toEqual(new Set(["delivered", "refused", "unknown", "unwelcome", "stored", "later", "never"]));
  });

  test("is each kind of answer", () => {
    const statuses = new Set([...answers, ...orders].map((answer) => answer.slice(0, 3)));
    expect([...statuses].sort()).toEqual(["200", "202", "204", "400", "401", "403", "404", "405", "413", "415", "503"]);
    expect(answers.join()).toContain("***2233");
  });

  test("would show what is hidden: it is found where it belongs", () => {
    const told = JSON.stringify(system.requests);
    expect(secretsIn(told)).toEqual(["SALES_CHANNEL_KEY", "SUPPORT_CHANNEL_KEY"]);
    expect(numbersIn(told)).toContain(numbers.caller);
    expect(numbersIn("spoken +380 (67) 111-22-33")).toEqual([numbers.caller]);
    const asked = JSON.stringify(pbx.requests);
    expect(secretsIn(asked)).toEqual(["SUPPORT_ZADARMA_KEY", "TWILIO_AUTH_TOKEN as it is sent"]);
  });
});

describe("in the log there is", () => {
  test("no secret", () => expect(secretsIn(log())).toEqual([]));
  test("no number", () => expect(numbersIn(log())).toEqual([]));
  test("no name, and nothing of a link", () => expect(wordsIn(log())).toEqual([]));

  test("no line of the platform's for each request, once it is deployed", () => {
    expect(readFileSync(join(root, "wrangler.toml"), "utf8")).toMatch(/^invocation_logs = false$/m);
  });
});

describe("in the answers there is", () => {
  test.each([...hidden.keys()])("no %s", (name) => {
    expect(answers.filter((answer) => secretsIn(answer, [name]).length > 0)).toEqual([]);
  });

  test.each(Object.entries(numbers))("no number of the %s's but its last four digits", (_, number) => {
    expect(answers.filter((answer) => numbersIn(answer).includes(number))).toEqual([]);
  });

  test("no name, and nothing of a link", () =>
    expect(answers.filter((answer) => wordsIn(answer).length > 0)).toEqual([]));
});

test("what Twilio is ordered to do holds what it must: whom to dial, and its own address", () => {
  expect(orders.length).toBe(2);
  const text = orders.join();
  expect(secretsIn(text)).toEqual(["SALES_HOOK_SECRET"]);
  expect(numbersIn(text)).toEqual([numbers.agent]);
});

describe("once it has ended, there is", () => {
  const stored = (folders: string) =>
    globSync(join(wrangler.state, "v3", folders, "**", "*"), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));

  beforeAll(() => wrangler.end());

  test("no secret in what is stored", () => {
    expect(stored("do").join()).toContain("in_refused");
    expect(secretsIn(stored("*").join())).toEqual([]);
  });

  test("no number and no name in what R2 holds", () => {
    const text = stored("r2").join();
    expect(text).toContain("REgood");
    expect([...numbersIn(text), ...wordsIn(text)]).toEqual([]);
  });
});
