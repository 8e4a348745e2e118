/**
 * What the driver `dvid` must do on any server: the contract of all stores, the life of a written volume, scales, and what of a block is
 * kept. Sources name a fresh instance each, in one version of a repo of its own.
 */
import { basename } from "node:path";
import { encodeDvidBlock } from "@axonloom/kernels";
import { beforeAll, describe, expect, test } from "vitest";
import { type Box, box, boxOfShape, cellsIn, shapeOf, type Vec3, volumeOf } from "../src/geometry/box.ts";
import { contractSuite, patternBlock, specOf, temporaryFolder } from "../src/store/contract.suite.ts";
import { apiPath, type DvidConnection, openConnection } from "../src/store/dvid/http.ts";
import { createInstance } from "../src/store/dvid/instances.ts";
import { commitVersion, createRepo, createVersion } from "../src/store/dvid/repos.ts";
import { encodeFrames, zipBlock } from "../src/store/dvid/wire/index.ts";
import {
  checkCanCreate,
  createVolume,
  discardUnpublished,
  normaliseDestination,
  openUnpublished,
  openVolume,
  publishVolume,
  type VolumeStore,
  volumeExists,
} from "../src/store/index.ts";
import { type Block, bytesOf, type Dtype, type VoxelArray } from "../src/volume/block.ts";
import { convertVolume } from "../src/workflows/convert.ts";
import { describeDvid, newDvidVersion } from "../src/workflows/dvid.ts";
import { buildPyramid } from "../src/workflows/pyramid.ts";

export interface TestServer {
  /** `host:port`. */
  readonly host: string;
  readonly admin: string;
}

/** A repo for one test file; its first version is open. */
export interface TestRepo {
  readonly host: string;
  readonly connection: DvidConnection;
  readonly root: string;
  source(instance: string, version?: string): string;
}

let repos = 0;

export async function newRepo({ host, admin }: TestServer): Promise<TestRepo> {
  const connection = openConnection(`http://${host}`, { tokens: { bearer: null, admin } });
  const root = await createRepo(connection, `test-${process.pid}-${repos++}`, "");
  return { host, connection, root, source: (instance, version = root) => `dvid://${host}/${version}/${instance}` };
}

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => "no error",
    (error) => error.code ?? error,
  );

/** Every voxel differs from its neighbours; ids of 47 bits, few enough for a label block's table. */
function fewLabels(dtype: Dtype, shape: Vec3, seed: number): Block {
  if (dtype !== "uint64") return patternBlock(dtype, shape, seed);
  return { data: new BigUint64Array(volumeOf(shape)).map((_, i) => BigInt((i + seed) % 61) << 41n), shape };
}

/** Whether two arrays hold the same voxels; `toEqual` would take seconds. */
export function sameVoxels(a: VoxelArray, b: VoxelArray): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

/** Labels whose neighbours often are equal, 0 among them. */
export function coarsePattern(shape: Vec3, seed = 0): Block<BigUint64Array<ArrayBuffer>> {
  const data = new BigUint64Array(volumeOf(shape));
  let state = seed + 1;
  for (let i = 0; i < data.length; i++) {
    if (i % 3 === 0) state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = BigInt(state >>> 30) << 40n;
  }
  return { data, shape };
}

export async function written(repo: TestRepo, instance: string, bounds: Box, block: Block): Promise<VolumeStore> {
  const destination = repo.source(instance);
  const store = await createVolume(destination, specOf("uint64", bounds));
  await store.write(bounds, block);
  await buildPyramid(store.source);
  return await publishVolume(destination);
}

export function dvidStoreSuite(name: string, server: () => TestServer): void {
  let repo: TestRepo;
  beforeAll(async () => {
    repo = await newRepo(server());
  });

  for (const [type, dtype] of [
    ["labelmap", "uint64"],
    ["uint8blk", "uint8"],
  ] as const) {
    contractSuite({
      name: `${name}, ${type}`,
      dtypes: [dtype],
      bounds: box([3, 60, 0], [67, 70, 41]),
      pattern: fewLabels,
      async make(folder, spec, block) {
        const source = repo.source(basename(folder));
        await (await createVolume(source, spec)).write(spec.bounds, block);
        return (await publishVolume(source)).source;
      },
      async change(_, source) {
        const store = await openVolume(source);
        // grey values of an open version show only where the extents grow
        const path = apiPath("node", repo.root, source.split("/").at(-1)!, "extents");
        if (dtype === "uint8") {
          const body = JSON.stringify({ MinPoint: [0, 0, 0], MaxPoint: [199, 199, 199] });
          await repo.connection.call({ method: "POST", path, body });
        } else {
          const { bounds } = await store.info();
          await store.write(bounds, fewLabels(dtype, shapeOf(bounds), 5));
        }
      },
      missing: () => repo.source("nothing-of-this-name"),
      writing: { destination: (folder) => repo.source(`${basename(folder)}-written`) },
    });
  }

  describe(`${name}: labels`, () => {
    test("what of a block lies outside the box, or where inside is 0, stays", async () => {
      const whole = box([0, 0, 0], [128, 64, 64]);
      const old = coarsePattern(shapeOf(whole), 1);
      await written(repo, "kept", whole, old);
      const destination = repo.source("kept");
      const bounds = box([10, 0, 5], [100, 64, 64]);
      const store = await createVolume(destination, specOf("uint64", bounds), { replace: true });
      const fresh = coarsePattern(shapeOf(bounds), 2);
      const inside = Uint8Array.from(fresh.data, (_, i) => (i % 7 === 0 ? 0 : 1));
      await store.write(bounds, fresh, { inside });
      await publishVolume(destination);
      const back = await (await openVolume(destination)).read(whole);
      const expected = old.data.slice();
      let k = 0;
      for (let z = 10; z < 100; z++)
        for (let y = 0; y < 64; y++)
          for (let x = 5; x < 64; x++, k++) if (k % 7 !== 0) expected[(z * 64 + y) * 64 + x] = fresh.data[k]!;
      expect(sameVoxels(back.data, expected)).toBe(true);
    });

    test("the extents of a published volume are its bounds, with what was there before", async () => {
      const bounds = box([3, 5, 7], [80, 70, 66]);
      const store = await written(repo, "extents", bounds, coarsePattern(shapeOf(bounds)));
      expect((await store.info()).bounds).toEqual(bounds);
      const more = box([0, 10, 10], [20, 20, 20]);
      const again = await createVolume(repo.source("extents"), specOf("uint64", more), { replace: true });
      expect((await again.info()).bounds).toEqual(more);
      const published = await publishVolume(repo.source("extents"));
      expect((await published.info()).bounds).toEqual(box([0, 5, 7], [80, 70, 66]));
    });

    test("scales are those that the server itself would make", async () => {
      const bounds = box([0, 0, 0], [130, 66, 64]);
      const block = coarsePattern(shapeOf(bounds), 3);
      const store = await written(repo, "scales", bounds, block);
      const { scales } = await store.info();
      expect(scales!.length).toBe(3);
      const settings = { typename: "labelmap", dataname: "downres", BlockSize: "64,64,64", MaxDownresLevel: "2" };
      await createInstance(repo.connection, repo.root, settings);
      const padded = await (await openVolume(repo.source("scales"))).read(bounds);
      const frames = [...cellsIn(bounds, [64, 64, 64], [0, 0, 0])].map((cell) => {
        const data = new BigUint64Array(64 ** 3);
        for (let z = cell.start[0]; z < cell.stop[0]; z++)
          for (let y = cell.start[1]; y < cell.stop[1]; y++)
            for (let x = cell.start[2]; x < cell.stop[2]; x++)
              data[((z % 64) * 64 + (y % 64)) * 64 + (x % 64)] = (padded.data as BigUint64Array)[(z * 66 + y) * 64 + x]!;
        const start = cell.start.map((n) => n / 64) as unknown as Vec3;
        return { block: start, payload: zipBlock(encodeDvidBlock(data, [64, 64, 64])) };
      });
      const path = apiPath("node", repo.root, "downres", "blocks");
      await repo.connection.call({ method: "POST", path, query: { downres: true }, body: encodeFrames(frames) });
      for (const scale of [1, 2]) {
        const ours = await openVolume(scales![scale]!);
        const { bounds: level } = await ours.info();
        const theirs = await (await openVolume(`${repo.source("downres")}?scale=${scale}`)).read(level);
        expect(sameVoxels((await ours.read(level)).data, theirs.data)).toBe(true);
      }
    });

    test("scales of a volume that begins anywhere", async () => {
      const bounds = box([3, 5, 7], [70, 40, 73]);
      const block = coarsePattern(shapeOf(bounds), 4);
      const { scales } = await (await written(repo, "odd", bounds, block)).info();
      const at = (z: number, y: number, x: number) => {
        const [i, j, k] = [z - 3, y - 5, x - 7];
        return i < 0 || j < 0 || k < 0 || i >= 67 || j >= 35 || k >= 66 ? 0n : block.data[(i * 35 + j) * 66 + k]!;
      };
      const coarse = await openVolume(scales![1]!);
      const { bounds: level } = await coarse.info();
      expect(level).toEqual(box([1, 2, 3], [35, 20, 37]));
      const back = (await coarse.read(level)).data;
      let i = 0;
      for (let z = 1; z < 35; z++)
        for (let y = 2; y < 20; y++)
          for (let x = 3; x < 37; x++, i++) {
            const counts = new Map<bigint, number>();
            for (let w = 0; w < 8; w++) {
              const label = at(2 * z + (w >> 2), 2 * y + ((w >> 1) & 1), 2 * x + (w & 1));
              if (label !== 0n) counts.set(label, (counts.get(label) ?? 0) + 1);
            }
            const best = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0] ?? 0n;
            if (back[i] !== best) expect([z, y, x, back[i]]).toEqual([z, y, x, best]);
          }
    });

    test("ids of 2^48 and coordinates below 0 are refused before the first byte", async () => {
      const bounds = boxOfShape([64, 64, 128]);
      const store = await createVolume(repo.source("refused"), specOf("uint64", bounds));
      const block = coarsePattern(shapeOf(bounds));
      block.data[block.data.length - 1] = 2n ** 48n;
      expect(await failure(store.write(bounds, block))).toBe("E_DVID_LABELS");
      expect((await store.read(bounds)).data.some((label) => label !== 0n)).toBe(false);
      const below = box([-64, 0, 0], [64, 64, 64]);
      expect(await failure(createVolume(repo.source("below"), specOf("uint64", below)))).toBe("E_DVID_LABELS");
    });

    test("labels that are converted can be proofread: every body has its index", async () => {
      const bounds = box([3, 60, 0], [67, 70, 41]);
      const local = `precomputed://${await temporaryFolder()}/labels`;
      const block = coarsePattern(shapeOf(bounds), 6);
      await (await createVolume(local, specOf("uint64", bounds))).write(bounds, block);
      await publishVolume(local);
      const { source } = await convertVolume(local, repo.source("converted"));
      const ids = [1n, 2n, 3n].map((n) => n << 40n);
      const sizes = async (labels: readonly bigint[]) => {
        const call = { method: "GET", path: apiPath("node", repo.root, "converted", "sizes"), body: `[${labels.join()}]` } as const;
        return JSON.parse(Buffer.from(await repo.connection.call(call)).toString());
      };
      const counted = ids.map((id) => block.data.filter((label) => label === id).length);
      expect(await sizes(ids)).toEqual(counted);
      const path = apiPath("node", repo.root, "converted", "merge");
      await repo.connection.call({ method: "POST", path, body: `[${ids[0]},${ids[2]}]` });
      expect(await sizes([ids[0]!])).toEqual([counted[0]! + counted[2]!]);
      const merged = block.data.map((label) => (label === ids[2] ? ids[0]! : label));
      expect(sameVoxels((await (await openVolume(source)).read(bounds)).data, merged)).toBe(true);
    });

    test("bodies and supervoxels", async () => {
      const bounds = boxOfShape([64, 64, 64]);
      const data = new BigUint64Array(64 ** 3).map((_, i) => (i % 64 < 32 ? 11n : 12n));
      const settings = { typename: "labelmap", dataname: "merged", BlockSize: "64,64,64" };
      await createInstance(repo.connection, repo.root, settings);
      const payload = zipBlock(encodeDvidBlock(data, [64, 64, 64]));
      const path = (end: string) => apiPath("node", repo.root, "merged", end);
      await repo.connection.call({ method: "POST", path: path("blocks"), body: encodeFrames([{ block: [0, 0, 0], payload }]) });
      await repo.connection.call({ method: "POST", path: path("merge"), body: "[12,11]" });
      const read = async (query: string) =>
        new Set((await (await openVolume(repo.source("merged") + query)).read(bounds)).data as BigUint64Array);
      expect(await read("")).toEqual(new Set([12n]));
      expect(await read("?supervoxels=true")).toEqual(new Set([11n, 12n]));
    });
  });

  describe(`${name}: versions`, () => {
    test("a version keeps what it had, its child has its own life", async () => {
      const own = await newRepo(server());
      const bounds = boxOfShape([64, 64, 70]);
      const old = coarsePattern(shapeOf(bounds), 1);
      await written(own, "seg", bounds, old);
      await commitVersion(own.connection, own.root, "first");
      expect(await failure(createVolume(own.source("seg"), specOf("uint64", bounds), { replace: true }))).toBe("E_DVID_LOCKED");
      expect(await failure(checkCanCreate(own.source("new")))).toBe("E_DVID_LOCKED");
      const child = await createVersion(own.connection, own.root, { branch: null, note: "second" });
      const branch = await createVersion(own.connection, own.root, { branch: "other", note: "" });
      const destination = own.source("seg", `${own.root.slice(0, 12)}:master`);
      expect(await normaliseDestination(destination)).toBe(own.source("seg", child));
      expect(await normaliseDestination(own.source("seg", `${own.root}:other`))).toBe(own.source("seg", branch));
      expect(await volumeExists(destination)).toBe(false);
      await checkCanCreate(destination);
      const store = await createVolume(destination, specOf("uint64", bounds));
      expect(store.source).toBe(own.source("seg", child));
      expect(sameVoxels((await store.read(bounds)).data, old.data)).toBe(true);
      const fresh = coarsePattern(shapeOf(bounds), 2);
      await store.write(bounds, fresh);
      await publishVolume(destination);
      expect(sameVoxels((await (await openVolume(destination)).read(bounds)).data, fresh.data)).toBe(true);
      expect(sameVoxels((await (await openVolume(own.source("seg"))).read(bounds)).data, old.data)).toBe(true);
      expect(sameVoxels((await (await openVolume(own.source("seg", branch))).read(bounds)).data, old.data)).toBe(true);
      expect(await volumeExists(own.source("seg", branch))).toBe(false);
    });

    test("the identity of a committed version stays whatever happens elsewhere", async () => {
      const own = await newRepo(server());
      const bounds = boxOfShape([64, 64, 64]);
      await written(own, "seg", bounds, coarsePattern(shapeOf(bounds), 1));
      await commitVersion(own.connection, own.root, "");
      const before = await (await openVolume(own.source("seg"))).identity();
      const child = await createVersion(own.connection, own.root, { branch: null, note: "" });
      const store = await createVolume(own.source("seg", child), specOf("uint64", bounds));
      await store.write(bounds, coarsePattern(shapeOf(bounds), 2));
      await publishVolume(own.source("seg", child));
      expect(await (await openVolume(own.source("seg"))).identity()).toBe(before);
    });

    test("whose volume it is while it is written", async () => {
      const bounds = boxOfShape([64, 64, 64]);
      const destination = repo.source("owned");
      await createVolume(destination, specOf("uint64", bounds), { owner: "one" });
      expect(await openUnpublished(destination, { owner: "two" })).toBeNull();
      expect(await failure(createVolume(destination, specOf("uint64", bounds), { owner: "two" }))).toBe("E_DESTINATION_EXISTS");
      expect(await failure(checkCanCreate(destination, { owner: "two" }))).toBe("E_DESTINATION_EXISTS");
      await checkCanCreate(destination, { owner: "one" });
      await discardUnpublished(destination, { owner: "two" });
      const { source } = (await openUnpublished(destination, { owner: "one" }))!;
      expect((await openVolume(source)).source).toBe(source);
      await createVolume(destination, specOf("uint64", bounds), { owner: "two", replace: true });
      expect(await failure(openVolume(source))).toBe("E_DESTINATION_EXISTS");
      await createVolume(destination, specOf("uint64", bounds), { owner: "one", replace: true });
      await discardUnpublished(destination, { owner: "one" });
      await createVolume(destination, specOf("uint64", bounds), { owner: "two" });
      expect(await failure(publishVolume(destination, { owner: "one" }))).toBe("E_SOURCE_NOT_FOUND");
    });

    test("labels that others wrote in this version are not written over", async () => {
      const settings = { typename: "labelmap", dataname: "theirs", BlockSize: "64,64,64" };
      await createInstance(repo.connection, repo.root, settings);
      const destination = repo.source("theirs");
      expect(await volumeExists(destination)).toBe(false);
      const payload = zipBlock(encodeDvidBlock(new BigUint64Array(64 ** 3).fill(5n), [64, 64, 64]));
      const path = apiPath("node", repo.root, "theirs", "blocks");
      await repo.connection.call({ method: "POST", path, body: encodeFrames([{ block: [0, 0, 0], payload }]) });
      expect(
        await failure(
          openVolume(destination)
            .then((s) => s.info())
            .then((i) => i.bounds),
        ),
      ).toBe("no error");
      await expect.poll(() => volumeExists(destination)).toBe(true); // the server notes the highest label a little later
      const spec = specOf("uint64", boxOfShape([64, 64, 64]));
      expect(await failure(checkCanCreate(destination))).toBe("E_DESTINATION_EXISTS");
      expect(await failure(createVolume(destination, spec))).toBe("E_DESTINATION_EXISTS");
      await createVolume(destination, spec, { replace: true });
    });

    test.each<[string, Record<string, string>, RegExp]>([
      ["another type", { typename: "uint8blk" }, /expected an instance of type labelmap, found uint8blk/],
      [
        "another block size",
        { typename: "labelmap", BlockSize: "32,32,32" },
        /expected blocks of 64 x 64 x 64 voxels, found 32 x 32 x 32/,
      ],
      ["another codec", { typename: "labelmap", Compression: "lz4" }, /made without "Compression"/],
      ["other levels", { typename: "labelmap", MaxDownresLevel: "3" }, /expected 2 levels, found an instance with 4/],
    ])("an instance of %s is refused", async (what, settings, message) => {
      const dataname = what.replaceAll(" ", "-");
      await createInstance(repo.connection, repo.root, { typename: "labelmap", ...settings, dataname });
      const spec = specOf("uint64", boxOfShape([64, 64, 64]), { options: { levels: 2 } });
      await expect(createVolume(repo.source(dataname), spec)).rejects.toMatchObject({
        code: "E_DVID_INSTANCE",
        message: expect.stringMatching(message),
      });
    });

    test("an instance in which nothing was written, one without voxels, a scale that is not there", async () => {
      await createInstance(repo.connection, repo.root, { typename: "labelmap", dataname: "empty" });
      await createInstance(repo.connection, repo.root, { typename: "keyvalue", dataname: "keys" });
      expect(await failure(openVolume(repo.source("empty")))).toBe("E_SOURCE_NOT_FOUND");
      expect(await failure(openVolume(repo.source("keys")))).toBe("E_DVID_INSTANCE");
      expect(await failure(openVolume(`${repo.source("empty")}?scale=1`))).toBe("E_SOURCE_NOT_FOUND");
    });
  });

  test(`${name}: what a server has, and new versions`, async () => {
    const { host, connection } = repo;
    const alias = `places-${process.pid}-${repos++}`;
    const root = await createRepo(connection, alias, "for a test");
    const at = (version: string) => `dvid://${host}/${version}`;
    const bounds = box([3, 5, 7], [40, 41, 42]);
    const destination = `${at(root)}/seg`;
    await (await createVolume(destination, specOf("uint64", bounds))).write(bounds, coarsePattern(shapeOf(bounds)));
    await publishVolume(destination);
    expect(await failure(newDvidVersion(at(root)))).toBe("E_DVID_VERSION");
    const next = await newDvidVersion(at(`${alias}:master`), { commit: true, note: "first" });
    expect(next).toBe(at(next.slice(-32)));
    expect(await failure(newDvidVersion(at(root), { commit: true }))).toBe("E_DESTINATION_EXISTS");
    const branch = await newDvidVersion(at(root), { branch: "trial", note: "second" });
    expect(await failure(newDvidVersion(at(root), { branch: "trial" }))).toBe("E_DESTINATION_EXISTS");
    const { server: origin, repos: found } = await describeDvid(branch);
    expect(origin).toBe(`http://${host}`);
    expect(found).toEqual([
      {
        root,
        alias,
        description: "for a test",
        versions: [
          { version: root, branch: "master", committed: true, note: "first", parents: [] },
          { version: next.slice(-32), branch: "master", committed: false, note: "first", parents: [root] },
          { version: branch.slice(-32), branch: "trial", committed: false, note: "second", parents: [root] },
        ],
        "instances-of": branch.slice(-32),
        instances: expect.arrayContaining([
          {
            name: "seg",
            type: "labelmap",
            "size-xyz": [35, 36, 37],
            "offset-xyz": [7, 5, 3],
            "voxel-size-xyz": [4, 8, 40],
            "block-xyz": [64, 64, 64],
            scales: 2,
          },
        ]),
      },
    ]);
    expect((await describeDvid(`dvid://${host}`)).repos.map((r) => r.alias)).toContain(alias);
    for (const wrong of ["dvid://", `dvid://${host}/a/b`, "precomputed://x"]) {
      expect(await failure(describeDvid(wrong))).toBe("E_SOURCE_NAME");
    }
    expect(await failure(newDvidVersion(`dvid://${host}`))).toBe("E_SOURCE_NAME");
  });

  test.each([
    ["labelarray", 64],
    ["labelblk", 32],
  ])(`${name}: %s is read and written`, async (typename, edge) => {
    const dataname = `old-${typename}`;
    const destination = repo.source(dataname);
    await createInstance(repo.connection, repo.root, { typename, dataname, BlockSize: `${edge},${edge},${edge}` });
    const shape: Vec3 = [64, 128, 64];
    const old = coarsePattern(shape, 9);
    const body = new Uint8Array(old.data.buffer);
    const path = apiPath("node", repo.root, dataname, "raw", "0_1_2", "64_128_64", "0_0_0");
    await repo.connection.call({ method: "POST", path, query: { mutate: true }, body });
    const store = await openVolume(destination);
    expect(await store.info()).toMatchObject({ dtype: "uint64", kind: "labels", bounds: boxOfShape(shape) });
    expect(sameVoxels((await store.read(boxOfShape(shape))).data, old.data)).toBe(true);
    await expect.poll(() => volumeExists(destination)).toBe(true);

    const bounds = box([3, 5, 7], [60, 128, 64]);
    const made = await createVolume(destination, specOf("uint64", bounds), { replace: true });
    const fresh = coarsePattern(shapeOf(bounds), 10);
    const inside = Uint8Array.from(fresh.data, (_, i) => (i % 5 === 0 ? 0 : 1));
    await made.write(bounds, fresh, { inside });
    const published = await publishVolume(destination);
    expect((await published.info()).bounds).toEqual(boxOfShape(shape));
    const expected = old.data.slice();
    let k = 0;
    for (let z = 3; z < 60; z++)
      for (let y = 5; y < 128; y++)
        for (let x = 7; x < 64; x++, k++) if (inside[k] === 1) expected[(z * 128 + y) * 64 + x] = fresh.data[k]!;
    expect(sameVoxels((await (await openVolume(destination)).read(boxOfShape(shape))).data, expected)).toBe(true);

    const fine = repo.source(`${dataname}-fine`);
    await createInstance(repo.connection, repo.root, {
      typename,
      dataname: `${dataname}-fine`,
      BlockSize: `${edge},${edge},${edge}`,
    });
    await (await createVolume(fine, specOf("uint64", bounds))).write(bounds, fresh);
    expect((await (await publishVolume(fine)).info()).bounds).toEqual(bounds);
    expect(await failure(made.write(bounds, { ...fresh, data: fresh.data.map(() => 2n ** 48n) }))).toBe("E_DVID_LABELS");
  });
}
