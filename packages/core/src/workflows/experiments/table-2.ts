/**
 * The paper's Table 2: false merges and false splits of a volume that is segmented once and stitched by each policy. Its claim is that a
 * cautious policy keeps the errors of a bad region local, while on good data policies hardly differ.
 *
 * Reference: Plaza & Berg, "Large-Scale Electron Microscopy Image Segmentation in Spark", table 2. Its "conservative" is `medium` here.
 */
import { join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import type { Config } from "../../config/index.ts";
import type { Xyz } from "../../evaluate/index.ts";
import { toXyz, type Vec3 } from "../../geometry/box.ts";
import { DEFAULT_POLICY } from "../../stitch/policy.ts";
import { STITCH_ALGORITHMS, type StitchAlgorithm } from "../../stitch/types.ts";
import { openVolume } from "../../store/index.ts";
import { type CellMeasures, measureCells } from "../cells.ts";
import { createSegmentation } from "../create-segmentation/index.ts";
import type { WorkerOptions } from "../create-segmentation/plan.ts";
import { type Evaluation, evaluateVolumes } from "../evaluate.ts";
import { parseEvaluation } from "../evaluate-segmentation/config.ts";
import { evaluateSegmentation } from "../evaluate-segmentation/index.ts";
import { restitch } from "../restitch.ts";
import { requireComplete } from "./complete.ts";
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
  readonly voxel_size_nm_xyz: Xyz;
  /** One for each subvolume, in the same order. */
  readonly medium: readonly CellMeasures[];
  readonly aggressive: readonly CellMeasures[];
  /** The ten segments that false merges cost most, of both policies. */
  readonly worst: readonly WorstBody[];
}

export interface WorstBody {
  readonly algorithm: StitchAlgorithm;
  /** Decimal; a piece of a body has the body's id. */
  readonly id: string;
  readonly size: number;
  readonly merge_vi: number;
  /** Bodies of the truth in it. */
  readonly truth_bodies: number;
  /** The second largest of them, and a voxel of both. */
  readonly second: string;
  readonly at_xyz: Xyz;
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
    requireComplete(run.summary);
    const measures = new Map<string, Evaluation>();
    for (const thresholds of ["kept", "scaled"] as const) {
      const { minimumOverlap, liberalOverlap } = thresholds === "kept" ? DEFAULT_POLICY : scaledThresholds(config);
      for (const algorithm of STITCH_ALGORITHMS) {
        const label = thresholds === "kept" || algorithm === "none" ? algorithm : `${algorithm}-scaled`;
        onStep(`${name}: ${label}`);
        const changes = { algorithm, minimumOverlap, liberalOverlap, output: `precomputed://${join(request.folder, name, label)}` };
        // The run's own result is that of medium.
        const { summary } = label === "medium" ? run : await restitch(config.runFolder, changes, { ...resources, ...call });
        const { bodies, matches, output, digest } = summary;
        // Policies that decide alike are measured once.
        const found = measures.get(digest) ?? (await evaluateVolumes({ segmentation: output, groundTruth: truth }, call));
        measures.set(digest, found);
        const { merge_vi, split_vi, vi } = found;
        const which = { volume: name, condition, thresholds, "minimum-overlap": minimumOverlap, "liberal-overlap": liberalOverlap };
        rows.push({ ...which, algorithm, merge_vi, split_vi, vi, bodies, matches, output });
      }
    }
    onStep(`${name}: places`);
    const outputOf = (wanted: StitchAlgorithm) =>
      rows.find((row) => row.volume === name && row.thresholds === "kept" && row.algorithm === wanted)!.output;
    const { voxelSizeNm } = await (await openVolume(outputOf("medium"), call)).info(call);
    const worst: WorstBody[] = [];
    for (const algorithm of ["medium", "aggressive"] as const) {
      onStep(`${name}: evaluation of ${algorithm}`);
      worst.push(...(await worstBodies({ name, truth, chunk: config.chunk }, algorithm, outputOf(algorithm), request, call)));
    }
    places.push({
      volume: name,
      gray,
      truth,
      voxel_size_nm_xyz: toXyz(voxelSizeNm),
      medium: await measureCells(truth, outputOf("medium"), config.chunk, call),
      aggressive: await measureCells(truth, outputOf("aggressive"), config.chunk, call),
      worst,
    });
  }
  return { rows, places, checks: checkTable2(rows) };
}

/** Evaluates a result into `<folder>/<volume>/evaluation-<policy>`, with a page of its own. */
async function worstBodies(
  { name, truth, chunk }: { readonly name: TestVolumeName; readonly truth: string; readonly chunk: Vec3 },
  algorithm: StitchAlgorithm,
  output: string,
  { folder, workers, memoryBytes }: Table2Request,
  call: CallOptions,
): Promise<WorstBody[]> {
  const written = {
    input: { "ground-truth": truth, segmentation: output },
    output: { destination: join(folder, name, `evaluation-${algorithm}`) },
    options: { "chunk-size": toXyz(chunk) },
  };
  const resources = { ...(workers !== undefined && { workers }), ...(memoryBytes !== undefined && { memoryBytes }) };
  const result = await evaluateSegmentation(parseEvaluation(written, { baseFolder: folder }), { ...resources, ...call });
  const pieces = new Map(result.components.segmentation.map(({ id, of }) => [id, of]));
  const pieceOfTruth = new Map(result.components.ground_truth.map(({ id, of }) => [id, of]));
  const merged = result.comparisons[0]!.segmentation.filter(({ overlaps }) => overlaps.length > 1);
  return merged.slice(0, 10).map(({ id, size, merge_vi, pieces: bodies, overlaps }) => {
    const second = overlaps[1]!;
    const ids = { id: pieces.get(id) ?? id, second: pieceOfTruth.get(second.id) ?? second.id };
    return { algorithm, size, merge_vi, truth_bodies: bodies, at_xyz: second.at_xyz, ...ids };
  });
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
