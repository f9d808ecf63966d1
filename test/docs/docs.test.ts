/** The documentation says what the code does: every key, column, secret, command and limit has its place there. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { placeholders } from "../../src/calls/comment.ts";
import { answerWaitMs, legWaitMs } from "../../src/calls/desired.ts";
import { channelTable, recordingDefaults, silenceDefault } from "../../src/config/channel.ts";
import { jurisdictions } from "../../src/config/jurisdiction.ts";
import { minHookSecretLength, minTokenLength } from "../../src/config/warnings.ts";
import { listing, maxListed } from "../../src/console/parameters.ts";
import { patienceMs, rememberedMs } from "../../src/console/standings.ts";
import { burst, perSecond } from "../../src/exchange/admission.ts";
import { giveUpAfterMs, maxWaitMs } from "../../src/exchange/backoff.ts";
import { maxWalked } from "../../src/exchange/finder.ts";
import { assumedLimit, blockMs, raiseMs, windowMs } from "../../src/exchange/governor.ts";
import { graceMs, maxRound, nextRoundMs, roundMs } from "../../src/exchange/housekeeping.ts";
import { doubtWaitMs, maxAsked } from "../../src/exchange/inquiries.ts";
import { askAfterMs, maxAliveMs, maxVain, vainWaitMs } from "../../src/exchange/inquiry.ts";
import { aliveMs, firstRequests } from "../../src/exchange/parts.ts";
import { maxReplayed } from "../../src/exchange/replays.ts";
import { migrations } from "../../src/exchange/schema.ts";
import { maxLostAttaches } from "../../src/exchange/settle.ts";
import { states } from "../../src/exchange/standing.ts";
import { maxEventsPerCall, maxMalformed } from "../../src/exchange/store.ts";
import { down, probeMs, rest } from "../../src/exchange/whole.ts";
import { maxBodyBytes as maxHookBytes } from "../../src/hooks/body.ts";
import { maxInquiryBytes } from "../../src/inquiries/inquire.ts";
import { providers } from "../../src/providers/index.ts";
import { zadarma } from "../../src/providers/zadarma.ts";
import { events as zadarmaEvents } from "../../src/providers/zadarma-events.ts";
import { maxResumes } from "../../src/recordings/download.ts";
import { limits } from "../../src/recordings/limits.ts";
import { fileTimeoutMs, formTimeoutMs } from "../../src/system/client.ts";
import { maxBodyBytes as maxAnswerBytes, maxKeptBytes } from "../../src/system/outcome.ts";
import { maxAheadMs, maxLateMs } from "../../src/verify/window.ts";

const root = join(import.meta.dirname, "..", "..");
const pages = ["README.md", "CHANGELOG.md", "SECURITY.md", ...globSync("docs/**/*.md", { cwd: root })].sort();

function page(name: string): string {
  return readFileSync(join(root, name), "utf8");
}

const everywhere = pages.map(page).join("\n");

/** What stands below a heading, down to the next one of its rank or above. */
function section(text: string, heading: string): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.replace(/^#+ /, "") === heading && line.startsWith("#"));
  if (start < 0) return "";
  const rank = rankOf(lines[start] ?? "");
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith("#") && rankOf(line) <= rank);
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join("\n");
}

function rankOf(heading: string): number {
  return /^#*/.exec(heading)?.[0].length ?? 0;
}

/** The table rows of `text` by what their first cell names; the formatter's padding is taken out. */
function rows(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => /^ *\| *`/.test(line));
  const cells = lines.map((line) => line.replace(/ +/g, " "));
  return new Map(
    cells.flatMap((row) => {
      const [first = ""] = row.replace(/^ *\|/, "").split(" |");
      return [...first.matchAll(/`([^`]+)`/g)].map(([, name = ""]): [string, string] => [name, row]);
    }),
  );
}

/** A zod schema as far as it is looked into here. */
interface Schema {
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly def: { readonly type: string; readonly innerType?: Schema; readonly element?: Schema };
}

/** The keys of the object that a schema is, or that its list holds; none for anything else. */
function keysOf(schema: Schema): string[] {
  const inner = schema.def.innerType ?? schema.def.element;
  return schema.shape ? Object.keys(schema.shape) : inner ? keysOf(inner) : [];
}

const channelKeys = channelTable as unknown as Schema;
const configuration = page("docs/configuration.md");

describe("configuration.md explains", () => {
  const keys = rows(section(configuration, "Keys").split("\n### ")[0] ?? "");

  test.each(keysOf(channelKeys))("the key %s", (key) => expect([...keys.keys()]).toContain(key));

  test.each([...providers.keys()])("where the table %s is explained", (name) =>
    expect(keys.get(name)).toContain(`providers/${name}.md`),
  );

  test("no key that is not there", () =>
    expect([...keys.keys()].sort()).toEqual([...keysOf(channelKeys), ...providers.keys()].sort()));

  test.each(Object.entries(channelKeys.shape ?? {}).filter(([, schema]) => keysOf(schema).length > 0))(
    "the keys of %s",
    (key, schema) => expect([...rows(section(configuration, key)).keys()].sort()).toEqual([...keysOf(schema)].sort()),
  );

  test.each(
    Object.entries(channelTable.parse({ provider: "twilio", system: "https://help.example" })).filter(
      ([key, value]) => !["provider", "system"].includes(key) && ["string", "boolean", "number"].includes(typeof value),
    ),
  )("the default of %s", (key, value) => expect(keys.get(key)).toMatch(new RegExp(`\\| \`${value}\` \\|$`)));

  test.each(Object.entries(recordingDefaults))("the default of recordings.%s", (key, value) =>
    expect(rows(section(configuration, "recordings")).get(key)).toContain(`| \`${value}\` |`),
  );

  test.each([...jurisdictions])("the jurisdiction %s", (name) =>
    expect(section(configuration, "Where the data lies")).toContain(`\`${name}\``),
  );

  test.each([...placeholders.keys()])("the placeholder {%s}", (name) =>
    expect([...rows(section(configuration, "comment")).keys()]).toContain(`{${name}}`),
  );
});

describe("each provider has a page", () => {
  const skeleton = [
    "What you need",
    "Connect",
    "Settings",
    "What is understood",
    "Recordings",
    "Authenticity and its limits",
    "What is not known",
  ];

  test("and no page is without a provider", () =>
    expect(globSync("docs/providers/*.md", { cwd: root }).sort()).toEqual(
      [...providers.keys()].map((name) => join("docs", "providers", `${name}.md`)).sort(),
    ));

  test.each([...providers.values()])("$name: of the same build, with its settings and secrets", (provider) => {
    const text = page(`docs/providers/${provider.name}.md`);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(skeleton);
    const documented = [...rows(section(text, "Settings")).keys()].sort();
    expect(documented).toEqual(keysOf(provider.settings as unknown as Schema).sort());
    const optional = "optional" in provider.secrets ? (provider.secrets.optional ?? []) : [];
    for (const name of [...provider.secrets.required, ...optional]) expect(text).toMatch(secretNamed(name));
  });

  test.each([...zadarmaEvents])("zadarma: the event %s and what its signature covers", (event, { covers }) => {
    const row = rows(section(page("docs/providers/zadarma.md"), "Authenticity and its limits")).get(event);
    const [, , fields = ""] = (row ?? "").split("|");
    expect([...fields.matchAll(/`([^`]+)`/g)].map(([, field]) => field)).toEqual(covers);
  });
});

describe("XML to paste is well-formed", () => {
  const blocks = pages.flatMap((name) =>
    [...page(name).matchAll(/^( *)```xml\n([\s\S]*?)^ *```$/gm)].map(([, , xml = ""]): [page: string, xml: string] => [
      name,
      xml,
    ]),
  );

  test("and there is some on each page that says what to do when we do not answer", () => {
    const bins = blocks
      .filter(([, xml]) => xml.includes("<?xml"))
      .map(([name, xml]) => [name, xml.replace(/^ +/gm, "")]);
    expect(bins.map(([name]) => name)).toEqual(["README.md", "docs/providers/twilio.md"]);
    expect(bins[0]?.[1]).toBe(bins[1]?.[1]);
  });

  test.each(blocks)("%s: %s", (_, xml) => {
    const open: string[] = [];
    const rest = xml
      .replace(/^\s*<\?xml version="1.0" encoding="UTF-8"\?>/, "")
      .replaceAll("<worker>", "worker.example");
    const outside = rest.replace(
      /<(\/?)(\w+)((?:\s+\w+="[^"<&]*(?:&amp;[^"<&]*)*")*)\s*(\/?)>/g,
      (_, ends, name, __, empty) => {
        if (ends) expect(open.pop()).toBe(name);
        else if (!empty) open.push(name);
        return "";
      },
    );
    expect(open).toEqual([]);
    expect(outside).not.toMatch(/[<>&]/);
  });
});

/** A secret's name, of whichever channel. */
function secretNamed(name: string): RegExp {
  return new RegExp(`\\b[A-Z][A-Z0-9_]*_${name}\\b`);
}

describe("every secret", () => {
  const names = [
    ...["CHANNEL_KEY", "SYSTEM_AUTH", "HOOK_SECRET"],
    ...[...providers.values()].flatMap(({ secrets }) => [...secrets.required, ...(secrets.optional ?? [])]),
  ];

  test.each(names)("%s is explained, and the README says how to set it", (name) => {
    expect([...rows(section(configuration, "Secrets")).keys()]).toContain(`SUPPORT_${name}`);
    expect(page("README.md")).toMatch(new RegExp(`npx wrangler secret put [A-Z_]+_${name}\\b`));
  });
});

describe("storage.md explains", () => {
  const storage = page("docs/storage.md");
  const tables = [...migrations.join("\n").matchAll(/CREATE TABLE (\w+) \(([\s\S]*?)\) STRICT/g)];
  const columnsOf = (definition: string) =>
    [...definition.matchAll(/(?:^|,)\s*([a-z_]+) (?:TEXT|INTEGER|REAL|BLOB)/g)].map(([, column = ""]) => column);

  test("all tables and no others", () =>
    expect([...section(storage, "Tables").matchAll(/^### `(\w+)`$/gm)].map(([, table]) => table).sort()).toEqual(
      ["version", ...tables.map(([, table]) => table)].sort(),
    ));

  const added = [...migrations.join("\n").matchAll(/ALTER TABLE (\w+) ADD COLUMN (\w+)/g)];
  const addedTo = (to: string) => added.flatMap(([, table, column = ""]) => (table === to ? column : []));

  test.each(
    tables.map(([, table = "", definition = ""]) => [table, [...columnsOf(definition), ...addedTo(table)]] as const),
  )("the columns of %s", (table, columns) => {
    expect(columns.length).toBeGreaterThan(0);
    expect([...rows(section(storage, `\`${table}\``)).keys()].filter((name) => /^[a-z_]+$/.test(name))).toEqual(
      expect.arrayContaining([...columns]),
    );
  });
});

describe("operator.md explains", () => {
  const operator = page("docs/operator.md");

  test("each parameter of a list, and no other", () =>
    expect([...rows(section(operator, "Find calls")).keys()].filter((name) => name in listing.shape).sort()).toEqual(
      Object.keys(listing.shape).sort(),
    ));

  test.each(states)("that deliveries may be %s", (state) =>
    expect([...rows(section(operator, "Whether all is well")).keys()]).toContain(state),
  );
});

describe("storage.md names", () => {
  const made = [...migrations.join("\n").matchAll(/(CREATE|DROP) INDEX (calls_\w+)/g)];
  // Which are left, once all that was made and dropped is done in order.
  const indexes = made.reduce((left, [, what, name = ""]) => {
    if (what === "CREATE") left.add(name);
    else left.delete(name);
    return left;
  }, new Set<string>());

  test("each index of calls", () =>
    expect(
      [...rows(section(page("docs/storage.md"), "`calls`")).keys()].filter((name) => name.startsWith("calls_")).sort(),
    ).toEqual([...indexes].sort()));
});

describe("delivery.md owns up to", () => {
  const sources = globSync("src/**/*.ts", { cwd: root }).filter((file) => page(file).includes("Assumed:"));
  const assumptions = section(page("docs/delivery.md"), "What we assume of the system");

  test.each(sources)("the assumption in %s", (file) =>
    expect([...rows(assumptions).keys()]).toContain(file.replaceAll("\\", "/")),
  );

  test("no assumption that is not made", () =>
    expect([...rows(assumptions).keys()].filter((name) => name.startsWith("src/")).sort()).toEqual(sources.sort()));
});

describe("numbers are the code's", () => {
  const minute = 60_000;

  test.each<[page: string, says: string]>([
    ["README.md", `tried again for ${giveUpAfterMs / (60 * minute)} hours`],
    ["README.md", `asked for ${recordingDefaults.wait / 60} minutes more`],
    ["docs/configuration.md", `| ${maxHookBytes / 1024} KiB;`],
    ["docs/configuration.md", `| \`HOOK_SECRET\` of fewer than ${minHookSecretLength} characters |`],
    ["docs/configuration.md", `| \`CONSOLE_TOKEN\` of fewer than ${minTokenLength} characters |`],
    ["docs/operator.md", `Set a token of ${minTokenLength} characters or more`],
    ["docs/configuration.md", `| ${maxEventsPerCall};`],
    ["docs/configuration.md", `| ${limits.maxBytes / 1024 ** 3} GiB |`],
    ["docs/operator.md", `more than ${burst} webhooks at once, or more than ${perSecond} a second`],
    ["docs/operator.md", `the newest ${maxReplayed} of a system`],
    ["docs/operator.md", `how many to a page, ${maxListed} at most`],
    ["docs/operator.md", `told on for ${rememberedMs / 1000} seconds`],
    ["docs/operator.md", `within ${patienceMs / 1000} seconds`],
    ["docs/storage.md", `up to ${maxWalked} calls of a channel at once`],
    ["docs/security.md", `more than ${burst} at once, or ${perSecond} a second on and on`],
    ["docs/storage.md", `Up to ${maxEventsPerCall} different events`],
    ["docs/storage.md", `The newest ${maxMalformed}.`],
    [
      "docs/storage.md",
      `in rounds, ${roundMs / minute === 10 ? "ten" : "?"} minutes apart at least, of up to ${maxRound} calls`,
    ],
    ["docs/storage.md", `${graceMs / (24 * 60 * minute) === 7 ? "seven" : "?"} days at least since it was owed`],
    [
      "docs/delivery.md",
      `after ${askAfterMs.ringing / minute} minutes of ringing and after ${askAfterMs["in-progress"] / minute} of talk`,
    ],
    ["docs/storage.md", `the next round follows after ${nextRoundMs / 1000} seconds`],
    ["docs/delivery.md", `After ${giveUpAfterMs / (60 * minute)} hours without success`],
    ["docs/delivery.md", `from 2 seconds to ${maxWaitMs === 60 * minute ? "an hour" : "?"}`],
    ["docs/delivery.md", `otherwise for ${blockMs / minute} minutes`],
    ["docs/delivery.md", `it is taken to be ${assumedLimit}.`],
    ["docs/delivery.md", `a sliding minute of ${windowMs / 1000} seconds`],
    [
      "docs/delivery.md",
      `A limit above ${assumedLimit} counts once it was told for ${raiseMs / minute === 10 ? "ten" : "?"} minutes`,
    ],
    ["docs/delivery.md", `first tries of ${down.calls} calls`],
    [
      "docs/delivery.md",
      `${down.waitMs[0] / 1000} seconds apart at first, doubling up to ${down.waitMs[1] === minute ? "a minute" : "?"}`,
    ],
    ["docs/delivery.md", `first tries of ${rest.calls} of its calls`],
    [
      "docs/delivery.md",
      `${rest.waitMs[0] / 1000} seconds apart at first, doubling up to ${rest.waitMs[1] / minute} minutes`,
    ],
    ["docs/delivery.md", `one at a time, ${probeMs / 1000} seconds apart`],
    ["docs/delivery.md", `in the last ${aliveMs / minute} minutes`],
    ["docs/delivery.md", `For each of the others ${firstRequests === 10 ? "ten" : "?"} requests are kept`],
    ["docs/delivery.md", `within ${formTimeoutMs / 1000} seconds (with a file: ${fileTimeoutMs / minute} minutes)`],
    ["docs/delivery.md", `After ${maxLostAttaches} such tries`],
    ["docs/delivery.md", `up to ${maxResumes} times`],
    ["docs/delivery.md", `${limits.answerMs / 1000} seconds to begin its answer`],
    ["docs/delivery.md", `silent for ${limits.stallMs / 1000} seconds`],
    ["docs/delivery.md", `${limits.totalMs / minute} minutes for all of it`],
    ["docs/delivery.md", `${maxAnswerBytes / 1024} KiB are read at most`],
    ["docs/delivery.md", `${maxKeptBytes / 1024} KiB are kept`],
    ["docs/storage.md", `${maxKeptBytes / 1024} KiB of its answer`],
    [
      "docs/delivery.md",
      `after as long as before: ${askAfterMs.ringing / minute} minutes, or an hour. After ${maxAliveMs / (60 * minute)} hours of that`,
    ],
    [
      "docs/delivery.md",
      `Asks again after ${vainWaitMs / minute} minutes. After ${maxVain === 3 ? "three" : "?"} times`,
    ],
    ["docs/delivery.md", `Up to ${maxAsked} calls of a channel are asked after at once`],
    ["docs/delivery.md", `${doubtWaitMs === 1_500 ? "a second and a half" : "?"} later, and the end is told`],
    ["docs/delivery.md", `after ${answerWaitMs / 1000} seconds at most`],
    ["docs/delivery.md", `all legs that are known of are over, waits for ${legWaitMs / 1000} seconds`],
    ["docs/delivery.md", `100 requests a minute are used up to ${zadarma.perMinute.all}`],
    ["docs/delivery.md", `${zadarma.ringWait.quietMs === 500 ? "half a second" : "?"} went by without a further ring`],
    ["docs/security.md", `read up to ${maxInquiryBytes / 1024 ** 2} MiB`],
    ["docs/reliability.md", `(${silenceDefault} minutes)`],
    ["docs/reliability.md", `the newest ${maxMalformed}.`],
    ["docs/reliability.md", `For ${giveUpAfterMs / (60 * minute)} hours each call is tried`],
    ["docs/reliability.md", `asked for ${recordingDefaults.wait / 60} minutes after the call`],
    ["docs/reliability.md", `otherwise for ${blockMs / minute} minutes`],
    ["docs/security.md", `A call has ${maxEventsPerCall} events at most, the malformed webhooks ${maxMalformed} rows`],
    ["docs/security.md", `longer ago than ${maxLateMs / (60 * minute)} hours is refused`],
    ["docs/security.md", `more than ${maxAheadMs / (60 * minute)} hours to come`],
    ["docs/providers/twilio.md", `more than ${maxLateMs / (60 * minute)} hours ago`],
    ["docs/security.md", `Bodies end at ${maxHookBytes / 1024} KiB`],
    ["docs/security.md", `of which ${maxAnswerBytes / 1024} KiB are read`],
  ])("%s: %s", (name, says) => expect(page(name).replace(/\s+/g, " ")).toContain(says));
});

describe("plans.md reckons with what was measured", () => {
  const plans = page("docs/plans.md");
  const [, rows = 0, , requests = 0, forgotten = 0] =
    /^\| Twilio: answered, recorded +(\|.*)\|$/m.exec(plans)?.[1]?.split("|").slice(1).map(Number) ?? [];
  const all = rows + forgotten;
  const limits: [row: string, most: number, each: number][] = [
    ["rows written", 100_000, all],
    ["requests to objects", 100_000, requests],
  ];

  test.each(limits)("%s", (row, most, each) => {
    expect(plans).toContain(`calls of ${all} rows`);
    const [, , , calls = ""] =
      plans
        .split("\n")
        .find((line) => line.startsWith(`| ${row} `))
        ?.split("|") ?? [];
    expect(Number(calls.replace(/[^0-9]/g, "")) / (most / each)).toBeCloseTo(1, 1);
  });

  test("and leaves a third to spare", () => {
    const advised = Number(/Up to (\d+) calls a day/.exec(plans)?.[1]);
    expect(advised * all).toBeLessThan((100_000 * 2) / 3);
    expect(page("README.md").replace(/\s+/g, " ")).toContain(`The free plan does for some ${advised} calls a day`);
  });
});

describe("reliability.md names tests that are there", () => {
  const text = page("docs/reliability.md");
  const named = [...text.matchAll(/\]\(\.\.\/(test\/[^)]+)\)((?:,? "[^"]+")+)/g)].flatMap(
    ([, file = "", titles = ""]) =>
      [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]): [file: string, title: string] => [file, title]),
  );

  test.each(named)("%s: %s", (file, title) => expect(page(file)).toContain(title));

  test("in each row, or says that there is none", () => {
    const shown = text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (what fails|---)/.test(line));
    expect(shown.length).toBeGreaterThan(20);
    expect(shown.filter((row) => !/test\/[^)]+\) "[^|]+\|$|\| none +\|$/.test(row))).toEqual([]);
  });
});

describe("commands", () => {
  const scripts = Object.keys((JSON.parse(page("package.json")) as { scripts: object }).scripts);
  const spoken = (script: string) => (["start", "test"].includes(script) ? `npm ${script}` : `npm run ${script}`);
  const mentioned = [...everywhere.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map(([, script = ""]) => script);

  test.each(scripts)("%s is mentioned", (script) => expect(everywhere).toContain(spoken(script)));

  test.each([...new Set(mentioned)])("npm run %s is there", (script) => expect(scripts).toContain(script));
});

describe("links lead somewhere", () => {
  const links = pages.flatMap((name) =>
    [...page(name).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target): [page: string, target: string] => [name, target]),
  );

  /** A heading's anchor, as GitHub makes it. */
  const anchor = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-");

  test.each(links)("%s: %s", (name, target) => {
    const [path = "", fragment] = target.split("#");
    const file = path === "" ? name : relative(root, join(root, dirname(name), path));
    expect(existsSync(join(root, file))).toBe(true);
    if (fragment === undefined) return;
    expect([...page(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchor(heading))).toContain(fragment);
  });
});
