/** Every rule of the helpdesk's API. A rule that is broken is answered 400 and remembered, with what exactly was wrong. */
import type { IncomingMessage } from "node:http";
import type { Audio } from "./system-audio.ts";
import type { Form, FormFile } from "./system-form.ts";

/** How an array must be encoded; `either`: a repeated key and one comma-separated value are both understood. */
export type Arrays = "either" | "repeat" | "comma";

type Shape = "text" | "number" | "array" | "file";

const createFields = new Map<string, Shape>([
  ["action", "text"],
  ["direction", "text"],
  ["phone", "text"],
  ["call_status", "text"],
  ["pbx_call_id", "text"],
  ["pbx_user_ids[]", "array"],
  ["user_ids[]", "array"],
  ["group_ids[]", "array"],
  ["audio_record", "file"],
  ["comment", "text"],
]);

const updateFields = new Map<string, Shape>([
  ["action", "text"],
  ["call_id", "number"],
  ["pbx_call_id", "text"],
  ["call_status", "text"],
  ["user_id", "number"],
  ["pbx_user_id", "text"],
  ["audio_record", "file"],
  ["comment", "text"],
]);

const words = new Map([
  ["direction", ["incoming", "outgoing"]],
  ["call_status", ["ringing", "in-progress", "canceled", "missed", "failed", "answered", "busy"]],
]);

interface Format {
  readonly extensions: readonly string[];
  readonly types: readonly string[];
  begins(head: Buffer): boolean;
}

const formats: readonly Format[] = [
  {
    extensions: ["mp3"],
    types: ["audio/mpeg", "audio/mp3"],
    begins: (head) => says(head, 0, "ID3") || isMpegFrame(head),
  },
  {
    extensions: ["mp4", "m4a"],
    types: ["audio/mp4", "audio/x-m4a", "audio/m4a", "video/mp4"],
    begins: (head) => says(head, 4, "ftyp"),
  },
  {
    extensions: ["wav"],
    types: ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
    begins: (head) => says(head, 0, "RIFF") && says(head, 8, "WAVE"),
  },
  { extensions: ["ogg"], types: ["audio/ogg", "application/ogg"], begins: (head) => says(head, 0, "OggS") },
];

/** What is wrong with the request before its body is read, and how that is answered. */
export function headerFault(request: IncomingMessage): { status: number; fault: string } | undefined {
  const { "content-type": type = "", "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (encoding) return { status: 411, fault: `Transfer-Encoding: ${encoding} instead of a Content-Length` };
  if (length === undefined) return { status: 411, fault: "no Content-Length" };
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    return { status: 400, fault: `Content-Type is "${type}" instead of multipart/form-data` };
  }
  if (!/;\s*boundary=("[^"]{1,70}"|[^\s;"]{1,70})\s*(;|$)/i.test(type)) {
    return { status: 400, fault: "Content-Type names no usable boundary" };
  }
  return undefined;
}

export function formFaults(form: Form, arrays: Arrays): string[] {
  const faults = [...form.faults];
  const action = form.get("action");
  if (action === undefined) return [...faults, "action: is missing"];
  const known = action === "create_call" ? createFields : action === "update_call" ? updateFields : undefined;
  if (!known) return [...faults, `action: "${action}" is unknown`];
  for (const [name, values] of form.values) faults.push(...textFaults(name, values, known.get(name), action, arrays));
  faults.push(...fileFaults(form.files, known, action));
  faults.push(...(action === "create_call" ? createFaults(form) : updateFaults(form)));
  return faults;
}

function createFaults(form: Form): string[] {
  const who = ["user_ids[]", "group_ids[]", "pbx_user_ids[]"].filter((name) => form.has(name));
  const faults = ["direction", "phone"].filter((name) => !form.has(name)).map((name) => `${name}: is missing`);
  if (who.length > 1) faults.push(`${who.join(" and ")}: at most one of them`);
  return faults;
}

function updateFaults(form: Form): string[] {
  const faults: string[] = [];
  if (!form.has("call_status")) faults.push("call_status: is missing");
  if (!form.has("call_id") && !form.has("pbx_call_id")) faults.push("call_id or pbx_call_id: is missing");
  if (form.has("call_id") && form.has("pbx_call_id")) faults.push("call_id and pbx_call_id: exactly one of them");
  if (form.has("user_id") && form.has("pbx_user_id")) faults.push("user_id and pbx_user_id: at most one of them");
  return faults;
}

function textFaults(
  name: string,
  values: readonly string[],
  shape: Shape | undefined,
  action: string,
  arrays: Arrays,
): string[] {
  if (!shape) return [`${name}: is not a field of ${action}`];
  if (shape === "file") return [`${name}: is a text field instead of a file with a file name`];
  if (shape === "array") return arrayFaults(name, values, arrays);
  const [value = ""] = values;
  if (values.length > 1) return [`${name}: is there ${values.length} times`];
  if (value.trim() === "") return [`${name}: is empty`];
  if (shape === "number" && !isNumber(value)) return [`${name}: "${value}" is not a number`];
  const allowed = words.get(name);
  return !allowed || allowed.includes(value) ? [] : [`${name}: "${value}" is not one of ${allowed.join(", ")}`];
}

function arrayFaults(name: string, values: readonly string[], arrays: Arrays): string[] {
  const hasComma = values.some((value) => value.includes(","));
  if (values.length > 1 && arrays === "comma") return [`${name}: is repeated instead of separated by commas`];
  if (hasComma && arrays === "repeat") return [`${name}: is separated by commas instead of repeated`];
  if (hasComma && values.length > 1) return [`${name}: is both repeated and separated by commas`];
  const ids = idsOf(values);
  if (ids.some((id) => id.trim() === "")) return [`${name}: has an empty value`];
  // Assumed: an id in user_ids[] is a number, since the response's user_id and update_call's are.
  if (name === "user_ids[]" && !ids.every(isNumber)) return [`${name}: "${ids.join(",")}" is not all numbers`];
  return [];
}

function fileFaults(files: readonly FormFile[], known: ReadonlyMap<string, Shape>, action: string): string[] {
  const faults = files.flatMap(({ field, name, type, audio }) => {
    const shape = known.get(field);
    if (!shape) return [`${field || "a file without a name"}: is not a field of ${action}`];
    if (shape !== "file") return [`${field}: is a file instead of text`];
    return audio ? audioFaults(name, type, audio).map((fault) => `${field}: ${fault}`) : [];
  });
  if (files.length > 1) faults.push(`${files.map(({ field }) => field).join(" and ")}: more than one file`);
  return faults;
}

/** Name, content type and first bytes must say the same. */
function audioFaults(name: string, type: string, { bytes, head }: Audio): string[] {
  if (name === "") return ["has an empty file name"];
  if (/[/\\\p{Cc}]/u.test(name)) return [`the file name "${name}" is a path or has control characters`];
  if (bytes === 0) return ["is an empty file"];
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const format = formats.find(({ extensions }) => extensions.includes(extension));
  if (!format) return [`"${name}" is none of mp3, mp4, wav, ogg`];
  const faults: string[] = [];
  if (!format.types.includes(type)) faults.push(`content type ${type} does not go with "${name}"`);
  if (!format.begins(head)) faults.push(`begins with ${head.toString("hex")}, which is no ${extension}`);
  return faults;
}

/** An array field's ids, whichever way it was encoded. */
export function idsOf(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(","));
}

function isNumber(value: string): boolean {
  return /^[0-9]{1,64}$/.test(value);
}

function says(head: Buffer, at: number, text: string): boolean {
  return head.toString("latin1", at, at + text.length) === text;
}

/** Eleven bits of ones, then a layer that is not the reserved one that AAC uses. */
function isMpegFrame(head: Buffer): boolean {
  const [first = 0, second = 0] = head;
  return first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0;
}
