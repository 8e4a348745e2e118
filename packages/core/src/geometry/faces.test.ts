import fc from "fast-check";
import { expect, test } from "vitest";
import { AXES, box, grow, intersect, isEmpty, type Vec3, voxelsIn } from "./box.ts";
import { findFaces } from "./faces.ts";
import { partition } from "./partition.ts";
import { parseRoi, wholeRoi } from "./roi.ts";
import type { Face, Subvolume } from "./subvolume.ts";

const far = box([-9999, -9999, -9999], [9999, 9999, 9999]);

/** The definition, pair by pair. */
function allPairs(subvolumes: readonly Subvolume[]): Face[] {
  const faces: Face[] = [];
  for (const p of subvolumes) {
    for (const q of subvolumes) {
      if (p.id >= q.id) continue;
      for (const axis of AXES) {
        const touch = p.core.stop[axis] === q.core.start[axis] || q.core.stop[axis] === p.core.start[axis];
        const others = AXES.filter((a) => a !== axis);
        const overlap = others.every((a) => p.core.start[a] < q.core.stop[a] && q.core.start[a] < p.core.stop[a]);
        const common = intersect(p.bordered, q.bordered);
        if (touch && overlap && !isEmpty(common)) faces.push({ a: p.id, b: q.id, box: common, axis });
      }
    }
  }
  return faces;
}

const cut = (runs: readonly (readonly number[])[], blocks: number, border: Vec3 = [3, 3, 3]) => {
  const edge = 32 * blocks;
  const sizes = { chunk: [edge, edge, edge], border, grid: [32, 32, 32] } as const;
  return partition({ roi: parseRoi(runs), bounds: far, method: "ask-dvid", filter: "all", ...sizes });
};

test("two staggered rows: whole and partial faces, no corner neighbours", () => {
  // Row y 0: blocks 0–3 (two boxes from 0); row y 2: blocks 1–4 (two boxes from 1).
  const subvolumes = cut(
    [
      [0, 0, 0, 3],
      [0, 1, 0, 3],
      [0, 2, 1, 4],
      [0, 3, 1, 4],
      [1, 0, 0, 3],
    ],
    2,
  );
  expect(subvolumes.map((s) => [s.core.start[1], s.core.start[2]])).toEqual([
    [0, 0],
    [0, 64],
    [64, 32],
    [64, 96],
  ]);
  const faces = findFaces(subvolumes);
  expect(faces.map((f) => [f.a, f.b, f.axis])).toEqual([
    [0, 1, 2],
    [0, 2, 1],
    [1, 2, 1],
    [1, 3, 1],
    [2, 3, 2],
  ]);
  expect(faces[1]!.box).toEqual(box([-3, 61, 29], [67, 67, 67]));
});

test("the overlap of two cubes of 512 with border 20 is 40 x 552 x 552", () => {
  const sizes = { chunk: [512, 512, 512], border: [20, 20, 20], grid: [64, 64, 64] } as const;
  const bounds = box([0, 0, 0], [1024, 512, 512]);
  const faces = findFaces(partition({ roi: wholeRoi(), bounds, method: "grid-aligned", filter: "all", ...sizes }));
  expect(faces).toEqual([{ a: 0, b: 1, axis: 0, box: box([492, -20, -20], [532, 532, 532]) }]);
  expect(voxelsIn(faces[0]!.box)).toBe(40 * 552 * 552);
});

test("faces are those of the definition, for staggered rows and any border", () => {
  const run = fc
    .tuple(fc.integer({ min: -3, max: 8 }), fc.integer({ min: -3, max: 8 }), fc.integer({ min: -3, max: 8 }), fc.nat(12))
    .map(([z, y, x, n]) => [z, y, x, x + n] as const);
  const border = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4));
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 25 }), fc.integer({ min: 1, max: 3 }), border, (runs, size, by) => {
      const subvolumes = cut(runs, size, by);
      expect(findFaces(subvolumes)).toEqual(allPairs(subvolumes));
    }),
    { numRuns: 150 },
  );
});

test("faces are those of the definition for boxes of mixed sizes in any order", () => {
  // Disjoint boxes from a 6 x 6 x 6 world cut recursively.
  const cuts = fc.array(fc.tuple(fc.nat(30), fc.constantFrom(...AXES), fc.integer({ min: 1, max: 5 })), { maxLength: 25 });
  fc.assert(
    fc.property(cuts, fc.nat(), (list, seed) => {
      const cores = [box([0, 0, 0], [6, 6, 6])];
      for (const [which, axis, at] of list) {
        const core = cores[which % cores.length]!;
        if (at <= core.start[axis] || at >= core.stop[axis]) continue;
        const end = core.stop.with(axis, at) as unknown as Vec3;
        const start = core.start.with(axis, at) as unknown as Vec3;
        cores.splice(which % cores.length, 1, box(core.start, end), box(start, core.stop));
      }
      const ids = cores.map((_, i) => (i * 7919 + seed) % 1_000_003);
      const subvolumes = cores.map((core, i) => ({ id: ids[i]!, core, bordered: grow(core, [1, 1, 1]) }));
      const sorted = allPairs(subvolumes).sort((f, g) => f.a - g.a || f.b - g.b);
      expect(findFaces(subvolumes)).toEqual(sorted);
    }),
  );
});

test("without a border there is no face", () => {
  expect(findFaces(cut([[0, 0, 0, 3]], 1, [0, 0, 0]))).toEqual([]);
  expect(findFaces([])).toEqual([]);
});

test("64,000 boxes are not compared pair by pair (two billion pairs would take far longer)", () => {
  const sizes = { chunk: [32, 32, 32], border: [4, 4, 4], grid: [32, 32, 32] } as const;
  const bounds = box([0, 0, 0], [1280, 1280, 1280]);
  const subvolumes = partition({ roi: wholeRoi(), bounds, method: "grid-aligned", filter: "all", ...sizes });
  expect(subvolumes).toHaveLength(40 ** 3);
  const started = performance.now();
  expect(findFaces(subvolumes)).toHaveLength(3 * 39 * 40 * 40);
  expect(performance.now() - started).toBeLessThan(20_000);
});
