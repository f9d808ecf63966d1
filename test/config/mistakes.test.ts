/** What people write, and what they are told: where it is, what is wrong, what to write. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelTable } from "../../src/config/channel.ts";
import { parseConfiguration, readConfiguration } from "../../src/config/channels.ts";
import { spoken } from "../../src/config/faults.ts";
import { readJson } from "../../src/config/json-text.ts";
import { nearest } from "../../src/config/nearest.ts";
import { live, local } from "../../src/config/where.ts";

const zadarma = { provider: "zadarma", system: "https://help.acme.test" };
const twilio = { ...zadarma, provider: "twilio" };
const secrets = {
  SUPPORT_CHANNEL_KEY: "channel-key",
  SUPPORT_HOOK_SECRET: "a-long-hook-secret",
  SUPPORT_ZADARMA_KEY: "zk",
  SUPPORT_ZADARMA_SECRET: "zs",
  SUPPORT_TWILIO_ACCOUNT_SID: "AC1",
  SUPPORT_TWILIO_AUTH_TOKEN: "token",
};

type Table = Readonly<Record<string, unknown>>;

function told(env: object) {
  const { faults, warnings } = readConfiguration(env);
  return { faults: faults.map(spoken), warnings: warnings.map(spoken) };
}

describe("a channel's key", () => {
  const isUnknown = "is no key that is known here";
  const onNumbers = "must be a number. Write";

  test.each<[written: string, table: Table, said: string]>([
    ['contry = "PL"', { contry: "PL" }, `contry: ${isUnknown}. Did you mean country?`],
    ["Recordings = {}", { Recordings: {} }, `Recordings: ${isUnknown}. Did you mean recordings?`],
    ['provider = "Zadarma"', { provider: "Zadarma" }, 'provider: must be one of: "twilio", "zadarma". Write "zadarma"'],
    ['provider = "acme"', { provider: "acme" }, 'provider: must be one of: "twilio", "zadarma"'],
    ["no provider", { provider: undefined }, 'provider: is missing. Write one of: "twilio", "zadarma"'],
    ["no system", { system: undefined }, 'system: is missing. Write system = "https://<your helpdesk>"'],

    ['country = "UK"', { country: "UK" }, 'country: must be an ISO 3166 code of two capitals, such as UA. Write "GB"'],
    ['country = "pl"', { country: "pl" }, 'country: must be an ISO 3166 code of two capitals, such as UA. Write "PL"'],
    [
      'country = "Poland"',
      { country: "Poland" },
      'country: must be an ISO 3166 code of two capitals, such as UA. Write "PL"',
    ],
    [
      'country = "USA"',
      { country: "USA" },
      'country: must be an ISO 3166 code of two capitals, such as UA. Write "US"',
    ],
    [
      'country = "+48"',
      { country: "+48" },
      'country: must be an ISO 3166 code of two capitals, such as UA. Write "PL"',
    ],
    ['country = "+1"', { country: "+1" }, "country: must be an ISO 3166 code of two capitals, such as UA"],
    [
      'country = "Ukrain"',
      { country: "Ukrain" },
      'country: must be an ISO 3166 code of two capitals, such as UA. Write "UA"',
    ],
    ["delivery = false", { delivery: false }, 'delivery: must be one of "live", "final", "off". Did you mean "off"?'],
    [
      "a secret by its whole name",
      { SUPPORT_ZADARMA_SECRET: "k" },
      `SUPPORT_ZADARMA_SECRET: ${isUnknown}. It is a secret and does not stand here: set SUPPORT_ZADARMA_SECRET`,
    ],
    [
      "a secret without its PBX's name, among the PBX's keys",
      { zadarma: { secret: "k" } },
      `zadarma.secret: ${isUnknown}. It is a secret and does not stand here: set SUPPORT_ZADARMA_SECRET`,
    ],
    ["country = 48", { country: 48 }, 'country: must be a text. Write two letters in quotes, such as "PL"'],

    [
      "a PBX's key one table too high",
      { time_zone: "Europe/Warsaw" },
      `time_zone: ${isUnknown}. It belongs to [vars.CHANNELS.support.zadarma]`,
    ],
    [
      "a PBX's key one table too high, and misspelt",
      { timezone: "Europe/Warsaw" },
      `timezone: ${isUnknown}. Did you mean time_zone? It belongs to [vars.CHANNELS.support.zadarma]`,
    ],
    [
      "a key of recordings one table too high",
      { retention: 30 },
      `retention: ${isUnknown}. It belongs to [vars.CHANNELS.support.recordings]`,
    ],
    [
      "a channel's key below the heading of its PBX",
      { zadarma: { country: "PL" } },
      `zadarma.country: ${isUnknown}. It belongs to [vars.CHANNELS.support], above the headings of its other tables`,
    ],
    [
      "another PBX's key",
      { forward: ["client:ann"] },
      `forward: ${isUnknown}. It is a key of twilio's table, and this channel's provider is another`,
    ],
    ["another PBX's table", { twilio: {} }, `twilio: ${isUnknown}. It belongs to a channel whose provider is "twilio"`],
    [
      "a secret",
      { channel_key: "k" },
      `channel_key: ${isUnknown}. It is a secret and does not stand here: set SUPPORT_CHANNEL_KEY`,
    ],

    [
      "a system without its scheme",
      { system: "help.acme.test" },
      "system: must be https://<system_domain>. Begin with https://",
    ],
    [
      "a system in plain http",
      { system: "http://help.acme.test" },
      "system: must be https://<system_domain>. Begin with https://",
    ],
    [
      "a system with the path of its API",
      { system: "https://help.acme.test/api/v1" },
      "system: must be https://<system_domain>. Leave out the path",
    ],
    [
      "a system with a page's query",
      { system: "https://help.acme.test/?page=1" },
      "system: must be https://<system_domain>. Leave out what follows the ? or #",
    ],
    [
      "a url without its scheme",
      { url: "hooks.acme.test" },
      "url: must be the public base URL of this worker, such as https://hooks.example.com. Begin with https://",
    ],

    [
      'recordings.wait = "30m"',
      { recordings: { wait: "30m" } },
      `recordings.wait: ${onNumbers} seconds as a bare number: 30 minutes are 1800`,
    ],
    [
      'recordings.retention = "90 days"',
      { recordings: { retention: "90 days" } },
      `recordings.retention: ${onNumbers} days as a bare number: three months are 90`,
    ],
    [
      'recordings.max_bytes = "256MB"',
      { recordings: { max_bytes: "256MB" } },
      `recordings.max_bytes: ${onNumbers} bytes as a bare number: 256 MiB are 268435456`,
    ],
    ['silence = "4h"', { silence: "4h" }, `silence: ${onNumbers} minutes as a bare number: four hours are 240`],
    ["silence = 1.5", { silence: 1.5 }, "silence: must be a whole number. It counts minutes: four hours are 240"],
    ['rpm = "60"', { rpm: "60" }, `rpm: ${onNumbers} requests a minute as a bare number: 60 for one a second`],
    ["rpm = 0", { rpm: 0 }, "rpm: must be at least 1. It counts requests a minute: 60 for one a second"],

    [
      "recordings = false",
      { recordings: false },
      "recordings: must be a table. Write recordings = { enabled = false }",
    ],
    ["recordings = true", { recordings: true }, "recordings: must be a table. Leave it out: they are on"],
    ['internal = "yes"', { internal: "yes" }, "internal: must be true or false. Write true or false, without quotes"],
    ["one line", { lines: "+48221234567" }, 'lines: must be a list. Write lines = ["..."], also for a single one'],
    ["one rule", { assign: { user_ids: [1] } }, "assign: must be a list. Write assign = [{ ... }]"],
    [
      'delivery = "Final"',
      { delivery: "Final" },
      'delivery: must be one of "live", "final", "off". Did you mean "final"?',
    ],
    [
      'credit = "longets"',
      { credit: "longets" },
      'credit: must be one of "last", "first", "longest". Did you mean "longest"?',
    ],
    [
      'direction = "inbound"',
      { ignore: [{ direction: "inbound" }] },
      'ignore.0.direction: must be one of "incoming", "outgoing". Did you mean "incoming"?',
    ],
    [
      'comment = "{lines}"',
      { comment: "{lines}" },
      "comment: has an unknown placeholder; there are {agent}, {direction}, {duration}, {line}, {note}, {phone}, {status}. Did you mean {line}?",
    ],
    [
      'time_zone = "Warsaw"',
      { zadarma: { time_zone: "Warsaw" } },
      'zadarma.time_zone: must be a time zone such as Europe/Warsaw or UTC+3. Did you mean "Europe/Warsaw"?',
    ],
  ])("%s", (_, table, said) => {
    const { faults } = told({ CHANNELS: { support: { ...zadarma, ...table } }, ...secrets });
    expect(faults).toEqual([`CHANNELS, channel "support", ${said}`]);
  });

  test("of Twilio's: an address without its scheme", () => {
    const CHANNELS = { support: { ...twilio, twilio: { redirect: "acme.test/voice" } } };
    expect(told({ CHANNELS, ...secrets }).faults).toEqual([
      'CHANNELS, channel "support", twilio.redirect: must be an https URL. Begin with https://',
    ]);
  });
});

describe("what stands where only channels stand", () => {
  test.each<[written: string, env: object, said: string]>([
    [
      "keys right below [vars.CHANNELS]",
      { CHANNELS: zadarma },
      'CHANNELS, provider, system: stands right below [vars.CHANNELS], where only channels stand. Name the channel: [vars.CHANNELS.<name>], in JSON {"<name>": {...}}',
    ],
    [
      "a variable in small letters",
      { channels: { support: zadarma } },
      "CHANNELS: no channel is configured. Write CHANNELS instead of channels",
    ],
    [
      "a name with capitals",
      { CHANNELS: { Support: zadarma } },
      'CHANNELS, channel "Support", name: must match ^[a-z][a-z0-9-]{0,30}$. Write support',
    ],
    [
      "a name with an underscore",
      { CHANNELS: { acme_eu: zadarma } },
      'CHANNELS, channel "acme_eu", name: must match ^[a-z][a-z0-9-]{0,30}$. Write acme-eu',
    ],
  ])("%s", (_, env, said) => expect(told(env).faults).toEqual([said]));

  test("a name that must change hides nothing else that is wrong with its channel", () =>
    expect(told({ CHANNELS: { Support: { ...zadarma, contry: "PL" } } }).faults).toEqual([
      'CHANNELS, channel "Support", name: must match ^[a-z][a-z0-9-]{0,30}$. Write support',
      'CHANNELS, channel "Support", contry: is no key that is known here. Did you mean country?',
    ]));
});

describe("JSON is shown where it breaks", () => {
  test.each<[mistake: string, text: string, said: string]>([
    [
      "a comma at the end",
      '{"support": {"provider": "zadarma",}}',
      "line 1, column 36: there is a comma too many before it",
    ],
    [
      "a comma that is missing",
      '{"support": {"rpm": 1\n "silence": 2}}',
      "line 2, column 2: a comma is missing before it",
    ],
    ["single quotes", "{'support': {}}", 'line 1, column 2: texts stand in straight double quotes, "..."'],
    ["keys without quotes", "{support: {}}", "line 1, column 2: keys stand in double quotes"],
    ["the end cut off", '{"support": {', "line 1, column 14: it ends before it is complete"],
    [
      "a text without end",
      '{"support": {"provider": "zad}}',
      "line 1, column 26: the text that begins here has no end, or a line break in it",
    ],
    ["TOML's equals sign", '{"support" = {}}', "line 1, column 12: JSON has : between a key and its value"],
    ["a comment", '{"support": {}} // ours', "line 1, column 17: JSON has no comments"],
    [
      "a word",
      '{"support": {"internal": yes}}',
      "line 1, column 26: texts stand in double quotes, and true, false and null are written small",
    ],
    ["no colon", '{"support" {}}', "line 1, column 12: a : is missing before it"],
    ["a mark that an editor left", "\ufeff{}", "line 1, column 1: a mark that is not seen stands before it (BOM)"],
    ["nothing", "", "line 1, column 1: it is empty"],
  ])("%s", (_, CHANNELS, said) =>
    expect(told({ CHANNELS }).faults).toEqual([
      `CHANNELS: must be a table of channels, or the same as a JSON object. As JSON it breaks at ${said}`,
    ]),
  );
});

describe("a warning, and the channel works", () => {
  const blank = "has a blank or a line break inside. Set it again, in one line";

  test.each<[written: string, table: Table, more: object, said: string]>([
    [
      "README's helpdesk",
      { system: "https://help.example.com" },
      {},
      `channel "support", system: is the documentation's example. Write the address of your helpdesk`,
    ],
    [
      "a webhook's URL as url",
      { url: "https://hooks.acme.test/hooks/support" },
      {},
      `channel "support", url: is a webhook's URL, and /hooks/... is added to it once more. Write what stands before /hooks`,
    ],
    [
      "an API in plain http",
      { api: "http://pbx.acme.test" },
      {},
      `channel "support", api: goes over plain http, where anybody on the way reads the PBX's secrets. Begin with https://`,
    ],
    [
      "a channel's key with the address before it",
      {},
      { SUPPORT_CHANNEL_KEY: "api/channels/k" },
      `channel "support", SUPPORT_CHANNEL_KEY: holds a /, which no key does. Take only the last part of the channel's API address`,
    ],
    [
      "a secret in two lines",
      {},
      { SUPPORT_ZADARMA_KEY: "zk\nzk" },
      `channel "support", SUPPORT_ZADARMA_KEY: ${blank}`,
    ],
    [
      "a secret of a misspelt channel",
      {},
      { SUPORT_HOOK_SECRET: "a-long-hook-secret" },
      "SUPORT_HOOK_SECRET: belongs to no channel. Did you mean SUPPORT_HOOK_SECRET?",
    ],
    [
      "a misspelt secret of a channel",
      {},
      { SUPPORT_SYSTEM_ATUH: "a:b" },
      "SUPPORT_SYSTEM_ATUH: belongs to no channel. Did you mean SUPPORT_SYSTEM_AUTH?",
    ],
    [
      "a secret without its channel's name",
      {},
      { CHANNEL_KEY: "k" },
      "CHANNEL_KEY: belongs to no channel. Did you mean SUPPORT_CHANNEL_KEY?",
    ],
    [
      "a secret in quotes",
      {},
      { SUPPORT_CHANNEL_KEY: '"channel-key"' },
      'channel "support", SUPPORT_CHANNEL_KEY: stands in quotes, which are taken for a part of it. Set it without',
    ],
    [
      "a variable of the Worker that is misspelt",
      {},
      { JURISDICTON: "eu" },
      "JURISDICTON: the variable is not read. Did you mean JURISDICTION?",
    ],
    [
      "README's own address",
      { url: "https://hooks.example.com" },
      {},
      `channel "support", url: is the documentation's example. Write this Worker's address, or leave it out`,
    ],
    [
      "a secret of a channel that is gone",
      {},
      { BERLIN_CHANNEL_KEY: "k" },
      "BERLIN_CHANNEL_KEY: belongs to no channel. Delete it, or add the channel",
    ],
    [
      "a hook secret that is short",
      {},
      { SUPPORT_HOOK_SECRET: "short" },
      'channel "support", SUPPORT_HOOK_SECRET: has fewer than 16 characters and could be found by trying. Take a longer one, also in the PBX',
    ],
    [
      "a console token that is short",
      {},
      { CONSOLE_TOKEN: "short" },
      "CONSOLE_TOKEN: has fewer than 16 characters and could be found by trying: /api stays closed. Set a longer one",
    ],
    [
      "Zadarma with nothing but its signature",
      {},
      { SUPPORT_HOOK_SECRET: undefined },
      'channel "support", SUPPORT_HOOK_SECRET: Zadarma signs little of a webhook, so that one who saw one can forge others. Set SUPPORT_HOOK_SECRET, or zadarma.sources',
    ],
    [
      "a variable that is almost called so",
      {},
      { CHANELS: { sales: zadarma } },
      "CHANELS: the variable is not read. Did you mean CHANNELS, or CHANNELS_<ANYTHING>?",
    ],
    [
      "an assignment below one that fits every call",
      { assign: [{ user_ids: [1] }, { line: "800", user_ids: [2] }] },
      {},
      'channel "support", assign.1: never gets a turn: whatever it fits, rule 1 fits before. Put it above that',
    ],
    [
      "an assignment below one of more lines",
      {
        assign: [
          { line: "+4822*", user_ids: [1] },
          { line: "+48221234567", direction: "incoming", user_ids: [2] },
        ],
      },
      {},
      'channel "support", assign.1: never gets a turn: whatever it fits, rule 1 fits before. Put it above that',
    ],
    [
      "a rule for hidden numbers",
      { ignore: [{ phone: "anonymous" }] },
      {},
      'channel "support", ignore.0.phone: fits no call: a hidden number fits no rule. Leave the rule out',
    ],
    [
      "a regular expression",
      { recordings: { except: [{ line: "^\\\\+4822.*" }] } },
      {},
      'channel "support", recordings.except.0.line: fits no call: a rule is no regular expression. Write how the number begins, and *',
    ],
    [
      "a pattern with a star inside",
      { ignore: [{ phone: "+1*00" }] },
      {},
      'channel "support", ignore.0.phone: fits no call: a * counts only at the end. Write what stands before it, and *',
    ],
  ])("%s", (_, table, more, said) => {
    const env = { CHANNELS: { support: { ...zadarma, ...table } }, ...secrets, ...more };
    expect(told(env)).toEqual({ faults: [], warnings: [said] });
    expect([...readConfiguration(env).channels.keys()]).toEqual(["support"]);
  });

  test("a channel that stands twice in one JSON text", () => {
    const one = `"support": ${JSON.stringify(zadarma)}`;
    expect(told({ CHANNELS: `{${one}, ${one}}`, ...secrets })).toEqual({
      faults: [],
      warnings: [
        'CHANNELS, channel "support", (table): the channel stands twice in this JSON text, and only the last is read. Leave one of them out',
      ],
    });
  });

  test("two channels of one system with one key", () => {
    const sales = {
      SALES_TWILIO_ACCOUNT_SID: "AC1",
      SALES_TWILIO_AUTH_TOKEN: "token",
      SALES_CHANNEL_KEY: "channel-key",
    };
    const env = { CHANNELS: { support: zadarma, sales: twilio }, ...secrets, ...sales };
    expect(told(env)).toEqual({
      faults: [],
      warnings: [
        'channel "sales", SALES_CHANNEL_KEY: is the key of channel "support" too: both become one channel of the helpdesk. Give each its own',
      ],
    });
    const elsewhere = { ...env, CHANNELS: { support: zadarma, sales: { ...twilio, system: "https://other.test" } } };
    expect(told(elsewhere).warnings).toEqual([]);
  });
});

test("no warning where there is no reason for one", () => {
  const assign = [{ line: "+4822*", user_ids: [1] }, { direction: "incoming", user_ids: [2] }, { user_ids: [3] }];
  const table = {
    ...zadarma,
    assign,
    // As calls/rules.ts reads them.
    ignore: [{ phone: "+1 (900) 55-5*" }, { phone: "0048 22*" }, { phone: "+1900*" }],
    url: "https://acme.test/pbx",
    api: "http://[::1]:9",
  };
  const more = {
    CONSOLE_TOKEN: " 0123456789abcdef\n",
    SUPPORT_ZADARMA_SECRET: "new, old",
    SUPPORT_SYSTEM_AUTH: "a@b:c",
  };
  expect(told({ CHANNELS: { support: table }, ...secrets, ...more, EXCHANGE: {}, OTHER: "x" })).toEqual({
    faults: [],
    warnings: [],
  });
});

test("a key in PEM has line breaks", () => {
  const pem = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
  expect(told({ CHANNELS: { support: zadarma }, ...secrets, SUPPORT_ZADARMA_KEY: pem }).warnings).toEqual([]);
});

test("all faults of a channel are named at once", () => {
  const table = {
    provider: "acme",
    system: "help.acme.test",
    contry: "PL",
    rpm: "60",
    assign: [{ line: "", user_ids: [1], group_ids: [2] }],
    ignore: [{ shorter_than: 5 }],
  };
  const keys = readConfiguration({ CHANNELS: { support: table } }).faults.map(({ key }) => key);
  expect(keys.sort()).toEqual(
    ["SUPPORT_CHANNEL_KEY", "assign.0", "assign.0.line", "contry", "ignore", "provider", "rpm", "system"].sort(),
  );
});

test("all faults of a channel whose PBX's name is misspelt too", () => {
  const table = { ...zadarma, provider: "Zadarma", zadarma: { time_zone: "Warsaw" } };
  const { SUPPORT_ZADARMA_KEY: _, ...others } = secrets;
  const keys = readConfiguration({ CHANNELS: { support: table }, ...others }).faults.map(({ key }) => key);
  expect(keys.sort()).toEqual(["SUPPORT_ZADARMA_KEY", "provider", "zadarma.time_zone"]);
});

test("all faults of a PBX's table too", () => {
  const table = { ...twilio, twilio: { redirect: "https://acme.test/", forward: ["client:ann"], ring_seconds: "30s" } };
  const keys = readConfiguration({ CHANNELS: { support: table }, ...secrets }).faults.map(({ key }) => key);
  expect(keys.sort()).toEqual(["twilio.forward", "twilio.ring_seconds"]);
});

test("whatever is configured is read to its end", () => {
  const keys = [...Object.keys(channelTable.shape), "zadarma", "twilio", "contry"];
  const table = fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.jsonValue(), fc.constantFrom("zadarma", "twilio")));
  const channels = fc.dictionary(
    fc.constantFrom("support", "sales", "Ä", "provider", "recordings"),
    fc.oneof(table, fc.jsonValue()),
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    channels.map((value) => JSON.stringify(value).slice(0, -1)),
  );
  fc.assert(
    fc.property(fc.oneof(channels, text, fc.jsonValue()), fc.jsonValue(), (CHANNELS, other) => {
      const { faults } = parseConfiguration({
        CHANNELS,
        channels: other,
        JURISDICTION: other,
        CONSOLE_TOKEN: other,
        ...secrets,
      });
      expect(faults.every(({ problem }) => problem !== "")).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test.each(["{}", " [1, -0.5e+3, true, null]\n", '{"a": {"b": "\\u00e9\\n"}}', '"x"'])(
  "the JSON %j is read as it is",
  (text) => expect(readJson(text)).toEqual({ value: JSON.parse(text), twice: [] }),
);

test("JSON breaks where it does, and nowhere else", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(), (text, cut) => {
      expect(readJson(text)).toMatchObject({ value: JSON.parse(text) });
      const broken = `${text.slice(0, cut % (text.length + 1))}\u0000`;
      expect(readJson(broken)).toMatchObject({ line: 1 + (broken.match(/\n/g)?.length ?? 0) });
    }),
  );
});

describe("what was meant", () => {
  test.each([
    ["contry", "country"],
    ["COUNTRY", "country"],
    ["ruels", undefined],
    ["counrty", "country"],
    ["max-bytes", "max_bytes"],
    ["x", undefined],
    ["countryside", undefined],
  ])("by %s is %s", (written, meant) => expect(nearest(written, ["country", "max_bytes", "rpm"])).toBe(meant));

  test("is the closest, and of several the first", () => {
    expect(nearest("SALES_CHANNEL_KE", ["SALEM_CHANNEL_KEY", "SALES_CHANNEL_KEY"])).toBe("SALES_CHANNEL_KEY");
    expect(nearest("lave", ["live", "love"])).toBe("live");
  });
});

describe("a secret that is missing is set where the Worker is", () => {
  const { SUPPORT_CHANNEL_KEY: _, ...others } = secrets;
  const env = { CHANNELS: { support: zadarma }, ...others };
  const missing = 'channel "support", SUPPORT_CHANNEL_KEY: the secret is missing.';

  test.each([
    ["on this machine", local, `${missing} Write SUPPORT_CHANNEL_KEY="..." into .dev.vars`],
    ["at Cloudflare", live([]), `${missing} Run: npx wrangler secret put SUPPORT_CHANNEL_KEY`],
    [
      "at Cloudflare, in an environment",
      live(["--env", "eu"]),
      `${missing} Run: npx wrangler secret put SUPPORT_CHANNEL_KEY --env eu`,
    ],
    [
      "wherever that is",
      undefined,
      `${missing} Run: npx wrangler secret put SUPPORT_CHANNEL_KEY; for wrangler dev write it into .dev.vars`,
    ],
  ])("%s", (_, where, said) => expect(parseConfiguration(env, where).faults.map(spoken)).toEqual([said]));

  test("and one that is almost called so is pointed at", () => {
    expect(told({ ...env, SUPPORT_CHANEL_KEY: "k" })).toEqual({
      faults: [expect.stringContaining(missing)],
      warnings: ["SUPPORT_CHANEL_KEY: belongs to no channel. Did you mean SUPPORT_CHANNEL_KEY?"],
    });
  });
});

describe("the jurisdiction", () => {
  const env = { CHANNELS: { support: zadarma }, ...secrets };

  test.each([
    ["EU", 'JURISDICTION: must be one of: "eu", "fedramp", "fedramp-high", "us". Write "eu"'],
    ["mars", 'JURISDICTION: must be one of: "eu", "fedramp", "fedramp-high", "us"'],
  ])("is not %s, and until that is mended nothing is kept", (JURISDICTION, said) => {
    const { channels, faults } = readConfiguration({ ...env, JURISDICTION });
    expect(faults.map(spoken)).toEqual([said]);
    expect([...channels.keys()]).toEqual([]);
  });

  test.each([undefined, "", " ", "eu", "us"])("may be %j", (JURISDICTION) =>
    expect(told({ ...env, JURISDICTION })).toEqual({ faults: [], warnings: [] }),
  );
});
