/** Zadarma's signature, on its webhooks and on our requests: the base64 of the hexadecimal text of an HMAC-SHA1. */
import type { Hook } from "../hooks/hook.ts";
import { anyEqual } from "./equal.ts";
import { base64, hex, hmac, rotation } from "./hmac.ts";
import { forged, genuine, type Verdict } from "./verdict.ts";

/**
 * 56 characters. Zadarma's TypeScript SDK leaves out the hexadecimal step; its PHP SDK and real webhooks have it.
 * `secret` must not be empty.
 */
export async function zadarmaSignature(secret: string, text: string): Promise<string> {
  return base64(new TextEncoder().encode(hex(await hmac("SHA-1", secret, text))));
}

/** Whether the webhook is signed over the `covered` fields by any of the secrets. */
export async function zadarmaSigned(
  hook: Hook,
  covered: readonly string[],
  secret: string | undefined,
): Promise<Verdict> {
  const offered = hook.headers.get("signature")?.trim();
  if (!offered) {
    return forged(
      "no Signature header: Zadarma signs only once API keys are issued in the account, under API and keys",
    );
  }
  const text = signedText(hook, covered);
  const expected = await Promise.all(rotation(secret).map((value) => zadarmaSignature(value, text)));
  if (await anyEqual([offered], expected)) return genuine;
  return forged("the signature differs: is ZADARMA_SECRET the one of this account, and its current one?");
}

/** What the signature is made over: the decoded values of the `covered` fields, one after the other. */
export function signedText({ fields }: Hook, covered: readonly string[]): string {
  return covered.map((name) => fields.get(name) ?? "").join("");
}
