/** An evaluation's figures do not depend on who else is listed, on the boxes, or on what other side was found. Counted by hand. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EvaluationResult, evaluateSegmentation, parseEvaluation } from "@axonloom/core";
import { beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder, writeNpy } from "./fixtures.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const SHAPE = [4, 4, 128] as const;
const volume = (label: (x: number, y: number, z: number) => bigint) =>
  BigUint64Array.from({ length: 4 * 4 * 128 }, (_, i) => label(i % 128, Math.floor(i / 128) % 4, Math.floor(i / 512)));

async function evaluate(
  truth: (x: number, y: number, z: number) => bigint,
  segment: (x: number, y: number, z: number) => bigint,
  options: object,
  rest: { readonly input?: object; readonly roi?: object } = {},
): Promise<EvaluationResult> {
  writeNpy(join(folder, "truth.npy"), volume(truth), SHAPE);
  writeNpy(join(folder, "segmentation.npy"), volume(segment), SHAPE);
  const raw = {
    input: { "ground-truth": "truth.npy", segmentation: "segmentation.npy", ...rest.input },
    output: { destination: "out" },
    ...(rest.roi === undefined ? {} : { roi: rest.roi }),
    options: { "chunk-size": 32, "boundary-size": 0, "body-threshold": 0, "point-threshold": 0, ...options },
  };
  return await evaluateSegmentation(parseEvaluation(raw, { baseFolder: folder }), { workers: 1 });
}

const quarters = (x: number) => BigInt(1 + Math.floor(x / 32));
const inTwoPieces = (x: number) => [1n, 2n, 3n, 1n][Math.floor(x / 32)]!;

describe("listed bodies", () => {
  test.each([true, false])("one in two pieces is measured in a sparse truth, run-cc %s", async (components) => {
    const options = { "enable-sparse": true, "important-bodies": [1], "run-cc": components };
    const { comparisons, warnings } = await evaluate(inTwoPieces, () => 7n, options);
    expect(comparisons[0]!.measures.size).toBe(2 * 32 * 16);
    expect(warnings).toEqual([]);
  });

  test.each([1, 2])("boundary-size %i takes the same voxels from a body whoever else is listed", async (boundarySize) => {
    const options = { "boundary-size": boundarySize, "important-bodies": [2] };
    const { comparisons } = await evaluate(quarters, quarters, options);
    expect(comparisons[0]!.measures.size).toBe((32 - 2 * boundarySize) * 16);
  });

  test("a truth without neighbours, and ids that are not there, are told", async () => {
    const options = { "enable-sparse": true, "important-bodies": [1, 99] };
    const { warnings } = await evaluate(
      (x) => (x < 32 ? 1n : 0n),
      () => 7n,
      options,
    );
    expect(warnings.join("\n")).toMatch(/1 of 2 are not in the ground truth: 99/);
    expect(warnings.join("\n")).toMatch(/nothing but the important bodies/);
  });
});

describe("subvolumes", () => {
  test("one without truth is hidden; one that is not found at all is not", async () => {
    const { subvolumes } = await evaluate(
      (x) => (x < 96 ? quarters(x) : 0n),
      (x) => (x < 32 ? 0n : 5n),
      { "subvolume-threshold": 50, "segmentation-zero": "ignored" },
    );
    // The first has truth everywhere, but no segment: nothing to measure there. The last has no truth.
    expect(subvolumes.map(({ ignore }) => ignore)).toEqual([true, false, false, true]);
    const counted = await evaluate(
      (x) => (x < 96 ? quarters(x) : 0n),
      (x) => (x < 32 ? 0n : 5n),
      { "subvolume-threshold": 50 },
    );
    expect(counted.subvolumes.map(({ ignore }) => ignore)).toEqual([false, false, false, true]);
  });
});

describe("places", () => {
  test.each([32, 64, 128])("nodes and points outside of the region are the same ones with chunks of %i", async (chunk) => {
    mkdirSync(join(folder, "swc"));
    // Four nodes in a row; the region ends between the second and the third.
    writeFileSync(join(folder, "swc", "a.swc"), "1 0 5 0 0 1 -1\n2 0 14 0 0 1 1\n3 0 50 0 0 1 2\n4 0 100 0 0 1 3\n");
    const points = [
      [5, 1, 1],
      [20, 1, 1],
      [2 ** 32 + 5, 1, 1],
    ];
    writeFileSync(join(folder, "p.json"), JSON.stringify({ "point-list": points }));
    const { run_length: runLength, warnings } = await evaluate(
      () => 1n,
      () => 9n,
      { "chunk-size": chunk },
      {
        input: { skeletons: { folder: "swc" }, "point-lists": ["p.json"] },
        roi: {
          box: [
            [0, 0, 0],
            [18, 4, 4],
          ],
        },
      },
    );
    // the edge of 9 voxels between the first two nodes is right: 9 · 9 / (9 + 36 + 50)
    expect(runLength!.expected_nm).toBeCloseTo(81 / 95, 12);
    expect(warnings.filter((text) => /lie outside/.test(text)).map((text) => text.replace(/^.*?: /, ""))).toEqual([
      expect.stringMatching(/^2 of 3 points lie outside .* the first at 20, 1, 1/),
      expect.stringMatching(/^2 of 4 points lie outside .* the first at 50, 0, 0/),
    ]);
  });
});

describe("sizes", () => {
  test("voxels of different size are told, where both volumes know theirs", async () => {
    const warningsFor = async (size: string) => {
      const input = { segmentation: `npy://segmentation.npy?voxel-size-nm=8,8,8`, "ground-truth": `npy://truth.npy${size}` };
      return (await evaluate(quarters, quarters, {}, { input })).warnings;
    };
    expect(await warningsFor("?voxel-size-nm=16,16,16")).toEqual([expect.stringMatching(/differ in voxel size/)]);
    expect(await warningsFor("?voxel-size-nm=8,8,8")).toEqual([]);
    expect(await warningsFor("")).toEqual([]);
  });

  test("orphans: what is small and inside; a segment is as large as what it has of all bodies", async () => {
    // Truth: 1 around 2 (inside, 8 voxels); a small 3 at the volume's edge. Segments: 21 is small and inside, 22 lies over small bodies only.
    const truth = (x: number, y: number, z: number) => {
      const middle = y > 0 && y < 3 && z > 0 && z < 3;
      if (middle && (x === 40 || x === 41)) return 2n;
      return x === 0 ? 3n : 1n;
    };
    const segment = (x: number, y: number, z: number) => {
      const middle = y > 0 && y < 3 && z > 0 && z < 3;
      if (middle && (x === 40 || x === 41)) return 21n;
      return x === 0 ? 22n : 20n;
    };
    const options = { "body-threshold": 17, plugins: [{ name: "orphans" }] };
    expect((await evaluate(truth, segment, options)).comparisons[0]!.orphans).toEqual({ ground_truth: 1, segmentation: 1 });
    // One segment over both small bodies is large enough.
    const joined = (x: number, y: number, z: number) => (segment(x, y, z) === 21n ? 20n : segment(x, y, z));
    expect((await evaluate(truth, joined, options)).comparisons[0]!.orphans).toEqual({ ground_truth: 1, segmentation: 0 });
  });

  test("a body counts by its own size, not by what of it was found", async () => {
    const segment = (x: number) => (x < 28 ? 0n : 5n);
    const options = { "body-threshold": 400, "segmentation-zero": "ignored" };
    const { comparisons } = await evaluate(quarters, segment, options);
    expect(comparisons[0]!.left_out).toBe(0);
    expect(comparisons[0]!.measures.size).toBe((128 - 28) * 16);
  });

  test("lists of metrics.json are chosen among all bodies", async () => {
    // 16 segments of 8 columns, of which four are cut from bodies: the best are not the worst
    const segment = (x: number) => (x >= 96 ? 50n + BigInt(Math.floor(x / 8)) : x >= 80 ? 51n : 10n + BigInt(Math.floor(x / 40)));
    await evaluate(quarters, segment, { "num-displaybodies": 1 });
    const metrics = JSON.parse(readFileSync(join(folder, "out", "metrics.json"), "utf8"));
    const stat = (name: string) => metrics.summarystats.find((s: { name: string }) => s.name === name);
    const best = metrics.bodystats.find((s: { name: string }) => s.name === "Best Test");
    expect(Object.values(best.bodies).map((entry) => (entry as number[])[0])).toEqual([stat("B-BST-TST-OV").val]);
    const { info } = metrics.bodydebug.find((s: { name: string }) => s.name === "gtoverlap");
    expect(info).toHaveLength(4);
  });
});
