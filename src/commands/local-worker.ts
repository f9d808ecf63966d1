/** Trunkline in a local workerd: for `npm start` and for the tests. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_startWorker } from "wrangler";

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
}

const root = join(import.meta.dirname, "..", "..");

export async function startLocalWorker(setup: LocalSetup): Promise<LocalWorker> {
  const { channels, secrets, port = 0, entrypoint } = setup;
  const state = setup.state ?? (await mkdtemp(join(tmpdir(), "trunkline-")));
  const texts = Object.entries(secrets).map(([name, value]) => [name, { type: "plain_text" as const, value }]);
  const worker = await unstable_startWorker({
    config: join(root, "wrangler.toml"),
    entrypoint: entrypoint && join(root, entrypoint),
    // Nothing of the user's own configuration takes part, nor is it checked.
    envFiles: [],
    build: { custom: { command: "" } },
    bindings: { CHANNELS: { type: "json", value: JSON.parse(JSON.stringify(channels)) }, ...Object.fromEntries(texts) },
    dev: { server: { hostname: "127.0.0.1", port }, inspector: false, persist: state, watch: false, logLevel: "error" },
  });
  return {
    url: (await worker.url).origin,
    close: async () => {
      await worker.dispose();
      if (setup.state === undefined) await rm(state, { recursive: true, force: true });
    },
  };
}
