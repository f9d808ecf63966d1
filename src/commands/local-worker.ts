/** Trunkline in a local workerd: for `npm start` and for the tests. */
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { unstable_DevEnv as DevEnv, experimental_readRawConfig as readRawConfig } from "wrangler";

export interface LocalWorker {
  /** Without a trailing slash. */
  readonly url: string;
  /** Ends workerd and, unless it was given, removes its state. */
  close(): Promise<void>;
}

export interface LocalSetup {
  /** `CHANNELS`. */
  readonly channels: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** The folder for its state; a fresh one that is removed in the end unless given. */
  readonly state?: string;
  /** Another entry than src/index.ts, from the project's root. */
  readonly entrypoint?: string;
  /** Gets each line that the worker writes. By default only its errors are shown. */
  readonly heard?: (line: string) => void;
  /** How long it may take to be up, in ms. */
  readonly withinMs?: number;
}

/** How long a runtime that did not come up may take to end, in ms. */
const closingMs = 2_000;

const root = join(import.meta.dirname, "..", "..");

/** Rejects with the first fault that the runtime tells of: it goes on waiting for better times itself. */
export async function startLocalWorker(setup: LocalSetup): Promise<LocalWorker> {
  const { withinMs = 60_000 } = setup;
  const state = setup.state ?? (await mkdtemp(join(tmpdir(), "trunkline-")));
  const runtime = new DevEnv();
  const { promise: fault, reject } = Promise.withResolvers<never>();
  for (const event of ["error", "buildFailed"]) runtime.on(event, (told: Told) => reject(errorOf(told)));
  const timer = setTimeout(() => reject(new Error(`the worker was not up after ${withinMs / 1000} s`)), withinMs);
  const close = async () => {
    await runtime.teardown();
    if (setup.state === undefined) await rm(state, { recursive: true, force: true });
  };
  try {
    return { url: await Promise.race([up(runtime, setup, state), fault]), close };
  } catch (error) {
    await Promise.race([close().catch(() => {}), pause(closingMs)]);
    throw error;
  } finally {
    clearTimeout(timer);
    fault.catch(() => {});
  }
}

/** Resolves with its URL once it answers there. */
async function up(runtime: DevEnv, setup: LocalSetup, state: string): Promise<string> {
  const { channels, secrets, port = 0, entrypoint, heard } = setup;
  const texts = Object.entries(secrets).map(([name, value]) => [name, { type: "plain_text" as const, value }]);
  const loaded = once(runtime, "reloadComplete");
  loaded.catch(() => {});
  const worker = await runtime.startWorker({
    config: await ownConfiguration(state),
    entrypoint: join(root, entrypoint ?? "src/index.ts"),
    bindings: { CHANNELS: { type: "json", value: JSON.parse(JSON.stringify(channels)) }, ...Object.fromEntries(texts) },
    dev: {
      server: { hostname: "127.0.0.1", port },
      inspector: false,
      persist: state,
      watch: false,
      logLevel: heard ? "none" : "error",
      structuredLogsHandler: heard && (({ message }: { message: string }) => heard(message)),
    },
  });
  await loaded;
  return (await worker.url).origin;
}

/** What of `wrangler.toml` makes the Worker what it is. */
const makings = ["name", "compatibility_date", "compatibility_flags", "durable_objects", "migrations", "r2_buckets"];

/**
 * Nothing of the user's own takes part, be it channels, routes or environments, nor is it checked: what makes the Worker is copied
 * to a folder beside which no `.dev.vars` lies either.
 */
async function ownConfiguration(state: string): Promise<string> {
  const { rawConfig } = readRawConfig({ config: join(root, "wrangler.toml") });
  const given = Object.entries(rawConfig).filter(([key]) => makings.includes(key));
  const main = join(root, "src", "index.ts");
  await mkdir(state, { recursive: true });
  const path = join(state, "wrangler.json");
  await writeFile(path, JSON.stringify({ ...Object.fromEntries(given), main }));
  return path;
}

/** How the runtime tells of a fault: as an error, or as an event that has one. */
type Told = Error | { readonly reason?: string; readonly cause?: unknown };

function errorOf(told: Told): Error {
  if (told instanceof Error) return told;
  return told.cause instanceof Error ? told.cause : new Error(told.reason ?? "the worker does not start");
}
