/** From the paper's form, checked and complete, to the form that code reads. */
import { resolve } from "node:path";
import { box, fromXyz, type Vec3 } from "../geometry/box.ts";
import { type SegmentorConfig, STEP_NAMES } from "../segment/types.ts";
import { resolvePlugin, resolveSource } from "./paths.ts";
import { valueAt } from "./problems.ts";
import type { WrittenConfig } from "./schema.ts";
import { resolveStepPaths } from "./steps.ts";
import type { Config, PreserveBodiesConfig, RoiConfig } from "./types.ts";

interface Surroundings {
  /** Absolute. */
  readonly baseFolder: string;
  /** Where a run lies unless the configuration says it. */
  readonly runFolder: string;
  /** Keys of a user's own segmentor. */
  readonly extras: Readonly<Record<string, unknown>>;
}

/** @param raw before defaults, to tell what was written from what was filled in. */
export function normalise(written: WrittenConfig, raw: unknown, surroundings: Surroundings): Config {
  const resolved = withAbsolutePaths(written, raw, surroundings);
  const { input, output, roi, options } = resolved;
  const { class: className, configuration } = options.segmentor;
  const { "preserve-bodies": preserve, ...steps } = configuration;
  const stitch = options["stitch-parameters"];
  const voxelSize = input["voxel-size-nm"];
  return {
    input: { source: input.source, voxelSizeNm: voxelSize === undefined ? null : fromXyz(voxelSize) },
    output: {
      destination: output.destination,
      encoding: output.encoding ?? null,
      gzip: output.gzip ?? null,
      chunk: output.chunk === undefined ? null : vec3(output.chunk),
    },
    roi: roiOf(roi),
    partitionMethod: options["partition-method"],
    partitionFilter: options["partition-filter"],
    chunk: vec3(options["chunk-size"]),
    border: vec3(options.border),
    segmentor: { class: className, configuration: { ...surroundings.extras, ...steps } as SegmentorConfig["configuration"] },
    preserveBodies: normalisePreserved(preserve),
    stitch: {
      algorithm: options["stitch-algorithm"],
      minimumOverlap: stitch["minimum-overlap"],
      liberalOverlap: stitch["liberal-overlap"],
      overlapRatio: stitch["overlap-ratio"],
      eligibilityPlane: stitch["eligibility-plane"],
    },
    labelOffset: BigInt(options["label-offset"]),
    iterationSize: options["iteration-size"],
    checkpoint: options.checkpoint,
    runFolder: options["checkpoint-dir"],
    replaceOutput: options.mutateseg === "yes",
    newOutput: options.mutateseg === "no",
    coresPerTask: options.corespertask,
    parallelWrites: options.parallelwrites,
    debug: options.debug,
    resolved: withExtras(resolved, surroundings.extras),
  };
}

function withAbsolutePaths(written: WrittenConfig, raw: unknown, { baseFolder, runFolder }: Surroundings): WrittenConfig {
  const { "dvid-info": dvid, ...rest } = written;
  const { options } = written;
  const { configuration } = options.segmentor;
  const preserve = configuration["preserve-bodies"];
  const steps = STEP_NAMES.map((name) => [name, resolveStepPaths(configuration[name], baseFolder)] as const);
  const isWritten = (key: string) => valueAt(raw, ["options", key]) !== undefined;
  return {
    ...rest,
    input: { ...written.input, source: resolveSource(written.input.source, baseFolder) },
    output: { ...written.output, destination: resolveSource(written.output.destination, baseFolder) },
    ...(written.roi === undefined ? {} : { roi: resolveRoi(written.roi, baseFolder) }),
    options: {
      ...options,
      "partition-method": (isWritten("partition-method") ? null : dvid?.["partition-method"]) ?? options["partition-method"],
      "partition-filter": (isWritten("partition-filter") ? null : dvid?.["partition-filter"]) ?? options["partition-filter"],
      "checkpoint-dir": options["checkpoint-dir"] === "" ? runFolder : resolve(baseFolder, options["checkpoint-dir"]),
      segmentor: {
        class: resolvePlugin(options.segmentor.class, baseFolder),
        configuration: {
          ...configuration,
          ...(Object.fromEntries(steps) as Pick<typeof configuration, (typeof STEP_NAMES)[number]>),
          ...(preserve?.source === undefined ? {} : { "preserve-bodies": resolvePreserved(preserve, preserve.source, baseFolder) }),
        },
      },
    },
  };
}

function withExtras(resolved: WrittenConfig, extras: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { options } = resolved;
  const configuration = { ...extras, ...options.segmentor.configuration };
  return { ...resolved, options: { ...options, segmentor: { ...options.segmentor, configuration } } };
}

function vec3(value: number | readonly [number, number, number]): Vec3 {
  return typeof value === "number" ? [value, value, value] : fromXyz(value);
}

/** With an absolute path. */
export function resolveRoi(roi: NonNullable<WrittenConfig["roi"]>, baseFolder: string): WrittenConfig["roi"] {
  const { "block-size": _, ...onServer } = roi;
  // the server's block size counts; the default of files would contradict it
  if (roi.dvid !== undefined) return onServer as typeof roi;
  return roi.file === undefined ? roi : { ...roi, file: resolve(baseFolder, roi.file) };
}

/** The region of interest as code reads it; a file's path as it is. */
export function roiOf(roi: WrittenConfig["roi"]): RoiConfig {
  if (roi?.file !== undefined) return { kind: "file", path: roi.file, blockSize: roi["block-size"] };
  if (roi?.box !== undefined) return { kind: "box", box: box(fromXyz(roi.box[0]), fromXyz(roi.box[1])) };
  if (roi?.dvid !== undefined) return { kind: "dvid", source: roi.dvid };
  return { kind: "whole" };
}

type WrittenPreserve = WrittenConfig["options"]["segmentor"]["configuration"]["preserve-bodies"];

/** Named by `source` alone; what names nobody stays empty. */
function resolvePreserved(
  preserve: NonNullable<WrittenPreserve>,
  source: string,
  baseFolder: string,
): NonNullable<WrittenPreserve> {
  const { bodies, from } = preserve;
  const named = { source: resolveSource(source, baseFolder) };
  // beside from even an empty list would be a contradiction
  return from === undefined ? { ...named, bodies } : ({ ...named, from } as NonNullable<WrittenPreserve>);
}

function normalisePreserved(preserve: WrittenPreserve): PreserveBodiesConfig | null {
  if (preserve?.source === undefined) return null;
  if (preserve.from !== undefined) return { source: preserve.source, bodies: { from: preserve.from } };
  if (preserve.bodies.length === 0) return null;
  const bodies = preserve.bodies.map((id) => BigInt(id)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { source: preserve.source, bodies };
}
