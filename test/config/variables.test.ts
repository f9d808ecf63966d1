import { describe, expect, test } from "vitest";
import { readConfiguration } from "../../src/config/channels.ts";
import type { Fault } from "../../src/config/faults.ts";

const table = { provider: "zadarma", system: "https://help.example" };

/** The secrets of a channel whose prefix is `prefix`. */
function secretsOf(prefix: string, more: object = {}) {
  const own = { CHANNEL_KEY: "ck", ZADARMA_KEY: "zk", ZADARMA_SECRET: "zs", ...more };
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [`${prefix}_${name}`, value]));
}

function names(env: object): string[] {
  return [...readConfiguration(env).channels.keys()].sort();
}

function faults(env: object): readonly Fault[] {
  return readConfiguration(env).faults;
}

describe("channels stand", () => {
  const secrets = { ...secretsOf("SUPPORT"), ...secretsOf("SALES") };

  test.each<[string, object]>([
    ["in one table", { CHANNELS: { support: table, sales: table } }],
    ["in one JSON text", { CHANNELS: JSON.stringify({ support: table, sales: table }) }],
    ["in a table and a text", { CHANNELS: { support: table }, CHANNELS_MORE: JSON.stringify({ sales: table }) }],
    ["in further variables alone", { CHANNELS_EU_1: { support: table }, CHANNELS_2: { sales: table } }],
    ["in further variables of any name", { "CHANNELS_eu-1": { support: table }, CHANNELS_Übersee: { sales: table } }],
  ])("%s", (_, variables) => {
    expect(faults({ ...variables, ...secrets })).toEqual([]);
    expect(names({ ...variables, ...secrets })).toEqual(["sales", "support"]);
  });

  test("nowhere else", () => {
    expect(
      names({
        CHANNELS: { support: table },
        MY_CHANNELS: { sales: table },
        CHANNELSX: { sales: table },
        channels: { sales: table },
        ...secrets,
      }),
    ).toEqual(["support"]);
  });
});

describe("a variable that holds no channels is a fault", () => {
  test.each<[string, unknown]>([
    ["a text that is no JSON", "support: {}"],
    ["an empty text", ""],
    ["a list", [table]],
    ["a list as text", "[]"],
    ["nothing, as text", "null"],
    ["a number", 5],
  ])("%s", (_, CHANNELS) => {
    const problem = expect.stringMatching(/^must be a table of channels, or the same as a JSON object\. /);
    expect(faults({ CHANNELS })).toEqual([{ key: "CHANNELS", problem }]);
  });

  test("none at all", () => {
    expect(faults({})).toEqual([
      { key: "CHANNELS", problem: "no channel is configured. Add [vars.CHANNELS.<name>] to wrangler.toml" },
    ]);
  });

  test("a channel that is no table", () => {
    expect(faults({ CHANNELS: { support: "zadarma" } })).toEqual([
      {
        variable: "CHANNELS",
        channel: "support",
        key: "(table)",
        problem: "must be a table. Write [vars.CHANNELS.support], and its keys below it",
      },
    ]);
  });
});

describe("a channel that is given twice", () => {
  const env = {
    CHANNELS: { support: table, sales: table },
    CHANNELS_A: { support: table },
    CHANNELS_B: { support: table },
    ...secretsOf("SUPPORT"),
    ...secretsOf("SALES"),
  };

  test("is a fault for every time but the first", () => {
    const problem = "the channel is given twice, in CHANNELS too. Leave one of them out";
    expect(faults(env)).toEqual([
      { channel: "support", key: "CHANNELS_A", problem },
      { channel: "support", key: "CHANNELS_B", problem },
    ]);
  });

  test("is not there at all, and the others are", () => expect(names(env)).toEqual(["sales"]));
});

describe("a channel's name", () => {
  const named = (name: string) => ({ CHANNELS: JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(table)}}`) });

  test.each(["a", "acme-eu", "x1-2", "constructor", `a${"b".repeat(30)}`])("may be %s", (name) => {
    const env = { ...named(name), ...secretsOf(name.toUpperCase().replaceAll("-", "_")) };
    expect(names(env)).toEqual([name]);
  });

  const rule = "must match ^[a-z][a-z0-9-]{0,30}$";

  test.each(["", "1a", "-a", "Acme", "a_b", "a b", "toString", "__proto__", `a${"b".repeat(31)}`, "a/b", "ü"])(
    'may not be "%s"',
    (name) => {
      expect(faults(named(name))).toEqual([
        { variable: "CHANNELS", channel: name, key: "name", problem: expect.stringContaining(rule) },
      ]);
    },
  );

  test.each(["channels", "channels-eu"])("may not be %s, whose secrets would read as channels", (name) => {
    expect(names({ ...named(name), ...secretsOf(name.toUpperCase().replaceAll("-", "_")) })).toEqual([]);
    expect(faults(named(name))).toEqual([
      {
        variable: "CHANNELS",
        channel: name,
        key: "name",
        problem: "is taken: its secrets would read as CHANNELS_.... Choose another name",
      },
    ]);
  });
});

describe("a channel's secrets", () => {
  const faultsWith = (secrets: object) => faults({ CHANNELS: { "acme-eu": table }, ...secrets });
  const missing = (key: string): Fault => ({
    channel: "acme-eu",
    key,
    problem: `the secret is missing. Run: npx wrangler secret put ${key}; for wrangler dev write it into .dev.vars`,
  });

  test("are named with the command that mends them where they are missing", () => {
    expect(faultsWith({})).toEqual(
      ["ACME_EU_CHANNEL_KEY", "ACME_EU_ZADARMA_KEY", "ACME_EU_ZADARMA_SECRET"].map(missing),
    );
  });

  test.each<[string, object]>([
    ["empty", { ACME_EU_CHANNEL_KEY: "" }],
    ["blank", { ACME_EU_CHANNEL_KEY: " \n" }],
    ["no text", { ACME_EU_CHANNEL_KEY: { key: "ck" } }],
  ])("are missing where they are %s", (_, secret) => {
    expect(faultsWith({ ...secretsOf("ACME_EU"), ...secret })).toEqual([missing("ACME_EU_CHANNEL_KEY")]);
  });

  test.each([",", " , ,", ",\n"])("are missing where only commas are left of two values: %j", (ZADARMA_SECRET) => {
    expect(faultsWith(secretsOf("ACME_EU", { ZADARMA_SECRET }))).toEqual([missing("ACME_EU_ZADARMA_SECRET")]);
  });

  test("may hold two values while they are changed", () => {
    expect(faultsWith(secretsOf("ACME_EU", { ZADARMA_SECRET: "old,new" }))).toEqual([]);
  });

  test("may be one part of a path, and no more", () => {
    expect(faultsWith(secretsOf("ACME_EU", { HOOK_SECRET: "a b%2Fü" }))).toEqual([]);
    for (const HOOK_SECRET of ["a/b", "a\\b", ".", ".."]) {
      expect(faultsWith(secretsOf("ACME_EU", { HOOK_SECRET }))).toMatchObject([
        { channel: "acme-eu", key: "ACME_EU_HOOK_SECRET" },
      ]);
    }
  });

  test("may come with a line break, as a shell leaves it", () => {
    const env = { CHANNELS: { "acme-eu": table }, ...secretsOf("ACME_EU", { CHANNEL_KEY: "ck\n" }) };
    expect(readConfiguration(env).channels.get("acme-eu")?.secrets.channelKey).toBe("ck");
  });

  test.each<[string, string[]]>([
    ["ck", ["ck"]],
    ["new, old", ["new", "old"]],
    ["new,\n", ["new"]],
  ])("may be two keys while the channel's changes, the new one first: %j", (CHANNEL_KEY, channelKeys) => {
    const env = { CHANNELS: { "acme-eu": table }, ...secretsOf("ACME_EU", { CHANNEL_KEY }) };
    const [channelKey] = channelKeys;
    expect(readConfiguration(env).channels.get("acme-eu")?.secrets).toMatchObject({ channelKey, channelKeys });
  });

  test("may name who we are to the system", () => {
    const env = { CHANNELS: { "acme-eu": table }, ...secretsOf("ACME_EU", { SYSTEM_AUTH: "a@b.example:key" }) };
    expect(readConfiguration(env).channels.get("acme-eu")?.secrets.systemAuth).toBe("a@b.example:key");
    expect(faultsWith(secretsOf("ACME_EU", { SYSTEM_AUTH: "key" }))).toEqual([
      { channel: "acme-eu", key: "ACME_EU_SYSTEM_AUTH", problem: "must be email:api_key, with the colon" },
    ]);
  });
});

test("no fault holds a value", () => {
  const canary = "canary-5ecret";
  const broken = {
    provider: "zadarma",
    system: `http://${canary}.example`,
    url: canary,
    country: canary,
    delivery: canary,
    lines: canary,
    assign: [{ line: canary, direction: canary }, { user_ids: [""], group_ids: [canary] }, canary],
    credit: canary,
    ignore: [{ phone: canary, direction: canary, shorter_than: canary }],
    internal: canary,
    comment: `{${canary}}`,
    arrays: canary,
    recordings: {
      enabled: canary,
      wait: canary,
      retention: canary,
      max_bytes: canary,
      except: [{ direction: canary }],
    },
    rpm: canary,
    api: `${canary}://x`,
    zadarma: { time_zone: canary, sources: [canary] },
    twilio: { account: canary },
    unheardOf: canary,
  };
  const CHANNELS = { support: broken, sales: { ...broken, provider: canary }, other: canary };
  const env = {
    CHANNELS,
    CHANNELS_2: canary,
    SUPPORT_SYSTEM_AUTH: canary,
    SUPPORT_ZADARMA_KEY: canary,
    SUPPORT_HOOK_SECRET: `/${canary}`,
  };
  const described = faults(env).map((fault) => JSON.stringify(fault));
  expect(described.length).toBeGreaterThan(20);
  expect(described.filter((fault) => fault.includes(canary) || fault.includes("5ecret"))).toEqual([]);
});

test("no warning holds a value", () => {
  const canary = "canary-5ecret";
  const CHANNELS = {
    support: {
      ...table,
      system: "https://canary-5ecret.example.com",
      url: `https://${canary}.example/hooks/support`,
      api: `http://${canary}.example`,
      lines: [canary],
      assign: [{ user_ids: [canary] }, { line: canary, user_ids: [canary] }],
      ignore: [{ phone: `+${canary}*0` }, { phone: "+48 22*" }],
    },
    sales: { ...table, system: "https://canary-5ecret.example.com" },
  };
  const shared = { CHANNEL_KEY: `${canary}/key`, HOOK_SECRET: "5ecret key" };
  const env = { CHANNELS, CHANELS: { [canary]: {} }, ...secretsOf("SUPPORT", shared), ...secretsOf("SALES", shared) };
  const { faults, warnings } = readConfiguration({ ...env, SUPORT_CHANNEL_KEY: canary, CONSOLE_TOKEN: "5ecret a" });
  expect(faults).toEqual([]);
  expect(warnings.length).toBeGreaterThan(15);
  expect(warnings.map((warning) => JSON.stringify(warning)).filter((text) => /canary|5ecret/.test(text))).toEqual([]);
});
