import fc from "fast-check";
import { expect, test } from "vitest";
import { box, map3, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import type { Face } from "../geometry/subvolume.ts";
import { countFace } from "./overlap.ts";
import { DEFAULT_POLICY, decideMatches } from "./policy.ts";

const faceOf = (shape: Vec3, axis: 0 | 1 | 2): Face => ({
  a: 3,
  b: 7,
  box: box([-5, 0, 9], [shape[0] - 5, shape[1], shape[2] + 9]),
  axis,
});

test("a hand-made region, thick along z: counts of the whole, plane of layer 20", () => {
  const shape: Vec3 = [40, 2, 3];
  const a = new Uint32Array(240);
  const b = new Uint32Array(240);
  a.fill(5, 0, 20 * 6); // layers 0–19: not on the plane
  a.fill(9, 20 * 6, 30 * 6); // layers 20–29
  b.fill(2, 0, 21 * 6); // layers 0–20
  b.fill(4, 21 * 6, 40 * 6);
  expect(countFace(faceOf(shape, 0), shape, a, b)).toEqual({
    a: 3,
    b: 7,
    voxels: 240,
    pairA: Uint32Array.of(5, 9, 9),
    pairB: Uint32Array.of(2, 2, 4),
    pairVoxels: Float64Array.of(120, 6, 54),
    planeA: Uint32Array.of(9),
    planeB: Uint32Array.of(2),
  });
});

test("one body absent from the plane on one side only", () => {
  // A draws the body through all 40 layers; B stops it at layer 19, one short of the plane.
  const shape: Vec3 = [40, 10, 10];
  const a = new Uint32Array(4000).fill(1);
  const short = new Uint32Array(4000).fill(1, 0, 2000);
  const enough = new Uint32Array(4000).fill(1, 0, 2001);
  const decide = (p: Uint32Array, q: Uint32Array, algorithm: "conservative" | "medium" | "aggressive") =>
    decideMatches(countFace(faceOf(shape, 0), shape, p, q), { ...DEFAULT_POLICY, algorithm }).length;
  for (const [p, q, r] of [
    [a, short, enough],
    [short, a, enough],
  ] as const) {
    expect(decide(p, q, "conservative")).toBe(0);
    expect(decide(p, q, "medium")).toBe(0);
    // The side on the plane may start, and all of its common voxels are with the other.
    expect(decide(p, q, "aggressive")).toBe(1);
    const [left, right] = p === a ? [a, r] : [r, a];
    for (const algorithm of ["conservative", "medium", "aggressive"] as const) expect(decide(left, right, algorithm)).toBe(1);
  }
  expect(decide(short, short, "aggressive")).toBe(0);
});

test("counts and planes are those of a walk over all voxels, for each axis", () => {
  const labels = (n: number) => fc.array(fc.constantFrom(0, 1, 2, 3, 2 ** 32 - 1), { minLength: n, maxLength: n });
  const region = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .chain((shape) => fc.tuple(fc.constant(shape), labels(volumeOf(shape)), labels(volumeOf(shape)), fc.constantFrom(0, 1, 2)));
  fc.assert(
    fc.property(region, ([shape, p, q, axis]) => {
      const a = Uint32Array.from(p);
      const b = Uint32Array.from(q);
      const counts = new Map<string, number>();
      const planes = [new Set<number>(), new Set<number>()] as const;
      for (let i = 0; i < a.length; i++) {
        if (a[i] !== 0 && b[i] !== 0) counts.set(`${a[i]} ${b[i]}`, (counts.get(`${a[i]} ${b[i]}`) ?? 0) + 1);
        const at = [Math.floor(i / (shape[1] * shape[2])), Math.floor(i / shape[2]) % shape[1], i % shape[2]];
        if (at[axis] !== Math.floor(shape[axis]! / 2)) continue;
        if (a[i] !== 0) planes[0].add(a[i]!);
        if (b[i] !== 0) planes[1].add(b[i]!);
      }
      const face = faceOf(shape, axis);
      const evidence = countFace(face, shapeOf(face.box), a, b);
      const sorted = Array.from(counts, ([key, n]) => [...key.split(" ").map(Number), n] as [number, number, number]);
      sorted.sort((r, s) => r[0] - s[0] || r[1] - s[1]);
      expect(Array.from(evidence.pairA, (l, i) => [l, evidence.pairB[i]!, evidence.pairVoxels[i]!])).toEqual(sorted);
      expect(evidence.planeA).toEqual(Uint32Array.from(planes[0]).sort());
      expect(evidence.planeB).toEqual(Uint32Array.from(planes[1]).sort());
    }),
  );
});

test("arrays that do not fit the face are refused", () => {
  const shape: Vec3 = [2, 2, 2];
  const eight = new Uint32Array(8);
  expect(() => countFace(faceOf(shape, 0), shape, eight, new Uint32Array(7))).toThrow(RangeError);
  expect(() =>
    countFace(
      faceOf(
        map3(() => 1),
        0,
      ),
      shape,
      eight,
      eight,
    ),
  ).toThrow(/expected 1 labels/);
});
