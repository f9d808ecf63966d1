/** What may befall a webhook: in its fields before it is signed, and on the wire after. */
import type { Random } from "../chaos/random.ts";
import type { Draft, Field, Sent, Wire } from "./draft.ts";

/** Names that mean something to us, to JavaScript, or to nobody. */
const names = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "then", "length", "", " ", "\0", "a[]", "a[b]", "a.b"],
  ...["event", "zd_echo", "CallSid", "ParentCallSid", "CallStatus", "From", "To", "Direction", "RecordingUrl"],
  ...["RecordingStatus", "DialCallStatus", "CallDuration", "SequenceNumber", "Timestamp", "pbx_call_id", "caller_id"],
  ...["bodySHA256", 'x"; filename="y', "x\r\nX-Injected: 1", "\u202e", "x".repeat(3000)],
] as const;

/** Values that are hard to read, or would be more than a value elsewhere. */
const values = [
  ...["", " ", "0", "-1", "1e309", "NaN", "null", "true", "[]", "{}", "9007199254740993", "+", "+0", "00000000"],
  ...["__proto__", "constructor", "toString", "completed", "answered", "in-progress", "NOTIFY_END", "NOTIFY_OUT_END"],
  ...["2026-02-31 25:61:61", "0000-00-00 00:00:00", "Thu, 01 Jan 1970 00:00:00 +0000", "anonymous", "+266696687"],
  ...["client:ann", "client:", "sip:@", "sip:1@x.sip.twilio.com", "whatsapp:+14155550123", "tel:+14155550123"],
  ...[
    "../../etc/passwd",
    "a/b",
    "..",
    "%00",
    "%2e%2e",
    "\0",
    "\r\n\r\n--x",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ud83d\ude00",
  ],
  ...["'; DROP TABLE calls; --", '{"$gt":""}', "{phone}", "$&", "<Response/>", "https://evil.example/RE1.mp3"],
  ...["1".repeat(1000), "x".repeat(20_000), "😀".repeat(2000)],
] as const;

type FieldSpoiler = (fields: Field[], random: Random) => Field[];

const fieldSpoilers: readonly [FieldSpoiler, ...FieldSpoiler[]] = [
  (fields, random) => without(fields, random),
  (fields, random) => [...fields, random.pick(sure(fields))],
  (fields, random) => [...fields, [random.pick(sure(fields))[0], random.pick(values)]],
  (fields, random) => [[random.pick(sure(fields))[0], random.pick(values)], ...fields],
  (fields, random) => one(fields, random, ([, value]) => [random.pick(names), value]),
  (fields, random) => one(fields, random, ([name, value]) => [name.toUpperCase(), value]),
  (fields, random) => one(fields, random, ([name, value]) => [`${name}[]`, value]),
  (fields, random) => one(fields, random, ([name]) => [name, random.pick(values)]),
  (fields, random) => one(fields, random, ([name]) => [name, random.pick(values)]),
  (fields, random) => one(fields, random, ([name]) => [name, random.pick(sure(fields))[1]]),
  (fields, random) => one(fields, random, ([name, value]) => [name, flipped(value, random)]),
  (fields, random) => one(fields, random, ([name, value]) => [name, value.slice(0, random.between(0, value.length))]),
  (fields, random) => one(fields, random, ([name, value]) => [name, value + random.pick(values)]),
  (fields, random) => [...fields, [random.pick(names), random.pick(values)]],
  (fields, random) => random.shuffled(fields),
  (fields, random) => (random.chance(0.9) ? fields : many(fields, random.between(10, 3000))),
  (fields, random) =>
    random.chance(0.9) ? fields : one(fields, random, ([name]) => [name, "y".repeat(random.between(1000, 100_000))]),
  (fields, random) => (random.chance(0.9) ? fields : []),
];

/** In one to three ways; now and then also sent otherwise. */
export function spoilt(draft: Draft, random: Random): Draft {
  let fields = [...draft.fields];
  for (let i = random.between(1, 3); i > 0; i--) fields = random.pick(fieldSpoilers)(fields, random);
  const ways: [Sent, ...Sent[]] = ["form", "query", "json", "multipart"];
  // What is in a URL has no room for more.
  const length = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const sent = random.chance(0.85) ? draft.sent : random.pick(ways);
  return { ...draft, fields, sent: sent === "query" && length > 2000 ? "form" : sent };
}

const types = [
  ...["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16", "application/json"],
  ...["application/vnd.x+json", "multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "text/xml", ""],
  ...["application/octet-stream", "application/x-www-form-urlencoded, application/json", ";;;", "x".repeat(2000)],
] as const;
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;
const endings = [
  ...[
    "/",
    "//",
    "/x",
    "/..",
    "/../..",
    "/%2e%2e/",
    "/%00",
    "/%",
    "/%ff",
    ";x",
    "?",
    "?x=1",
    "?event=NOTIFY_START",
    "%2f",
  ],
  ...["?zd_echo=x", "?bodySHA256=", "#x", "/__proto__", "x", `/${"x".repeat(2000)}`, "?%27='", "/..%5c"],
] as const;
const paths = [
  "/hooks",
  "/hooks/",
  "/hooks/nobody",
  "/hooks/__proto__",
  "/hooks/SALES",
  "/hooks/%73ales",
  "//hooks/sales",
] as const;
const more: readonly [Field, ...Field[]] = [
  ["content-encoding", "gzip"],
  ["x-http-method-override", "DELETE"],
  ["x-forwarded-for", "185.45.152.42"],
  ["cf-connecting-ip", "185.45.152.42"],
  ["x-forwarded-host", "evil.example"],
  ["x-original-url", "/hooks/support"],
  ["authorization", "Bearer fuzz"],
  ["expect", "200-ok"],
  ["range", "bytes=0-"],
  ["x-long", "x".repeat(4000)],
];

type WireSpoiler = (wire: Wire, random: Random, signature: string) => Wire;

const wireSpoilers: readonly [WireSpoiler, ...WireSpoiler[]] = [
  (wire, random) => bytes(wire, (body) => flippedBit(body, random)),
  (wire, random) => bytes(wire, (body) => flippedBit(body, random)),
  (wire, random) => bytes(wire, (body) => body.subarray(0, random.between(0, body.length))),
  (wire, random) => bytes(wire, (body) => body.subarray(random.between(0, body.length))),
  (wire) => bytes(wire, (body) => Buffer.concat([body, Buffer.from("&"), body])),
  (wire) => bytes(wire, (body) => Buffer.from(String(body).replaceAll("%", "%25"))),
  (wire) => bytes(wire, (body) => Buffer.from(String(body), "utf16le")),
  (wire, random) =>
    bytes(wire, () => Buffer.from(Array.from({ length: random.between(0, 400) }, () => random.between(0, 255)))),
  (wire, random) =>
    random.chance(0.95) ? wire : bytes(wire, (body) => Buffer.concat([body, Buffer.alloc(300_000, "&")])),
  (wire, random) => header(wire, "content-type", random.pick(types)),
  (wire, random) => header(wire, ...random.pick(more)),
  (wire, random) => ({ ...wire, method: random.pick(methods) }),
  (wire, random) => ({ ...wire, target: wire.target + random.pick(endings) }),
  (wire, random) => ({ ...wire, target: random.pick(paths) }),
  (wire, random, name) => header(wire, name, flipped(wire.headers[name] ?? "", random)),
  (wire, random, name) => header(wire, name, flipped(wire.headers[name] ?? "", random)),
  (wire, random, name) => header(wire, name, (wire.headers[name] ?? "").slice(0, random.between(0, 60))),
  (wire, _, name) => header(wire, name, ""),
  (wire, _, name) => header(wire, name, `${wire.headers[name]}, ${wire.headers[name]}`),
  (wire, _, name) => header(wire, name, (wire.headers[name] ?? "").toLowerCase()),
  (wire, _, name) => ({
    ...wire,
    headers: Object.fromEntries(Object.entries(wire.headers).filter(([key]) => key !== name)),
  }),
];

/** `signature`: the name of its header. */
export function disturbed(wire: Wire, random: Random, signature: string): Wire {
  const once = random.pick(wireSpoilers)(wire, random, signature);
  return random.chance(0.7) ? once : random.pick(wireSpoilers)(once, random, signature);
}

function bytes(wire: Wire, change: (body: Buffer) => Buffer): Wire {
  return {
    ...wire,
    body: change(wire.body ?? Buffer.from("x=1")),
    method: wire.method === "GET" ? "POST" : wire.method,
  };
}

function header(wire: Wire, name: string, value: string): Wire {
  return { ...wire, headers: { ...wire.headers, [name]: value } };
}

function one(fields: readonly Field[], random: Random, change: (field: Field) => Field): Field[] {
  const at = random.between(0, fields.length - 1);
  return fields.map((field, i) => (i === at ? change(field) : field));
}

function without(fields: readonly Field[], random: Random): Field[] {
  const at = random.between(0, fields.length - 1);
  return fields.filter((_, i) => i !== at);
}

function many(fields: readonly Field[], count: number): Field[] {
  return [...fields, ...Array.from({ length: count }, (_, i): Field => [`f${i}`, ""])];
}

/** At least one. */
function sure(fields: readonly Field[]): [Field, ...Field[]] {
  const [first = ["x", "1"], ...rest] = fields;
  return [first, ...rest];
}

/** With another letter somewhere, of those that a header may hold too. */
function flipped(text: string, random: Random): string {
  const at = random.between(0, Math.max(0, text.length - 1));
  return text.slice(0, at) + String.fromCharCode(random.between(0x21, 0x7e)) + text.slice(at + 1);
}

function flippedBit(body: Buffer, random: Random): Buffer {
  const copy = Buffer.from(body);
  const at = random.between(0, Math.max(0, copy.length - 1));
  copy[at] = (copy[at] ?? 0) ^ (1 << random.between(0, 7));
  return copy;
}
