/** The real thing: Trunkline in workerd over real HTTP, with its state in a folder that outlives it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_startWorker } from "wrangler";

export interface Trunkline {
  /** Without a trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

export interface Setup {
  /** `CHANNELS`. */
  readonly channels: Record<string, Record<string, unknown>>;
  readonly secrets: Record<string, string>;
  /** Where the state is kept; a fresh folder that is removed in the end unless given. */
  readonly state?: string;
}

export async function startTrunkline({ channels, secrets, state }: Setup): Promise<Trunkline> {
  const folder = state ?? (await mkdtemp(join(tmpdir(), "trunkline-")));
  const worker = await unstable_startWorker({
    config: "wrangler.toml",
    envFiles: [],
    bindings: {
      CHANNELS: { type: "json", value: channels as never },
      ...Object.fromEntries(
        Object.entries(secrets).map(([name, value]) => [name, { type: "plain_text" as const, value }]),
      ),
    },
    dev: {
      server: { hostname: "127.0.0.1", port: 0 },
      inspector: false,
      persist: folder,
      watch: false,
      logLevel: "error",
    },
  });
  const url = (await worker.url).origin;
  return {
    url,
    close: async () => {
      await worker.dispose();
      if (state === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
