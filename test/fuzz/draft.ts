/** A webhook in the making: its fields before they are signed, and what goes over the wire after. */

export type Field = readonly [name: string, value: string];

/** How fields are sent. */
export type Sent = "form" | "query" | "json" | "multipart";

export interface Draft {
  /** Of the URL, without its query: `/hooks/sales/leg`. */
  readonly path: string;
  readonly fields: readonly Field[];
  readonly sent: Sent;
}

/** A request as it is sent. */
export interface Wire {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const boundary = "----------------------------fuzz";

/** The draft on the wire, still unsigned. */
export function wireOf({ path, fields, sent }: Draft): Wire {
  const query = new URLSearchParams(fields.map(([name, value]) => [name, value])).toString();
  const post = (type: string, body: string): Wire => {
    return { method: "POST", target: path, headers: { "content-type": type }, body: Buffer.from(body) };
  };
  switch (sent) {
    case "form":
      return post("application/x-www-form-urlencoded; charset=UTF-8", query);
    case "query":
      return { method: "GET", target: `${path}?${query}`, headers: {} };
    case "json":
      return post("application/json", json(fields));
    case "multipart":
      return post(`multipart/form-data; boundary=${boundary}`, multipart(fields));
  }
}

/** A name that comes twice stands twice. */
function json(fields: readonly Field[]): string {
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

function multipart(fields: readonly Field[]): string {
  const escaped = (name: string) => name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
  const parts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join("")}--${boundary}--\r\n`;
}

/**
 * The fields that a receiver reads; undefined where it is not for us to say: how much of a broken multipart form is read
 * is its parser's matter.
 */
export function read({ method, target, headers, body }: Wire, untouched?: Draft): URLSearchParams | undefined {
  if (body === undefined || body.length === 0 || method === "GET") return new URL(`http://none${target}`).searchParams;
  const type = (headers["content-type"] ?? "").toLowerCase();
  const text = new TextDecoder().decode(body);
  if (type.startsWith("application/x-www-form-urlencoded")) return new URLSearchParams(text);
  if (type.startsWith("multipart/form-data")) return untouched && plainly(untouched.fields);
  return /^application\/(\S+\+)?json\b/.test(type) ? scalars(text) : new URLSearchParams();
}

/** What a parser makes of a part without a name, or with an odd one, is its own matter too. */
function plainly(fields: readonly Field[]): URLSearchParams | undefined {
  return fields.every(([name]) => /^[\w.[\]]+$/.test(name))
    ? new URLSearchParams(fields.map(([...field]) => field))
    : undefined;
}

function scalars(text: string): URLSearchParams {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new URLSearchParams();
    const entries = Object.entries(value).filter(([, field]) => ["string", "number", "boolean"].includes(typeof field));
    return new URLSearchParams(entries.map(([name, field]) => [name, String(field)]));
  } catch {
    return new URLSearchParams();
  }
}
