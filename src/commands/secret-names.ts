/** Which secrets a deployed Worker has, by name: their values cannot be read back. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sameWorker, type WranglerOptions } from "./wrangler-options.ts";

/** `unknown`: why they could not be looked for. */
export type SecretNames = { readonly names: ReadonlySet<string> } | { readonly unknown: string };

const program = join(import.meta.dirname, "..", "..", "node_modules", "wrangler", "bin", "wrangler.js");

/** How long Cloudflare is waited for, in ms. */
const patienceMs = 20_000;

export async function secretNames(options: WranglerOptions): Promise<SecretNames> {
  const uploaded = options.secretsFile === undefined ? [] : namesIn(readFileSync(options.secretsFile, "utf8"));
  const { code, output } = await wrangler(["secret", "list", "--format", "json", ...sameWorker(options)]);
  const listed = code === 0 ? listedIn(output) : undefined;
  if (listed) return { names: new Set([...listed, ...uploaded]) };
  // A Worker that is not there yet has none.
  if (/Worker ".*not found/.test(output)) return { names: new Set(uploaded) };
  if (/CLOUDFLARE_API_TOKEN|not logged in|not authenticated/i.test(output)) {
    return { unknown: "nobody is logged in. Run: npx wrangler login" };
  }
  return { unknown: "Cloudflare did not tell them. See: npx wrangler secret list" };
}

/** Of `wrangler secret list`: it may say more before it. */
function listedIn(output: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(output.slice(output.indexOf("[")));
    return Array.isArray(list) ? list.map(({ name }: { name: unknown }) => String(name)) : undefined;
  } catch {
    return undefined;
  }
}

/** Of a file for `--secrets-file`: JSON, or a line for each. */
function namesIn(text: string): string[] {
  try {
    return Object.keys(JSON.parse(text));
  } catch {
    return [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/gm)].map(([, name = ""]) => name);
  }
}

async function wrangler(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  // What wrangler writes for others to read is about the command that the operator runs.
  const { WRANGLER_OUTPUT_FILE_PATH: _, WRANGLER_OUTPUT_FILE_DIRECTORY: __, ...env } = process.env;
  const child = spawn(process.execPath, ["--no-warnings", program, ...args], {
    // Not to be asked for a log-in.
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...env, WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "log", FORCE_COLOR: "0" },
    timeout: patienceMs,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return { code, output };
}
