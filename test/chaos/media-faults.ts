/** How the PBXs' recordings fail during a run. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Handler } from "../standins/media.ts";
import type { Recorded } from "./calls.ts";
import type { Counts } from "./counts.ts";
import { type Random, random } from "./random.ts";

interface Setting {
  readonly seed: number;
  /** In [0, 1]. */
  readonly share: number;
  readonly recordings: ReadonlyMap<string, Recorded>;
  readonly counts: Counts;
}

const mediaPath = /\/Recordings\/(RE\w+)|\/record\/download\/\w+\/(.+)\.mp3$/;

/** Up to two tries for each go wrong, and all of those for one that never comes as it should. */
export function mediaFaults({ seed, share, recordings, counts }: Setting): Handler {
  const asked = new Map<string, number>();
  return (request, response) => {
    const [, ofTwilio, ofZadarma] = mediaPath.exec(request.url?.replace(/\?.*/, "") ?? "") ?? [];
    const recording = recordings.get(ofTwilio ?? ofZadarma ?? "");
    if (!recording) return false;
    if (hopeless(response, recording)) return true;
    const time = asked.get(recording.id) ?? 0;
    asked.set(recording.id, time + 1);
    const drawn = random(seed, "media", recording.id, time);
    if (time > 1 || !drawn.chance(share)) return false;
    counts.add(`recording ${fail(request, response, recording, drawn)}`);
    return true;
  };
}

function hopeless(response: ServerResponse, { fate, bytes, type }: Recorded): boolean {
  if (fate === "gone") response.writeHead(404).end("No such recording.");
  else if (fate === "of a wrong type")
    response.writeHead(200, { "content-type": "application/pdf" }).end("%PDF-1.7 no audio");
  else if (fate === "cut short for good") {
    const headers = { "content-type": type, "content-length": bytes.length };
    response.writeHead(200, headers).write(bytes.subarray(0, bytes.length / 2), () => broken(response));
  } else return false;
  return true;
}

function fail(request: IncomingMessage, response: ServerResponse, { bytes, type }: Recorded, random: Random): string {
  const headers = { "content-type": type };
  const cut = bytes.subarray(0, random.between(1, bytes.length - 1));
  const kind = random.pick(["404", "500", "page", "lost", "cut", "cut, of no known length"]);
  if (kind === "404") response.writeHead(404).end("Not ready yet.");
  else if (kind === "500") response.writeHead(500).end("Something went wrong.");
  else if (kind === "page")
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><h1>Sorry</h1>");
  else if (kind === "lost") request.destroy();
  else if (kind === "cut")
    response.writeHead(200, { ...headers, "content-length": bytes.length }).write(cut, () => broken(response));
  else response.writeHead(200, headers).write(cut, () => broken(response));
  return kind;
}

/** What was written is on its way by then. */
function broken(response: ServerResponse): void {
  setTimeout(() => response.destroy(), 10);
}
