/** The Worker as it would be deployed, in a runtime with nothing in front of it: `wrangler dev` takes four fifths of the time. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { LocalSetup, LocalWorker } from "../../src/commands/local-worker.ts";

const root = join(import.meta.dirname, "..", "..");
const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");

/** `state` is the caller's to remove. */
export async function startDeployed({
  channels,
  secrets,
  state,
}: LocalSetup & { state: string }): Promise<LocalWorker> {
  const folder = join(state, "bundle");
  const args = [wrangler, "deploy", "--dry-run", "--outdir", folder];
  await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
  const contents = await readFile(join(folder, "index.js"), "utf8");
  const runtime = new Miniflare({
    ...convertV4MiniflareOptions({
      modules: [{ type: "ESModule", path: "index.js", contents }],
      ...(await dates()),
      bindings: { CHANNELS: JSON.stringify(channels), ...secrets },
      durableObjects: { EXCHANGE: { className: "Exchange", useSQLite: true } },
      r2Buckets: ["RECORDINGS"],
      host: "127.0.0.1",
      port: 0,
      cf: false,
    }),
    resourcePersistencePath: state,
    // What it logs is looked at elsewhere.
    handleStructuredLogs: () => undefined,
  });
  return { url: (await runtime.ready).origin, close: () => runtime.dispose() };
}

/** The platform's behaviour that wrangler.toml asks for. */
async function dates(): Promise<{ compatibilityDate: string; compatibilityFlags: string[] }> {
  const text = await readFile(join(root, "wrangler.toml"), "utf8");
  const [, compatibilityDate = ""] = /^compatibility_date = "(.*)"$/m.exec(text) ?? [];
  return { compatibilityDate, compatibilityFlags: ["nodejs_compat"] };
}
