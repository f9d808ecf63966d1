import { expect, test } from "vitest";
import { notNow, problem } from "../../src/hooks/problem.ts";

test("a refusal is what RFC 9457 asks for", async () => {
  const response = problem({ status: 400, title: "Malformed: call_id", field: "call_id" });
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: "Malformed: call_id",
    status: 400,
    field: "call_id",
  });
});

test("a refusal may say when to come again", () => {
  expect(problem(notNow, { "retry-after": "5" }).headers.get("retry-after")).toBe("5");
});
