import { describe, expect, test } from "vitest";
import { providers } from "../../src/providers/index.ts";
import { allowed } from "../../src/recordings/hosts.ts";

const hosts = ["media.example", ".files.example"];

function may(url: string, api?: string): boolean {
  return allowed(new URL(url), hosts, api);
}

describe("a recording is fetched from", () => {
  test.each([
    ["a host that is named", "https://media.example/r1.mp3"],
    ["it by its default port", "https://media.example:443/r1.mp3"],
    ["it in capitals", "https://MEDIA.Example/r1.mp3"],
    ["a host below one that is named", "https://eu.files.example/r1"],
    ["a host further below", "https://a.b.files.example/r1?token=1#x"],
  ])("%s", (_, url) => expect(may(url)).toBe(true));
});

describe("a recording is not fetched from", () => {
  test.each([
    ["another host", "https://other.example/"],
    ["a host below one that is named alone", "https://a.media.example/"],
    ["the host that others are named below", "https://files.example/"],
    ["a host that ends alike", "https://evilmedia.example/"],
    ["a host that ends alike, below", "https://evilfiles.example/"],
    ["a host that begins alike", "https://media.example.evil.example/"],
    ["a host with a dot at its end", "https://media.example./"],
    ["a host below one that is named, with a dot at its end", "https://eu.files.example./"],
    ["a host that begins alike, its dot escaped", "https://media.example%2eevil.example/"],
    ["a host that ends alike after two dots", "https://evil.example..files.example.evil.example/"],
    ["a host that is named as a user", "https://media.example@evil.example/"],
    ["a host that is named in a path", "https://evil.example/media.example"],
    ["a host that is named after a backslash", "https://evil.example\\@media.example/"],
    ["a host that is named in a fragment", "https://evil.example#.files.example"],
    ["a named host with a user", "https://user@media.example/"],
    ["a named host with a password", "https://:pass@media.example/"],
    ["a named host at another port", "https://media.example:8443/"],
    ["a named host in the clear", "http://media.example/"],
    ["a named host in the clear at the port of https", "http://media.example:443/"],
    ["a look-alike in another alphabet", "https://mеdia.example/"],
    ["this machine", "https://localhost/"],
    ["this machine by number", "https://127.0.0.1/"],
    ["this machine by IPv6", "https://[::1]/"],
    ["this machine by IPv6 in disguise", "https://[::ffff:127.0.0.1]/"],
    ["this machine by a number in disguise", "https://0x7f.1/"],
    ["this machine by one number", "https://2130706433/"],
    ["this machine in octal", "https://0177.0.0.1/"],
    ["every address of this machine", "https://0.0.0.0/"],
    ["every address of this machine by IPv6", "https://[::]/"],
    ["a private network of the largest kind", "https://10.0.0.1/"],
    ["a private network", "https://172.16.0.1/"],
    ["a private network of the smallest kind", "https://192.168.0.1/"],
    ["a private network by IPv6", "https://[fd00::1]/"],
    ["a neighbour", "https://169.254.0.1/"],
    ["a neighbour by IPv6", "https://[fe80::1]/"],
    ["the cloud's own address", "https://169.254.169.254/latest/meta-data/"],
    ["the cloud's own address in the clear", "http://169.254.169.254/latest/meta-data/"],
    ["the cloud's own address by name", "https://metadata.google.internal/"],
    ["a file", "file:///etc/passwd"],
    ["a file on a named host", "file://media.example/etc/passwd"],
    ["itself", "data:audio/mpeg;base64,SUQz"],
    ["another protocol", "ftp://media.example/"],
  ])("%s", (_, url) => expect(may(url)).toBe(false));
});

describe("where the channel has an api, a recording is fetched", () => {
  test.each<[string, string, string]>([
    ["from its very origin", "http://127.0.0.1:9100/media/r1", "http://127.0.0.1:9100/v1"],
    ["from its origin without its path", "https://api.pbx.example/r1", "https://api.pbx.example/v1"],
    ["from its provider's hosts all the same", "https://media.example/r1", "http://127.0.0.1:9100"],
  ])("%s", (_, url, api) => expect(may(url, api)).toBe(true));

  test.each<[string, string, string]>([
    ["from another port of it", "http://127.0.0.1:9101/", "http://127.0.0.1:9100"],
    ["from it by another protocol", "http://api.pbx.example/", "https://api.pbx.example"],
    ["from it by another name", "http://localhost:9100/", "http://127.0.0.1:9100"],
    ["from a host below it", "https://eu.api.pbx.example/", "https://api.pbx.example"],
    ["from its provider's hosts in the clear", "http://media.example/", "http://127.0.0.1:9100"],
    ["from it with credentials", "http://user:pass@127.0.0.1:9100/", "http://127.0.0.1:9100"],
    ["from what has no origin", "data:,x", "http://127.0.0.1:9100"],
  ])("not %s", (_, url, api) => expect(may(url, api)).toBe(false));
});

describe("no PBX's hosts let in", () => {
  const named = [...providers.values()].flatMap(({ recordings }) => recordings?.hosts ?? []);

  test.each(named)("what only looks like %s", (host) => {
    const bare = host.replace(/^\./, "");
    const alike = [
      `evil${bare}`,
      `evil-${bare}`,
      `${bare}.evil.example`,
      `evil.example#${host}`,
      `evil.example?${host}`,
    ];
    // Below a name that is given alone, anybody may have a host: Amazon S3 gives each bucket one.
    const below = host.startsWith(".") ? [] : [`evil.${host}`];
    for (const other of [
      ...alike,
      ...below,
      `evil.example/${host}`,
      `evil.example\\${host}`,
      `${bare}.`,
      `${bare}:8443`,
    ]) {
      expect([other, allowed(new URL(`https://${other}`), named, undefined)]).toEqual([other, false]);
    }
    expect(allowed(new URL(`https://${host.startsWith(".") ? `eu${host}` : host}/`), named, undefined)).toBe(true);
  });
});
