import { expect, test } from "vitest";
import { relabelTable } from "./relabel.ts";
import { localMapping, resolveMatches } from "./resolve.ts";
import { segmentIds } from "./segment-ids.ts";

test("a table gives each local label its body: the id of the body's smallest segment", () => {
  const ids = segmentIds({ labelOffset: 2n ** 40n, preserved: BigUint64Array.of(2n ** 40n + 2n), counts: [3, 4] });
  // Segment 2 of the first subvolume (index 2) = segments 1 and 3 of the second (indices 4 and 6).
  const mapping = resolveMatches({ a: Float64Array.of(2, 6), b: Float64Array.of(4, 2) });
  const at = (n: bigint) => 2n ** 40n + n;
  const tableOf = (offset: number, segments: number) =>
    relabelTable({ ids, offset, segments, ...localMapping(mapping, offset, segments) });
  expect(tableOf(0, 3)).toEqual(BigUint64Array.of(0n, at(1n), at(3n), at(4n)));
  expect(tableOf(3, 4)).toEqual(BigUint64Array.of(0n, at(3n), at(6n), at(3n), at(8n)));
  expect(tableOf(7, 0)).toEqual(BigUint64Array.of(0n));
});
