/** Nothing wrong is deployed: wrangler itself, run as an operator runs it, with a Cloudflare of our own or with none. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, expect, test } from "vitest";
import { type Cloudflare, startCloudflare } from "../standins/cloudflare.ts";
import { until } from "./harness.ts";

const root = join(import.meta.dirname, "..", "..");
const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");

const channel = 'provider = "zadarma"\nsystem = "https://help.acme.test"\n';
const right = `[vars.CHANNELS.support]\n${channel}`;
const wrong = `${right}contry = "PL"\nsilence = "4h"\n`;
const bindings = (environment: string) => `
[[env.${environment}.durable_objects.bindings]]
name = "EXCHANGE"
class_name = "Exchange"
[[env.${environment}.r2_buckets]]
binding = "RECORDINGS"
bucket_name = "${environment}-recordings"
`;
const allSecrets = ["CHANNEL_KEY", "ZADARMA_KEY", "ZADARMA_SECRET", "HOOK_SECRET"].map((name) => `SUPPORT_${name}`);

const folders: string[] = [];
const clouds: Cloudflare[] = [];
afterAll(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A clone whose wrangler.toml ends in `more`, on a machine where nobody is logged in. */
async function clone(more: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "trunkline-clone-"));
  folders.push(folder);
  for (const part of ["src", "node_modules", "package.json", "tsconfig.json"]) {
    await symlink(join(root, part), join(folder, part));
  }
  await writeFile(join(folder, "wrangler.toml"), `${await readFile(join(root, "wrangler.toml"), "utf8")}\n${more}`);
  return folder;
}

async function cloudflare(secrets: Readonly<Record<string, readonly string[]>>): Promise<Cloudflare> {
  const cloud = await startCloudflare(secrets);
  clouds.push(cloud);
  return cloud;
}

function start(folder: string, command: readonly string[], env: object = {}) {
  const child = spawn(process.execPath, [...command], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, WRANGLER_SEND_METRICS: "false", CI: "true", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
  }
  return { child, output: () => stripVTControlCharacters(written) };
}

async function run(folder: string, command: readonly string[], env: object = {}) {
  const { child, output } = start(folder, command, env);
  const [code] = await once(child, "close");
  return { code, output: output() };
}

const contry = 'CHANNELS, channel "support", contry: is no key that is known here. Did you mean country?';
const silence = "silence: must be a number. Write minutes as a bare number: four hours are 240";

test.concurrent("wrangler deploy stops at a configuration with faults, and names all of them, from any folder", async () => {
  const below = join(await clone(wrong), "docs");
  await mkdir(below);
  const { code, output } = await run(below, [wrangler, "deploy", "--dry-run"]);
  expect(code).not.toBe(0);
  expect(output).toContain("The configuration has 2 faults. Nothing is deployed until they are mended.");
  expect(output).toContain(contry);
  expect(output).toContain(silence);
  expect(output).not.toContain("4h");
  expect(output).toContain("The secrets could not be looked for: nobody is logged in. Run: npx wrangler login");
  expect(output).not.toContain("Total Upload");
});

test.concurrent("wrangler deploy --env reads that environment, and no other", async () => {
  const environments = [wrong.replace("vars.", "env.eu.vars."), right.replace("vars.", "env.us.vars."), bindings("us")];
  const folder = await clone([wrong, ...environments].join("\n"));
  const { code, output } = await run(folder, [wrangler, "deploy", "--dry-run", "-e", "us"]);
  expect([code, output]).toEqual([0, expect.stringContaining("Total Upload")]);
  expect(output).not.toContain("fault");
});

test.concurrent("wrangler deploy uploads what is without fault, its secrets there by name", async () => {
  const cloud = await cloudflare({ trunkline: allSecrets });
  const { code, output } = await run(await clone(right), [wrangler, "deploy"], cloud.env);
  expect([code, output]).toEqual([0, expect.stringContaining("trunkline.acme.workers.dev")]);
  expect(output).not.toMatch(/fault|warning\.|could not/);
  expect(cloud.uploaded).toEqual(["trunkline"]);
});

test.concurrent("npm run deploy names the faults, a missing secret among them, and nothing else", async () => {
  const cloud = await cloudflare({ trunkline: [...allSecrets.slice(1), "SUPORT_SYSTEM_AUTH"] });
  const { code, output } = await run(await clone(wrong), [join(root, "src", "commands", "deploy.ts")], cloud.env);
  expect([code, output.trim().split("\n")]).toEqual([
    1,
    [
      "The configuration has 3 faults. Nothing is deployed until they are mended.",
      `  ✘ CHANNELS, channel "support", ${silence}`,
      `  ✘ ${contry}`,
      '  ✘ channel "support", SUPPORT_CHANNEL_KEY: the secret is missing. Run: npx wrangler secret put SUPPORT_CHANNEL_KEY',
      "The configuration has a warning.",
      "  ▲ SUPORT_SYSTEM_AUTH: belongs to no channel. Did you mean SUPPORT_SYSTEM_AUTH?",
    ],
  ]);
  expect(cloud.uploaded).toEqual([]);
});

test.concurrent("a clone without a channel is told so and nothing more", async () => {
  const { code, output } = await run(await clone(""), [wrangler, "deploy", "--dry-run"]);
  expect([code, output]).toEqual([
    0,
    expect.stringContaining("No channel is configured yet: add [vars.CHANNELS.<name>]"),
  ]);
  expect(output).toContain("Total Upload");
});

test.concurrent("wrangler dev shows the faults, with what helps on this machine, and serves", async () => {
  const folder = await clone(wrong);
  await writeFile(join(folder, ".dev.vars"), "SUPPORT_CHANNEL_KEY=ck\nSUPPORT_ZADARMA_KEY=zk\n");
  const more = ["--port", "0", "--ip", "127.0.0.1", "--show-interactive-dev-session=false"];
  const offline = { CLOUDFLARE_CF_FETCH_ENABLED: "false", X_LOCAL_OBSERVABILITY: "false" };
  const { child, output } = start(folder, [wrangler, "dev", ...more], offline);
  try {
    const url = await until("wrangler to serve", () => /Ready on (http:\S+)/.exec(output())?.[1]);
    expect(output()).toContain("The configuration has 3 faults. Webhooks are answered 503 until they are mended.");
    expect(output()).toContain(contry);
    expect(output()).toContain(
      'SUPPORT_ZADARMA_SECRET: the secret is missing. Write SUPPORT_ZADARMA_SECRET="..." into .dev.vars',
    );
    expect((await fetch(`${url}/hooks/support`)).status).toBe(503);
    const logged = `{"what":"misconfigured","variable":"CHANNELS","channel":"support","key":"contry"`;
    await until("the log to say so", () => output().includes(logged));
  } finally {
    process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
    await once(child, "close");
  }
});
