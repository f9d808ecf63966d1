import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headBytes, kindOf, ownLength } from "../../src/recordings/kind.ts";

const text = (content: string) => new Uint8Array(Buffer.from(content));
const bytes = (...values: number[]) => new Uint8Array(values);
const zeros = (count: number) => Array.from({ length: count }, () => 0);

describe("a recording is known by its first bytes:", () => {
  test.each([
    ["call.mp3", "mp3", "audio/mpeg"],
    ["call.m4a", "mp4", "audio/mp4"],
    ["call.wav", "wav", "audio/wav"],
    ["call.ogg", "ogg", "audio/ogg"],
  ])("%s as %s", (file, extension, type) => {
    const whole = readFileSync(join(import.meta.dirname, "..", "standins", "audio", file));
    expect(kindOf(new Uint8Array(whole.subarray(0, headBytes)))).toEqual({ extension, type });
  });

  test.each([
    ["an MPEG frame without a tag", bytes(0xff, 0xfb, 0x90, 0x64, ...zeros(60)), "mp3"],
    ["an MPEG 2 frame of layer III", bytes(0xff, 0xf3, 0x40, 0xc0, ...zeros(60)), "mp3"],
    ["an MPEG frame with a checksum", bytes(0xff, 0xfa, 0x90, 0x64, ...zeros(60)), "mp3"],
    ["an ID3 tag", text("ID3\x04\0\0\0\0\0\0"), "mp3"],
    ["a RIFF of waves", text("RIFF\x24\0\0\0WAVEfmt "), "wav"],
    ["an Ogg page", text("OggS\0\x02\0\0"), "ogg"],
    ["an MP4 of any brand", text("\0\0\0\x1cftypM4A "), "mp4"],
  ])("%s", (_, head, extension) => expect(kindOf(head)).toMatchObject({ extension }));
});

describe("a page is no recording:", () => {
  test.each([
    ["HTML", text("<!DOCTYPE html><html><head><title>404</title>")],
    ["HTML after blanks and a mark of its encoding", text("\uFEFF\r\n\t <html>")],
    ["HTML in another alphabet's encoding", bytes(0x3c, 0x68, 0x31, 0x3e, 0xcf, 0xe5, 0xf0, 0xe5)],
    ["XML", text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')],
    ["JSON", text('{"status":"error","message":"Запись не готова"}')],
    ["text that is cut off within a character", text("Запись").subarray(0, 5)],
    ["plain words", text("Recording not found\n")],
    ["words that begin as a wave would", text("RIFF of the day, and other waves")],
    ["nothing at all", bytes()],
  ])("%s", (_, head) => expect(kindOf(head)).toBe("page"));
});

describe("what is neither is kept, and not attached:", () => {
  test.each([
    ["AAC as it is streamed", bytes(0xff, 0xf1, 0x50, 0x80, ...zeros(60))],
    ["AMR", text("#!AMR\n\x3c\x08\0\0")],
    ["a RIFF of pictures", text("RIFF\x24\0\0\0AVI LIST")],
    ["a FLAC", text("fLaC\0\0\0\x22")],
    ["silence", bytes(...zeros(64))],
    ["a ZIP", text("PK\x03\x04\x14\0\0\0")],
    ["a reserved MPEG version", bytes(0xff, 0xeb, 0x90, 0x64, ...zeros(60))],
    ["a bit rate that there is not", bytes(0xff, 0xfb, 0xf0, 0x64, ...zeros(60))],
    ["a sampling rate that there is not", bytes(0xff, 0xfb, 0x9c, 0x64, ...zeros(60))],
  ])("%s", (_, head) => expect(kindOf(head)).toBe("unsupported"));
});

describe("how long a file says that it is", () => {
  const riff = (size: number, form = "WAVE") => {
    const head = Buffer.alloc(headBytes);
    head.write("RIFF", 0, "latin1");
    head.writeUInt32LE(size, 4);
    head.write(form, 8, "latin1");
    return new Uint8Array(head);
  };

  test("is in the header of a WAVE file", () => {
    const whole = readFileSync(join(import.meta.dirname, "..", "standins", "audio", "call.wav"));
    expect(ownLength(new Uint8Array(whole.subarray(0, headBytes)))).toBe(whole.byteLength);
    expect(ownLength(riff(1_000_000))).toBe(1_000_008);
  });

  test.each([
    ["written before its end was known", riff(0)],
    ["written so by another program", riff(0xffff_ffff)],
    ["written so by a third", riff(0x7fff_f024)],
    ["of another form", riff(1_000_000, "AVI ")],
    ["of another kind", bytes(...Buffer.from("ID3"), ...zeros(61))],
    ["hardly begun", riff(1_000_000).subarray(0, 6)],
  ])("is not known of one %s", (_, head) => expect(ownLength(head)).toBeUndefined());
});

test("any bytes are something, however few", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: headBytes }), (head) => {
      const kind = kindOf(head);
      expect(typeof kind === "string" ? ["page", "unsupported"] : ["mp3", "mp4", "wav", "ogg"]).toContain(
        typeof kind === "string" ? kind : kind.extension,
      );
    }),
  );
});
