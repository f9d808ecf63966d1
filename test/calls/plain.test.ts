import { expect, test } from "vitest";
import type { CallEvent } from "../../src/calls/event.ts";
import { maxTextLength, plain, plainly } from "../../src/calls/plain.ts";

test.each([
  ["Ann Müller, +1 (415) 555-0100", "Ann Müller, +1 (415) 555-0100"],
  ["one\r\ntwo\u2028three\u0085four", "one two three four"],
  ["\u202etxt.exe\u202c", "txt.exe"],
  ["a\u0000\u001b[2Jb", "a [2Jb"],
  [" \u200b ", ""],
  ["😀".repeat(maxTextLength), "😀".repeat(maxTextLength / 2)],
  [`x${"😀".repeat(maxTextLength)}`, `x${"😀".repeat(maxTextLength / 2 - 1)}`],
])("%j reads %j", (written, reads) => expect(plain(written)).toBe(reads));

test("an event's texts are made plain however deep they stand, and its ids are left alone", () => {
  const leg = { id: "a\nb", extension: "a\nb", status: "ringing", connected: false } as const;
  const event: CallEvent = {
    call: "a\nb",
    id: "a\nb",
    at: 1,
    rings: ["a\nb"],
    guess: { direction: "incoming", phone: "1\n2" },
    leg,
    recording: { id: "a\nb", status: "ready", url: "https://pbx.example/a\nb" },
  };
  expect(plainly(event)).toEqual({
    ...event,
    rings: ["a b"],
    guess: { direction: "incoming", phone: "1 2" },
    leg: { ...leg, extension: "a b" },
  });
});
