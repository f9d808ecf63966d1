/** HMAC over text, the mechanism of most PBXs. */

const encoder = new TextEncoder();

/** The HMAC of `text` under `key`; `key` must not be empty. */
export async function hmac(hash: "SHA-1" | "SHA-256", key: string, text: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey("raw", encoder.encode(key), { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(text)));
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The values of a signing secret: two, separated by a comma, while it is being rotated. */
export function rotation(secret: string | undefined): string[] {
  return (secret ?? "")
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
}
