import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Recording } from "../../src/calls/event.ts";
import type { Account, Links } from "../../src/providers/provider.ts";
import { type ZadarmaSettings, zadarma } from "../../src/providers/zadarma.ts";
import { linksIn, queryOf, requestSignature } from "../../src/providers/zadarma-request.ts";
import { zadarmaApi } from "../standins/zadarma.ts";

const key = "15f5d5f5d5f5d5f5d5f5";
const secret = "sk000000000000000000";
const startedAt = Date.UTC(2026, 8, 1, 9, 0, 0);
const secrets = new Map([
  ["ZADARMA_KEY", key],
  ["ZADARMA_SECRET", secret],
]);
const account: Account<ZadarmaSettings> = {
  settings: {},
  secrets,
  hookUrl: "https://hooks.example/hooks/support",
  lines: [],
};

describe("requests", () => {
  // Made with the npm package zadarma 1.1.2, as a public integration's tests hold them; the secret is invented.
  test.each([
    [
      "/v1/request/callback/",
      { to: "50688887777", sip: "499499-100", from: "499499-100" },
      "from=499499-100&sip=499499-100&to=50688887777",
      "OGIxZDkyNzJmNzQzMmQwNzUzMTJlYjhmMTM4NGU2MzgxY2VhODhhOQ==",
    ],
    [
      "/v1/webrtc/get_key/",
      { sip: "499499-101" },
      "sip=499499-101",
      "MmJmM2RmMjEwZTVjZWQ4NzIzODBlNjcwNmFjOWMxMmE1ZjY5MmNiZQ==",
    ],
    ["/v1/info/balance/", {}, "", "NjlkOTQzYjZhNzRhMmZjZjQ1YTY5MjYxYzE1YTM1YTEwMWE3ZWMxOA=="],
  ])("to %s are signed", async (path, parameters, query, expected) => {
    expect(queryOf(parameters)).toBe(query);
    expect(await requestSignature(path, query, "sk000000000000000000")).toBe(expected);
  });

  test("are encoded as PHP does it", () => {
    const text = "hola mundo x+y/z ñ !'()*~-_.";
    expect(queryOf({ b: "1", a: text })).toBe("a=hola+mundo+x%2By%2Fz+%C3%B1+%21%27%28%29%2A%7E-_.&b=1");
  });
});

describe("recordings", () => {
  const audio = new TextEncoder().encode("ID3 not really");
  const inCall = "in_0123456789abcdef0123456789abcdef01234567";
  let close: (() => void) | undefined;
  afterEach(() => close?.());

  /** The API on a port of its own; `clock.now` is its time. */
  async function api(limitedAs: 200 | 429 = 200) {
    const clock = { now: startedAt };
    const recordings = new Map([
      ["1781129241.26640977", { bytes: audio, type: "audio/mpeg", pbxCallId: inCall, readyAt: startedAt + 40_000 }],
      ["1781129241.26640978", { bytes: audio, type: "audio/mpeg", pbxCallId: inCall }],
      ["1781129241.26640979", { bytes: audio, type: "audio/mpeg", pbxCallId: "in_another" }],
    ]);
    const handle = zadarmaApi({ key, secret, recordings, now: () => clock.now, limitedAs });
    const server = createServer((request, response) => {
      if (!handle(request, response)) response.writeHead(500).end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    close = () => server.close();
    const { port } = server.address() as AddressInfo;
    return { clock, by: { ...account, api: `http://127.0.0.1:${port}` } };
  }

  async function ask(id: string, by: Account<ZadarmaSettings>): Promise<Links> {
    const recording: Recording = { id, status: "ready" };
    const { url, headers } = await zadarma.recordings.locate(recording, inCall, by);
    return linksIn(await (await fetch(url, { headers })).json());
  }

  test("are found by their id, at a link that needs no credentials and ends", async () => {
    const { clock, by } = await api();
    const links = await ask("1781129241.26640978", by);
    expect(links).toEqual({ kind: "found", urls: [expect.stringMatching(/\/1781129241\.26640978\.mp3$/)] });
    const [url = ""] = links.kind === "found" ? links.urls : [];
    expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(audio);
    clock.now += 3600 * 1000;
    expect((await fetch(url)).status).toBe(404);
  });

  test("are found by the call where no id was told, each of its files", async () => {
    const { clock, by } = await api();
    clock.now += 40_000;
    expect(await ask("", by)).toMatchObject({
      urls: [expect.stringContaining("26640977"), expect.stringContaining("26640978")],
    });
  });

  test("come later when the file is not there yet, which is HTTP 200", async () => {
    const { clock, by } = await api();
    expect(await ask("1781129241.26640977", by)).toEqual({ kind: "later", why: "File not found" });
    clock.now += 40_000;
    expect(await ask("1781129241.26640977", by)).toMatchObject({ kind: "found" });
  });

  test.each([200, 429] as const)("come later when the rate limit is reached, as HTTP %i", async (limitedAs) => {
    const { clock, by } = await api(limitedAs);
    for (let i = 0; i < 100; i++) await ask("1781129241.26640978", by);
    expect(await ask("1781129241.26640978", by)).toEqual({ kind: "later", why: "You exceeded the rate limit" });
    clock.now += 60_000;
    expect(await ask("1781129241.26640978", by)).toMatchObject({ kind: "found" });
  });

  test("come later when the keys are refused: they can be mended", async () => {
    const { by } = await api();
    const secrets = new Map([...by.secrets, ["ZADARMA_SECRET", "other"]]);
    expect(await ask("1781129241.26640978", { ...by, secrets })).toEqual({ kind: "later", why: "Not authorized" });
  });

  test("are asked for with the first of the secrets in rotation", async () => {
    const { by } = await api();
    const secrets = new Map([...by.secrets, ["ZADARMA_SECRET", `${secret}, old`]]);
    expect(await ask("1781129241.26640978", { ...by, secrets })).toMatchObject({ kind: "found" });
  });

  test("are at Zadarma where nothing else is configured", async () => {
    const { url } = await zadarma.recordings.locate({ id: "1.2", status: "ready" }, inCall, account);
    expect(url).toBe("https://api.zadarma.com/v1/pbx/record/request/?call_id=1.2&format=json&lifetime=3600");
  });

  test.each([
    ["nothing", undefined],
    ["text", "<html>"],
    ["null", null],
    ["a link of a failure", { status: "error", link: "https://api.zadarma.com/x.mp3" }],
    ["a success without any", { status: "success", links: [] }],
    ["a link that is none", { status: "success", link: 5 }],
  ])("come later when the answer is %s", (_, answer) => {
    expect(linksIn(answer)).toEqual({ kind: "later", why: "the answer names no recording" });
  });

  test("keep of a refusal what is short and no secret", () => {
    const message = `Bad key ${secret} for\n${"long ".repeat(100)}`;
    const links = linksIn({ status: "error", message });
    expect(links).toMatchObject({ kind: "later", why: expect.stringMatching(/^Bad key \.\.\. for long/) });
    expect(links.kind === "later" && links.why.length).toBeLessThanOrEqual(120);
  });
});
