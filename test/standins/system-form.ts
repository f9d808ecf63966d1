/** Reads a delivery's form with a parser that shares nothing with the Worker's writer. */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy } from "@fastify/busboy";
import type { Audio, AudioStore } from "./system-audio.ts";

const maxTextBytes = 64 * 1024;

export interface FormFile {
  readonly field: string;
  readonly name: string;
  readonly type: string;
  /** Absent until the file has been read, and for good where the reading was stopped. */
  audio?: Audio;
}

/** A file's part as the parser meets it; what it leaves out is undefined, whatever its types say. */
type Part = [field: string | undefined, stream: Readable, name: string | undefined, encoding: string, type: string];

export class Form {
  /** Every value of every text field, in the order in which they came. */
  readonly values = new Map<string, string[]>();
  readonly files: FormFile[] = [];
  /** What was wrong with the form as such; its rules are checked in system-checks.ts. */
  readonly faults: string[] = [];

  /** A field's only or first value. */
  get(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  all(name: string): string[] {
    return this.values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  add(name: string | undefined, value: string, tooLong: boolean): void {
    if (!name) {
      this.faults.push("a part has no name");
      return;
    }
    if (tooLong) this.faults.push(`${name}: is longer than ${maxTextBytes} bytes`);
    if (value.includes("\uFFFD")) this.faults.push(`${name}: is not UTF-8`);
    this.values.set(name, [...this.all(name), value]);
  }

  /** As the log shows them: an array field as an array, any other as its first value. */
  get fields(): Record<string, string | string[]> {
    return Object.fromEntries(
      [...this.values].map(([name, all]) => [name, name.endsWith("[]") ? all : (all[0] ?? "")]),
    );
  }
}

/** The client went away before its form was complete. */
export class HungUp extends Error {}

/**
 * Reads the whole body into `form`. `reached` is asked once, when the first file begins or else at the end; where it
 * says `stop`, the rest is thrown away as it comes.
 */
export async function readForm(
  request: IncomingMessage,
  form: Form,
  audios: AudioStore,
  reached: () => "read" | "stop",
): Promise<void> {
  const parser = parserOf(request);
  const over = Promise.withResolvers<void>();
  const open = new Set<Readable>();
  const uploads: Promise<void>[] = [];
  let broken = false;

  const stop = () => {
    broken = true;
    for (const stream of open) stream.destroy(new HungUp());
    over.resolve();
  };
  parser.on("field", (name, value, _cut, tooLong) => form.add(name, value, tooLong));
  parser.on("file", (...part: Part) => {
    const [field, stream, name, , type] = part;
    form.files.push({ field: field ?? "", name: name ?? "", type });
    open.add(stream.on("error", () => {}));
    if (form.files.length === 1 && reached() === "stop") return stop();
    uploads.push(upload(form.files.at(-1), stream, audios).finally(() => open.delete(stream)));
  });
  parser.on("error", (error) => {
    if (!broken) form.faults.push(`the form cannot be parsed: ${error instanceof Error ? error.message : error}`);
    stop();
  });
  parser.on("finish", () => over.resolve());

  try {
    for await (const chunk of request) {
      if (!broken)
        await Promise.race([new Promise<void>((written) => parser.write(chunk, () => written())), over.promise]);
    }
  } catch (error) {
    stop();
    await Promise.all(uploads);
    throw request.complete ? error : new HungUp("the client went away", { cause: error });
  }
  if (!broken) parser.end();
  await over.promise;
  await Promise.all(uploads);
  if (form.files.length === 0) reached();
}

/** A part is a file if it has a file name, even an empty one: its content type decides nothing. */
function parserOf(request: IncomingMessage) {
  return new Busboy({
    headers: { ...request.headers, "content-type": request.headers["content-type"] ?? "" },
    preservePath: true,
    isPartAFile: (_field, _type, name) => name !== undefined,
    limits: { fieldSize: maxTextBytes, parts: 1000 },
  });
}

/** A file that breaks off is the parser's or the client's matter, told there. */
async function upload(file: FormFile | undefined, stream: Readable, audios: AudioStore): Promise<void> {
  if (!file) return;
  try {
    file.audio = await audios.receive(file.name, file.type, stream);
  } catch {}
}
