import { expect, test } from "vitest";
import { countDistinct, dealRoots, mappingFingerprint } from "./resolve-stages.ts";

test.each([1, 2, 5])("roots dealt to %i hands: each is counted once", (hands) => {
  const [here, there] = [
    [Float64Array.of(3, 8, 2 ** 40), Float64Array.of(8, 9)],
    [Float64Array.of(3), Float64Array.of(2 ** 40, 11), Float64Array.of()],
  ];
  const dealt = [...dealRoots(here, { hands }), ...dealRoots(there, { hands })];
  const keys = new Set(dealt.map(({ key }) => key));
  const counts = Array.from(keys, (key) => countDistinct(dealt.filter((row) => row.key === key).map(({ value }) => value)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  expect(Math.max(...counts)).toBe(hands === 1 ? 5 : hands === 2 ? 3 : 2);
});

test("no part and an empty part of the mapping have the same fingerprint", () => {
  const empty = { members: new Uint32Array(0), roots: new Float64Array(0) };
  expect(mappingFingerprint()).toBe(mappingFingerprint(empty));
  expect(mappingFingerprint({ members: Uint32Array.of(1), roots: Float64Array.of(1) })).not.toBe(mappingFingerprint());
});
