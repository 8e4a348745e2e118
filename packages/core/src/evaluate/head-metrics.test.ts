/** The original's layout: names, rounding, what is left out without a truth or a second volume. */
import { expect, test } from "vitest";
import { type HeadMetricsOptions, headMetrics } from "./head-metrics.ts";
import type { Comparison, EvaluationResult, TableMeasures } from "./result.ts";

const measures: TableMeasures = {
  merge_vi: 0.123456,
  split_vi: 1.000049,
  vi: 1.123505,
  rand: 0.87654321,
  rand_merge: 0.9,
  rand_split: 0.8,
  adapted_rand_error: 0.12345679,
  cremi_score: 0.37,
  size: 100,
  ground_truth_bodies: 2,
  segmentation_bodies: 3,
};
const big = String(2n ** 60n);
const comparison: Comparison = {
  type: "voxels:voxels",
  measures,
  left_out: 4,
  histogram: [{ percent: 50, ground_truth: 1, segmentation: 3 }],
  edits: [{ percent: 90, splits: 5, merges: 6 }],
  best_overlap: { ground_truth: "1", segmentation: "7", size: 60 },
  orphans: { ground_truth: 1, segmentation: 4 },
  ground_truth: [
    {
      id: "1",
      size: 70,
      split_vi: 0.7,
      merge_vi: 0.1,
      badness: 0.8,
      pieces: 2,
      overlaps: [{ id: big, size: 60, at_xyz: [0, 0, 0] }],
    },
    {
      id: big,
      size: 30,
      split_vi: 0.75,
      merge_vi: 0,
      badness: 0.75,
      pieces: 1,
      overlaps: [{ id: "7", size: 30, at_xyz: [0, 0, 0] }],
    },
  ],
  segmentation: [{ id: "7", size: 95, merge_vi: 0.123456, pieces: 2, correct: 60, overlaps: [] }],
};
const result: EvaluationResult = {
  format: "axonloom-evaluation",
  version: 1,
  ground_truth: "truth",
  segmentation: "test",
  box_xyz: [
    [0, 0, 0],
    [2, 2, 2],
  ],
  voxel_size_nm_xyz: [8, 8, 8],
  options: {},
  comparisons: [comparison],
  connectivity: [
    {
      type: "synapse:s",
      matches: [],
      connections: 3,
      matched: 1,
      match: 1 / 3,
      pairs: [{ threshold: 5, ground_truth: 3, segmentation: 2, both: 1, recall: 1 / 3, precision: 0.5 }],
      table: [{ pre: "1", pre_match: "7", post: big, post_match: "0", matched: 1, connections: 3 }],
      autapses: { ground_truth: [{ id: "1", connections: 2 }], segmentation: [{ id: "7", connections: 5 }] },
    },
  ],
  run_length: null,
  subvolumes: [
    {
      id: 0,
      box_xyz: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      ignore: false,
      measures: { "voxels:voxels": measures },
    },
    {
      id: 1,
      box_xyz: [
        [4, 2, 3],
        [7, 5, 6],
      ],
      ignore: false,
      measures: { "voxels:voxels": { ...measures, merge_vi: 0.5, rand_merge: 0.1 } },
    },
    {
      id: 2,
      box_xyz: [
        [7, 2, 3],
        [9, 5, 6],
      ],
      ignore: true,
      measures: { "voxels:voxels": { ...measures, merge_vi: 9 } },
    },
  ],
  components: { ground_truth: [{ id: "2251799813685248", of: "5" }], segmentation: [] },
  warnings: [],
};
const options: HeadMetricsOptions = {
  measures: new Set(["rand", "vi", "count", "connectivity", "edit", "orphans", "autapse"]),
  noTruth: false,
  listLength: 1,
};

function values(found: ReturnType<typeof headMetrics>): Record<string, number> {
  return Object.fromEntries(found.summarystats.map(({ name, val }) => [name, val]));
}

test("numbers, rounded to four digits", () => {
  const found = headMetrics(result, options);
  expect(values(found)).toEqual({
    VI: 1.1235,
    "FM-VI": 0.1235,
    "FS-VI": 1,
    Rand: 0.8765,
    "FM-RD": 0.9,
    "FS-RD": 0.8,
    "B-WRST-GT-VI": 0.8,
    "B-WRST-GT-FR": 0.75,
    "B-WRST-TEST-FR": 0.1235,
    "B-BST-TST-OV": 60,
    "HIST-50": 2,
    "TOTAL-SIZE": 100,
    "edit.splits-90": 5,
    "edit.merges-90": 6,
    orphans: 3,
    "conn.match": 0.3333,
    "connpairs.recall-5": 0.3333,
    "connpairs.precision-5": 0.5,
    "num.autapsediff": 3,
    "S-BEST-FM-VI": 0.1235,
    "S-WRST-FM-VI": 0.5,
    "S-BEST-FS-VI": 1,
    "S-WRST-FS-VI": 1,
    "S-AVE-VI": 1.1235,
    "S-BEST-FM-RD": 0.9,
    "S-WRST-FM-RD": 0.1,
    "S-BEST-FS-RD": 0.8,
    "S-WRST-FS-RD": 0.8,
    "S-AVE-RD": 0.8765,
  });
  expect(found.summarystats.find(({ name }) => name === "S-WRST-FM-VI")!.description).toMatch(/Subvolume=1$/);
  expect(found.summarystats.find(({ name }) => name === "TOTAL-SIZE")).toMatchObject({ display: false });
});

test("bodies, overlaps, the heat map, components", () => {
  const found = headMetrics(result, options);
  const lists = Object.fromEntries(found.bodystats.map(({ name, bodies }) => [name, bodies]));
  expect(lists).toEqual({
    "Worst GT": { 1: [0.8] },
    "GT Frag": { [big]: [0.75] },
    "Test Frag": { 7: [0.1235] },
    "Best Test": { 7: [60, [95]] },
    "Largest Test": { 7: [95, [95]] },
    "Largest GT": { 1: [70, [70]] },
    GTConn: { 1: [1, [3, 7]] },
    "GT Autapse": { 1: [2] },
    "Seg Autapse": { 7: [5] },
  });
  expect(found.bodydebug).toEqual([
    // bodies up to 90 percent; an id above 2^53 stays a text
    {
      name: "gtoverlap",
      typename: "voxels:voxels",
      info: [
        [1, [[60, big]]],
        [big, [[30, 7]]],
      ],
    },
    { name: "segoverlap", typename: "voxels:voxels", info: [[7, []]] },
    { name: "connectivity-table", typename: "synapse:s", info: [[1, 7, big, 0, 1, 3]] },
  ]);
  expect(found.subvolumes["0"]![0]).toEqual({ name: "bbox", val: [3, 2, 1, 6, 5, 4] });
  expect(found.subvolumes["0"]![1]).toMatchObject({ name: "VI", val: 1.1235, "higher-better": false });
  expect(found.subvolumes["2"]![1]).toMatchObject({ name: "VI", ignore: true });
  expect(found["connected-components"]).toEqual({ gt: { "2251799813685248": 5 }, seg: {} });
  expect(found.types).toEqual(["voxels:voxels"]);
});

test("without a second volume, or without a truth, nothing is said that needs it", () => {
  const alone = headMetrics({ ...result, segmentation: null }, options);
  expect(Object.keys(values(alone))).toEqual(["HIST-50", "TOTAL-SIZE", "orphans", "num.autapse"]);
  expect(values(alone)).toMatchObject({ "HIST-50": 1, orphans: 1, "num.autapse": 2 });
  expect(alone.bodystats.map(({ name }) => name)).toEqual(["Largest GT", "GT Autapse"]);
  const neither = headMetrics(result, { ...options, noTruth: true });
  for (const name of ["B-WRST-GT-VI", "B-BST-TST-OV"]) expect(Object.keys(values(neither))).not.toContain(name);
  expect(neither.bodystats.map(({ name }) => name)).not.toContain("Worst GT");
  const plain = { ...comparison, edits: [], orphans: null };
  const few = headMetrics({ ...result, comparisons: [plain] }, { ...options, measures: new Set(["vi"]) });
  expect(Object.keys(values(few)).filter((name) => !name.includes("VI"))).toEqual(["B-WRST-GT-FR", "B-WRST-TEST-FR"]);
});
