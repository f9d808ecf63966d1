import { afterEach, expect } from "vitest";
import { unheld } from "./owing.ts";
import { configure } from "./worker.ts";

afterEach(() => {
  configure({});
  expect(unheld.splice(0)).toEqual([]);
});
