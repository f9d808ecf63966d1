/** The worker of a run, bundled once as `wrangler deploy` would bundle it, for all its starts. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

/** What a process needs to start the worker, as JSON. */
export interface Build {
  /** The bundle. */
  readonly script: string;
  /** What wrangler.toml asks of the runtime. */
  readonly options: Omit<ReturnType<typeof unstable_getMiniflareWorkerOptions>["workerOptions"], "modulesRules">;
}

const root = join(import.meta.dirname, "..", "..");
const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");

/** Bundles the sources in `from` into the folder `into`. */
export async function build(into: string, from: string = root): Promise<Build> {
  const entry = join(from, "test", "chaos", "worker.ts");
  const args = ["deploy", entry, "--dry-run", "--outdir", into, "--config", join(from, "wrangler.toml")];
  await promisify(execFile)(process.execPath, [wrangler, ...args], { cwd: from });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(from, "wrangler.toml"));
  // The bundle is one module.
  const { modulesRules: _, ...options } = workerOptions;
  return { script: join(into, "worker.js"), options };
}
