import { describe, expect, test } from "vitest";
import { accountOf, type Channel, readConfiguration } from "../../src/config/channels.ts";
import type { Fault } from "../../src/config/faults.ts";

const minimal = { provider: "zadarma", system: "https://help.example" };
const secrets = { SUPPORT_CHANNEL_KEY: "ck", SUPPORT_ZADARMA_KEY: "zk", SUPPORT_ZADARMA_SECRET: "zs" };

function read(table: object, more: object = {}) {
  return readConfiguration({ CHANNELS: { support: { ...minimal, ...table } }, ...secrets, ...more });
}

function faults(env: object): readonly Fault[] {
  return readConfiguration(env).faults;
}

describe("a channel with no more than it needs", () => {
  test("has what the contract says for the rest", () => {
    const { channels, faults } = read({});
    expect(faults).toEqual([]);
    expect(channels.get("support")).toMatchObject({
      name: "support",
      system: "https://help.example",
      delivery: "live",
      lines: [],
      assign: [],
      credit: "last",
      ignore: [],
      internal: false,
      arrays: "repeat",
      recordings: { enabled: true, wait: 1800, retention: 90, max_bytes: 256 * 1024 * 1024, except: [] },
    });
    const { url, country, comment, rpm, api } = channels.get("support") ?? {};
    expect([url, country, comment, rpm, api]).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});

describe("a key takes", () => {
  test.each<[title: string, table: object, becomes: Partial<Record<keyof Channel, unknown>>]>([
    ["a system", { system: "https://Help.Example:8443/" }, { system: "https://help.example:8443" }],
    [
      "a system on this machine, in plain http",
      { system: "http://127.0.0.1:8788" },
      { system: "http://127.0.0.1:8788" },
    ],
    ["a system on this machine by its name", { system: "http://localhost/" }, { system: "http://localhost" }],
    ["a system on this machine by IPv6", { system: "http://[::1]:80" }, { system: "http://[::1]" }],
    ["a url below a path", { url: "https://hooks.example/pbx/" }, { url: "https://hooks.example/pbx" }],
    [
      "a url that ends in a bare question mark",
      { url: "https://hooks.example/pbx?" },
      { url: "https://hooks.example/pbx" },
    ],
    ["a country", { country: "UA" }, { country: "UA" }],
    ["a delivery", { delivery: "final" }, { delivery: "final" }],
    ["a delivery of nothing", { delivery: "off" }, { delivery: "off" }],
    ["lines as text and as numbers", { lines: ["+380441234567", 800] }, { lines: ["+380441234567", "800"] }],
    [
      "extensions, single ones and ranges, as text and as numbers",
      { extensions: ["100-199", " 010 - 019 ", "8500", 7] },
      {
        extensions: [
          { from: "100", to: "199" },
          { from: "010", to: "019" },
          { from: "8500", to: "8500" },
          { from: "7", to: "7" },
        ],
      },
    ],
    ["extensions that are none, so that no number is one", { extensions: [] }, { extensions: [] }],
    [
      "a rule of assignment",
      { assign: [{ line: 800, extension: 101, direction: "incoming", user_ids: [1, "2"] }] },
      {
        assign: [{ line: "800", extension: "101", direction: "incoming", user_ids: ["1", "2"] }],
      },
    ],
    [
      "rules for groups and for extensions",
      { assign: [{ group_ids: [7] }, { pbx_user_ids: ["101"] }] },
      {
        assign: [{ group_ids: ["7"] }, { pbx_user_ids: ["101"] }],
      },
    ],
    ["a credit", { credit: "longest" }, { credit: "longest" }],
    [
      "calls to ignore",
      { ignore: [{ phone: "+38044*", line: "800", extension: "101", direction: "outgoing" }] },
      {
        ignore: [{ phone: "+38044*", line: "800", extension: "101", direction: "outgoing" }],
      },
    ],
    [
      "little talk to ignore, where it is told at the end",
      { delivery: "final", ignore: [{ shorter_than: 5 }] },
      {
        ignore: [{ shorter_than: 5 }],
      },
    ],
    ["internal calls", { internal: true }, { internal: true }],
    ["a comment", { comment: "{line} {duration}" }, { comment: "{line} {duration}" }],
    ["no comment", { comment: "" }, { comment: "" }],
    ["a form of arrays", { arrays: "comma" }, { arrays: "comma" }],
    [
      "a part of what there is on recordings",
      { recordings: { enabled: false, except: [{ line: 800 }] } },
      {
        recordings: { enabled: false, wait: 1800, retention: 90, max_bytes: 268435456, except: [{ line: "800" }] },
      },
    ],
    ["a number of requests", { rpm: 60 }, { rpm: 60 }],
    ["an api, which may be plain http", { api: "http://pbx.test:9/v1/" }, { api: "http://pbx.test:9/v1" }],
    [
      "what only its provider has",
      { zadarma: { time_zone: "Europe/Kyiv" } },
      { settings: { time_zone: "Europe/Kyiv" } },
    ],
  ])("%s", (_, table, becomes) => {
    const { channels, faults } = read(table);
    expect(faults).toEqual([]);
    expect(channels.get("support")).toMatchObject(becomes);
  });
});

describe("a key does not take", () => {
  test.each<[title: string, table: object, key: string]>([
    ["no provider", { provider: undefined }, "provider"],
    ["an unknown provider", { provider: "acme" }, "provider"],
    ["a provider that is only a prototype's", { provider: "constructor" }, "provider"],
    ["a provider that is a list", { provider: ["zadarma"] }, "provider"],
    ["no system", { system: undefined }, "system"],
    ["a system that is no URL", { system: "help.example" }, "system"],
    ["a system in plain http", { system: "http://help.example" }, "system"],
    ["a system in plain http that only looks like this machine", { system: "http://localhost.example" }, "system"],
    ["a system with credentials", { system: "https://user:pass@help.example" }, "system"],
    ["a system below a path", { system: "https://help.example/api" }, "system"],
    ["a system with a query", { system: "https://help.example/?a=1" }, "system"],
    ["a system of another kind", { system: "ftp://help.example" }, "system"],
    ["a url with a fragment", { url: "https://hooks.example/#a" }, "url"],
    ["a url without a scheme", { url: "hooks.example" }, "url"],
    ["a country in small letters", { country: "ua" }, "country"],
    ["a country that is none", { country: "constructor" }, "country"],
    ["another delivery", { delivery: "queue" }, "delivery"],
    ["one line outside a list", { lines: "+380441234567" }, "lines"],
    ["an empty line", { lines: [""] }, "lines.0"],
    ["extensions that are no list", { extensions: "100-199" }, "extensions"],
    ["an extension that is a number", { extensions: ["100", "+380441234567"] }, "extensions.1"],
    ["an extension that is a name", { extensions: ["ann"] }, "extensions.0"],
    ["an extension that is no whole number", { extensions: [1.5] }, "extensions.0"],
    ["an extension below zero", { extensions: [-1] }, "extensions.0"],
    ["a range without an end", { extensions: ["100-"] }, "extensions.0"],
    ["a range that grows longer", { extensions: ["1-100"] }, "extensions.0"],
    ["a range that ends before it begins", { extensions: ["199-100"] }, "extensions.0"],
    ["an extension that is nothing", { extensions: [null] }, "extensions.0"],
    ["an assignment to nobody", { assign: [{ line: "800" }] }, "assign.0"],
    ["an assignment in two ways", { assign: [{ user_ids: ["1"], group_ids: ["7"] }] }, "assign.0"],
    ["an assignment to an empty list", { assign: [{ user_ids: [] }] }, "assign.0.user_ids"],
    ["an unknown condition", { assign: [{ user_ids: ["1"], phone: "1" }] }, "assign.0.phone"],
    ["another credit", { credit: "everyone" }, "credit"],
    ["little talk to ignore while it may still grow", { ignore: [{ shorter_than: 5 }] }, "ignore"],
    ["less than no talk", { delivery: "final", ignore: [{ shorter_than: 0 }] }, "ignore.0.shorter_than"],
    ["an unknown condition to ignore", { ignore: [{ line: "800", status: "missed" }] }, "ignore.0.status"],
    ["every call to ignore", { ignore: [{ line: "800" }, {}] }, "ignore.1"],
    ["a word for yes", { internal: "yes" }, "internal"],
    ["an unknown placeholder", { comment: "{secret}" }, "comment"],
    ["a placeholder that is only a prototype's", { comment: "{constructor}" }, "comment"],
    ["another form of arrays", { arrays: "json" }, "arrays"],
    ["an unknown key on recordings", { recordings: { keep: true } }, "recordings.keep"],
    ["a wait of less than nothing", { recordings: { wait: -1 } }, "recordings.wait"],
    ["an exception by phone", { recordings: { except: [{ line: "800", phone: "1" }] } }, "recordings.except.0.phone"],
    ["every call as an exception", { recordings: { except: [{}] } }, "recordings.except.0"],
    ["no requests at all", { rpm: 0 }, "rpm"],
    ["an api with credentials", { api: "https://key:secret@api.example" }, "api"],
    ["what another provider has", { twilio: {} }, "twilio"],
    ["what its provider does not have", { zadarma: { zone: "UTC" } }, "zadarma.zone"],
    ["a key of another name", { sytem: "https://help.example" }, "sytem"],
    ["a key that every object has", { constructor: "y" }, "constructor"],
  ])("%s", (_, table, key) => {
    const { channels, faults } = read(table);
    expect(faults.map((fault) => [fault.channel, fault.key])).toEqual([["support", key]]);
    expect([...channels.keys()]).toEqual([]);
  });
});

test("a channel reads numbers as its provider writes them", () => {
  expect(read({}).channels.get("support")?.numbers).toBe("international");
});

test.each([
  ["ann", 'must be an extension such as 8500, or a range such as "100-199" with as many digits in both'],
  [true, 'must be an extension such as 8500, or a range such as "100-199" with as many digits in both'],
  ["199-100", "is a range that ends before it begins. Write the lower one first"],
])("an extension that is %s is answered with what to write", (extension, problem) => {
  expect(read({ extensions: [extension] }).faults).toEqual([
    { variable: "CHANNELS", channel: "support", key: "extensions.0", problem },
  ]);
});

test("a key named after a prototype is unknown in JSON too", () => {
  const CHANNELS = `{"support": {"provider": "zadarma", "system": "https://help.example", "__proto__": {"rpm": 1}}}`;
  expect(faults({ CHANNELS, ...secrets })).toEqual([
    { variable: "CHANNELS", channel: "support", key: "__proto__", problem: "is no key that is known here" },
  ]);
});

describe("the channel as its provider sees it", () => {
  const account = (table: object, more: object = {}) => {
    const channel = read(table, more).channels.get("support");
    return channel && accountOf(channel, "https://worker.example");
  };

  test("was given the worker's own address", () => {
    expect(account({})?.hookUrl).toBe("https://worker.example/hooks/support");
  });

  test("was given the channel's url and its hook secret, made safe for a path", () => {
    const more = { SUPPORT_HOOK_SECRET: "a+b c" };
    expect(account({ url: "https://hooks.example/pbx" }, more)?.hookUrl).toBe(
      "https://hooks.example/pbx/hooks/support/a%2Bb%20c",
    );
  });

  test("has the channel's country and extensions", () => {
    const { country, extensions } = account({ country: "UA", extensions: ["100-199"] }) ?? {};
    expect({ country, extensions }).toEqual({ country: "UA", extensions: [{ from: "100", to: "199" }] });
    expect(account({})?.extensions).toBeUndefined();
  });

  test("has its secrets by their names without the prefix", () => {
    expect([...(account({})?.secrets ?? [])]).toEqual([
      ["ZADARMA_KEY", "zk"],
      ["ZADARMA_SECRET", "zs"],
    ]);
  });
});
