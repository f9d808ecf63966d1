/** What is answered without asking the Exchange, but how it stands: nothing else of it is bound here. */
import { describe, expect, test } from "vitest";
import type { Env } from "../../src/env.ts";
import { standingOf } from "../../src/exchange/standing.ts";
import { routes } from "../../src/routes.ts";

const table = { provider: "zadarma", system: "https://help.example" };
const EXCHANGE = { getByName: (system: string) => ({ standing: async () => standingOf(system, undefined, []) }) };
const configured = {
  EXCHANGE,
  CHANNELS: { support: table },
  SUPPORT_CHANNEL_KEY: "ck",
  SUPPORT_ZADARMA_KEY: "zk",
  SUPPORT_ZADARMA_SECRET: "zs",
};

async function ask(path: string, env: object): Promise<Response> {
  return routes(() => 0).request(path, {}, env as Env);
}

describe("a channel that is not known is answered", () => {
  test.each<[title: string, status: number, env: object]>([
    ["404 where all is configured well", 404, configured],
    ["404 where another channel is misconfigured", 404, { ...configured, SUPPORT_ZADARMA_KEY: "" }],
    ["503 where a variable of channels cannot be read: it may be there", 503, { ...configured, CHANNELS_EU: "{" }],
    ["503 where no channel is configured yet", 503, {}],
  ])("%s", async (_, status, env) => {
    const response = await ask("/hooks/other", env);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });
});

describe("a hook secret", () => {
  const secret = "5e cret+%2F~ü";
  const env = { ...configured, SUPPORT_HOOK_SECRET: secret };
  /** What Zadarma asks a new address, before it signs anything. */
  const challenged = (segment: string) => ask(`/hooks/support${segment}?zd_echo=hello`, env);

  test.each([
    ["as it stands in the webhook's URL", `/${encodeURIComponent(secret)}`],
    ["escaped otherwise", "/%35e%20cret+%252F%7E%c3%bc"],
    ["with paths below it", `/${encodeURIComponent(secret)}/more`],
  ])("is known %s", async (_, segment) => {
    const response = await challenged(segment);
    expect([response.status, await response.text()]).toEqual([200, "hello"]);
  });

  test("is known where it is no escaped text", async () => {
    const odd = { ...configured, SUPPORT_HOOK_SECRET: "100%" };
    expect((await ask("/hooks/support/100%?zd_echo=hello", odd)).status).toBe(200);
  });

  test.each([
    ["absent", ""],
    ["empty", "/"],
    ["another", "/other"],
    ["cut short", `/${encodeURIComponent(secret).slice(0, -1)}`],
    ["further down", `/other/${encodeURIComponent(secret)}`],
    ["escaped twice", `/${encodeURIComponent(encodeURIComponent(secret))}`],
  ])("is not known where it is %s", async (_, segment) => {
    expect((await challenged(segment)).status).toBe(403);
  });
});

/** A token that could be found by trying opens nothing. */
test.each([
  ["a short token", "operator-token", 404],
  ["a token with a blank at its end", "operators-own-token ", 401],
])("the API with %s", async (_, CONSOLE_TOKEN, status) => {
  expect((await ask("/api/calls", { ...configured, CONSOLE_TOKEN })).status).toBe(status);
});

describe("health", () => {
  test("is well where all is configured well", async () => {
    const response = await ask("/health", configured);
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: "ok", channels: 1, deliveries: "ok", warnings: 1 },
    ]);
  });

  test("tells what to mend to who sends the console's token, and to nobody else", async () => {
    const env = { ...configured, CONSOLE_TOKEN: "operators-own-token\n" };
    const asking = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await routes(() => 0).request("/health", { headers }, env as unknown as Env)).json();
    };
    expect(await asking("operators-own-token")).toMatchObject({
      warnings: 1,
      warned: [{ channel: "support", key: "SUPPORT_HOOK_SECRET" }],
    });
    expect(await asking("operators-own-tokeN")).toEqual({
      status: "ok",
      channels: 1,
      deliveries: "ok",
      warnings: 1,
    });
  });

  test("tells the webhook URLs to the operator who asks, and to nobody else", async () => {
    const env = { ...configured, CONSOLE_TOKEN: "operators-own-token", SUPPORT_HOOK_SECRET: "a-long-hook-secret" };
    const asking = async (path: string, token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await routes(() => 0).request(path, { headers }, env as unknown as Env)).json();
    };
    const well = { status: "ok", channels: 1, deliveries: "ok", warnings: 0 };
    const systems = [{ system: "https://help.example", deliveries: "ok", refused: [] }];
    expect(await asking("/health?secrets=shown", "operators-own-token")).toEqual({
      ...well,
      systems,
      warned: [],
      hooks: { support: "http://localhost/hooks/support/a-long-hook-secret" },
    });
    expect(await asking("/health", "operators-own-token")).toEqual({ ...well, systems, warned: [] });
    expect(await asking("/health?secrets=shown", "")).toEqual(well);
    expect(await (await ask("/health?secrets=shown", env)).json()).toEqual(well);
    const closed = { ...env, CONSOLE_TOKEN: "" };
    expect(await (await ask("/health?secrets=shown", closed)).json()).toEqual(well);
  });

  test("names each fault by its channel and key, as RFC 9457 asks for", async () => {
    const response = await ask("/health", { ...configured, SUPPORT_ZADARMA_KEY: "", CHANNELS_EU: "{" });
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({
      type: "about:blank",
      title: "Misconfigured",
      status: 503,
      detail: "Mend each of the faults.",
      faults: expect.arrayContaining([
        {
          channel: "support",
          key: "SUPPORT_ZADARMA_KEY",
          problem:
            "the secret is missing. Run: npx wrangler secret put SUPPORT_ZADARMA_KEY; for wrangler dev write it into .dev.vars",
        },
        { key: "CHANNELS_EU", problem: expect.stringContaining("it breaks at line 1, column 2") },
      ]),
      deliveries: "ok",
      warnings: 0,
    });
  });
});

test("who finds the address learns what it is and where to look, and no secret", async () => {
  const response = await ask("/", configured);
  expect(response.status).toBe(200);
  const said = await response.text();
  expect(JSON.parse(said)).toMatchObject({ name: "Trunkline", health: "/health" });
  expect(said).not.toMatch(/help\.example|support|zs/);
});
