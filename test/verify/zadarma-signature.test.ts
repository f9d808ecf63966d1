import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Hook } from "../../src/hooks/hook.ts";
import { zadarmaSignature, zadarmaSigned } from "../../src/verify/zadarma-signature.ts";

const covered = ["caller_id", "called_did", "call_start"];
const fields = { caller_id: "+380989897908", called_did: "380947102794", call_start: "2026-09-01 12:00:00" };
const text = "+3809898979083809471027942026-09-01 12:00:00";

function hookWith(signature: string | undefined, more: Record<string, string> = {}): Hook {
  const headers = new Headers(signature === undefined ? {} : { Signature: signature });
  const all = new URLSearchParams({ ...fields, ...more });
  return { method: "POST", url: "https://a.example/", headers, body: "form", text: "", fields: all, receivedAt: 0 };
}

// RFC 2202, HMAC-SHA-1 test case 2: effcdf6ae5eb2fa2d27416d5f184df9c259a7c79, as text, in base64.
test("is the base64 of hexadecimal text", async () => {
  expect(await zadarmaSignature("Jefe", "what do ya want for nothing?")).toBe(
    "ZWZmY2RmNmFlNWViMmZhMmQyNzQxNmQ1ZjE4NGRmOWMyNTlhN2M3OQ==",
  );
});

test("covers the decoded values, one after the other", async () => {
  expect(await zadarmaSigned(hookWith(await zadarmaSignature("secret", text)), covered, "secret")).toEqual({
    genuine: true,
  });
});

test("takes a field that is absent for an empty one", async () => {
  const hook = hookWith(await zadarmaSignature("secret", text));
  expect(await zadarmaSigned(hook, ["internal", ...covered], "secret")).toEqual({ genuine: true });
});

test.each(["old", "new"])("knows the %s secret while it is being rotated", async (secret) => {
  const hook = hookWith(await zadarmaSignature(secret, text));
  expect(await zadarmaSigned(hook, covered, "new, old")).toEqual({ genuine: true });
});

describe("is forged", () => {
  test.each([
    ["signed with another secret", () => zadarmaSignature("other", text), "secret"],
    ["in the raw form of the TypeScript SDK", () => rawDigest("secret", text), "secret"],
    ["in capitals", async () => (await zadarmaSignature("secret", text)).toUpperCase(), "secret"],
    ["given twice", async () => `${await zadarmaSignature("secret", text)}, x`, "secret"],
    ["no base64", () => "%%%", "secret"],
    ["when no secret is set", () => zadarmaSignature("secret", text), undefined],
    ["when the secret is empty", () => zadarmaSignature("secret", text), " , "],
  ])("%s", async (_, signature, secret) => {
    expect(await zadarmaSigned(hookWith(await signature()), covered, secret)).toMatchObject({ genuine: false });
  });

  test.each(covered)("when %s differs", async (name) => {
    const hook = hookWith(await zadarmaSignature("secret", text), { [name]: "1" });
    expect(await zadarmaSigned(hook, covered, "secret")).toMatchObject({ genuine: false });
  });

  // A tester who posts a raw "+" sends a blank; Zadarma itself escapes it.
  test("when a plus came as a blank", async () => {
    const hook = hookWith(await zadarmaSignature("secret", text), { caller_id: " 380989897908" });
    expect(await zadarmaSigned(hook, covered, "secret")).toMatchObject({ genuine: false });
  });

  test.each([undefined, "", "  "])("without a signature, and says what to do (%j)", async (signature) => {
    const verdict = await zadarmaSigned(hookWith(signature), covered, "secret");
    expect(verdict).toEqual({ genuine: false, reason: expect.stringContaining("API keys") });
  });
});

function rawDigest(secret: string, message: string): string {
  return createHmac("sha1", secret).update(message).digest("base64");
}
