import { expect, test } from "vitest";
import type { EvaluationResult, TableMeasures } from "../evaluate/result.ts";
import { evaluationReport } from "./evaluation.ts";
import { reportHtml } from "./page.ts";

const measures = (merge_vi: number, split_vi: number): TableMeasures => ({
  merge_vi,
  split_vi,
  vi: merge_vi + split_vi,
  rand: 0.5,
  rand_merge: 0.5,
  rand_split: 0.5,
  adapted_rand_error: 0.5,
  cremi_score: 1,
  size: 1000,
  ground_truth_bodies: 2,
  segmentation_bodies: 3,
});

const result = {
  ground_truth: "precomputed:///data/truth",
  segmentation: "precomputed:///data/segmentation",
  box_xyz: [
    [0, 0, 0],
    [8, 8, 16],
  ],
  voxel_size_nm_xyz: [8, 8, 40],
  comparisons: [
    {
      type: "voxels:voxels",
      edits: [{ percent: 90, splits: 5, merges: 6 }],
      measures: measures(0.25, 0.5),
      ground_truth: [
        { id: "1", size: 10, split_vi: 0.1, merge_vi: 0, badness: 0.1, pieces: 1, overlaps: [] },
        {
          id: "18446744073709551615",
          size: 990,
          split_vi: 0.4,
          merge_vi: 0.25,
          badness: 0.65,
          pieces: 2,
          overlaps: [{ id: "7", size: 900, at_xyz: [1, 2, 3] }],
        },
      ],
      segmentation: [
        {
          id: "7",
          size: 950,
          merge_vi: 0.25,
          pieces: 2,
          correct: 900,
          overlaps: [
            { id: "18446744073709551615", size: 900, at_xyz: [1, 2, 3] },
            { id: "1", size: 50, at_xyz: [4, 5, 6] },
          ],
        },
      ],
    },
  ],
  subvolumes: [
    {
      id: 0,
      box_xyz: [
        [0, 0, 0],
        [8, 8, 8],
      ],
      ignore: false,
      measures: { "voxels:voxels": measures(1, 2) },
    },
    {
      id: 1,
      box_xyz: [
        [0, 0, 8],
        [8, 8, 16],
      ],
      ignore: true,
      measures: { "voxels:voxels": measures(3, 4) },
    },
  ],
  components: { ground_truth: [{ id: "1", of: "17" }], segmentation: [] },
  connectivity: [{ type: "synapse:syn", connections: 4, matched: 3, match: 0.75 }],
  run_length: null,
  warnings: ["careful <now>"],
} as unknown as EvaluationResult;

const { parts } = evaluationReport(result);
const tableOf = (wanted: string) =>
  parts.flatMap((part) => (part.kind === "table" && part.name === wanted ? [part.table] : []))[0]!;
const stateOf = (href: string) => JSON.parse(decodeURIComponent(href.split("#!")[1]!)) as Record<string, unknown>;

test("the worst body is first, and its link shows it and its segment where they lie", () => {
  const [worst] = tableOf("worst-truth").rows;
  expect(worst!.slice(0, 5)).toEqual(["18446744073709551615", 990, 0.4, 0.25, 2]);
  const { text, href } = worst![5] as { text: string; href: string };
  expect(text).toBe("7: 900 at 1, 2, 3");
  expect(stateOf(href)).toMatchObject({
    position: [1, 2, 3],
    layers: [
      { name: "ground truth", segments: ["18446744073709551615"], source: "precomputed://http://127.0.0.1:9100/truth" },
      { name: "segmentation", segments: ["7"] },
    ],
  });
});

test("a segment's link leads to the second body in it, by the id that a piece has in the volume", () => {
  const { href } = tableOf("worst-segments").rows[0]![4] as { href: string };
  expect(stateOf(href)).toMatchObject({ position: [4, 5, 6], layers: [{ segments: ["17"] }, { segments: ["7"] }] });
});

test("the heat map has false merges and splits; what is to be ignored has no value", () => {
  const map = parts.flatMap((part) => (part.kind === "heat-map" ? [part.map] : []))[0]!;
  expect(map.measures.map(({ name }) => name)).toEqual(["f.merge", "f.split", "VI"]);
  expect(map.cells.map(({ values }) => values)).toEqual([
    [1, 2, 3],
    [null, null, null],
  ]);
  expect(stateOf(map.cells[1]!.href!)).toMatchObject({ position: [4, 4, 12] });
});

test("edits and connections are told, a run length that was not measured is not", () => {
  expect(tableOf("edits").rows).toEqual([["voxels:voxels", 90, 5, 6]]);
  expect(tableOf("connectivity").rows).toEqual([["synapse:syn", 4, 3, 0.75]]);
  expect(tableOf("run-length")).toBeUndefined();
});

test("it becomes a page", async () => {
  const html = await reportHtml({ title: "e", parts });
  expect(html).toContain("Warning: careful &lt;now&gt;");
  expect(html).toContain("18446744073709551615");
});
