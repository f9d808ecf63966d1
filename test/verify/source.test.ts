import { describe, expect, test } from "vitest";
import type { Hook } from "../../src/hooks/hook.ts";
import { fromSource, isSource } from "../../src/verify/source.ts";

function from(source: string | undefined): Hook {
  const fields = new URLSearchParams();
  return {
    method: "POST",
    url: "https://a.example/",
    headers: new Headers(),
    body: "none",
    text: "",
    fields,
    source,
    receivedAt: 0,
  };
}

describe("an address is one of the sources", () => {
  test.each([
    ["the address itself", "37.139.38.215", ["37.139.38.215"]],
    ["the first of a range", "185.45.152.40", ["185.45.152.40/30"]],
    ["the last of a range", "185.45.152.43", ["185.45.152.40/30"]],
    ["in a range that is named by an address within it", "185.45.152.40", ["185.45.152.42/30"]],
    ["in the second range", "192.0.2.200", ["185.45.152.40/30", "192.0.2.128/25"]],
    ["an IPv6 address in another spelling", "2001:DB8::0:1", ["2001:db8:0:0:0:0:0:1"]],
    ["in an IPv6 range", "2001:db8:1:2:3:4:5:6", ["2001:db8:1::/48"]],
    ["IPv4 written as IPv6", "::ffff:185.45.152.42", ["185.45.152.40/30"]],
    ["IPv4 written as hexadecimal IPv6", "::ffff:b92d:982a", ["185.45.152.40/30"]],
    ["of all IPv4", "203.0.113.9", ["0.0.0.0/0"]],
  ])("%s", (_, address, sources) => {
    expect(fromSource(from(address), sources)).toEqual({ genuine: true });
  });
});

describe("an address is none of the sources", () => {
  test.each([
    ["just before a range", "185.45.152.39", ["185.45.152.40/30"]],
    ["just after a range", "185.45.152.44", ["185.45.152.40/30"]],
    ["its text begins like one", "37.139.38.21", ["37.139.38.215"]],
    ["IPv6, where all IPv4 is allowed", "2001:db8::1", ["0.0.0.0/0"]],
    ["just after an IPv6 range", "2001:db8:2::", ["2001:db8:1::/48"]],
    ["a list of proxies that the client may have written", "185.45.152.42, 203.0.113.9", ["185.45.152.40/30"]],
    ["octal", "0185.45.152.42", ["185.45.152.40/30"]],
    ["no address", "unknown", ["0.0.0.0/0", "::/0"]],
    ["absent", undefined, ["0.0.0.0/0", "::/0"]],
    ["any, when there are no sources", "203.0.113.9", []],
  ])("%s", (_, address, sources) => {
    expect(fromSource(from(address), sources)).toMatchObject({ genuine: false });
  });
});

test.each(["185.45.152.42", "185.45.152.40/30", "0.0.0.0/0", "::", "::1", "fe80::1/64", "::ffff:192.0.2.1/128"])(
  "%s can be a source",
  (text) => {
    expect(isSource(text)).toBe(true);
  },
);

test.each([
  [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/-1",
    "1.2.3.4/8/8",
    " 1.2.3.4",
  ],
  [":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8", "g::", "12345::", "fe80::1%eth0"],
  ["::/129", "[::1]", "185.45.152.42:443", "zadarma.com", "1.2.3.4::"],
])("%s and the like cannot", (...texts) => {
  expect(texts.filter(isSource)).toEqual([]);
});
