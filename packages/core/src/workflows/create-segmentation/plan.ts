/**
 * The plan of a run: everything that is known before the first voxel is computed. Made from the configuration and from descriptions of
 * the volumes alone, so that a plan is cheap and what cannot work is refused here.
 */
import { readFile } from "node:fs/promises";
import type { CallOptions } from "../../call-options.ts";
import { bytesFingerprint, fingerprint } from "../../checkpoint/index.ts";
import type { Config } from "../../config/index.ts";
import { planSlots, type Slots } from "../../engine/index.ts";
import { AxonloomError } from "../../errors.ts";
import { AXES, alignOut, type Box, formatBox, intersect, map3, shapeOf, type Vec3, voxelsIn } from "../../geometry/box.ts";
import { findFaces } from "../../geometry/faces.ts";
import { splitIterations } from "../../geometry/iterations.ts";
import { coresOnGrid, partition } from "../../geometry/partition.ts";
import { clipRoi, countVoxels, parseRoi, type Roi, roiFromBox, wholeRoi } from "../../geometry/roi.ts";
import type { Face, Subvolume } from "../../geometry/subvolume.ts";
import { estimateBytes, estimateWriteBytes } from "../../segment/memory.ts";
import { needsOfPredictions } from "../../segment/needs.ts";
import { checkPredictionChannels } from "../../segment/prediction-channels.ts";
import { segmentorFingerprint } from "../../segment/segmentor.ts";
import { normaliseDestination, openVolume, planWriteGrid } from "../../store/index.ts";
import type { VolumeInfo, VolumeSpec } from "../../store/types.ts";
import { BYTES_PER_VOXEL, bytesOf } from "../../volume/block.ts";
import { checkIds } from "./id-limits.ts";
import type { PreservedBodies } from "./preserved.ts";
import { planRequests, type RunRequests } from "./requests.ts";

/** Chunks of the output unless configured, best first. */
const OUTPUT_CHUNKS: readonly Vec3[] = [
  [64, 64, 64],
  [32, 32, 32],
];

/** Of this machine. */
export interface WorkerOptions {
  /** Worker threads; absent: as many as cores and memory allow. */
  readonly workers?: number;
  /** Memory to plan with, in bytes; absent: what the machine has. */
  readonly memoryBytes?: number;
}

export interface RunPlan {
  readonly input: { readonly source: string; readonly info: VolumeInfo };
  readonly output: { readonly destination: string; readonly spec: VolumeSpec };
  /** Cut to the volume. */
  readonly roi: Roi;
  /** Something of the ROI lay outside the volume. */
  readonly roiCut: boolean;
  readonly subvolumes: readonly Subvolume[];
  readonly faces: readonly Face[];
  /** Ids of the subvolumes of each iteration. */
  readonly iterations: readonly (readonly number[])[];
  readonly preserved: PreservedBodies | null;
  /** Fingerprints of all that labels, and predictions, depend on beside their boxes. */
  readonly labelsBasis: string;
  readonly predictionsBasis: string;
  readonly roiFingerprint: string;
  /** For the user, before the run. */
  readonly warnings: readonly string[];
  /** Planned bytes of a worker at its peak. */
  readonly bytesPerTask: number;
  /** Voxels inside the volume and the ROI: what the certificate expects. */
  readonly voxelsExpected: number;
  readonly voxelsRead: number;
  readonly bytesRead: number;
  /** Uncompressed. */
  readonly bytesWritten: number;
  /** Of the servers that keep volumes of the run; null without such. */
  readonly requests: RunRequests | null;
}

/** Throws for what cannot work: `E_ROI_INVALID`, `E_PARTITION`, `E_DTYPE`, and what stores and plug-ins refuse. */
export async function planRun(config: Config, options: CallOptions = {}): Promise<RunPlan> {
  const input = await openVolume(config.input.source, options);
  const info = await input.info(options);
  if (info.dtype !== "uint8") {
    throw new AxonloomError(
      "E_DTYPE",
      `input ${input.source}: expected grey values of type uint8, found ${info.dtype}; convert it first`,
      {
        source: input.source,
        dtype: info.dtype,
      },
    );
  }
  const voxelSizeNm = config.input.voxelSizeNm ?? info.voxelSizeNm;
  const { roi, cut } = clipRoi(await readRoi(config, options), info.bounds);
  const chunks = config.output.chunk === null ? OUTPUT_CHUNKS : [config.output.chunk];
  const grid = chunks.find((chunk) => AXES.every((axis) => config.chunk[axis] % chunk[axis] === 0)) ?? chunks.at(-1)!;
  const subvolumes = partition({
    roi,
    bounds: info.bounds,
    method: config.partitionMethod,
    filter: config.partitionFilter,
    chunk: config.chunk,
    border: config.border,
    grid,
  });
  if (subvolumes.length === 0) {
    throw new AxonloomError(
      "E_PARTITION",
      "no subvolume is left: with partition-filter interior-only the ROI needs room for a whole bordered box; use all",
      {
        filter: config.partitionFilter,
      },
    );
  }
  const shape = shapeOf(subvolumes[0]!.bordered);
  const boxes = subvolumes.map(({ bordered }) => bordered);
  const needs = await needsOfPredictions(config.segmentor, { shape, border: config.border, bounds: info.bounds, boxes });
  await checkPredictionChannels(config.segmentor, needs?.channels ?? null);
  const destination = await normaliseDestination(config.output.destination, options);
  const spec = await planOutput(config, chunks, info, voxelSizeNm, subvolumes);
  const common = { input: await input.identity(options), bounds: info.bounds, voxelSizeNm };
  const bounds = info.bounds;
  const preserved = await preservedBodies(config.preserveBodies, options);
  await checkIds(destination, config.labelOffset, preserved?.bodies ?? null);
  const segmentor = await segmentorFingerprint(config.segmentor);
  const voxelsRead = subvolumes.reduce((sum, { bordered }) => sum + voxelsIn(intersect(bordered, bounds)), 0);
  const voxelsExpected = subvolumes.reduce((sum, { core }) => sum + countVoxels(roi, core, bounds), 0);
  return {
    input: { source: input.source, info },
    output: { destination, spec },
    roi,
    roiCut: cut,
    subvolumes,
    faces: findFaces(subvolumes),
    iterations: splitIterations(subvolumes.length, config.iterationSize),
    preserved,
    labelsBasis: fingerprint({
      ...common,
      segmentor,
      preserved: preserved === null ? null : await preservedBasis(preserved, options),
    }),
    roiFingerprint: fingerprint(roi),
    predictionsBasis: fingerprint({ ...common, segmentor: upToPredictions(segmentor) }),
    warnings: needs?.warnings ?? [],
    bytesPerTask: Math.max(
      estimateBytes(config.segmentor, shape, needs),
      estimateWriteBytes(shapeOf(subvolumes[0]!.core), spec.chunk ?? shapeOf(subvolumes[0]!.core)),
    ),
    voxelsExpected,
    voxelsRead,
    bytesRead: voxelsRead * BYTES_PER_VOXEL[info.dtype],
    bytesWritten: voxelsExpected * BYTES_PER_VOXEL.uint64,
    requests: planRequests({
      subvolumes,
      input: info,
      roi,
      output: { bounds: spec.bounds, grid: (await planWriteGrid(destination, spec))! },
      preserved: preserved === null ? null : await (await openVolume(preserved.source, options)).info(options),
    }),
  };
}

/** The workers of the local engine. `E_MEMORY` when not even one fits, or not as many as are wanted. */
export function planWorkers(
  config: Config,
  { bytesPerTask }: Pick<RunPlan, "bytesPerTask">,
  { workers, memoryBytes }: WorkerOptions = {},
): Slots {
  return planSlots({
    bytesPerTask,
    coresPerTask: config.coresPerTask,
    ...(workers !== undefined && { wanted: workers }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  });
}

/** The part of a segmentor's fingerprint that predictions depend on: of the default one its first two steps. */
function upToPredictions(segmentor: Readonly<Record<string, unknown>>): unknown {
  const steps = segmentor["steps"] as Record<string, unknown> | undefined;
  return steps === undefined ? segmentor : [steps["background-mask"], steps["predict-voxels"]];
}

/** The region of interest of a configuration, read from its file or server. `E_ROI_INVALID`, and what a DVID server refuses. */
export async function readRoi({ roi }: Pick<Config, "roi">, options: CallOptions = {}): Promise<Roi> {
  if (roi.kind === "whole") return wholeRoi();
  if (roi.kind === "box") return roiFromBox(roi.box);
  if (roi.kind === "dvid") {
    const { readDvidRoi } = await import("../../store/dvid/roi.ts");
    const { runs, blockSize } = await readDvidRoi(roi.source, options);
    return parseRoi(runs, blockSize);
  }
  let text: string;
  try {
    text = await readFile(roi.path, "utf8");
  } catch (error) {
    throw new AxonloomError(
      "E_ROI_INVALID",
      `roi.file: cannot read ${roi.path} (${String(error)}); check the path`,
      { file: roi.path },
      error,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new AxonloomError("E_ROI_INVALID", `roi.file: ${roi.path} is no JSON (${String(error)})`, { file: roi.path }, error);
  }
  return parseRoi(json, roi.blockSize);
}

async function preservedBodies(config: Config["preserveBodies"], options: CallOptions): Promise<PreservedBodies | null> {
  if (config === null) return null;
  const { bodies } = config;
  const { source } = await openVolume(config.source, options);
  let ids: readonly bigint[];
  if ("from" in bodies) {
    const { readBodyList } = await import("../../store/dvid/body-list.ts");
    ids = await readBodyList(source, bodies.from, options);
  } else ids = bodies;
  return ids.length === 0 ? null : { source, bodies: BigUint64Array.from(ids) };
}

async function preservedBasis({ source, bodies }: PreservedBodies, options: CallOptions): Promise<unknown> {
  const identity = await (await openVolume(source, options)).identity(options);
  return { identity, bodies: bytesFingerprint(bytesOf(bodies)) };
}

/** The output with the largest chunks of which all core boxes consist, so that each is written once, by one task. */
async function planOutput(
  config: Config,
  chunks: readonly Vec3[],
  info: VolumeInfo,
  voxelSizeNm: Vec3,
  subvolumes: readonly Subvolume[],
): Promise<VolumeSpec> {
  const { destination, encoding, gzip } = config.output;
  let cell: Vec3 = [1, 1, 1];
  for (const chunk of chunks) {
    const wanted: VolumeSpec = {
      dtype: "uint64",
      kind: "labels",
      bounds: info.bounds,
      voxelSizeNm,
      chunk,
      options: { ...(encoding !== null && { encoding }), ...(gzip !== null && { gzip }) },
    };
    const grid = await planWriteGrid(destination, wanted);
    if (grid === null) {
      throw new AxonloomError(
        "E_PARTITION",
        `output ${destination}: expected a store that several tasks can write in parts, but it is written whole; use precomputed://, or convert afterwards`,
        { destination },
      );
    }
    cell = grid.cell;
    const bounds = onMultiples(info.bounds, grid.origin, cell);
    const origin = AXES.every((axis) => grid.origin[axis] % cell[axis] === 0) ? grid.origin : bounds.start;
    if (coresOnGrid(subvolumes, cell, origin)) return { ...wanted, bounds };
  }
  throw new AxonloomError(
    "E_PARTITION",
    `output ${destination}: core boxes (the first: ${formatBox(subvolumes[0]!.core)}) do not consist of whole chunks of ${cell[2]} × ${cell[1]} × ${cell[0]} voxels; ` +
      "take a chunk-size that is a multiple of them, or another output",
    { destination, cell },
  );
}

/** The volume, grown downwards until it starts at multiples of the chunk, where core boxes start. */
function onMultiples(bounds: Box, origin: Vec3, cell: Vec3): Box {
  const isMultiple = (v: Vec3) => AXES.every((axis) => v[axis] % cell[axis] === 0);
  if (isMultiple(origin) && isMultiple(bounds.start)) return bounds;
  const aligned = alignOut(bounds, cell);
  return { start: map3((axis) => aligned.start[axis]), stop: bounds.stop };
}
