/** The matches of all faces come to the driver complete and in order, or not at all. */
import { expect, test } from "vitest";
import type { Dataset } from "../../engine/index.ts";
import { collectMatches } from "./collect-matches.ts";
import type { FaceMatches } from "./stitch-stages.ts";

/** Faces between subvolumes 0 and 1: segment i is matched with i + 1. */
function facesOf(lengths: readonly number[]): Dataset<FaceMatches> {
  let next = 1;
  const rows = lengths.map((length) => {
    const segmentsA = Uint32Array.from({ length }, () => next++);
    return { key: "0-1", value: { a: 0, b: 1, segmentsA, segmentsB: segmentsA.map((i) => i + 1) } };
  });
  return {
    collect: async function* () {
      yield* rows;
    },
  } as Partial<Dataset<FaceMatches>> as Dataset<FaceMatches>;
}

test("any number of matches, also more than fit a part of the list", async () => {
  for (const lengths of [[], [0, 3, 0], [2 ** 17], [2 ** 17 - 1, 2], [300_000, 1, 5]]) {
    const n = lengths.reduce((sum, length) => sum + length, 0);
    const { a, b } = (await collectMatches(facesOf(lengths), [10, 1_000_000], n, {}))!;
    expect([a.length, b.length]).toEqual([n, n]);
    expect(a.every((index, i) => index === 11 + i)).toBe(true);
    expect(b.every((index, i) => index === 1_000_002 + i)).toBe(true);
  }
});

test("more than wanted are not collected", async () => {
  expect(await collectMatches(facesOf([3, 3]), [0, 100], 5, {})).toBeNull();
});
