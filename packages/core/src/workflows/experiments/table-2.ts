/**
 * The paper's Table 2: false merges and false splits of a volume that is segmented once and stitched by each policy. Its claim is that a
 * cautious policy keeps the errors of a bad region local, while on good data policies hardly differ.
 *
 * Reference: Plaza & Berg, "Large-Scale Electron Microscopy Image Segmentation in Spark", table 2. Its "conservative" is `medium` here.
 */
import { join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import type { Config } from "../../config/index.ts";
import { toXyz } from "../../geometry/box.ts";
import { DEFAULT_POLICY } from "../../stitch/policy.ts";
import { STITCH_ALGORITHMS, type StitchAlgorithm } from "../../stitch/types.ts";
import { openVolume } from "../../store/index.ts";
import { type CellMeasures, measureCells } from "../cells.ts";
import { createSegmentation } from "../create-segmentation/index.ts";
import type { WorkerOptions } from "../create-segmentation/plan.ts";
import { evaluateVolumes } from "../evaluate.ts";
import { restitch } from "../restitch.ts";
import { type Condition, prepareTestVolume, type TestVolumeName, type TestVolumeRequest } from "./test-volumes.ts";

export interface Table2Request extends TestVolumeRequest, WorkerOptions {
  readonly volumes: readonly TestVolumeName[];
}

export interface ExperimentOptions extends CallOptions {
  /** What is done now, for people. */
  readonly onStep?: (step: string) => void;
}

/** Thresholds as in the original program, or scaled by a face's area. */
export type Thresholds = "kept" | "scaled";

export interface Table2Row {
  readonly volume: TestVolumeName;
  readonly condition: Condition;
  readonly thresholds: Thresholds;
  readonly "minimum-overlap": number;
  readonly "liberal-overlap": number;
  readonly algorithm: StitchAlgorithm;
  /** Bits; voxels without label on a side are left out. */
  readonly merge_vi: number;
  readonly split_vi: number;
  readonly vi: number;
  readonly bodies: number;
  readonly matches: number;
  /** Where the labels lie. */
  readonly output: string;
}

/** What the paper says of a volume, checked on one set of thresholds. */
export interface Table2Check {
  readonly volume: TestVolumeName;
  readonly thresholds: Thresholds;
  readonly claim: string;
  /** The figure that decides, and what it may be. */
  readonly value: number;
  readonly bound: number;
  readonly holds: boolean;
}

/** Where the errors of medium and aggressive are, with the original's thresholds. */
export interface Table2Places {
  readonly volume: TestVolumeName;
  /** Sources, to look at the places. */
  readonly gray: string;
  readonly truth: string;
  readonly voxel_size_nm_xyz: readonly number[];
  /** One for each subvolume, in the same order. */
  readonly medium: readonly CellMeasures[];
  readonly aggressive: readonly CellMeasures[];
}

export interface Table2Result {
  readonly rows: readonly Table2Row[];
  readonly places: readonly Table2Places[];
  readonly checks: readonly Table2Check[];
}

/** A face of the original's subvolumes: 512 voxels and a border of 20 on both sides. */
const ORIGINAL_FACE = 552 * 552;

/** Runs what is not done yet, and measures. The results lie in `<folder>/<volume>/<policy>`. */
export async function experimentTable2(request: Table2Request, options: ExperimentOptions = {}): Promise<Table2Result> {
  const { onStep = () => {}, signal } = options;
  const call = signal === undefined ? {} : { signal };
  const { workers, memoryBytes } = request;
  const resources = { ...(workers !== undefined && { workers }), ...(memoryBytes !== undefined && { memoryBytes }) };
  const rows: Table2Row[] = [];
  const places: Table2Places[] = [];
  for (const name of request.volumes) {
    onStep(`${name}: volume`);
    const { config, gray, truth, condition } = await prepareTestVolume(name, request, call);
    onStep(`${name}: segmenting`);
    const run = await createSegmentation(config, { ...resources, ...call });
    for (const thresholds of ["kept", "scaled"] as const) {
      const { minimumOverlap, liberalOverlap } = thresholds === "kept" ? DEFAULT_POLICY : scaledThresholds(config);
      for (const algorithm of STITCH_ALGORITHMS) {
        const label = thresholds === "kept" ? algorithm : `${algorithm}-scaled`;
        onStep(`${name}: ${label}`);
        // The run's own result is that of medium.
        const { summary } =
          label === "medium"
            ? run
            : await restitch(
                config.runFolder,
                { algorithm, minimumOverlap, liberalOverlap, output: `precomputed://${join(request.folder, name, label)}` },
                { ...resources, ...call },
              );
        const { merge_vi, split_vi, vi } = await evaluateVolumes({ segmentation: summary.output, groundTruth: truth }, call);
        const { bodies, matches, output } = summary;
        const constants = { "minimum-overlap": minimumOverlap, "liberal-overlap": liberalOverlap };
        rows.push({
          volume: name,
          condition,
          thresholds,
          ...constants,
          algorithm,
          merge_vi,
          split_vi,
          vi,
          bodies,
          matches,
          output,
        });
      }
    }
    onStep(`${name}: places`);
    const outputOf = (wanted: StitchAlgorithm) =>
      rows.find((row) => row.volume === name && row.thresholds === "kept" && row.algorithm === wanted)!.output;
    const { voxelSizeNm } = await (await openVolume(outputOf("medium"), call)).info(call);
    places.push({
      volume: name,
      gray,
      truth,
      voxel_size_nm_xyz: toXyz(voxelSizeNm),
      medium: await measureCells(truth, outputOf("medium"), config.chunk, call),
      aggressive: await measureCells(truth, outputOf("aggressive"), config.chunk, call),
    });
  }
  return { rows, places, checks: checkTable2(rows) };
}

/** The original's 50 and 1000 voxels, by the area of a face here against there; thinner borders are not made up for. */
export function scaledThresholds({ chunk, border }: Pick<Config, "chunk" | "border">): {
  readonly minimumOverlap: number;
  readonly liberalOverlap: number;
} {
  const [b, c] = chunk
    .map((edge, axis) => edge + 2 * border[axis]!)
    .sort((p, q) => p - q)
    .slice(1) as [number, number];
  const scale = (b * c) / ORIGINAL_FACE;
  const { minimumOverlap, liberalOverlap } = DEFAULT_POLICY;
  return { minimumOverlap: Math.round(minimumOverlap * scale), liberalOverlap: Math.round(liberalOverlap * scale) };
}

/**
 * The paper's effect. Damaged: aggressive has at least twice the false merges of medium, and medium at most 0.8 of aggressive's VI. Clean:
 * their VI lie within a tenth of each other. Both policies are better than no stitching.
 */
export function checkTable2(rows: readonly Table2Row[]): Table2Check[] {
  const checks: Table2Check[] = [];
  for (const { volume, condition, thresholds, algorithm } of rows) {
    if (algorithm !== "none" || condition === "real") continue;
    const of = (wanted: StitchAlgorithm) =>
      rows.find((row) => row.volume === volume && row.thresholds === thresholds && row.algorithm === wanted)!;
    const [none, medium, aggressive] = [of("none"), of("medium"), of("aggressive")];
    const add = (claim: string, value: number, sign: "≥" | "≤", bound: number) =>
      checks.push({
        volume,
        thresholds,
        claim: `${claim} ${sign} ${bound}`,
        value,
        bound,
        holds: sign === "≥" ? value >= bound : value <= bound,
      });
    if (condition === "damaged") {
      add("f.merge of aggressive / f.merge of medium", aggressive.merge_vi / medium.merge_vi, "≥", 2);
      add("VI of medium / VI of aggressive", medium.vi / aggressive.vi, "≤", 0.8);
    } else {
      add(
        "difference of VI, medium and aggressive / the smaller",
        Math.abs(medium.vi - aggressive.vi) / Math.min(medium.vi, aggressive.vi),
        "≤",
        0.1,
      );
    }
    add("VI of medium / VI of none", medium.vi / none.vi, "≤", 1);
    add("VI of aggressive / VI of none", aggressive.vi / none.vi, "≤", 1);
  }
  return checks;
}
