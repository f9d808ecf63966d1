/** `npm start` once it is up: what it shows, what it does when somebody types, and how it ends at any moment. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { providers } from "../../src/providers/index.ts";
import { copyProject, type Project, type Run, start } from "./project.ts";

const root = join(import.meta.dirname, "..", "..");

let project: Project;

beforeAll(async () => {
  project = await copyProject("shared");
});

afterAll(() => project.remove());

describe("Ctrl-C leaves nothing, not even a word,", () => {
  afterEach(() => project.leftNothing());

  test.each([
    ["at the first line", "Trunkline is starting"],
    ["while a sample call rings", / ringing\n/],
  ])("%s", async (_, moment) => {
    const run = project.run(start());
    await run.says(moment);
    const before = run.output().length;
    run.interrupt();
    const { code, output } = await run.ended;
    // What was on its way when it was interrupted.
    const after = output.slice(before).replaceAll(/^(webhook|delivery) .*\n/gm, "");
    expect([after, code]).toEqual(["", 130]);
  });
});

describe("up", () => {
  let run: Run;
  let url: string;

  beforeAll(async () => {
    run = project.run(start());
    await run.says("Ctrl-C ends it");
    [url = ""] = /http:\S+(?=\/health)/.exec(run.output()) ?? [];
  });

  afterAll(() => project.leftNothing());

  test("Enter places another call, from a number if one is typed before", async () => {
    run.type("\n");
    run.type("+44 (20) 7946-0100\n");
    await run.says(/Twilio: yours +answered +\+1415555\d{4} +ann +#\d+ +mp3 +\d+ ms\n/);
    await run.says(/Twilio: yours +answered +\+442079460100 /);
  });

  test("a warning names what it is about, and says what to do", () => {
    expect(run.output()).toMatch(/^warning +support +SUPPORT_HOOK_SECRET: Zadarma signs little/m);
  });

  test("what is no number is said to be none", async () => {
    run.type("hello\n");
    await run.says('"hello" is no number to call from. Type one such as');
  });

  test("the API answers to the token that is shown", async () => {
    const [, token] = /CONSOLE_TOKEN is (\S+):/.exec(run.output()) ?? [];
    const answer = await fetch(`${url}/api/calls`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
  });

  describe.each([...providers.keys()])("the webhook by hand on the page of %s", (name) => {
    const page = readFileSync(join(root, "docs", "providers", `${name}.md`), "utf8");
    const [byHand = ""] = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, text = ""]) =>
      text.includes("openssl") ? text : [],
    );
    const play = (text: string) => project.run({ program: "sh", args: ["-c", text], env: { TRUNKLINE: url } }).ended;

    test("makes a card", async () => {
      const before = run.output().length;
      expect((await play(byHand)).output).toMatch(/^HTTP\/1.1 200 OK/m);
      await run.says(new RegExp(`^[\\s\\S]{${before}}[\\s\\S]*\\ndelivery .* create, \\d+ ms\\n`));
    });

    test("is refused when it is signed by somebody else, and why is shown", async () => {
      const forged = byHand.replace(/^(token|secret)=".*"$/m, '$1="guessed"');
      expect(forged).not.toBe(byHand);
      const before = run.output().length;
      expect((await play(forged)).output).toMatch(/^HTTP\/1.1 403 Forbidden/m);
      await run.says(new RegExp(`^[\\s\\S]{${before}}[\\s\\S]*refused +(sales|support) +403, \\w+`));
    });
  });

  test("Ctrl-C ends it", async () => {
    const before = run.output().length;
    run.interrupt();
    const { code, output } = await run.ended;
    expect([code, output.slice(before)]).toEqual([0, ""]);
  });
});
