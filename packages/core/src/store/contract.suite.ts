/**
 * What every store must do, as one suite; each driver's test calls {@link contractSuite}. The expected voxels come from a formula
 * ({@link patternBlock}), and sub-boxes are cut by index arithmetic of its own.
 */
import { mkdir, mkdtemp, readFile, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Box, box, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import { allocate, type Block, type Dtype } from "../volume/block.ts";
import {
  createVolume,
  discardUnpublished,
  openUnpublished,
  openVolume,
  planWriteGrid,
  publishVolume,
  volumeExists,
} from "./index.ts";
import type { VolumeSpec, VolumeStore } from "./types.ts";

export interface Contract {
  readonly name: string;
  readonly dtypes: readonly Dtype[];
  /** Makes a finished volume from the whole block; returns its source. */
  make(folder: string, spec: VolumeSpec, block: Block): Promise<string>;
  /** A file of the volume that `make` made, which holds voxels. Absent: volumes are no files, and written under their final name. */
  voxelFile?(folder: string): Promise<string>;
  /** Where there are no files: changes what `make` made, by another way than the store. */
  change?(folder: string, source: string): Promise<void>;
  /** Voxels of a test volume, where {@link patternBlock} does not do. */
  pattern?(dtype: Dtype, shape: Vec3, seed: number): Block;
  /** Bounds that the volumes are given. */
  readonly bounds: Box;
  /** A source of this kind that is not there. */
  missing(folder: string): string;
  /** Where and how a volume is written; null for read-only stores. */
  readonly writing: {
    destination(folder: string): string;
    readonly spec?: Pick<VolumeSpec, "chunk" | "options">;
  } | null;
}

/** A new folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "axonloom-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every voxel differs from its neighbours; large values for the wide types. */
export function patternBlock(dtype: Dtype, shape: Vec3, seed = 0): Block {
  const data = allocate(dtype, volumeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const value = ((i + seed) * 2654435761) % 4294967291;
    if (data instanceof BigUint64Array) data[i] = (BigInt(value) << 32n) + BigInt(i);
    else data[i] = dtype === "float32" ? value / 7 : value;
  }
  return { data, shape };
}

export function specOf(dtype: Dtype, bounds: Box, more: Pick<VolumeSpec, "chunk" | "options"> = {}): VolumeSpec {
  const kind = dtype === "uint32" || dtype === "uint64" ? "labels" : "image";
  return { dtype, kind, bounds, voxelSizeNm: [40, 8, 4], ...more };
}

/** Voxels of `inner` out of a block at `outer`, one by one. */
function cut(block: Block, outer: Box, inner: Box): (number | bigint)[] {
  const [, sy, sx] = shapeOf(outer);
  const values: (number | bigint)[] = [];
  for (let z = inner.start[0]; z < inner.stop[0]; z++)
    for (let y = inner.start[1]; y < inner.stop[1]; y++)
      for (let x = inner.start[2]; x < inner.stop[2]; x++)
        values.push(block.data[((z - outer.start[0]) * sy + (y - outer.start[1])) * sx + (x - outer.start[2])]!);
  return values;
}

/** Any non-empty box inside `bounds`. */
export function boxIn(bounds: Box): fc.Arbitrary<Box> {
  const side = (a: 0 | 1 | 2) =>
    fc
      .tuple(
        fc.integer({ min: bounds.start[a], max: bounds.stop[a] - 1 }),
        fc.integer({ min: bounds.start[a] + 1, max: bounds.stop[a] }),
      )
      .map(([p, q]): [number, number] => (p < q ? [p, q] : [q - 1, p + 1]));
  return fc.tuple(side(0), side(1), side(2)).map(([z, y, x]) => box([z[0], y[0], x[0]], [z[1], y[1], x[1]]));
}

export function contractSuite(contract: Contract): void {
  const { name, dtypes, bounds, writing, voxelFile } = contract;
  const ofFiles = voxelFile !== undefined;
  const pattern = (type: Dtype, shape: Vec3, seed = 0) => (contract.pattern ?? patternBlock)(type, shape, seed);
  const dtype = dtypes[0]!;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "axonloom-test-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function made(type: Dtype = dtype): Promise<{ store: VolumeStore; block: Block; source: string }> {
    const block = pattern(type, shapeOf(bounds));
    const source = await contract.make(folder, specOf(type, bounds, writing?.spec), block);
    return { store: await openVolume(source), block, source };
  }
  const failure = async (promise: Promise<unknown>) =>
    await promise.then(
      () => "no error",
      (error) => error.code ?? error,
    );

  describe(`${name}: reading`, () => {
    test.each(dtypes)("round trip of %s", async (type) => {
      const { store, block } = await made(type);
      const info = await store.info();
      expect(info).toMatchObject({ dtype: type, bounds, voxelSizeNm: [40, 8, 4] });
      const back = await store.read(bounds);
      expect(back.shape).toEqual(block.shape);
      expect(back.data).toEqual(block.data);
    });

    test("partial and unaligned boxes", async () => {
      const { store, block } = await made();
      await fc.assert(
        fc.asyncProperty(boxIn(bounds), async (inner) => {
          const part = await store.read(inner);
          expect(part.shape).toEqual(shapeOf(inner));
          expect(Array.from(part.data as Uint8Array)).toEqual(cut(block, bounds, inner));
        }),
        { numRuns: 40 },
      );
    });

    test("outside the bounds, empty, not whole", async () => {
      const { store } = await made();
      const { start, stop } = bounds;
      const wrong = [
        box([start[0] - 1, start[1], start[2]], stop),
        box(start, [stop[0], stop[1], stop[2] + 1]),
        box(start, [stop[0], start[1], stop[2]]),
        box([start[0] + 0.5, start[1], start[2]], stop),
        box([Number.NaN, start[1], start[2]], stop),
      ];
      for (const b of wrong) expect(await failure(store.read(b))).toBe("E_OUT_OF_BOUNDS");
    });

    test("many reads at the same time, from two stores", async () => {
      const { store, block, source } = await made();
      const other = await openVolume(source);
      const boxes = fc.sample(boxIn(bounds), { numRuns: 30, seed: 7 });
      const parts = await Promise.all(boxes.map((b, i) => (i % 2 === 0 ? store : other).read(b)));
      for (const [i, part] of parts.entries()) expect(Array.from(part.data as Uint8Array)).toEqual(cut(block, bounds, boxes[i]!));
    });

    test.runIf(ofFiles)("a cut-off file is found", async () => {
      const { source } = await made();
      const file = await contract.voxelFile!(folder);
      await truncate(file, Math.floor((await stat(file)).size / 2));
      expect(await failure(openVolume(source).then((s) => s.read(bounds)))).toBe("E_SOURCE_DAMAGED");
    });

    test.runIf(ofFiles)("a file of other bytes is found", async () => {
      const { source } = await made();
      await writeFile(await contract.voxelFile!(folder), "this is no volume");
      expect(await failure(openVolume(source).then((s) => s.read(bounds)))).toBe("E_SOURCE_DAMAGED");
    });

    test("a source that is not there", async () => {
      expect(await failure(openVolume(contract.missing(folder)))).toBe("E_SOURCE_NOT_FOUND");
    });

    test("a signal ends a read, and the store works on", async () => {
      const { store, block } = await made();
      const reason = new Error("stop");
      expect(await failure(store.read(bounds, { signal: AbortSignal.abort(reason) }))).toBe(reason);
      const controller = new AbortController();
      const running = failure(store.read(bounds, { signal: controller.signal }));
      controller.abort(reason);
      expect([reason, "no error"]).toContain(await running);
      expect((await store.read(bounds)).data).toEqual(block.data);
    });

    test("the source's name opens again, and takes no unknown key", async () => {
      const { store, source, block } = await made();
      expect((await openVolume(store.source)).source).toBe(store.source);
      expect((await (await openVolume(store.source)).read(bounds)).data).toEqual(block.data);
      expect(await failure(openVolume(`${source}${source.includes("?") ? "&" : "?"}colour=red`))).toBe("E_SOURCE_NAME");
    });

    test.runIf(ofFiles)("the source's name is absolute and opens again from any folder", async () => {
      const { source, block } = await made();
      const scheme = source.slice(0, source.indexOf("://") + 3);
      const [path, query] = source.slice(scheme.length).split("?") as [string, string | undefined];
      const local = `${scheme}${relative(folder, path)}${query === undefined ? "" : `?${query}`}`;
      const store = await openVolume(local, { baseFolder: folder });
      expect(store.source).toBe((await openVolume(source)).source);
      expect((await (await openVolume(store.source)).read(bounds)).data).toEqual(block.data);
    });

    test.runIf(contract.change !== undefined)("the identity changes with what others write", async () => {
      const { store, source } = await made();
      const before = await store.identity();
      expect(await (await openVolume(source)).identity()).toBe(before);
      await contract.change!(folder, source);
      expect(await store.identity()).not.toBe(before);
    });

    test.runIf(ofFiles)("the identity stays, and changes with the content", async () => {
      const { store, source } = await made();
      const before = await store.identity();
      expect(await (await openVolume(source)).identity()).toBe(before);
      const file = await contract.voxelFile!(folder);
      await utimes(file, 1, 1);
      const after = await (await openVolume(source)).identity();
      expect(after).not.toBe(before);
      await writeFile(file, Buffer.concat([await readFile(file), Buffer.from([0])]));
      await utimes(file, 1, 1);
      expect(await store.identity()).not.toBe(after);
    });
  });

  if (writing === null) {
    test(`${name}: writing is refused`, async () => {
      const { store, block, source } = await made();
      expect((await store.info()).writeGrid).toBeNull();
      expect(await failure(store.write(bounds, block))).toBe("E_SOURCE_UNSUPPORTED");
      expect(await failure(createVolume(`${source}2`, specOf(dtype, bounds)))).toBe("E_SOURCE_UNSUPPORTED");
    });
    return;
  }

  describe(`${name}: writing`, () => {
    const spec = specOf(dtype, bounds, writing.spec);

    test("a new volume is zero, and has its name only once it is published", async () => {
      const destination = writing.destination(folder);
      const store = await createVolume(destination, spec);
      expect((await store.read(bounds)).data.every((v) => Number(v) === 0)).toBe(true);
      if (ofFiles) expect(await failure(openVolume(destination))).toBe("E_SOURCE_NOT_FOUND");
      expect(await volumeExists(destination)).toBe(false);
      const begun = await openUnpublished(destination);
      expect([begun?.source, await begun?.info()]).toEqual([store.source, await store.info()]);
      const block = pattern(dtype, shapeOf(bounds));
      await (await openVolume(store.source)).write(bounds, block);
      await publishVolume(destination);
      expect((await (await openVolume(destination)).read(bounds)).data).toEqual(block.data);
      await publishVolume(destination);
      expect(await volumeExists(destination)).toBe(true);
      expect(await openUnpublished(destination)).toBeNull();
      if (ofFiles) expect(await failure(openVolume(store.source))).toBe("E_SOURCE_NOT_FOUND");
    });

    test("names that are taken", async () => {
      const destination = writing.destination(folder);
      const first = await createVolume(destination, spec);
      expect(await failure(createVolume(destination, spec))).toBe("E_DESTINATION_EXISTS");
      await discardUnpublished(destination);
      if (ofFiles) expect(await failure(openVolume(first.source))).toBe("E_SOURCE_NOT_FOUND");
      expect(await openUnpublished(destination)).toBeNull();
      expect(await failure(publishVolume(destination))).toBe("E_SOURCE_NOT_FOUND");

      const old = pattern(dtype, shapeOf(bounds), 1);
      await (await createVolume(destination, spec)).write(bounds, old);
      await publishVolume(destination);
      expect(await failure(createVolume(destination, spec))).toBe("E_DESTINATION_EXISTS");

      const replacement = await createVolume(destination, spec, { replace: true });
      const fresh = pattern(dtype, shapeOf(bounds), 2);
      await replacement.write(bounds, fresh);
      if (ofFiles) {
        expect((await (await openVolume(destination)).read(bounds)).data).toEqual(old.data);
        expect(await failure(publishVolume(destination))).toBe("E_DESTINATION_EXISTS");
      }
      await publishVolume(destination, { replace: true });
      expect((await (await openVolume(destination)).read(bounds)).data).toEqual(fresh.data);
      await discardUnpublished(destination);
      expect((await (await openVolume(destination)).read(bounds)).data).toEqual(fresh.data);
    });

    test.runIf(ofFiles)("only a volume of the same kind is replaced", async () => {
      const destination = writing.destination(folder);
      const path = destination.slice(destination.indexOf("://") + 3).split("?")[0]!;
      for (const precious of ["file", "folder"]) {
        if (precious === "folder") await mkdir(path);
        const file = precious === "folder" ? join(path, "thesis.txt") : path;
        await writeFile(file, "years of work");
        expect(await failure(createVolume(destination, spec, { replace: true }))).toBe("E_DESTINATION_EXISTS");
        await rename(path, `${path}.away`);
        await createVolume(destination, spec, { replace: true });
        await rename(`${path}.away`, path);
        expect(await failure(publishVolume(destination, { replace: true }))).toBe("E_DESTINATION_EXISTS");
        expect(await readFile(file, "utf8")).toBe("years of work");
        await discardUnpublished(destination);
        await rm(path, { recursive: true });
      }
    });

    test.runIf(ofFiles)("a volume whose making was broken off is none", async () => {
      const destination = writing.destination(folder);
      const path = destination.slice(destination.indexOf("://") + 3).split("?")[0]!;
      await writeFile(`${path}.partial`, "");
      expect(await openUnpublished(destination)).toBeNull();
      await rm(`${path}.partial`);
      await mkdir(`${path}.partial`);
      expect(await openUnpublished(destination)).toBeNull();
      await discardUnpublished(destination);
      await createVolume(destination, spec);
    });

    test("cells of the write grid, at the same time from two stores", async () => {
      const destination = writing.destination(folder);
      const grid = await planWriteGrid(destination, spec);
      const store = await createVolume(destination, spec);
      expect((await store.info()).writeGrid).toEqual(grid);
      const stores = [store, await openVolume(store.source)];
      const block = pattern(dtype, shapeOf(bounds));
      const cells = grid === null ? [bounds] : [...cellsOf(bounds, coarser(grid.cell), grid.origin)];
      await Promise.all(
        cells.map((cell, i) => {
          const data = allocate(dtype, volumeOf(shapeOf(cell)));
          for (const [k, value] of cut(block, bounds, cell).entries()) data[k] = value;
          return stores[i % 2]!.write(cell, { data, shape: shapeOf(cell) });
        }),
      );
      expect((await store.read(bounds)).data).toEqual(block.data);
    });

    test("a write that does not fit", async () => {
      const store = await createVolume(writing.destination(folder), spec);
      const { start, stop } = bounds;
      const block = pattern(dtype, shapeOf(bounds));
      const outside = box([start[0], start[1], start[2] + 1], [stop[0], stop[1], stop[2] + 1]);
      expect(await failure(store.write(outside, block))).toBe("E_OUT_OF_BOUNDS");
      expect(await failure(store.write(bounds, { data: block.data.slice(1), shape: block.shape }))).toBe("E_OUT_OF_BOUNDS");
      const other: Dtype = dtype === "uint8" ? "uint16" : "uint8";
      expect(await failure(store.write(bounds, pattern(other, shapeOf(bounds))))).toBe("E_DTYPE");
      const grid = (await store.info()).writeGrid;
      if (grid === null || grid.cell.some((n) => n > 1)) {
        const off = box([start[0], start[1], start[2] + 1], stop);
        expect(await failure(store.write(off, pattern(dtype, shapeOf(off))))).toBe("E_OUT_OF_BOUNDS");
      }
      expect((await store.read(bounds)).data.every((v) => Number(v) === 0)).toBe(true);
    });

    test("an abort leaves nothing half-written", async () => {
      const store = await createVolume(writing.destination(folder), spec);
      const block = pattern(dtype, shapeOf(bounds));
      const reason = new Error("stop");
      expect(await failure(store.write(bounds, block, { signal: AbortSignal.abort(reason) }))).toBe(reason);
      expect((await store.read(bounds)).data.every((v) => Number(v) === 0)).toBe(true);
    });

    test.runIf(ofFiles)("a folder that cannot be written", async () => {
      await mkdir(join(folder, "sub"));
      await writeFile(join(folder, "sub", "file"), "");
      const inFile = writing.destination(join(folder, "sub", "file"));
      expect(["E_WRITE_FAILED", "E_SOURCE_NOT_FOUND"]).toContain(await failure(createVolume(inFile, spec)));
    });

    test("an unknown option", async () => {
      const unknown = { ...spec, options: { ...spec.options, colour: "red" } };
      expect(await failure(createVolume(writing.destination(folder), unknown))).toBe("E_SOURCE_UNSUPPORTED");
      expect(await failure(planWriteGrid(writing.destination(folder), unknown))).toBe("E_SOURCE_UNSUPPORTED");
    });
  });
}

/** A grid of one voxel would be slow to write cell by cell: some odd multiple of it. */
function coarser(cell: Vec3): Vec3 {
  return cell.every((n) => n === 1) ? [3, 5, 7] : cell;
}

function* cellsOf(bounds: Box, cell: Vec3, origin: Vec3): Generator<Box> {
  const first = ([0, 1, 2] as const).map((a) => origin[a] + Math.floor((bounds.start[a] - origin[a]) / cell[a]) * cell[a]);
  for (let z = first[0]!; z < bounds.stop[0]; z += cell[0])
    for (let y = first[1]!; y < bounds.stop[1]; y += cell[1])
      for (let x = first[2]!; x < bounds.stop[2]; x += cell[2]) {
        const [start, stop] = [[z, y, x] as const, [z + cell[0], y + cell[1], x + cell[2]] as const];
        yield box(
          [Math.max(start[0], bounds.start[0]), Math.max(start[1], bounds.start[1]), Math.max(start[2], bounds.start[2])],
          [Math.min(stop[0], bounds.stop[0]), Math.min(stop[1], bounds.stop[1]), Math.min(stop[2], bounds.stop[2])],
        );
      }
}
