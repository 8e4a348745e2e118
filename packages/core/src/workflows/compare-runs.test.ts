import { expect, test } from "vitest";
import { configDifferences } from "./compare-runs.ts";

test("differences of configurations: by key, lists as values, what is missing as null", () => {
  const a = { input: { source: "gray" }, options: { border: [1, 2, 3], steps: { f: { threshold: 0.2 } }, only: 1 } };
  const b = { input: { source: "gray" }, options: { border: [1, 2, 4], steps: { f: { threshold: 0.3, more: null } } } };
  expect(configDifferences(a, b)).toEqual([
    { key: "options.border", a: [1, 2, 3], b: [1, 2, 4] },
    { key: "options.steps.f.threshold", a: 0.2, b: 0.3 },
    { key: "options.steps.f.more", a: null, b: null },
    { key: "options.only", a: 1, b: null },
  ]);
  expect(configDifferences(a, a)).toEqual([]);
});
