/** What an evaluation will compare: volumes, region, subvolumes, points. What cannot work is refused here. */
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import {
  AXES,
  type Box,
  equalBoxes,
  formatBox,
  intersect,
  isEmpty,
  map3,
  shapeOf,
  toXyz,
  type Vec3,
  volumeOf,
} from "../../geometry/box.ts";
import { findFaces } from "../../geometry/faces.ts";
import { partition } from "../../geometry/partition.ts";
import { clipRoi, type Roi } from "../../geometry/roi.ts";
import type { Face, Subvolume } from "../../geometry/subvolume.ts";
import { openVolume, type VolumeStore } from "../../store/index.ts";
import { boundsOfLabels } from "../cells.ts";
import { readRoi } from "../create-segmentation/plan.ts";
import type { EvaluationConfig } from "./config.ts";
import {
  dealPoints,
  type NamedPointList,
  type PlacedPoints,
  type PlacedSkeleton,
  readPointLists,
  readSkeletons,
} from "./points.ts";

export interface EvaluationPlan {
  /** Sources at the level that is compared. */
  readonly truth: string;
  readonly segmentation: string | null;
  /** What both volumes have. */
  readonly bounds: Box;
  readonly voxelSizeNm: Vec3;
  readonly roi: Roi;
  /** Core boxes may pass the bounds. */
  readonly subvolumes: readonly Subvolume[];
  /** Where pieces of neighbours touch; empty without connected components. */
  readonly faces: readonly Face[];
  readonly pointLists: readonly NamedPointList[];
  readonly skeletons: readonly PlacedSkeleton[];
  /** Of each list, then of all nodes of the skeletons: points by subvolume. */
  readonly placed: readonly ReadonlyMap<number, PlacedPoints>[];
  readonly warnings: readonly string[];
  readonly bytesPerTask: number;
}

export interface PlanEvaluationOptions extends CallOptions {
  /** What is a warning otherwise (volumes of different extent, points outside) is an error. */
  readonly strict?: boolean;
}

/** Voxel size of volumes in formats that do not know theirs, as long as their name does not say it. */
const UNKNOWN_NM = 1;
/** A thread with its code, and the decoded files that it keeps. */
const BASE_BYTES = 160 * 2 ** 20;
/**
 * Labels 4, their copy 4, sites and result 2, distances and what computes them 12; later two numberings of pieces and their labels
 * 16, masks 2. Slabs of 64-bit labels are read one after the other.
 */
const BYTES_PER_VOXEL = 26;

/** Throws `E_EVALUATE`, `E_DTYPE`, `E_PARTITION`, `E_ROI_INVALID`, and what stores refuse. */
export async function planEvaluation(config: EvaluationConfig, options: PlanEvaluationOptions = {}): Promise<EvaluationPlan> {
  const warnings: string[] = [];
  const complain = (message: string) => {
    if (options.strict === true) throw new AxonloomError("E_EVALUATE", `${message} (--strict)`);
    warnings.push(message);
  };
  const truth = await openLevel(config.groundTruth, config.level, options);
  const segmentation = config.segmentation === null ? null : await openLevel(config.segmentation, config.level, options);
  const truthBox = await boundsOfLabels(truth, options);
  const segmentationBox = segmentation === null ? truthBox : await boundsOfLabels(segmentation, options);
  const bounds = intersect(truthBox, segmentationBox);
  const extents = `ground truth ${formatBox(truthBox)}, segmentation ${formatBox(segmentationBox)}`;
  if (isEmpty(bounds)) {
    throw new AxonloomError("E_EVALUATE", `expected volumes that overlap, found ${extents}; name volumes of the same place`, {
      truth: truthBox,
      segmentation: segmentationBox,
    });
  }
  if (!equalBoxes(truthBox, segmentationBox)) complain(`the volumes differ in extent: ${extents}; compared ${formatBox(bounds)}`);
  const { voxelSizeNm } = await truth.info(options);
  if (segmentation !== null) {
    const other = (await segmentation.info(options)).voxelSizeNm;
    const known = ![other, voxelSizeNm].some((size) => AXES.every((a) => size[a] === UNKNOWN_NM));
    if (known && AXES.some((a) => Math.abs(other[a] - voxelSizeNm[a]) > 1e-6 * voxelSizeNm[a])) {
      complain(
        `the volumes differ in voxel size: ground truth ${toXyz(voxelSizeNm).join(", ")} nm, segmentation ${toXyz(other).join(", ")} nm (x, y, z); compared voxel by voxel`,
      );
    }
  }
  const { roi, cut } = clipRoi(coarser(await readRoi(config, options), config.level), bounds);
  if (cut) warnings.push("the region of interest reaches beyond the volumes: it was cut");
  const whole = { roi, bounds, method: "grid-aligned", filter: "all", chunk: config.chunk, grid: config.chunk } as const;
  const subvolumes = partition({ ...whole, border: [1, 1, 1] });
  const pointLists = await readPointLists(config, options);
  const skeletons = await readSkeletons(config, voxelSizeNm, options);
  const placed = [
    ...pointLists.map(({ points }) => points.map(([x, y, z]): Vec3 => [z, y, x])),
    skeletons.flatMap(({ voxels }) => voxels),
  ].map((points, list) => {
    const { of, outside } = dealPoints(points, subvolumes, roi, bounds);
    const what = pointLists[list]?.name ?? "skeletons";
    if (outside.length > 0) {
      const [z, y, x] = points[outside[0]!]!;
      complain(
        `${what}: ${outside.length} of ${points.length} points lie outside of what is compared, the first at ${x}, ${y}, ${z} (x, y, z)`,
      );
    }
    return of;
  });
  const halo = 2 * config.boundarySize;
  const extent = shapeOf(bounds);
  const voxels = volumeOf(map3((a) => Math.min(config.chunk[a] + halo, extent[a])));
  return {
    truth: truth.source,
    segmentation: segmentation?.source ?? null,
    bounds,
    voxelSizeNm,
    roi,
    subvolumes,
    faces: config.runComponents ? findFaces(subvolumes) : [],
    pointLists,
    skeletons,
    placed,
    warnings,
    bytesPerTask: BASE_BYTES + BYTES_PER_VOXEL * voxels,
  };
}

/** The level of a volume. `E_EVALUATE` when it has none, or one that is not 2^level times coarser along each axis. */
async function openLevel(source: string, level: number, options: CallOptions): Promise<VolumeStore> {
  const store = await openVolume(source, options);
  if (level === 0) return store;
  const { scales, voxelSizeNm } = await store.info(options);
  const coarse = scales?.[level];
  if (coarse === undefined) {
    throw new AxonloomError(
      "E_EVALUATE",
      `options.downsample-level: expected a level of ${source}, which has ${scales?.length ?? 1} (0 is the finest), found ${level}; make its pyramid, or take a lower level`,
      { source, level },
    );
  }
  const opened = await openVolume(coarse, options);
  const found = (await opened.info(options)).voxelSizeNm;
  if (AXES.some((a) => Math.abs(found[a] - voxelSizeNm[a] * 2 ** level) > 1e-6 * found[a])) {
    throw new AxonloomError(
      "E_EVALUATE",
      `options.downsample-level: expected level ${level} of ${source} to be ${2 ** level} times coarser along each axis, found voxels of ${toXyz(found).join(", ")} nm above ${toXyz(voxelSizeNm).join(", ")} nm (x, y, z); take level 0`,
      { source, level },
    );
  }
  return opened;
}

/** The region in voxels of a coarser level. */
function coarser({ box, blocks }: Roi, level: number): Roi {
  const factor = 2 ** level;
  if (blocks !== null && blocks.size % factor !== 0) {
    throw new AxonloomError(
      "E_ROI_INVALID",
      `roi.block-size: expected a multiple of ${factor} with downsample-level ${level}, found ${blocks.size}; take a lower level`,
    );
  }
  return {
    box:
      box === null
        ? null
        : { start: map3((a) => Math.floor(box.start[a] / factor)), stop: map3((a) => Math.ceil(box.stop[a] / factor)) },
    blocks: blocks === null ? null : { size: blocks.size / factor, runs: blocks.runs },
  };
}
