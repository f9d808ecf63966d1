/** `npm start` on machines where not all is well: a sentence with its cure, and an exit code, where it would wait for ever. */
import { once } from "node:events";
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../stories/harness.ts";
import { type Command, copyProject, type Ended, type Project, start } from "./project.ts";

/** The promise of README and CHANGELOG, in ms. */
const promisedMs = 30_000;

let project: Project;

async function refusal(command: Command): Promise<Ended> {
  const began = Date.now();
  const ended = await project.run(command).ended;
  expect(Date.now() - began).toBeLessThan(promisedMs);
  expect(ended.output).not.toMatch(/^ +at /m);
  return ended;
}

/** Makes Node.js say that it is of another version. */
function asNode(version: string): string[] {
  const versions = `{ value: { ...process.versions, node: "${version}" } }`;
  return [
    "--import",
    `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, "versions", ${versions})`)}`,
  ];
}

describe("with all packages", () => {
  beforeAll(async () => {
    project = await copyProject("linked");
  });

  afterEach(() => project.leftNothing());
  afterAll(() => project.remove());

  test("what the user configured of their own takes no part", async () => {
    const [secrets, file] = [join(project.folder, ".dev.vars"), join(project.folder, "wrangler.toml")];
    const before = await readFile(file, "utf8");
    await writeFile(secrets, "SUPPORT_HOOK_SECRET=a-secret-of-their-own\nCHANNELS_MORE=broken\n");
    await writeFile(file, `${before}\n[vars]\nJURISDICTION = "eu"\n\n[vars.CHANNELS.sales]\ncontry = "PL"\n`);
    const { code, output } = await project.run(start("--once")).ended;
    await rm(secrets);
    await writeFile(file, before);
    expect(output).toContain("Zadarma: 101 picks up  answered");
    expect(code).toBe(0);
  });

  test("Ctrl-C ends a check at once, whether its compiler hears it or not", async () => {
    const compiler = join(project.folder, "node_modules", "typescript", "bin", "tsc");
    await rm(compiler);
    await writeFile(compiler, 'process.on("SIGINT", () => {}); console.log("deaf"); setInterval(() => {}, 1000);');
    const checking = project.run({ program: process.execPath, args: ["src/commands/run.mjs", "check"] });
    await checking.says("deaf");
    checking.interrupt();
    expect(await checking.ended).toEqual({ code: 130, output: "deaf\n" });
  });

  test("Ctrl-C ends a benchmark without a trace", async () => {
    const args = ["src/commands/run.mjs", "bench", "million", "--times", "1"];
    const measuring = project.run({ program: process.execPath, args });
    await measuring.says("million: ");
    measuring.interrupt();
    const { code, output } = await measuring.ended;
    expect(code).toBe(130);
    expect(output).not.toContain("Error");
  });

  test("its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, output } = await refusal(start("--port", String(port)));
    other.close();
    expect(code).toBe(1);
    expect(output).toContain(`port ${port}: another program has it. Choose another, or leave --port away`);
  });

  // Who is root may write everywhere, unless that right is given up.
  const giveUp = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];

  test.skipIf(process.getuid?.() === 0 && process.platform !== "linux")("its folder can't be written", async () => {
    await chmod(project.folder, 0o555);
    const { program = "", args } = start();
    const root = process.getuid?.() === 0;
    const { code, output } = await refusal(
      root ? { program: "setpriv", args: [...giveUp, program, ...args] } : { program, args },
    );
    await chmod(project.folder, 0o755);
    expect(code).toBe(1);
    expect(output).toContain(`folder ${project.folder}: it can't be written (EACCES). Allow it, or copy the project`);
  });

  test("the folder in which the worker is built can't be made", async () => {
    await writeFile(join(project.folder, ".wrangler"), "");
    const { code, output } = await refusal(start());
    await rm(join(project.folder, ".wrangler"));
    expect(code).toBe(1);
    expect(output).toMatch(
      /folder \S+\.wrangler\/tmp: it can't be written \(ENOTDIR\)\. Allow it, or copy the project/,
    );
  });

  test("the folder of temporary files can't be written", async () => {
    const { code, output } = await refusal({ ...start(), env: { TMPDIR: "/nowhere" } });
    expect(code).toBe(1);
    expect(output).toContain("folder /nowhere: it can't be written (ENOENT). Set TMPDIR to one that can");
  });

  test("HOME can't be written, which it does not need, and nobody looks at a terminal", async () => {
    const { code, output } = await project.run({ args: ["start", "--", "--once"], env: { HOME: "/dev/null" } }).ended;
    expect(code).toBe(0);
    const [table = ""] = /^call .*(\n.+)+/m.exec(output) ?? [];
    expect(table.split("\n")).toHaveLength(5);
    const lines = output.slice(output.indexOf("Trunkline is starting")).split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(output).not.toContain("\x1b");
    expect(output).toMatch(/^webhook +sales +CA\S+ +in-progress$/m);
    expect(output).toMatch(/^delivery +support +in_\d+ +create, \d+ ms$/m);
  });

  test("npx takes the Node.js that the packages bring", async () => {
    const { output } = await project.run({ program: "npx", args: ["-c", "command -v node"] }).ended;
    expect(output).toBe(`${project.folder}/node_modules/.bin/node\n`);
  });

  test("an older Node.js is told by the tests that it is one", async () => {
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "core", "test/calls/plain.test.ts"];
    const { code, output } = await project.run({
      program: process.execPath,
      args: [...asNode("20.20.0"), ...vitest],
    }).ended;
    expect(code).toBe(1);
    expect(output).toContain("Node.js 20.20.0 is too old to run the tests. Run: npm test, or: npx vitest");
  });

  test("another npm took a package's files away", async () => {
    await rm(join(project.folder, "node_modules", "hono", "dist"), { recursive: true });
    const { code, output } = await refusal(start());
    expect(code).toBe(1);
    expect(output).toContain("packages: they are not whole");
    expect(output).toContain('Could not resolve "hono"');
    expect(output).toContain("If npm is at work on them, wait for it; otherwise remove node_modules");
  });

  test("another npm took away what the command itself needs", async () => {
    await rm(join(project.folder, "node_modules", "esbuild", "lib"), { recursive: true });
    const { code, output } = await refusal(start());
    expect(code).toBe(1);
    expect(output).toContain("packages: they are not whole");
  });

  test("another npm took a package away, which is put back", async () => {
    await rm(join(project.folder, "node_modules", "picocolors"), { recursive: true });
    await writeFile(join(project.folder, "npm"), '#!/bin/sh\necho "npm $1 is asked"; exit 1\n', { mode: 0o755 });
    const { output } = await refusal({ ...start(), env: { PATH: `${project.folder}:${process.env.PATH}` } });
    expect(output).toContain("Installing packages, once ...\nnpm ci is asked\n");
  });
});

describe("without packages", () => {
  /** An npm that does as it is told, since the real one fetches for minutes. */
  const npm = (does: string) => writeFile(join(project.folder, "npm"), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
  const installing = (...options: string[]): Command => ({
    ...start(...options),
    env: { PATH: `${project.folder}:${process.env.PATH}` },
  });

  beforeAll(async () => {
    project = await copyProject("none");
  });

  afterEach(() => project.leftNothing());
  afterAll(() => project.remove());

  test("its first line comes before anything is fetched, and what npm fails at is told", async () => {
    await npm("echo 'npm error network' >&2; exit 1");
    const { code, output } = await refusal(installing());
    expect(code).toBe(1);
    expect(output).toMatch(/^Trunkline is starting/);
    expect(output).toContain("npm error network");
    expect(output).toMatch(
      /packages: npm ci failed, and says why above\. Mend that .*, then run the command again\.\n$/,
    );
  });

  test("Ctrl-C ends an installation that does not heed, and what that started", async () => {
    await npm("mkdir node_modules; trap '' TERM INT; sleep 600 & sleep 600");
    const installation = project.run(installing());
    await installation.says("Installing packages");
    await until("npm to be at work", async () => (await readdir(project.folder)).includes("node_modules"));
    const began = Date.now();
    installation.interrupt();
    const { code, output } = await installation.ended;
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(code).toBe(130);
    expect(output.trim().split("\n")).toHaveLength(2);
    expect(await readdir(project.folder)).not.toContain("node_modules");
  });

  test("a second run leaves the packages to the first", async () => {
    await npm("echo started >> installations; while [ ! -e enough ]; do sleep 0.1; done; exit 1");
    const first = project.run(installing());
    await first.says("Installing packages");
    const second = project.run(installing());
    await second.says("Another run is installing the packages: this one waits for it");
    second.interrupt();
    expect((await second.ended).code).toBe(130);
    await writeFile(join(project.folder, "enough"), "");
    expect((await first.ended).code).toBe(1);
  });

  test("a run that was killed while it installed holds up nobody", async () => {
    await rm(join(project.folder, "enough"));
    await npm("while [ ! -e enough ]; do sleep 0.1; done");
    const killed = project.run(installing());
    await killed.says("Installing packages");
    killed.kill();
    // Its npm lives on, and holds what it wrote to open.
    await until("it to be gone", () => !killed.lives());
    await npm("exit 1");
    const { output } = await refusal(installing());
    expect(output).not.toContain("Another run");
    await writeFile(join(project.folder, "enough"), "");
    // Nobody was left to put these away.
    for (const name of await readdir(project.temporary)) await rm(join(project.temporary, name), { recursive: true });
  });

  test("a Node.js that is too old for all of it", async () => {
    const { code, output } = await refusal({ ...start(), args: [...asNode("18.19.0"), ...start().args] });
    expect(code).toBe(1);
    expect(output).toContain("Node.js 18.19.0: it is too old. Install 20 or newer, then run the command again.");
  });
});
