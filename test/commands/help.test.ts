/** What the commands say of themselves, before anything is installed. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { copyProject, type Project } from "./project.ts";

const root = join(import.meta.dirname, "..", "..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };

let project: Project;

beforeAll(async () => {
  project = await copyProject("none");
});

afterEach(() => project.leftNothing());
afterAll(() => project.remove());

const say = (...args: readonly string[]) =>
  project.run({ program: process.execPath, args: ["src/commands/run.mjs", ...args] }).ended;

test("npm run alone says what each command does", async () => {
  const { output } = await project.run({ args: ["run"] }).ended;
  for (const name of Object.keys(scripts)) expect(output).toMatch(new RegExp(`^ +${name}\\n +.*"${name}: `, "m"));
  expect((await say()).output.trim().split("\n")).toHaveLength(Object.keys(scripts).length);
});

test.each(Object.keys(scripts).filter((name) => name !== "start"))(
  "npm run %s answers --help in a line",
  async (name) => {
    const { code, output } = await say(name, "--help");
    expect(code).toBe(0);
    expect(output).toMatch(new RegExp(`^npm (run )?${name}.*: .+\\n$`));
  },
);

test.each(["chaos", "fuzz", "bench"])("what npm run %s says more, once packages are there, fits 80 columns", (name) => {
  const { stdout } = spawnSync(process.execPath, [`src/commands/${name}.ts`, "--help"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stdout).toContain(`npm run ${name} -- `);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("npm start answers --help with a line for each option, and any other option with the same", async () => {
  const { code, output } = await say("start", "--help");
  expect(code).toBe(0);
  expect([...output.matchAll(/^ +(--\w+)/gm)].map(([, option]) => option)).toEqual(["--port", "--once", "--help"]);
  for (const [args, fault] of [
    [["--prot", "8787"], "--prot"],
    [["--port", "many"], "--port must be a port"],
    [["now"], "now"],
  ] as const) {
    const refused = await say("start", ...args);
    expect(refused.code).toBe(2);
    expect(refused.output.split("\n")[0]).toContain(fault);
    expect(refused.output).toContain(output.trim());
  }
});

test.each([
  ["deploy", ["--dry-run"], "npm took --dry-run for its own. Write -- before it: npm run deploy -- --dry-run"],
  ["deploy", ["--env", "eu"], "Write -- before it: npm run deploy -- --env"],
  [
    "start",
    ["--port", "8787", "--once"],
    "npm took --port and --once for its own. Write -- before it: npm start -- --",
  ],
])("npm run %s %s, without -- before it, does nothing and says so", async (name, args, said) => {
  const { code, output } = await project.run({ args: ["run", name, ...args] }).ended;
  expect(code).toBe(2);
  expect(output).toContain(said);
});

test("a command that is not there is answered with those that are", async () => {
  const { code, output } = await say("strat");
  expect(code).toBe(2);
  expect(output).toContain('There is no command "strat"');
  for (const name of Object.keys(scripts)) expect(output).toContain(` ${name} `);
});

test("npx fetches nothing in another version than the project's", async () => {
  const version = {
    name: "wrangler",
    version: "4.0.0",
    bin: "wrangler.js",
    dist: { tarball: "http://127.0.0.1:9/wrangler.tgz" },
  };
  const document = { name: "wrangler", "dist-tags": { latest: "4.0.0" }, versions: { "4.0.0": version } };
  const registry = createServer((_, answer) => answer.end(JSON.stringify(document))).listen(0, "127.0.0.1");
  await once(registry, "listening");
  const { port } = registry.address() as { port: number };
  const env = { npm_config_registry: `http://127.0.0.1:${port}` };
  const { code, output } = await project.run({ program: "npx", args: ["wrangler", "--version"], env }).ended;
  registry.close();
  expect(code).not.toBe(0);
  expect(output).toContain("missing packages");
});
