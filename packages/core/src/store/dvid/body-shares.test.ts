import fc from "fast-check";
import { expect, test } from "vitest";
import type { Box, Vec3 } from "../../geometry/box.ts";
import type { BodyShare } from "../types.ts";
import { blockFinder, byBody, equalIndices, mergedIndex } from "./body-shares.ts";
import { blockKey, type LabelIndex } from "./wire/index.ts";

const BLOCK: Vec3 = [64, 64, 64];
type Row = readonly [body: bigint, supervoxel: bigint, block: Vec3, voxels: number];

function shareOf(box: Box, former: readonly bigint[], rows: readonly Row[]): BodyShare {
  return {
    box,
    former: BigUint64Array.from(former),
    bodies: BigUint64Array.from(rows, ([body]) => body),
    supervoxels: BigUint64Array.from(rows, ([, supervoxel]) => supervoxel),
    cells: BigUint64Array.from(rows, ([, , block]) => blockKey(block)),
    voxels: Uint32Array.from(rows, ([, , , voxels]) => voxels),
  };
}

const plain = ({ label, blocks }: LabelIndex) => ({
  label,
  blocks: blocks.map(({ block, counts }) => ({ block, counts: [...counts] })),
});

test("what a body had outside the written boxes stays, what it had inside is replaced, and a body without voxels has no blocks", () => {
  const first = shareOf(
    { start: [0, 0, 0], stop: [64, 64, 128] },
    [7n, 9n],
    [
      [7n, 5n, [0, 0, 0], 10],
      [7n, 7n, [0, 0, 0], 2],
      [100n, 100n, [0, 0, 0], 1],
      [7n, 7n, [0, 0, 1], 3],
    ],
  );
  const second = shareOf({ start: [64, 0, 0], stop: [128, 64, 128] }, [], [[7n, 7n, [1, 0, 1], 4]]);
  const shares = [first, second];
  const { rows, bodies } = byBody(shares);
  expect(bodies).toEqual([7n, 9n, 100n]);
  const wasWritten = blockFinder(shares, BLOCK);
  const count = (block: Vec3, ...counts: [bigint, number][]) => ({ block, counts: new Map(counts) });
  const before = [count([0, 0, 0], [5n, 99n as never]), count([0, 1, 0], [5n, 8]), count([1, 0, 0], [7n, 6])];
  const index = (id: bigint, old = before) => plain(mergedIndex({ label: id, blocks: old }, wasWritten, rows.get(id) ?? []));
  expect(index(7n)).toEqual({
    label: 7n,
    blocks: [
      { block: [0, 1, 0], counts: [[5n, 8]] },
      {
        block: [0, 0, 0],
        counts: [
          [5n, 10],
          [7n, 2],
        ],
      },
      { block: [0, 0, 1], counts: [[7n, 3]] },
      { block: [1, 0, 1], counts: [[7n, 4]] },
    ],
  });
  expect(index(9n, [count([1, 0, 1], [9n, 5])])).toEqual({ label: 9n, blocks: [] });
  expect(index(100n, [])).toEqual({ label: 100n, blocks: [{ block: [0, 0, 0], counts: [[100n, 1]] }] });
});

test("a block of two boxes counts once, what nobody knows of an index stays, and equal indices are told whatever their order", () => {
  const [small, large] = [1, 2].map((n) =>
    shareOf(
      { start: [0, 0, 0], stop: [64, 64, 64 * n] },
      [],
      [[7n, 7n, [0, 0, 0], 10], ...(n === 1 ? [] : [[7n, 8n, [0, 0, 1], 3] as Row])],
    ),
  ) as [BodyShare, BodyShare];
  const shares = [small, large];
  const block = (x: number, ...counts: [bigint, number][]) => ({ block: [0, 0, x] as Vec3, counts: new Map(counts) });
  const before: LabelIndex = { label: 7n, blocks: [block(1, [8n, 3]), block(0, [7n, 10])], others: Uint8Array.of(24, 5) };
  const index = mergedIndex(before, blockFinder(shares, BLOCK), byBody(shares).rows.get(7n)!);
  expect(index).toEqual({ ...before, blocks: [block(0, [7n, 10]), block(1, [8n, 3])] });
  expect(equalIndices(index, before)).toBe(true);
  for (const blocks of [[block(0, [7n, 10])], [block(0, [7n, 11]), block(1, [8n, 3])], [block(0, [7n, 10]), block(2, [8n, 3])]])
    expect(equalIndices(index, { label: 7n, blocks })).toBe(false);
  expect(equalIndices(index, { label: 7n, blocks: [block(0, [7n, 10], [9n, 1]), block(1, [8n, 3])] })).toBe(false);
});

test("blocks are found in boxes of any places and sizes", () => {
  const edge = fc.tuple(fc.nat(12), fc.nat(12), fc.nat(12));
  const boxes = fc.array(fc.tuple(edge, fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(3), fc.nat(3))), { maxLength: 6 });
  fc.assert(
    fc.property(boxes, fc.array(edge, { minLength: 1, maxLength: 30 }), (placed, blocks) => {
      const shares = placed.map(([start, [dz, dy, dx]]) => {
        const size = [dz, dy + 1, dx + 1];
        const at = (v: readonly number[]) => v.map((n) => n * 64) as unknown as Vec3;
        return shareOf({ start: at(start), stop: at(start.map((n, a) => n + size[a]!)) }, [], []);
      });
      const find = blockFinder(shares, BLOCK);
      for (const block of blocks) {
        const inside = shares.some(({ box }) => block.every((n, a) => n * 64 >= box.start[a]! && n * 64 < box.stop[a]!));
        expect(find(block)).toBe(inside);
      }
    }),
  );
});
