/** The configuration as it would be deployed, read from wrangler's file; and what is said of the Worker once it is there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkLive, environmentsOf } from "../../src/commands/configuration.ts";
import { afterwards, originsIn } from "../../src/commands/live.ts";
import { reported, unreadable } from "../../src/commands/report.ts";
import type { SecretNames } from "../../src/commands/secret-names.ts";
import { sameWorker, wranglerOptions } from "../../src/commands/wrangler-options.ts";
import { spoken } from "../../src/config/faults.ts";

const folder = mkdtempSync(join(tmpdir(), "trunkline-deployed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const head = 'name = "trunkline"\nmain = "index.ts"\ncompatibility_date = "2026-11-01"\n';
const exchange = '[[durable_objects.bindings]]\nname = "EXCHANGE"\nclass_name = "Exchange"\n';
const bucket = '[[r2_buckets]]\nbinding = "RECORDINGS"\nbucket_name = "recordings"\n';
const channel = 'provider = "zadarma"\nsystem = "https://help.acme.test"\n';
const names = new Set(["CHANNEL_KEY", "ZADARMA_KEY", "ZADARMA_SECRET", "HOOK_SECRET"].map((name) => `SUPPORT_${name}`));

function check(toml: string, args: readonly string[] = [], secrets: SecretNames = { names }) {
  const file = join(folder, "wrangler.toml");
  writeFileSync(file, toml);
  return checkLive(wranglerOptions(["--config", file, ...args], {}), secrets);
}

const support = `[vars.CHANNELS.support]\n${channel}`;
const whole = head + exchange + bucket;

describe("a configuration that would be deployed", () => {
  test.each<[title: string, toml: string, args: readonly string[], faults: readonly string[]]>([
    ["without fault", whole + support, [], []],
    ["without a channel: that is no fault", whole, [], []],
    [
      "with channels outside vars",
      `${whole}[CHANNELS.support]\n${channel}`,
      [],
      ["CHANNELS: stands outside [vars]. Write [vars.CHANNELS.<name>]"],
    ],
    [
      "with channels below a misspelt heading",
      `${whole}[var.CHANNELS.support]\n${channel}`,
      [],
      ["CHANNELS: stands outside [vars]. Write [vars.CHANNELS.<name>]"],
    ],
    [
      "with a jurisdiction below another's heading",
      `${whole + support}[observability]\nenabled = true\nJURISDICTION = "eu"\n`,
      [],
      ["JURISDICTION: stands outside [vars]. Write it right below [vars]"],
    ],
    [
      "with channels in a variable that nobody reads",
      `${whole}[vars.channels.support]\n${channel}`,
      [],
      ["CHANNELS: no channel is configured. Write CHANNELS instead of channels"],
    ],
    [
      "of an environment that was thought to inherit",
      `${whole + support}[env.eu]\n`,
      ["--env", "eu"],
      [
        "CHANNELS: no environment inherits variables, and this one has no channel. Add [env.eu.vars.CHANNELS.<name>]",
        "EXCHANGE: the binding is missing: no environment inherits bindings. Copy [[durable_objects.bindings]] as [[env.eu.durable_objects.bindings]]",
        "RECORDINGS: the binding is missing: no environment inherits bindings. Copy [[r2_buckets]] as [[env.eu.r2_buckets]]",
      ],
    ],
    [
      "of an environment, whose headings are named",
      `${whole}[env.eu.vars.CHANNELS.support]\n${channel}retention = 30\n[[env.eu.durable_objects.bindings]]\nname = "EXCHANGE"\nclass_name = "Exchange"\n[[env.eu.r2_buckets]]\nbinding = "RECORDINGS"\nbucket_name = "recordings-eu"\n`,
      ["-e", "eu"],
      [
        'CHANNELS, channel "support", retention: is no key that is known here. It belongs to [env.eu.vars.CHANNELS.support.recordings]',
      ],
    ],
    [
      "with a variable from the command line",
      whole + support,
      ["--var", "CHANNELS:{"],
      [
        "CHANNELS: must be a table of channels, or the same as a JSON object. As JSON it breaks at line 1, column 2: it ends before it is complete",
      ],
    ],
    [
      "that is larger than the platform takes",
      `${whole + support}lines = [${'"+48221234567", '.repeat(400)}]\n`,
      [],
      ["CHANNELS: is larger than the 5 KB that a variable holds. Move channels to [vars.CHANNELS_<ANYTHING>]"],
    ],
    [
      "whose recordings would lie elsewhere than its calls",
      `${whole}[vars]\nJURISDICTION = "eu"\n${support}`,
      [],
      [
        "JURISDICTION: the bucket of RECORDINGS lies elsewhere. Make one with: npx wrangler r2 bucket create <name> --jurisdiction <that>, and name both below [[r2_buckets]]: bucket_name and jurisdiction",
      ],
    ],
    [
      "whose recordings lie where its calls do",
      `${whole}jurisdiction = "eu"\n[vars]\nJURISDICTION = "eu"\n${support}`,
      [],
      [],
    ],
  ])("%s", (_, toml, args, faults) => expect(check(toml, args).faults.map(spoken)).toEqual(faults));

  test("misses a secret that the Worker does not have", () => {
    const some = new Set([...names].filter((name) => name !== "SUPPORT_ZADARMA_KEY"));
    expect(check(whole + support, ["--name", "other"], { names: some }).faults.map(spoken)).toEqual([
      `channel "support", SUPPORT_ZADARMA_KEY: the secret is missing. Run: npx wrangler secret put SUPPORT_ZADARMA_KEY --config ${join(folder, "wrangler.toml")} --name other`,
    ]);
  });

  test("is said to be unseen where nobody could look for its secrets", () => {
    const { faults, notices, hooks } = check(whole + support, [], { unknown: "nobody is logged in" });
    expect([faults, notices]).toEqual([[], ["The secrets could not be looked for: nobody is logged in"]]);
    expect(hooks).toEqual([{ channel: "support", base: undefined, secret: undefined }]);
  });

  test("warns of a bucket that has a jurisdiction where the calls have none", () => {
    expect(check(`${whole}jurisdiction = "eu"\n${support}`).warnings.map(spoken)).toEqual([
      "JURISDICTION: is not set, though the bucket has one: calls lie anywhere. Before the first call, set it to the bucket's",
    ]);
  });

  test("warns of a secret that stands in the file", () => {
    expect(check(`${whole}[vars]\nSUPPORT_ZADARMA_KEY = "5ecret"\n${support}`).warnings.map(spoken)).toEqual([
      "SUPPORT_ZADARMA_KEY: is a secret and stands in the file for all to read. Delete it there, and set it as a secret, a new one",
    ]);
  });

  test("keeps the dashboard's variables where it is told to", () => {
    const environment = `[[env.eu.durable_objects.bindings]]\nname = "EXCHANGE"\nclass_name = "Exchange"\n[[env.eu.r2_buckets]]\nbinding = "RECORDINGS"\nbucket_name = "recordings-eu"\n`;
    expect(check(whole + support + environment, ["--env", "eu"]).faults).toHaveLength(1);
    expect(check(whole + support + environment, ["--env", "eu", "--keep-vars"]).faults).toEqual([]);
  });

  test("has a report of a line for each", () => {
    const { faults, ...rest } = check(`${whole + support}contry = "PL"\n`, [], { unknown: "nobody is logged in" });
    expect(reported({ ...rest, faults }, "Nothing is deployed").split("\n")).toEqual([
      "The configuration has a fault. Nothing is deployed until it is mended.",
      `  ✘ ${faults.map(spoken)}`,
      "The secrets could not be looked for: nobody is logged in",
    ]);
  });

  test("that is no TOML is shown where it breaks, and not what stands there", () => {
    const broken = () => check(`${whole + support}country = 5ecret\n`);
    expect(broken).toThrow();
    try {
      broken();
    } catch (error) {
      expect(unreadable(error)).toBe(
        "The configuration could not be read: Invalid TOML document: illegal character in numeric literal, at line 13, column 12",
      );
    }
  });

  test("tells its environments", () => {
    writeFileSync(join(folder, "wrangler.toml"), `${whole}[env.eu]\n[env.us]\n`);
    expect(environmentsOf(wranglerOptions(["-c", join(folder, "wrangler.toml")], {}))).toEqual(["eu", "us"]);
  });
});

describe("wrangler's options", () => {
  test.each<[args: string[], env: NodeJS.ProcessEnv, environment: string | undefined]>([
    [["--env", "eu"], {}, "eu"],
    [["--env=eu", "--dry-run"], {}, "eu"],
    [["src/index.ts", "-e", "eu"], {}, "eu"],
    [["--minify", "--env", "eu"], { CLOUDFLARE_ENV: "us" }, "eu"],
    [[], { CLOUDFLARE_ENV: "us" }, "us"],
    [["--env", ""], { CLOUDFLARE_ENV: "us" }, ""],
    [["--dry-run"], {}, undefined],
  ])("%j name the environment", (args, env, environment) =>
    expect(wranglerOptions(args, env).environment).toBe(environment),
  );

  test("name several variables after one --var", () => {
    const { variables } = wranglerOptions(["--var", "A:1", "B:x:y", "--dry-run"], {});
    expect(variables).toEqual(["A:1", "B:x:y"]);
  });

  test("name the same Worker to another command", () => {
    expect(sameWorker(wranglerOptions(["--env", "eu", "-c", "w.toml", "--name=n", "--minify"], {}))).toEqual([
      "--env",
      "eu",
      "--config",
      "w.toml",
      "--name",
      "n",
    ]);
    expect(sameWorker(wranglerOptions(["--env", ""], {}))).toEqual([]);
  });
});

describe("once it is deployed", () => {
  const written = (targets: readonly string[]) =>
    [{ type: "wrangler-session" }, { type: "deploy", targets }].map((entry) => `${JSON.stringify(entry)}\n`).join("");

  test.each([
    [["https://trunkline.acme.workers.dev"], ["https://trunkline.acme.workers.dev"]],
    [["hooks.acme.test (custom domain)"], ["https://hooks.acme.test"]],
    [["hooks.acme.test (custom domain - zone id: 1)"], ["https://hooks.acme.test"]],
    [["acme.test/hooks/* (zone name: acme.test)", "schedule: * * * * *"], []],
  ])("at %j it is reached by %j", (targets, origins) => expect(originsIn(written(targets))).toEqual(origins));

  const deployed = written(["https://trunkline.acme.workers.dev"]);
  const hooks = [
    { channel: "sales", base: "https://hooks.acme.test", secret: false },
    { channel: "support", secret: true },
    { channel: "berlin", secret: undefined },
  ];
  const asked: string[] = [];
  const answering = (answer: object) => async (input: unknown, init?: RequestInit) => {
    asked.push(`${input} ${new Headers(init?.headers).get("authorization")}`);
    return Response.json(answer);
  };

  test("its health and its webhook URLs are shown, their secret part hidden", async () => {
    const fetch = answering({ status: "ok", channels: 3, warnings: 1 });
    const { text, well } = await afterwards(deployed, hooks, { showSecrets: false, fetch });
    expect(text.split("\n")).toEqual([
      "https://trunkline.acme.workers.dev/health: ok, warnings: 1",
      "Webhook URLs, to be given to the PBX:",
      "  sales    https://hooks.acme.test/hooks/sales",
      "  support  https://trunkline.acme.workers.dev/hooks/support/<SUPPORT_HOOK_SECRET>",
      "  berlin   https://trunkline.acme.workers.dev/hooks/berlin, or with /<BERLIN_HOOK_SECRET> after it if that is set",
    ]);
    expect([well, asked.splice(0)]).toEqual([true, ["https://trunkline.acme.workers.dev/health null"]]);
  });

  test("its secret parts are shown to who asks with the console's token", async () => {
    const told = { support: "https://trunkline.acme.workers.dev/hooks/support/5ecret" };
    const fetch = answering({ status: "ok", warnings: 0, hooks: told });
    const asking = { showSecrets: true, token: "token-of-the-console", fetch };
    const { text } = await afterwards(deployed, hooks, asking);
    expect(text).toContain(`  support  ${told.support}\n`);
    expect(asked.splice(0)).toEqual([
      "https://trunkline.acme.workers.dev/health?secrets=shown Bearer token-of-the-console",
    ]);
    const without = await afterwards(deployed, hooks, { showSecrets: true, fetch: answering({ status: "ok" }) });
    expect(without.text).toContain("CONSOLE_TOKEN=... npm run deploy -- --show-secrets");
  });

  test("what is wrong there is named, and is no success", async () => {
    const faults = [
      { channel: "support", key: "SUPPORT_SYSTEM_AUTH", problem: "must be email:api_key, with the colon" },
    ];
    const fetch = answering({ status: 503, title: "Misconfigured", faults, warnings: 0 });
    const { text, well } = await afterwards(deployed, [], { showSecrets: false, fetch });
    expect([text.split("\n"), well]).toEqual([
      [
        "https://trunkline.acme.workers.dev/health: misconfigured",
        '  ✘ channel "support", SUPPORT_SYSTEM_AUTH: must be email:api_key, with the colon',
      ],
      false,
    ]);
  });

  test("a Worker that does not answer is no success", async () => {
    const fetch = async () => new Response("<html>not here yet</html>", { status: 404 });
    const { text, well } = await afterwards(deployed, [], { showSecrets: false, fetch, patienceMs: 0 });
    expect([text, well]).toEqual([
      "https://trunkline.acme.workers.dev/health does not answer yet. Look again in a minute",
      false,
    ]);
  });
});
