/** Did the request come from where the PBX sends from? For PBXs whose signatures cover little. */
import type { Hook } from "../hooks/hook.ts";
import { forged, genuine, type Verdict } from "./verdict.ts";

/** Whether the request came from one of `sources`: IPv4 or IPv6 addresses, and ranges of them such as `192.0.2.0/24`. */
export function fromSource(hook: Hook, sources: readonly string[]): Verdict {
  const address = addressOf(hook.source ?? "");
  if (address === undefined) return forged("the platform does not tell where the request came from");
  const listed = sources.some((source) => {
    const range = rangeOf(source);
    return range !== undefined && address >> range.freeBits === range.fixed;
  });
  return listed ? genuine : forged(`the request came from ${hook.source}, which is not one of the configured sources`);
}

/** Whether `text` is an address or a range. */
export function isSource(text: string): boolean {
  return rangeOf(text) !== undefined;
}

/** A range of addresses: the leading bits that they share, and how many bits after those are free. */
interface Range {
  readonly fixed: bigint;
  readonly freeBits: bigint;
}

function rangeOf(text: string): Range | undefined {
  const [base = "", length, ...rest] = text.split("/");
  const address = addressOf(base);
  const bits = base.includes(":") ? 128 : 32;
  if (address === undefined || rest.length > 0) return undefined;
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > bits)) return undefined;
  const freeBits = BigInt(bits - Number(length ?? bits));
  return { fixed: address >> freeBits, freeBits };
}

/** Where IPv6 has a place for each IPv4 address (RFC 4291, 2.5.5.2): one number line holds both kinds. */
const ipv4Place = 0xffff_0000_0000n;

function addressOf(text: string): bigint | undefined {
  if (text.includes(":")) return ipv6(text);
  const address = ipv4(text);
  return address === undefined ? undefined : ipv4Place | address;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split(".");
  // A leading zero means octal to some readers and nothing to others.
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return valid ? parts.reduce((address, part) => (address << 8n) | BigInt(part), 0n) : undefined;
}

function ipv6(text: string): bigint | undefined {
  const halves = hexOnly(text)
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((address, group) => (address << 16n) | BigInt(`0x${group}`), 0n);
}

/** The form with an IPv4 address at its end, without it: `::ffff:192.0.2.1` is `::ffff:c000:201`. */
function hexOnly(text: string): string {
  const end = text.lastIndexOf(":") + 1;
  const address = ipv4(text.slice(end));
  if (address === undefined) return text;
  return `${text.slice(0, end)}${(address >> 16n).toString(16)}:${(address & 0xffffn).toString(16)}`;
}
