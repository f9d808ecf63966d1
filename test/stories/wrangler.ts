/** Trunkline by `wrangler dev` itself, since what that prints is what an operator would read. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { until } from "./harness.ts";

export interface WranglerDev {
  readonly url: string;
  /** Where its state is kept, until `remove`. */
  readonly state: string;
  /** What the runtime wrote to stdout and stderr so far, without colours. */
  output(): string;
  end(): Promise<void>;
  /** Ends it and removes its state. */
  remove(): Promise<void>;
}

const root = join(import.meta.dirname, "..", "..");
const program = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
const settings = {
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  X_LOCAL_OBSERVABILITY: "false",
};

/** `variables`: secrets, and `CHANNELS` as JSON. */
export async function startWrangler(variables: Readonly<Record<string, string>>): Promise<WranglerDev> {
  const folder = await mkdtemp(join(tmpdir(), "trunkline-wrangler-"));
  const [envFile, state] = [join(folder, "env"), join(folder, "state")];
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  await writeFile(envFile, lines.join(""));
  const places = ["--env-file", envFile, "--persist-to", state, "--ip", "127.0.0.1", "--port", "0"];
  const wrangler = spawn(process.execPath, [program, "dev", ...places, "--show-interactive-dev-session=false"], {
    cwd: root,
    env: { ...process.env, ...settings },
    // A group of its own, so that workerd ends with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  for (const stream of [wrangler.stdout, wrangler.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
  }
  const output = () => stripVTControlCharacters(written);
  const end = async () => {
    if (wrangler.exitCode !== null || wrangler.signalCode !== null) return;
    const gone = once(wrangler, "exit");
    process.kill(-(wrangler.pid ?? Number.NaN), "SIGKILL");
    await gone;
  };
  const url = await until("Wrangler to be ready", () => /Ready on (http:\S+)/.exec(output())?.[1], 40_000);
  const remove = async () => {
    await end();
    await rm(folder, { recursive: true, force: true });
  };
  return { url, state, output, end, remove };
}
