import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Box, contains, equalBoxes, shapeOf, type Vec3, volumeOf, voxelsIn } from "../../geometry/box.ts";
import { createVolume } from "../../store/index.ts";
import type { VolumeInfo, VolumeStore } from "../../store/types.ts";
import { allocate, type Dtype } from "../../volume/block.ts";
import { comparePreserved, openPreserved, type PreservedSource, piecesOf, preservedMask, writePreservedIds } from "./preserved.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-preserved-"));
});
afterAll(() => rm(folder, { recursive: true }));

type Labels = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** The id at a voxel; 0 outside. The slow way, for comparison. */
function idAt(labels: Labels, bounds: Box, voxel: Vec3): bigint {
  if (voxel.some((n, axis) => n < bounds.start[axis]! || n >= bounds.stop[axis]!)) return 0n;
  const [, ny, nx] = shapeOf(bounds);
  const [z, y, x] = [voxel[0] - bounds.start[0], voxel[1] - bounds.start[1], voxel[2] - bounds.start[2]];
  return BigInt(labels[(z * ny + y) * nx + x]!);
}

function* voxelsOfBox({ start, stop }: Box): Generator<Vec3> {
  for (let z = start[0]; z < stop[0]; z++)
    for (let y = start[1]; y < stop[1]; y++) for (let x = start[2]; x < stop[2]; x++) yield [z, y, x];
}

/** A store in memory; `reads` collects what is asked. */
function memoryStore(dtype: Dtype, bounds: Box, labels: Labels | null, cell: Vec3 | null, reads: Box[] = []): VolumeStore {
  const writeGrid = cell === null ? null : { origin: bounds.start, cell };
  const info: VolumeInfo = { dtype, kind: "labels", bounds, voxelSizeNm: [1, 1, 1], writeGrid, details: {} };
  return {
    source: "memory",
    info: async () => info,
    async read(box) {
      expect(contains(bounds, box)).toBe(true);
      reads.push(box);
      const data = allocate(dtype, voxelsIn(box)) as Labels;
      let i = 0;
      if (labels !== null) {
        for (const voxel of voxelsOfBox(box)) {
          const id = idAt(labels, bounds, voxel);
          data[i++] = dtype === "uint64" ? id : Number(id);
        }
      }
      return { data, shape: shapeOf(box) };
    },
    write: () => Promise.reject(new Error("read only")),
    identity: async () => "memory",
  };
}

async function sourceOf(store: VolumeStore, bodies: readonly bigint[]): Promise<PreservedSource> {
  return { store, info: await store.info(), bodies: BigUint64Array.from(bodies), supervoxels: null };
}

const boxes = (most: number) =>
  fc
    .tuple(
      fc.array(fc.integer({ min: -3, max: 6 }), { minLength: 3, maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: most }), { minLength: 3, maxLength: 3 }),
    )
    .map(
      ([start, size]): Box => ({
        start: start as unknown as Vec3,
        stop: start.map((n, axis) => n + size[axis]!) as unknown as Vec3,
      }),
    );
const cells = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));

const LARGE = 2n ** 63n + 12345n;
const IDS: Readonly<Record<string, readonly bigint[]>> = {
  uint8: [0n, 1n, 3n, 200n],
  uint16: [0n, 1n, 3n, 60_000n],
  uint32: [0n, 1n, 3n, 4_000_000_000n],
  uint64: [0n, 1n, LARGE, LARGE + 2n ** 32n],
};
const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array };

test.each(["uint8", "uint16", "uint32", "uint64"] as const)(
  "mask, ids and comparison of %s are those of a voxel by voxel look",
  async (dtype) => {
    const ids = IDS[dtype]!;
    await fc.assert(
      fc.asyncProperty(
        boxes(7),
        boxes(7),
        fc.option(cells),
        cells,
        fc.subarray(ids.slice(1)),
        fc.infiniteStream(fc.nat(2 ** 20)),
        fc.boolean(),
        async (bounds, box, cell, outputCell, bodies, numbers, whole) => {
          const next = () => numbers.next().value as number;
          const chosen = Array.from({ length: voxelsIn(bounds) }, () => ids[next() % ids.length]!);
          const labels = dtype === "uint64" ? BigUint64Array.from(chosen) : new ARRAYS[dtype](chosen.map(Number));
          const source = await sourceOf(memoryStore(dtype, bounds, labels, cell), bodies);
          const inside = whole ? null : Uint8Array.from({ length: voxelsIn(box) }, () => next() % 2);

          const voxels = [...voxelsOfBox(box)];
          const wanted = voxels.map((voxel, i) => {
            const id = idAt(labels, bounds, voxel);
            return bodies.includes(id) && inside?.[i] !== 0 ? id : 0n;
          });
          const any = wanted.some((id) => id !== 0n);
          expect(await preservedMask(source, box, inside)).toEqual(
            any ? Uint8Array.from(wanted, (id) => (id === 0n ? 0 : 1)) : null,
          );

          const before = BigUint64Array.from(voxels, () => BigInt(next() + 1000));
          const after = before.slice();
          const occurred = await writePreservedIds(source, box, inside, after);
          expect([...after]).toEqual(wanted.map((id, i) => (id === 0n ? before[i] : id)));
          expect([...occurred]).toEqual(bodies.filter((id) => wanted.includes(id)));

          // what was written: right, then with some voxels of other ids
          const insideOf = (piece: Box) =>
            inside === null ? null : Uint8Array.from(voxelsOfBox(piece), (voxel) => Number(idAt(inside, box, voxel)));
          const written = (data: BigUint64Array) => memoryStore("uint64", box, data, outputCell);
          expect(await comparePreserved(source, written(after), box, insideOf)).toEqual({
            compared: wanted.filter((id) => id !== 0n).length,
            wrong: 0,
          });
          const damaged = after.map((id) => (next() % 3 === 0 ? ids[next() % ids.length]! : id));
          const relevant = [...damaged.keys()].filter((i) => wanted[i] !== 0n || bodies.includes(damaged[i]!));
          expect(await comparePreserved(source, written(damaged), box, insideOf)).toEqual({
            compared: relevant.length,
            wrong: relevant.filter((i) => wanted[i] !== damaged[i]).length,
          });
        },
      ),
      { numRuns: 60 },
    );
  },
);

test("pieces: each voxel once, whole cells, at most as many voxels as asked unless one cell has more", () => {
  fc.assert(
    fc.property(boxes(9), cells, boxes(1), fc.integer({ min: 1, max: 200 }), (box, cell, { start: origin }, most) => {
      const seen = new Set<string>();
      for (const piece of piecesOf(box, { writeGrid: { origin, cell } }, most)) {
        expect(contains(box, piece)).toBe(true);
        expect(voxelsIn(piece)).toBeGreaterThan(0);
        expect(voxelsIn(piece)).toBeLessThanOrEqual(Math.max(most, volumeOf(cell)));
        for (const axis of [0, 1, 2] as const) {
          for (const [at, end] of [
            [piece.start[axis], box.start[axis]],
            [piece.stop[axis], box.stop[axis]],
          ] as const) {
            if (at !== end) expect(Math.abs(at - origin[axis]) % cell[axis]).toBe(0);
          }
        }
        for (const voxel of voxelsOfBox(piece)) {
          expect(seen.has(String(voxel))).toBe(false);
          seen.add(String(voxel));
        }
      }
      expect(seen.size).toBe(voxelsIn(box));
    }),
  );
});

test("a subvolume of 552³ is read in few pieces of at most 4 million voxels", async () => {
  const bounds: Box = { start: [0, 0, 0], stop: [1024, 1024, 1024] };
  const box: Box = { start: [236, 236, 236], stop: [788, 788, 788] };
  const reads: Box[] = [];
  const source = await sourceOf(memoryStore("uint8", bounds, null, null, reads), [1n]);
  expect(await preservedMask(source, box, null)).toBeNull();
  const chunked = [...piecesOf(box, { writeGrid: { origin: [0, 0, 0], cell: [64, 64, 64] } })];
  for (const pieces of [reads, chunked]) {
    for (const piece of pieces) expect(voxelsIn(piece)).toBeLessThanOrEqual(2 ** 22);
    expect(pieces.reduce((sum, piece) => sum + voxelsIn(piece), 0)).toBe(552 ** 3);
    expect(pieces.length).toBeLessThanOrEqual(100);
  }
});

test("10^5 bodies are looked up by distinct label", async () => {
  const side = 100;
  const bounds: Box = { start: [0, 0, 0], stop: [side, side, side] };
  const ids = Array.from({ length: 100_000 }, (_, k) => 2n ** 40n + BigInt(k) * 3n);
  const labels = BigUint64Array.from({ length: side ** 3 }, (_, i) => 2n ** 40n + BigInt(Math.floor(i / 5)));
  const store: VolumeStore = {
    ...memoryStore("uint64", bounds, null, null),
    read: async (box) => {
      expect(equalBoxes(box, bounds)).toBe(true);
      return { data: labels, shape: shapeOf(box) };
    },
  };
  const began = performance.now();
  const mask = await preservedMask(await sourceOf(store, ids), bounds, null);
  expect(performance.now() - began).toBeLessThan(20_000); // a search along the list would take minutes
  // every third of 200000 distinct labels, 5 voxels each
  expect(mask!.reduce((sum, flag) => sum + flag, 0)).toBe(5 * Math.ceil(200_000 / 3));
});

test("labels of real stores, read in several pieces; float32 is refused", async () => {
  const bounds: Box = { start: [0, 0, 0], stop: [70, 65, 66] };
  const spec = { dtype: "uint64", kind: "labels", bounds, voxelSizeNm: [8, 8, 8], chunk: [32, 32, 32] } as const;
  const store = await createVolume(`precomputed://${join(folder, "labels")}`, spec);
  const data = new BigUint64Array(voxelsIn(bounds)).map((_, i) => (i % 7 === 0 ? LARGE : BigInt(i % 5)));
  await store.write(bounds, { data, shape: shapeOf(bounds) });
  const source = await openPreserved({ source: store.source, bodies: BigUint64Array.from([3n, LARGE]) }, null);
  const box: Box = { start: [-2, 10, 10], stop: [90, 70, 60] };
  const after = new BigUint64Array(voxelsIn(box));
  expect([...(await writePreservedIds(source, box, null, after))]).toEqual([3n, LARGE]);
  const kept = (id: bigint) => (id === 3n || id === LARGE ? id : 0n);
  expect(after).toEqual(BigUint64Array.from(voxelsOfBox(box), (voxel) => kept(idAt(data, bounds, voxel))));

  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }".padEnd(117);
  const npy = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"), Buffer.from(`${header}\n`), Buffer.alloc(4)]);
  await writeFile(join(folder, "float.npy"), npy);
  await expect(openPreserved({ source: join(folder, "float.npy"), bodies: BigUint64Array.from([1n]) }, null)).rejects.toMatchObject(
    {
      code: "E_DTYPE",
    },
  );
});

test("of the same instance the supervoxels are written, and both views are compared", async () => {
  const bounds: Box = { start: [0, 0, 0], stop: [4, 5, 6] };
  const spec = { dtype: "uint64", kind: "labels", bounds, voxelSizeNm: [1, 1, 1] } as const;
  const [, ny, nx] = shapeOf(bounds);
  const make = async (name: string, idAt: (x: number) => bigint) => {
    const store = await createVolume(`npy://${join(folder, name)}.npy`, spec);
    const data = BigUint64Array.from({ length: voxelsIn(bounds) }, (_, i) => idAt(i % nx));
    await store.write(bounds, { data, shape: shapeOf(bounds) });
    return { store, data };
  };
  // x:           0  1  2  3  4  5
  // supervoxels  1  2  2  3  8  9      1, 2 and 3 are body 3; 8 is body 8
  const below = await make("below", (x) => [1n, 2n, 2n, 3n, 8n, 9n][x]!);
  const above = await make("above", (x) => [3n, 3n, 3n, 3n, 8n, 9n][x]!);
  const bodies = { instance: "one", supervoxels: below.store.source } as NonNullable<VolumeStore["bodies"]>;
  const source: PreservedSource = {
    store: above.store,
    info: await above.store.info(),
    bodies: BigUint64Array.from([3n, 7n]),
    supervoxels: below.store,
  };

  const labels = new BigUint64Array(voxelsIn(bounds)).fill(50n);
  expect(await writePreservedIds(source, bounds, null, labels)).toEqual(BigUint64Array.of(3n));
  expect(labels).toEqual(labels.map((_, i) => [1n, 2n, 2n, 3n, 50n, 50n][i % nx]!));
  const sub: Box = { start: [1, 1, 1], stop: [3, 4, 5] };
  const part = new BigUint64Array(voxelsIn(sub));
  await writePreservedIds(source, sub, null, part);
  expect(part).toEqual(part.map((_, i) => [2n, 2n, 3n, 0n][i % 4]!));

  const compared = 4 * 4 * ny;
  const right = { ...above.store, bodies };
  expect(await comparePreserved(source, right, bounds, () => null)).toEqual({ compared, wrong: 0 });
  // The body is right, one of its supervoxels is not.
  const mixed = await make("mixed", (x) => [1n, 1n, 2n, 3n, 8n, 9n][x]!);
  const wrong = { ...above.store, bodies: { ...bodies, supervoxels: mixed.store.source } };
  expect(await comparePreserved(source, wrong, bounds, () => null)).toEqual({ compared, wrong: 4 * ny });
});
