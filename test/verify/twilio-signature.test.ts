/** Twilio's signature: its published vectors, each of them spoilt, and whatever its SDK signs. */
import fc from "fast-check";
import { getExpectedBodyHash, getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { afterEach, describe, expect, test, vi } from "vitest";
import { urlAndFormSignature } from "../../src/verify/twilio-signature.ts";
import { hookOf } from "../providers/hearing.ts";
import type { Webhook } from "../standins/webhook.ts";

const check = urlAndFormSignature({ header: "X-Twilio-Signature", key: "TWILIO_AUTH_TOKEN" });
const form = "application/x-www-form-urlencoded; charset=UTF-8";

async function verdict(webhook: Webhook, token = "12345") {
  return check(await hookOf(webhook, 0), new Map([["TWILIO_AUTH_TOKEN", token]]));
}

function posted(url: string, params: Record<string, string> | URLSearchParams, signature: string): Webhook {
  const headers = { "content-type": form, "x-twilio-signature": signature };
  return { method: "POST", url, headers, body: new URLSearchParams(params).toString() };
}

function json(url: string, body: string, signature: string): Webhook {
  return {
    method: "POST",
    url,
    headers: { "content-type": "application/json", "x-twilio-signature": signature },
    body,
  };
}

/** twilio/twilio-node, spec/validation.spec.js */
const params = {
  CallSid: "CA1234567890ABCDE",
  Caller: "+14158675309",
  Digits: "1234",
  From: "+14158675309",
  To: "+18005551212",
};
const path = "mycompany.com/myapp.php?foo=1&bar=2";
const bodyHash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
const jsonBody = '{"property": "value", "boolean": true}';
const jsonSignature = "a9nBmqA0ju/hNViExpshrM61xv4=";
const plain = posted(`https://${path}`, params, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");

const vectors: [string, Webhook][] = [
  ["a form (twilio-node)", plain],
  [
    "the default port in the URL (twilio-node)",
    posted(`https://mycompany.com:443/myapp.php?foo=1&bar=2`, params, "kvajT1Ptam85bY51eRf/AJRuM3w="),
  ],
  [
    "another port (twilio-node)",
    posted("http://mycompany.com:1234/myapp.php?foo=1&bar=2", params, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
  ],
  [
    "the default port of http (twilio-node)",
    posted("http://mycompany.com:80/myapp.php?foo=1&bar=2", params, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
  ],
  [
    "the example of the documentation (docs/usage/security)",
    posted(
      "https://example.com/myapp.php?foo=1&bar=2",
      { ...params, From: "+14158675310", Caller: "+14158675310" },
      "L/OH5YylLD5NRKLltdqwSvS0BnU=",
    ),
  ],
  ["JSON (twilio-node)", json(`https://${path}&bodySHA256=${bodyHash}`, jsonBody, jsonSignature)],
];

describe("published vectors", () => {
  test.each(vectors)("verifies %s", async (_, webhook) => {
    expect(await verdict(webhook)).toEqual({ genuine: true });
  });

  test.each(vectors)("verifies %s where the signed URL had a port that we do not see", async (_, webhook) => {
    const { href } = new URL(webhook.url);
    expect(await verdict({ ...webhook, url: href })).toEqual({ genuine: true });
  });

  test.each(vectors)("refuses %s with another token, URL, body or signature", async (_, webhook) => {
    const { headers } = webhook;
    const spoilt = [
      { ...webhook, url: webhook.url.replace("bar=2", "bar=3") },
      { ...webhook, url: webhook.url.replace("http", "https").replace("httpss", "http") },
      { ...webhook, url: webhook.url.replace(".com", ".org") },
      { ...webhook, body: webhook.body?.replace("1", "2").replace("true", "false") },
      { ...webhook, body: `${webhook.body}&Extra=1` },
      { ...webhook, body: undefined },
      ...["", "x", "!!!", "AAAA", `${headers["x-twilio-signature"]}=`, "RSOYDt4T1cUTdK1PDd93/VVr8B9="].map(
        (signature) => {
          return { ...webhook, headers: { ...headers, "x-twilio-signature": signature } };
        },
      ),
    ];
    for (const one of spoilt) expect(await verdict(one)).toMatchObject({ genuine: false });
    expect(await verdict(webhook, "12346")).toMatchObject({ genuine: false });
  });
});

describe("URLs", () => {
  const signedOver = (url: string) => getExpectedTwilioSignature("12345", url, params);

  test.each([
    ["with the default port", "https://mycompany.com:443/a?b=1", "https://mycompany.com/a?b=1"],
    ["without the port that is there", "https://mycompany.com/a", "https://mycompany.com:8443/a"],
    ["with the port that is there", "https://mycompany.com:8443/a", "https://mycompany.com:8443/a"],
    ["with credentials", "https://user:pass@mycompany.com/a", "https://user:pass@mycompany.com/a"],
    ["without credentials", "https://mycompany.com/a", "https://user:p:a@ss@mycompany.com/a"],
    ["without credentials and port", "https://mycompany.com/a", "https://user:pass@mycompany.com:8443/a"],
    ["without the overrides", "https://mycompany.com/a", "https://mycompany.com/a#rc=3&rp=all"],
    [
      "with an apostrophe, seen escaped (twilio-node #1059)",
      "https://mycompany.com/a?b=it's",
      "https://mycompany.com/a?b=it%27s",
    ],
    ["with an apostrophe escaped, seen raw", "https://mycompany.com/a?b=it%27s", "https://mycompany.com/a?b=it's"],
    ["with a query escaped anew", "https://mycompany.com/a?b=(x)%20y", "https://mycompany.com/a?b=%28x%29+y"],
    ["with an IPv6 host and port", "https://[2001:db8::1]:443/a", "https://[2001:db8::1]/a"],
    ["with a space in the path, seen escaped", "https://mycompany.com/a%20b", "https://mycompany.com/a b"],
    ["with an @ in the path", "https://mycompany.com:443/@a?b=@c", "https://mycompany.com/@a?b=@c"],
  ])("verify when signed %s", async (_, signed, seen) => {
    expect(await verdict(posted(seen, params, signedOver(signed)))).toEqual({ genuine: true });
  });

  test.each([
    ["another scheme", "http://mycompany.com/a", "https://mycompany.com/a"],
    ["another host", "https://mycompany.org/a", "https://mycompany.com/a"],
    ["a trailing slash", "https://mycompany.com/a/", "https://mycompany.com/a"],
    ["another port than the one there", "https://mycompany.com:8444/a", "https://mycompany.com:8443/a"],
    ["another query", "https://mycompany.com/a?b=2", "https://mycompany.com/a?b=1"],
  ])("do not verify when signed with %s, and the operator learns why", async (_, signed, seen) => {
    expect(await verdict(posted(seen, params, signedOver(signed)))).toEqual({
      genuine: false,
      reason:
        "URL differs: is a proxy or custom domain in front? set url. Or TWILIO_AUTH_TOKEN is not the signing account's",
    });
  });
});

describe("forms", () => {
  const url = "https://mycompany.com/a";
  const sdk = (sent: Record<string, unknown>) => getExpectedTwilioSignature("12345", url, sent);

  test("count repeated values once, sorted", async () => {
    const repeated = new URLSearchParams("To=b&To=a&To=b&From=c");
    expect(await verdict(posted(url, repeated, sdk({ To: ["b", "a", "b"], From: "c" })))).toEqual({ genuine: true });
  });

  test("count empty values", async () => {
    expect(await verdict(posted(url, { A: "", B: "" }, sdk({ A: "", B: "" })))).toEqual({ genuine: true });
    expect(await verdict(posted(url, { A: "" }, sdk({ A: "", B: "" })))).toMatchObject({ genuine: false });
  });

  test("are sorted by their names, capitals first", async () => {
    const sent = { ReasonConferenceEnded: "x", Reason: "y", a: "1", B: "2" };
    expect(await verdict(posted(url, sent, sdk(sent)))).toEqual({ genuine: true });
    const signature = getExpectedTwilioSignature("12345", `${url}B2ReasonyReasonConferenceEndedxa1`, {});
    expect(signature).toBe(sdk(sent));
  });

  test("may write a space either way", async () => {
    const webhook = posted(url, { City: "San Jose" }, sdk({ City: "San Jose" }));
    expect(webhook.body).toBe("City=San+Jose");
    expect(await verdict(webhook)).toEqual({ genuine: true });
    expect(await verdict({ ...webhook, body: "City=San%20Jose" })).toEqual({ genuine: true });
  });

  describe("that are many", () => {
    afterEach(() => vi.restoreAllMocks());

    test("are not searched once more for each, which a stranger could make us do", async () => {
      const all = vi.spyOn(URLSearchParams.prototype, "getAll");
      const one = vi.spyOn(URLSearchParams.prototype, "get");
      const searches = async (count: number) => {
        const fields = new URLSearchParams(Array.from({ length: count }, (_, i) => [`a${i}`, "1"]));
        const webhook = posted(`${url}?${fields}`, fields, "AAAA");
        const before = all.mock.calls.length + one.mock.calls.length;
        expect(await verdict(webhook)).toMatchObject({ genuine: false });
        return all.mock.calls.length + one.mock.calls.length - before;
      };
      expect(await searches(200)).toBe(await searches(2));
    });
  });

  test("of a GET are its query, already signed", async () => {
    const full = `${url}?CallSid=CA1&To=`;
    const webhook = {
      method: "GET",
      url: full,
      headers: { "x-twilio-signature": getExpectedTwilioSignature("12345", full, {}) },
    };
    expect(await verdict(webhook)).toEqual({ genuine: true });
  });
});

describe("bodies that are not the signed ones", () => {
  const url = "https://mycompany.com/a?CallSid=CA1";
  const headersFor = (signed: string) => ({ "x-twilio-signature": getExpectedTwilioSignature("12345", signed, {}) });
  const headers = headersFor(url);
  const get: Webhook = { method: "GET", url, headers };
  const boundary = 'multipart/form-data; boundary="b"';
  const part = '--b\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\nCA2\r\n--b--\r\n';

  test.each<[string, string, string]>([
    ["a form", form, "CallSid=CA2"],
    ["JSON", "application/json", '{"CallSid":"CA2"}'],
    ["multipart", boundary, part],
    ["text", "text/plain", "CallSid=CA2"],
  ])("are not let in with a genuine GET's signature: %s", async (_, type, body) => {
    expect(await verdict(get)).toEqual({ genuine: true });
    const method = "POST";
    expect(await verdict({ ...get, method, headers: { ...headers, "content-type": type }, body })).toMatchObject({
      genuine: false,
    });
  });

  test("of JSON must match the hash in the URL, in whichever case it is written", async () => {
    const at = (hash: string) => {
      const full = `https://mycompany.com/a?bodySHA256=${hash}`;
      return json(full, jsonBody, getExpectedTwilioSignature("12345", full, {}));
    };
    expect(await verdict(at(bodyHash.toUpperCase()))).toEqual({ genuine: true });
    for (const hash of [bodyHash.replace("0", "1"), bodyHash.slice(1), ""]) {
      expect(await verdict(at(hash))).toEqual({
        genuine: false,
        reason: "body is not the one that bodySHA256 stands for",
      });
    }
  });

  test("are not let in as multipart, whose text is not kept, with a genuine empty body's signature", async () => {
    const full = `https://mycompany.com/a?bodySHA256=${getExpectedBodyHash("")}`;
    const empty: Webhook = { method: "POST", url: full, headers: headersFor(full) };
    expect(await verdict(empty)).toEqual({ genuine: true });
    const multipart = { ...empty, headers: { ...empty.headers, "content-type": boundary }, body: part };
    expect(await verdict(multipart)).toMatchObject({ genuine: false });
  });

  test("may not be left out either", async () => {
    const { body: _, ...bare } = json(`https://${path}&bodySHA256=${bodyHash}`, jsonBody, jsonSignature);
    expect(await verdict(bare)).toMatchObject({ genuine: false });
  });
});

describe("tokens", () => {
  test.each(["12345,99999", "99999, 12345", " 12345 "])("in rotation verify: %j", async (token) => {
    expect(await verdict(plain, token)).toEqual({ genuine: true });
  });

  test.each(["", ",", " , "])("that are empty verify nothing: %j", async (token) => {
    expect(await verdict(plain, token)).toEqual({ genuine: false, reason: "TWILIO_AUTH_TOKEN is empty" });
  });

  test("that are not set verify nothing", async () => {
    expect(await check(await hookOf(plain, 0), new Map())).toMatchObject({ genuine: false });
  });

  test("are never told", async () => {
    const forgery = { ...plain, headers: { "content-type": form, "x-twilio-signature": "x" } };
    expect(JSON.stringify(await verdict(forgery, "hush"))).not.toContain("hush");
  });
});

test("serves an imitator with another header and key", async () => {
  const imitator = urlAndFormSignature({ header: "X-SignalWire-Signature", key: "SIGNALWIRE_SIGNING_KEY" });
  const headers = { "content-type": form, "x-signalwire-signature": plain.headers["x-twilio-signature"] ?? "" };
  const hook = await hookOf({ ...plain, headers }, 0);
  expect(await imitator(hook, new Map([["SIGNALWIRE_SIGNING_KEY", "12345"]]))).toEqual({ genuine: true });
});

describe("whatever the SDK signs", () => {
  const word = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text.isWellFormed());
  const name = word.filter((text) => text !== "" && text !== "__proto__");
  const fields = fc.dictionary(name, word, { minKeys: 1, maxKeys: 6, noNullPrototype: true });
  const query = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), word, { maxKeys: 3, noNullPrototype: true });
  const token = fc.stringMatching(/^[0-9a-f]{32}$/);
  const runs = { numRuns: 150 };

  const urlOf = (values: Record<string, string>) =>
    `https://hooks.example.com/hooks/support?${new URLSearchParams(values)}`;

  test("verifies as a form", async () => {
    await fc.assert(
      fc.asyncProperty(token, query, fields, async (key, values, sent) => {
        const url = urlOf(values);
        const webhook = posted(url, sent, getExpectedTwilioSignature(key, url, sent));
        expect(await verdict(webhook, key)).toEqual({ genuine: true });
      }),
      runs,
    );
  });

  test("verifies as JSON", async () => {
    await fc.assert(
      fc.asyncProperty(token, fields, async (key, sent) => {
        const body = JSON.stringify(sent);
        const url = urlOf({ bodySHA256: getExpectedBodyHash(body) });
        expect(await verdict(json(url, body, getExpectedTwilioSignature(key, url, {})), key)).toEqual({
          genuine: true,
        });
      }),
      runs,
    );
  });

  test("does not verify once a single character is another", async () => {
    const place = fc.constantFrom("value", "name", "path", "signature", "token");
    await fc.assert(
      fc.asyncProperty(token, fields, place, fc.nat(), async (key, sent, where, at) => {
        const url = urlOf({});
        const signature = getExpectedTwilioSignature(key, url, sent);
        const change = (what: string, text: string) => (what === where ? another(text, at) : text);
        const [[first = "", value = ""] = [], ...rest] = Object.entries(sent);
        const changed = new URLSearchParams([[change("name", first), change("value", value)], ...rest]);
        const elsewhere = `https://hooks.example.com/hooks/${change("path", "support")}?`;
        const webhook = posted(elsewhere, changed, change("signature", signature));
        expect(await verdict(webhook, change("token", key))).toMatchObject({ genuine: false });
      }),
      runs,
    );
  });

  /** `text` with one character, the one at `at`, replaced by another; one more where there is none. */
  function another(text: string, at: number): string {
    const characters = [...text];
    const i = characters.length === 0 ? 0 : at % characters.length;
    characters[i] = characters[i] === "q" ? "z" : "q";
    return characters.join("");
  }
});
