import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { canonicalJson, fingerprint } from "./fingerprint.ts";

test("canonical JSON: keys sorted, nothing undefined", () => {
  expect(canonicalJson({ b: [1, "x", null, true], a: { d: 2, c: undefined } })).toBe('{"a":{"d":2},"b":[1,"x",null,true]}');
  expect(canonicalJson({ ä: 1, z: 2, Z: 3 })).toBe('{"Z":3,"z":2,"ä":1}');
  expect(fingerprint({ b: 1, a: 2 })).toBe(createHash("sha256").update('{"a":2,"b":1}').digest("hex"));
});

test("different values have different texts", () => {
  const values = [1, "1", 1n, [1], { a: 1 }, null, "null", [], {}, "", [[1], 2], [[1, 2]], Float64Array.of(1.5), [1.25]];
  expect(new Set(values.map((value) => fingerprint(value))).size).toBe(values.length);
});
