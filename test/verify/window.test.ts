import { expect, test } from "vitest";
import { decode } from "../../src/hooks/body.ts";
import { inWindow, maxAheadMs, maxLateMs } from "../../src/verify/window.ts";

const receivedAt = Date.UTC(2026, 8, 1, 9);

test.each([
  ["now", 0, 0, true],
  ["as late as may be", -maxLateMs, 0, true],
  ["later", -maxLateMs - 1, 0, false],
  ["later, where more is allowed", -maxLateMs - 1000, 1000, true],
  ["later than is allowed", -maxLateMs - 1001, 1000, false],
  ["as far ahead as may be", maxAheadMs, 0, true],
  ["further ahead, whatever more is allowed of what is late", maxAheadMs + 1, 1000, false],
])("%s", async (_, laterMs, slackMs, genuine) => {
  const hook = await decode(
    { method: "GET", headers: new Headers() },
    "https://hooks.example/",
    new Uint8Array(),
    receivedAt,
  );
  expect(inWindow(hook, receivedAt + laterMs, slackMs)).toMatchObject({ genuine });
});
