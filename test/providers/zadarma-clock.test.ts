import { describe, expect, test } from "vitest";
import { instantOf, zoneNamed } from "../../src/providers/zadarma-clock.ts";

describe("the clock of the account", () => {
  test.each([
    ["UTC", "2026-09-01 12:00:00", "2026-09-01T12:00:00Z"],
    ["UTC+3", "2026-09-01 12:00:00", "2026-09-01T09:00:00Z"],
    ["UTC+03:00", "2026-09-01 12:00:00", "2026-09-01T09:00:00Z"],
    ["UTC-3:30", "2026-09-01 23:00:00", "2026-09-02T02:30:00Z"],
    ["Europe/Kyiv", "2026-07-01 12:00:00", "2026-07-01T09:00:00Z"],
    ["Europe/Kyiv", "2026-12-01 12:00:00", "2026-12-01T10:00:00Z"],
    ["Asia/Kathmandu", "2026-12-01 12:00:00", "2026-12-01T06:15:00Z"],
    ["America/New_York", "2026-12-31 23:59:59", "2027-01-01T04:59:59Z"],
    // On 2026-03-29 clocks in Warsaw go from 2:00 to 3:00, on 2026-10-25 from 3:00 back to 2:00.
    ["Europe/Warsaw", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"],
    ["Europe/Warsaw", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"],
    ["Europe/Warsaw", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"],
    ["Europe/Warsaw", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"],
    ["Europe/Warsaw", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"],
    ["Europe/Warsaw", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"],
  ])("in %s shows %s", (zone, wallClock, instant) => {
    expect(new Date(instantOf(wallClock, zoneNamed(zone)) ?? 0)).toEqual(new Date(instant));
  });

  test.each(["", "0000-00-00 00:00:00", "2026-02-30 12:00:00", "2026-09-01T12:00:00", "1781129241"])(
    "never shows %j",
    (wallClock) => {
      expect(instantOf(wallClock, "Europe/Kyiv")).toBeUndefined();
    },
  );
});
