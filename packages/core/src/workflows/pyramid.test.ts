import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Box, box, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import { specOf, temporaryFolder } from "../store/contract.suite.ts";
import { createVolume, openVolume } from "../store/index.ts";
import { allocate, type Block, type Dtype } from "../volume/block.ts";
import { buildPyramid, fillPyramidCell, pyramidTasks } from "./pyramid.ts";

const newPath = async () => join(await temporaryFolder(), "v");

/** Few values, so that ties are frequent. */
function randomBlock(dtype: Dtype, shape: Vec3, seed: number): Block {
  const data = allocate(dtype, volumeOf(shape));
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = state >>> 29;
    if (data instanceof BigUint64Array) data[i] = BigInt(value) << 33n;
    else data[i] = value;
  }
  return { data, shape };
}

/** Straight from the definition: windows from the first voxel, cut at the far edge. */
function expected(block: Block, kind: "image" | "labels"): Block {
  const shape = block.shape.map((n) => Math.ceil(n / 2)) as unknown as Vec3;
  const data: unknown[] = [];
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[2]; x++) {
        const window: bigint[] = [];
        for (let w = 0; w < 8; w++) {
          const [fz, fy, fx] = [2 * z + (w >> 2), 2 * y + ((w >> 1) & 1), 2 * x + (w & 1)];
          if (fz < block.shape[0] && fy < block.shape[1] && fx < block.shape[2])
            window.push(BigInt(block.data[(fz * block.shape[1] + fy) * block.shape[2] + fx]!));
        }
        const n = BigInt(window.length);
        const mean = (2n * window.reduce((a, b) => a + b, 0n) + n) / (2n * n);
        const count = (v: bigint) => window.filter((other) => other === v).length;
        const mode = window.reduce((a, b) => (count(b) > count(a) || (count(b) === count(a) && b < a) ? b : a));
        data.push(kind === "image" ? mean : mode);
      }
  const array = allocate(block.data instanceof BigUint64Array ? "uint64" : "uint8", data.length);
  for (const [i, v] of data.entries()) array[i] = (array instanceof BigUint64Array ? v : Number(v)) as never;
  return { data: array, shape };
}

async function madeVolume(dtype: Dtype, bounds: Box, seed: number): Promise<{ source: string; block: Block }> {
  const store = await createVolume(await newPath(), specOf(dtype, bounds, { chunk: [2, 4, 3] }));
  const block = randomBlock(dtype, shapeOf(bounds), seed);
  await store.write(bounds, block);
  return { source: store.source, block };
}

test.each<[Dtype, "image" | "labels"]>([
  ["uint8", "image"],
  ["uint64", "labels"],
])("every level of %s %s, any size and offset", async (dtype, kind) => {
  const side = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 1, max: 11 }));
  await fc.assert(
    fc.asyncProperty(fc.tuple(side, side, side), fc.nat(), async ([z, y, x], seed) => {
      const bounds = box([z[0], y[0], x[0]], [z[0] + z[1], y[0] + y[1], x[0] + x[1]]);
      const { source, block } = await madeVolume(dtype, bounds, seed);
      await buildPyramid(source);
      let level = block;
      let start = bounds.start;
      for (const coarse of (await (await openVolume(source)).info()).scales!.slice(1)) {
        level = expected(level, kind);
        start = start.map((n) => Math.floor(n / 2)) as unknown as Vec3;
        const store = await openVolume(coarse);
        const info = await store.info();
        expect(info.bounds).toEqual(box(start, start.map((n, a) => n + level.shape[a]!) as unknown as Vec3));
        expect((await store.read(info.bounds)).data).toEqual(level.data);
      }
      expect(level.shape.every((n, a) => n <= [2, 4, 3][a]!)).toBe(true);
    }),
    { numRuns: 12 },
  );
});

test("the tasks of a level in any order, at the same time; each chunk belongs to one task", async () => {
  const bounds = box([1, 2, 3], [20, 41, 33]);
  const { source, block } = await madeVolume("uint64", bounds, 1);
  const levels = await pyramidTasks(source);
  expect(levels.length).toBe(4);
  for (const tasks of levels) {
    const { bounds: whole, writeGrid } = await (await openVolume(tasks[0]!.coarse)).info();
    expect(tasks.reduce((sum, task) => sum + volumeOf(shapeOf(task.box)), 0)).toBe(volumeOf(shapeOf(whole)));
    for (const task of tasks)
      for (const a of [0, 1, 2] as const) expect((task.box.start[a] - whole.start[a]) % writeGrid!.cell[a]).toBe(0);
    await Promise.all([...tasks].reverse().map((task) => fillPyramidCell(task)));
  }
  const coarse = await openVolume(levels[0]![0]!.coarse);
  expect((await coarse.read((await coarse.info()).bounds)).data).toEqual(expected(block, "labels").data);
});

test("within boxes of the finest level: the tasks above them, in the same order, each once", async () => {
  const { source } = await createVolume(await newPath(), specOf("uint64", box([1, 2, 3], [1501, 902, 703])));
  const within = [box([1200, 2, 3], [1400, 300, 12]), box([1, 2, 3], [2, 4, 4]), box([1201, 3, 3], [1202, 4, 4])];
  const levels = await pyramidTasks(source);
  const some = await pyramidTasks(source, { within });
  expect(some[0]!.length).toBeLessThan(levels[0]!.length);
  const touches = (task: Box, fine: Box, scale: number) =>
    // the grid of this volume begins at [1, 2, 3], and at that divided by the scale
    [0, 1, 2].every((a) => {
      const [from, to] = [[1, 2, 3][a]!, Math.floor([1, 2, 3][a]! / scale)];
      return from + (task.start[a]! - to) * scale < fine.stop[a]! && fine.start[a]! < from + (task.stop[a]! - to) * scale;
    });
  for (const [i, tasks] of levels.entries()) {
    const scale = 2 ** (i + 1);
    expect(some[i]).toEqual(tasks.filter((task) => within.some((fine) => touches(task.box, fine, scale))));
  }
});

test("one task reads at most 64 MB", async () => {
  const store = await createVolume(await newPath(), specOf("uint8", box([0, 0, 0], [3000, 3000, 3000])));
  const [finest] = await pyramidTasks(store.source);
  expect(Math.max(...finest!.map((task) => volumeOf(shapeOf(task.box)) * 8))).toBe(256 ** 3);
});

test("no pyramid, nothing to do", async () => {
  const store = await createVolume(`${await newPath()}.npy`, specOf("uint8", box([0, 0, 0], [300, 3, 3])));
  expect(await pyramidTasks(store.source)).toEqual([]);
  await buildPyramid(store.source);
});

test("what has no pyramid is refused when the volume is made", async () => {
  const bounds = box([0, 0, 0], [300, 3, 3]);
  const floats = { ...specOf("float32", bounds), kind: "labels" as const };
  await expect(createVolume(await newPath(), floats)).rejects.toMatchObject({ code: "E_SOURCE_UNSUPPORTED" });
  const image = { ...specOf("uint64", bounds), kind: "image" as const };
  await expect(createVolume(await newPath(), image)).rejects.toMatchObject({ code: "E_SOURCE_UNSUPPORTED" });
  await createVolume(await newPath(), { ...image, options: { levels: 1 } });
});
