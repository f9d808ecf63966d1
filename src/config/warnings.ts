/** What works and is most likely not meant so. An update never makes a fault of what was accepted, but it may warn. */
import { rotation } from "../verify/hmac.ts";
import { isLoopback } from "./channel.ts";
import type { Channel } from "./channels.ts";
import type { Warning } from "./faults.ts";
import { nearest } from "./nearest.ts";
import { unfit } from "./rules.ts";
import { everySecret, secretName, secretNames } from "./secrets.ts";

/** A console's token that is shorter could be found by trying: it opens nothing. In characters. */
export const minTokenLength = 16;

/** A secret part of an address that is shorter could be found by trying, in characters. */
export const minHookSecretLength = 16;

/** `channels`: those that are without fault. `names`: of all that are configured, where that is known. */
export function warningsOf(env: object, channels: readonly Channel[], names: readonly string[] | undefined): Warning[] {
  const variables = new Map<string, unknown>(Object.entries(env));
  const text = (name: string) => {
    const value = variables.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
  return [
    ...channels.flatMap((channel) => [
      ...ofTable(channel),
      ...ofSecrets(channel, (name) => text(secretName(channel.name, name))),
      ...unfit(channel).map(({ key, problem }) => ({ channel: channel.name, key, problem })),
      ...ofProvider(channel, (name) => text(secretName(channel.name, name)) !== ""),
    ]),
    ...shared(channels, (channel) => text(secretName(channel.name, "CHANNEL_KEY"))),
    ...stray(
      [...variables].flatMap(([name, value]) => (typeof value === "string" ? [name] : [])),
      names ?? [],
    ),
    ...ofToken(text("CONSOLE_TOKEN")),
    ...misspelt([...variables.keys()]),
  ];
}

/** The hosts of RFC 2606 that documentation is written with. */
const example = /(^|\.)example\.(com|net|org)$/;

function ofTable({ name: channel, system, url, api }: Channel): Warning[] {
  const found: Warning[] = [];
  if (example.test(new URL(system).hostname)) {
    const problem = "is the documentation's example. Write the address of your helpdesk";
    found.push({ channel, key: "system", problem });
  }
  if (url !== undefined && example.test(new URL(url).hostname)) {
    found.push({
      channel,
      key: "url",
      problem: "is the documentation's example. Write this Worker's address, or leave it out",
    });
  }
  if (url !== undefined && /\/hooks(\/|$)/.test(new URL(url).pathname)) {
    const problem = "is a webhook's URL, and /hooks/... is added to it once more. Write what stands before /hooks";
    found.push({ channel, key: "url", problem });
  }
  if (api !== undefined && new URL(api).protocol === "http:" && !isLoopback(new URL(api))) {
    const problem = "goes over plain http, where anybody on the way reads the PBX's secrets. Begin with https://";
    found.push({ channel, key: "api", problem });
  }
  return found;
}

function ofSecrets({ name: channel, provider }: Channel, text: (name: string) => string): Warning[] {
  const found: Warning[] = [];
  const warn = (name: string, problem: string) => {
    found.push({ channel, key: secretName(channel, name), problem });
  };
  if (text("CHANNEL_KEY").includes("/")) {
    warn("CHANNEL_KEY", "holds a /, which no key does. Take only the last part of the channel's API address");
  }
  for (const name of secretNames(provider).all) {
    if (/^(["']).*\1$/s.test(text(name)))
      warn(name, "stands in quotes, which are taken for a part of it. Set it without");
    if (hasBlanks(text(name))) warn(name, "has a blank or a line break inside. Set it again, in one line");
  }
  const hookSecret = text("HOOK_SECRET");
  if (hookSecret !== "" && hookSecret.length < minHookSecretLength) {
    const problem = `has fewer than ${minHookSecretLength} characters and could be found by trying. Take a longer one, also in the PBX`;
    warn("HOOK_SECRET", problem);
  }
  return found;
}

/** A key in PEM has line breaks; around the comma between two values a blank does no harm. */
function hasBlanks(secret: string): boolean {
  return !secret.includes("-----BEGIN") && rotation(secret).some((value) => /\s/.test(value));
}

function ofProvider(channel: Channel, isSet: (name: string) => boolean): Warning[] {
  const secret = (name: string) => ({ name: secretName(channel.name, name), isSet: isSet(name) });
  const said = channel.provider.warnings?.(channel.settings, secret) ?? [];
  return said.map(({ key, problem }) => ({ channel: channel.name, key, problem }));
}

/** Channels whose calls the system cannot tell apart. */
function shared(channels: readonly Channel[], keyOf: (channel: Channel) => string): Warning[] {
  return channels.flatMap((channel, i) => {
    const keys = rotation(keyOf(channel));
    const twin = channels
      .slice(0, i)
      .find((other) => other.system === channel.system && rotation(keyOf(other)).some((key) => keys.includes(key)));
    if (!twin) return [];
    const problem = `is the key of channel "${twin.name}" too: both become one channel of the helpdesk. Give each its own`;
    return [{ channel: channel.name, key: secretName(channel.name, "CHANNEL_KEY"), problem }];
  });
}

/** Secrets that nobody reads, since no channel is called so, or no secret. */
function stray(set: readonly string[], names: readonly string[]): Warning[] {
  if (names.length === 0) return [];
  const kinds = [...everySecret];
  const read = new Set(names.flatMap((channel) => kinds.map((kind) => secretName(channel, kind))));
  const ofSome = (name: string) => kinds.some((kind) => `_${name}`.endsWith(`_${kind}`));
  const [first = "", ...others] = names;
  return set.flatMap((key) => {
    const unnamed = others.length === 0 && everySecret.has(key) ? secretName(first, key) : undefined;
    const meant = read.has(key) ? undefined : (unnamed ?? nearest(key, read));
    if (read.has(key) || (meant === undefined && !ofSome(key))) return [];
    const cure = meant === undefined ? "Delete it, or add the channel" : `Did you mean ${meant}?`;
    return [{ key, problem: `belongs to no channel. ${cure}` }];
  });
}

/** Variables of the whole Worker. */
const ofWorker = ["CONSOLE_TOKEN", "JURISDICTION"];

/** What is almost called so is not read, and nothing else would tell. */
function misspelt(set: readonly string[]): Warning[] {
  return set.flatMap((key) => {
    const meant = ofWorker.includes(key) ? undefined : nearest(key, ofWorker);
    return meant === undefined ? [] : [{ key, problem: `the variable is not read. Did you mean ${meant}?` }];
  });
}

function ofToken(token: string): Warning[] {
  const found: Warning[] = [];
  if (token !== "" && token.length < minTokenLength) {
    const problem = `has fewer than ${minTokenLength} characters and could be found by trying: /api stays closed. Set a longer one`;
    found.push({ key: "CONSOLE_TOKEN", problem });
  }
  if (/\s/.test(token)) found.push({ key: "CONSOLE_TOKEN", problem: "has a blank inside. Set it again, in one word" });
  return found;
}
