/**
 * evaluate-segmentation on the local engine: against the whole volume computed by plain means, on real data, with bad input, and what it
 * writes.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildPyramid,
  createVolume,
  type EngineFactory,
  type EvaluationResult,
  evaluateSegmentation,
  LocalEngine,
  openVolume,
  parseEvaluation,
  publishVolume,
  readEvaluation,
} from "@axonloom/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProgressCounter } from "../dist/workflows/create-segmentation/context.js";
import { compareAll } from "../dist/workflows/evaluate-segmentation/compare.js";
import { planEvaluation } from "../dist/workflows/evaluate-segmentation/plan.js";
import { DATA } from "../src/real-data.suite.ts";
import { type Shape, wholeVolume } from "./evaluate-oracle.ts";
import { temporaryFolder, writeNpy } from "./fixtures.ts";

const fib25 = join(DATA, "fib25-training2");

/** Blocks of `size` voxels with random labels: bodies in several pieces, contacts everywhere. */
function blocky(shape: Shape, size: number, seed: number, ids: readonly bigint[]): BigUint64Array {
  const [nz, ny, nx] = shape;
  return BigUint64Array.from({ length: nz * ny * nx }, (_, i) => {
    const [z, y, x] = [Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx].map((n) => Math.floor(n / size));
    const hash = Math.imul(Math.imul(z! * 31 + y!, 31) + x! + seed, 0x9e3779b1) >>> 8;
    return ids[hash % ids.length]!;
  });
}

/** For volumes of property tests, and for the rows of the one engine that all tests share: workers need a second to start. */
let folder: string;
let engine: LocalEngine;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-evaluate-"));
  engine = new LocalEngine({ slots: 2, spillFolder: join(folder, "spill") });
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const shared: EngineFactory = async () => ({
  name: engine.name,
  slots: engine.slots,
  rowsStayInCluster: engine.rowsStayInCluster,
  parallelize: (rows) => engine.parallelize(rows),
  broadcast: (value) => engine.broadcast(value),
  async close() {},
});

describe("pieces, boundaries and overlaps", () => {
  test("any subvolumes give what the whole volume gives", async () => {
    const edge = fc.integer({ min: 20, max: 70 });
    const chunk = fc.constantFrom(32, 64, 96);
    const cases = fc.record({
      shape: fc.tuple(fc.integer({ min: 20, max: 40 }), edge, edge),
      chunk: fc.tuple(chunk, chunk, chunk),
      size: fc.integer({ min: 4, max: 9 }),
      seed: fc.nat(1000),
      boundarySize: fc.integer({ min: 0, max: 3 }),
      components: fc.boolean(),
      roi: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, chunk, size, seed, boundarySize, components, roi }) => {
        const [nz, ny, nx] = shape;
        // an id that the components' names must not take, and ids above 2^53
        const truth = blocky(shape, size, seed, [0n, 1n, 2n ** 51n + 1n, 2n ** 64n - 1n, 5n]);
        const segment = blocky(shape, size + 1, seed + 7, [0n, 2n, 3n, 2n ** 60n]);
        writeNpy(join(folder, "t.npy"), truth, shape);
        writeNpy(join(folder, "s.npy"), segment, shape);
        const box = [
          [3, 5, 7],
          [nx - 1, ny, nz - 2],
        ];
        const region = Uint8Array.from(truth, (_, i) => {
          const [z, y, x] = [Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx];
          return !roi || (x >= 3 && x < nx - 1 && y >= 5 && z >= 7 && z < nz - 2) ? 1 : 0;
        });
        const config = parseEvaluation(
          {
            input: { "ground-truth": "t.npy", segmentation: "s.npy" },
            ...(roi ? { roi: { box } } : {}),
            options: { "chunk-size": chunk, "boundary-size": boundarySize, "run-cc": components },
          },
          { baseFolder: folder },
        );
        const plan = await planEvaluation(config);
        const counter = new ProgressCounter(() => {});
        const { voxels } = await compareAll({ config, plan, engine, counter, signal: new AbortController().signal });
        const found = Array.from(voxels.voxels, (n, i): [string, object] => [
          `${voxels.truthIds[voxels.truth[i]!]} ${voxels.segmentIds[voxels.segment[i]!]}`,
          { voxels: n, first: voxels.first[i] },
        ]);
        const { pairs } = wholeVolume(truth, segment, shape, { boundarySize, components, region });
        expect(new Map(found)).toEqual(pairs);
        expect(found.length).toBe(pairs.size);
      }),
      { numRuns: 8 },
    );
  });
});

/** A row of eight cells along x: 4 bodies of the truth, 32 voxels each; written into a folder with points and skeletons. */
function smallCase(folder: string, segmentOf: (x: number) => bigint, truthOf = (x: number) => BigInt(1 + Math.floor(x / 32))) {
  const shape = [4, 4, 128] as const;
  const volume = (label: (x: number) => bigint) => BigUint64Array.from({ length: 4 * 4 * 128 }, (_, i) => label(i % 128));
  writeNpy(join(folder, "truth.npy"), volume(truthOf), shape);
  writeNpy(join(folder, "segmentation.npy"), volume(segmentOf), shape);
  return { "ground-truth": "truth.npy", segmentation: "segmentation.npy" };
}

const OPTIONS = { "chunk-size": 32, "boundary-size": 0, "body-threshold": 0, "point-threshold": 0 };

async function evaluate(folder: string, raw: object, strict = false): Promise<EvaluationResult> {
  return await evaluateSegmentation(parseEvaluation(raw, { baseFolder: folder }), { engine: shared, strict });
}

describe("a whole evaluation", () => {
  test("measures, points, skeletons, the heat map and the files", async () => {
    const folder = temporaryFolder();
    // the last two bodies are one segment
    const input = smallCase(folder, (x) => (x < 64 ? BigInt(10 + Math.floor(x / 32)) : 2n ** 60n));
    const points = [
      [5, 1, 1, 1, 2],
      [40, 1, 1],
      [70, 1, 1],
      [100, 3, 3, 3],
    ];
    writeFileSync(join(folder, "syn.json"), JSON.stringify({ type: "synapse", sparse: false, "point-list": points }));
    mkdirSync(join(folder, "swc"));
    writeFileSync(join(folder, "swc", "a.swc"), "1 0 0 0 0 1 -1\n2 0 30 0 0 1 1\n3 0 40 0 0 1 2\n4 0 60 0 0 1 3\n");
    const raw = {
      input: { ...input, "point-lists": ["syn.json"], skeletons: { folder: "swc" } },
      output: { destination: "out" },
      options: {
        ...OPTIONS,
        plugins: ["vi", "rand", "count", "edit", "connectivity", "orphans", "autapse"].map((name) => ({ name })),
      },
    };
    const result = await evaluate(folder, raw);
    const [voxels, synapses] = result.comparisons;
    // half of the voxels lie in a segment of two equal bodies: one bit each
    expect(voxels).toMatchObject({ type: "voxels:voxels", orphans: { ground_truth: 0, segmentation: 0 } });
    expect(voxels!.measures).toMatchObject({
      merge_vi: 0.5,
      split_vi: 0,
      size: 2048,
      ground_truth_bodies: 4,
      segmentation_bodies: 3,
    });
    expect(voxels!.segmentation[0]).toMatchObject({
      id: String(2n ** 60n),
      pieces: 2,
      overlaps: [
        { id: "3", at_xyz: [64, 0, 0] },
        { id: "4", at_xyz: [96, 0, 0] },
      ],
    });
    expect(voxels!.edits).toContainEqual({ percent: 90, splits: 1, merges: 0 });
    expect(synapses).toMatchObject({ type: "synapse:syn", measures: { size: 4, merge_vi: 0.5 } });
    expect(result.connectivity[0]).toMatchObject({
      connections: 3,
      autapses: { ground_truth: [{ id: "4", connections: 1 }], segmentation: [{ id: String(2n ** 60n), connections: 1 }] },
    });
    // 30 + 20 of 60 voxels, of 1 nm
    expect(result.run_length).toMatchObject({ skeletons: 1, total_nm: 60, expected_nm: (30 ** 2 + 20 ** 2) / 60 });
    expect(result.subvolumes.map(({ box_xyz, measures }) => [box_xyz[0][0], measures["voxels:voxels"]!.merge_vi])).toEqual([
      [0, 0],
      [32, 0],
      [64, 0],
      [96, 0],
    ]);
    expect(result.warnings).toEqual([]);

    const out = join(folder, "out");
    expect(readdirSync(folder).filter((name) => name.startsWith("out"))).toEqual(["out"]);
    expect(await readEvaluation(out)).toEqual(JSON.parse(JSON.stringify(result)));
    expect(readdirSync(out).sort()).toEqual([
      "bodies.csv",
      "evaluation.json",
      "heat-map",
      "heat-map.csv",
      "metrics.json",
      "report.html",
    ]);
    const metrics = JSON.parse(readFileSync(join(out, "metrics.json"), "utf8"));
    expect(metrics.summarystats).toContainEqual(expect.objectContaining({ name: "FM-VI", typename: "voxels:voxels", val: 0.5 }));
    expect(readFileSync(join(out, "bodies.csv"), "utf8").split("\n")[1]).toBe("ground_truth,3,512,0,0.25,0.25,1,");
    expect(readFileSync(join(out, "heat-map.csv"), "utf8").split("\n")[3]).toMatch(
      /^1,voxels:voxels,32,0,0,64,4,4,false,0,0,0,1,1,1,512,1,1$/,
    );
    const layer = await openVolume(`precomputed://${join(out, "heat-map", "split_vi")}`);
    expect(await layer.info()).toMatchObject({
      dtype: "float32",
      voxelSizeNm: [32, 32, 32],
      bounds: { start: [0, 0, 0], stop: [1, 1, 4] },
    });

    // a second evaluation takes the place of the first; another folder is not touched
    await evaluate(folder, raw);
    rmSync(join(out, "evaluation.json"));
    await expect(evaluate(folder, raw)).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
  });

  test("self compare: the truth on its own", async () => {
    const folder = temporaryFolder();
    smallCase(folder, () => 0n);
    const result = await evaluate(folder, { input: { "ground-truth": "truth.npy" }, options: OPTIONS });
    expect(result).toMatchObject({
      segmentation: null,
      comparisons: [{ measures: { merge_vi: 2, split_vi: 0, segmentation_bodies: 1 } }],
    });
  });

  test("a volume with itself, and swapped sides", async () => {
    const folder = temporaryFolder();
    const input = smallCase(folder, (x) => BigInt(1 + Math.floor(x / 20)));
    const itself = await evaluate(folder, { input: { ...input, segmentation: input["ground-truth"] }, options: OPTIONS });
    expect(itself.comparisons[0]!.measures).toMatchObject({ vi: 0, rand: 1, cremi_score: 0 });
    const forth = await evaluate(folder, { input, options: OPTIONS });
    const back = await evaluate(folder, {
      input: { "ground-truth": input.segmentation, segmentation: input["ground-truth"] },
      options: OPTIONS,
    });
    const [p, q] = [forth.comparisons[0]!.measures, back.comparisons[0]!.measures];
    expect(p.merge_vi).toBeGreaterThan(0);
    expect(q.split_vi).toBeCloseTo(p.merge_vi, 12);
    expect(q.rand).toBeCloseTo(p.rand, 12);
  });

  test("components: one body in two places is two, on both sides", async () => {
    const folder = temporaryFolder();
    const input = smallCase(
      folder,
      (x) => (x < 40 || x >= 90 ? 7n : 8n),
      (x) => (x < 50 || x >= 60 ? 1n : 0n),
    );
    const { components, comparisons } = await evaluate(folder, { input, options: OPTIONS });
    const [a, b, c, d] = [0n, 1n, 2n, 3n].map((k) => String(2n ** 51n + k));
    expect(components).toEqual({
      ground_truth: [
        { id: a, of: "1" },
        { id: b, of: "1" },
      ],
      // 8 is cut by the truth's 0
      segmentation: [
        { id: a, of: "7" },
        { id: b, of: "7" },
        { id: c, of: "8" },
        { id: d, of: "8" },
      ],
    });
    expect(comparisons[0]!.measures.merge_vi).toBe(0);
    const whole = await evaluate(folder, { input, options: { ...OPTIONS, "run-cc": false } });
    expect(whole.components).toEqual({ ground_truth: [], segmentation: [] });
    expect(whole.comparisons[0]!.measures.segmentation_bodies).toBe(2);
  });
});

describe("bad input", () => {
  test("volumes of different extent: the common part with a warning, or an error with strict; nothing in common", async () => {
    const folder = temporaryFolder();
    const raw = (name: string, offset: string) => {
      writeFileSync(join(folder, name), new Uint8Array(40 * 8 * 8).fill(5));
      return `raw://${name}?shape=40,8,8&dtype=uint8&offset=${offset}`;
    };
    const input = { "ground-truth": raw("a", "0,0,0"), segmentation: raw("b", "10,0,0") };
    const result = await evaluate(folder, { input, options: OPTIONS });
    expect(result).toMatchObject({
      box_xyz: [
        [10, 0, 0],
        [40, 8, 8],
      ],
      comparisons: [{ measures: { size: 30 * 64 } }],
    });
    expect(result.warnings).toEqual([expect.stringContaining("compared x 10..40, y 0..8, z 0..8")]);
    await expect(evaluate(folder, { input, options: OPTIONS }, true)).rejects.toMatchObject({ code: "E_EVALUATE" });
    const apart = { ...input, segmentation: raw("b", "40,0,0") };
    await expect(evaluate(folder, { input: apart, options: OPTIONS })).rejects.toThrow(
      /expected volumes that overlap, found ground truth x 0\.\.40/,
    );
  });

  test("all zero: an error for the truth, a warning for the segmentation", async () => {
    const folder = temporaryFolder();
    const input = smallCase(folder, () => 0n);
    const empty = await evaluate(folder, { input, options: OPTIONS });
    expect(empty.warnings).toEqual([expect.stringMatching(/segmentation\.npy is 0 wherever/)]);
    expect(empty.comparisons[0]!.measures).toMatchObject({ merge_vi: 2, segmentation_bodies: 1 });
    const skipped = { ...OPTIONS, "segmentation-zero": "ignored" };
    await expect(evaluate(folder, { input, options: skipped })).rejects.toMatchObject({ code: "E_EVALUATE" });
    const none = { ...input, "ground-truth": input.segmentation };
    await expect(evaluate(folder, { input: none, options: OPTIONS })).rejects.toThrow(
      /segmentation\.npy: expected voxels of bodies that count, found none/,
    );
    const small = await evaluate(folder, { input, options: { ...OPTIONS, "body-threshold": 1000 } });
    expect(small.warnings).toEqual([expect.stringContaining("body-threshold 1000")]);
    expect(small.comparisons[0]).toMatchObject({ left_out: 2048, measures: { size: 0, vi: 0 } });
    expect(existsSync(join(folder, "axonloom.evaluation.evaluating"))).toBe(false);
  });

  test("a point outside: a warning that names it, or an error with strict", async () => {
    const folder = temporaryFolder();
    const input = { ...smallCase(folder, () => 1n), "point-lists": [{ file: "p.json", name: "spots", type: "points" }] };
    writeFileSync(
      join(folder, "p.json"),
      JSON.stringify([
        [1, 1, 1],
        [128, 1, 2],
      ]),
    );
    const { warnings, comparisons } = await evaluate(folder, { input, options: OPTIONS });
    expect(warnings).toEqual(["points:spots: 1 of 2 points lie outside of what is compared, the first at 128, 1, 2 (x, y, z)"]);
    expect(comparisons[1]!.measures.size).toBe(1);
    await expect(evaluate(folder, { input, options: OPTIONS }, true)).rejects.toMatchObject({ code: "E_EVALUATE" });
    writeFileSync(join(folder, "p.json"), "{");
    await expect(evaluate(folder, { input, options: OPTIONS })).rejects.toThrow(/p\.json: expected a JSON file of points/);
  });

  test("a sparse truth: only its bodies are measured, their neighbours show merges", async () => {
    const folder = temporaryFolder();
    const input = smallCase(folder, (x) => (x < 64 ? 10n : 11n));
    const only = { ...OPTIONS, "important-bodies": [1] };
    const sparse = await evaluate(folder, { input, options: { ...only, "enable-sparse": true } });
    expect(sparse.comparisons[0]!.measures).toMatchObject({ size: 512, merge_vi: 1, ground_truth_bodies: 1 });
    const restricted = await evaluate(folder, { input, options: only });
    expect(restricted.comparisons[0]!.measures).toMatchObject({ size: 512, merge_vi: 0 });
    const marked = await evaluate(folder, { input, options: { ...only, "enable-sparse": true, "subvolume-threshold": 1 } });
    expect(marked.subvolumes.map(({ ignore }) => ignore)).toEqual([false, true, true, true]);
  });

  test("a level that is not there", async () => {
    const folder = temporaryFolder();
    const input = smallCase(folder, () => 1n);
    await expect(evaluate(folder, { input, options: { ...OPTIONS, "downsample-level": 1 } })).rejects.toThrow(
      /downsample-level.*which has 1/,
    );
  });
});

test("a coarser level: its voxels, with the region and the points of the finest", async () => {
  const folder = temporaryFolder();
  const bounds = { start: [0, 0, 0], stop: [64, 64, 64] } as const;
  for (const [name, edge] of [
    ["truth", 32],
    ["segmentation", 64],
  ] as const) {
    const destination = `precomputed://${join(folder, name)}`;
    const spec = { dtype: "uint64", kind: "labels", bounds, voxelSizeNm: [8, 8, 8], options: { levels: 2 } } as const;
    const volume = await createVolume(destination, spec);
    const data = BigUint64Array.from({ length: 64 ** 3 }, (_, i) => BigInt(1 + Math.floor((i % 64) / edge)));
    await volume.write(bounds, { data, shape: [64, 64, 64] });
    await buildPyramid(volume.source);
    await publishVolume(destination);
  }
  writeFileSync(
    join(folder, "p.json"),
    JSON.stringify([
      [63, 63, 31],
      [63, 63, 33],
    ]),
  );
  const result = await evaluate(folder, {
    input: { "ground-truth": "precomputed://truth", segmentation: "precomputed://segmentation", "point-lists": ["p.json"] },
    roi: {
      box: [
        [0, 0, 0],
        [64, 64, 32],
      ],
    },
    options: { ...OPTIONS, "downsample-level": 1 },
  });
  expect(result).toMatchObject({
    box_xyz: [
      [0, 0, 0],
      [32, 32, 32],
    ],
    voxel_size_nm_xyz: [16, 16, 16],
  });
  expect(result.comparisons.map(({ measures }) => [measures.size, measures.merge_vi])).toEqual([
    [32 * 32 * 16, 1],
    [1, 0],
  ]);
});

describe.skipIf(!existsSync(fib25))("fib25", () => {
  const raw = (options: object) => ({
    input: { "ground-truth": join(fib25, "gt.npy.gz"), segmentation: join(fib25, "ws.npy.gz") },
    output: { destination: "out" },
    options: {
      "boundary-size": 0,
      "body-threshold": 0,
      "segmentation-zero": "ignored",
      "run-cc": false,
      "chunk-size": 128,
      ...options,
    },
  });

  test("the figures of scikit-image", async () => {
    const { comparisons } = await evaluate(temporaryFolder(), raw({}));
    const { split_vi, merge_vi, rand, size } = comparisons[0]!.measures;
    expect(Math.abs(split_vi - 2.3757483232094714)).toBeLessThan(1e-12);
    expect(Math.abs(merge_vi - 0.3296004839291428)).toBeLessThan(1e-12);
    expect(Math.abs(rand - 0.73369235760791)).toBeLessThan(1e-12);
    expect(size).toBe(250 ** 3 - 250);
  });
});
