/** The stage that segments one subvolume: restore from a checkpoint, or read, segment and keep. */
import { randomUUID } from "node:crypto";
import {
  bytesFingerprint,
  type CheckpointName,
  loadCheckpoint,
  packBytes,
  packLabels,
  saveCheckpoint,
  unpackBytes,
} from "../../checkpoint/index.ts";
import type { Broadcast, TaskContext } from "../../engine/types.ts";
import { AxonloomError, isAxonloomError, type PlainError, toPlainError } from "../../errors.ts";
import { type Box, formatBox, intersect, isEmpty, shapeOf, type Vec3, volumeOf } from "../../geometry/box.ts";
import { maskOf, type Roi } from "../../geometry/roi.ts";
import type { Subvolume } from "../../geometry/subvolume.ts";
import { type KeyValueStore, openKeyValue } from "../../keyvalue/index.ts";
import type { PredictionCache, Predictions, SegmentorConfig } from "../../segment/types.ts";
import { openVolume } from "../../store/index.ts";
import { type Block, bytesOf, copyIntersection } from "../../volume/block.ts";
import { openPreserved, type PreservedBodies, preservedMask } from "./preserved.ts";
import { segmentorOf } from "./segmentor-cache.ts";

const NOTHING = new Uint8Array(0);

/** A failing segmentor gets so many tries in one task. */
const TRIES = 2;

export interface SegmentTask {
  readonly subvolume: Subvolume;
  /** The ROI, as far as the bordered box needs it. */
  readonly roi: Roi;
  readonly labels: CheckpointName;
  /** null: predictions are not kept. */
  readonly predictions: CheckpointName | null;
}

export interface SegmentParams {
  readonly runFolder: string;
  /** Whether labels are kept as checkpoints, and whether they travel in the row too: one of them at least. */
  readonly keepLabels: boolean;
  readonly carryLabels: boolean;
  /** Where each segmentation leaves a mark: below `<prefix><subvolume>/`. null: nowhere. */
  readonly marks: string | null;
  readonly input: string;
  readonly bounds: Box;
  readonly voxelSizeNm: Vec3;
  readonly segmentor: SegmentorConfig;
  readonly preserved: Broadcast<PreservedBodies> | null;
}

export type SegmentedRow =
  | {
      readonly status: "done";
      readonly task: SegmentTask;
      readonly segments: number;
      readonly restored: boolean;
      /** Bytes of the compressed labels, and their SHA-256. */
      readonly bytes: number;
      readonly hash: string;
      /** Compressed labels; null when they lie in the checkpoint only. */
      readonly packed: Uint8Array | null;
    }
  | { readonly status: "quarantined"; readonly task: SegmentTask; readonly error: PlainError };

interface LabelsMeta {
  readonly segments: number;
}

export async function segmentSubvolume(task: SegmentTask, params: SegmentParams, context: TaskContext): Promise<SegmentedRow> {
  const store = openKeyValue(params.runFolder);
  if (params.keepLabels) {
    const kept = await loadCheckpoint<LabelsMeta>(store, task.labels);
    if (kept.state === "valid") {
      return doneRow(task, params, kept.meta.segments, kept.payload, true);
    }
    if (kept.state === "damaged") context.logger.warn(`checkpoint ${task.labels.key} is damaged (${kept.reason}): computed again`);
    if (kept.state === "stale") context.logger.info(`checkpoint ${task.labels.key} was made from something else: computed again`);
  }
  if (context.attempt > 1 && context.attempt === context.maxAttempts) {
    const error = new AxonloomError(
      "E_WORKER_DIED",
      `subvolume ${task.subvolume.id} (${formatBox(task.subvolume.core)}): its worker ended ${context.attempt - 1} times (last: ${context.previousFailure}); ` +
        "isolate the plug-in with use-subprocess, or give it more memory",
      { subvolume: task.subvolume.id },
    );
    return { status: "quarantined", task, error: toPlainError(error) };
  }
  const labels = await tryToSegment(task, params, store, context);
  if (!(labels instanceof Uint32Array)) return { status: "quarantined", task, error: toPlainError(labels) };
  const segments = largestOf(labels);
  const packed = packLabels(labels, shapeOf(task.subvolume.bordered));
  if (params.keepLabels) await saveCheckpoint(store, task.labels, { segments } satisfies LabelsMeta, packed);
  if (params.marks !== null) await store.put(`${params.marks}${task.subvolume.id}/${randomUUID()}`, NOTHING);
  return doneRow(task, params, segments, packed, false);
}

function doneRow(task: SegmentTask, params: SegmentParams, segments: number, packed: Uint8Array, restored: boolean): SegmentedRow {
  const { length: bytes } = packed;
  return {
    status: "done",
    task,
    segments,
    restored,
    bytes,
    hash: bytesFingerprint(packed),
    packed: params.carryLabels ? packed : null,
  };
}

/** The labels, or the error of the last try. Errors of stores are thrown: a damaged input or a full disk is no matter of one subvolume. */
async function tryToSegment(
  task: SegmentTask,
  params: SegmentParams,
  store: KeyValueStore,
  context: TaskContext,
): Promise<Uint32Array | Error> {
  const { subvolume, roi } = task;
  const segmentor = await segmentorOf(params.segmentor);
  const inside = maskOf(roi, subvolume.bordered, params.bounds);
  const preserved =
    params.preserved === null
      ? null
      : await preservedMask(await openPreserved(await context.broadcast(params.preserved), null), subvolume.bordered, inside);
  let failure = new Error("not tried");
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const gray = await readGray(params.input, subvolume.bordered, params.bounds);
    try {
      return await segmentor.segment({
        subvolume: subvolume.id,
        bordered: subvolume.bordered,
        core: subvolume.core,
        voxelSizeNm: params.voxelSizeNm,
        volume: { source: params.input, bounds: params.bounds },
        gray,
        inside,
        preserved,
        logger: context.logger,
        signal: context.signal,
        predictionCache: task.predictions === null ? null : predictionCache(store, task.predictions, context),
      });
    } catch (error) {
      if (isAxonloomError(error) && !error.code.startsWith("E_PLUGIN_")) throw error;
      failure = error instanceof Error ? error : new Error(String(error));
      context.logger.error(`subvolume ${subvolume.id}, try ${attempt} of ${TRIES}: ${failure.message}`);
    }
  }
  return failure;
}

/** Grey values of a box; 0 outside the volume. */
async function readGray(source: string, box: Box, bounds: Box): Promise<Block<Uint8Array>> {
  const shape = shapeOf(box);
  const target: Block<Uint8Array> = { data: new Uint8Array(volumeOf(shape)), shape };
  const valid = intersect(box, bounds);
  if (isEmpty(valid)) return target;
  const volume = await openVolume(source);
  const part = (await volume.read(valid)) as Block<Uint8Array>;
  copyIntersection(part, valid, target, box);
  return target;
}

function predictionCache(store: KeyValueStore, name: CheckpointName, context: TaskContext): PredictionCache {
  type Meta = { readonly shape: Predictions["shape"]; readonly type: "float32" | "uint8" };
  return {
    async load() {
      const kept = await loadCheckpoint<Meta>(store, name);
      if (kept.state === "damaged") context.logger.warn(`checkpoint ${name.key} is damaged (${kept.reason}): computed again`);
      if (kept.state !== "valid") return null;
      const bytes = unpackBytes(kept.payload);
      const data = kept.meta.type === "uint8" ? bytes : new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      return { data, shape: kept.meta.shape };
    },
    async save({ data, shape }) {
      const meta: Meta = { shape, type: data instanceof Float32Array ? "float32" : "uint8" };
      await saveCheckpoint(store, name, meta, packBytes(bytesOf(data)));
    },
  };
}

function largestOf(labels: Uint32Array): number {
  let largest = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i]! > largest) largest = labels[i]!;
  return largest;
}

/** The row without its labels, for the driver. */
export function summariseSegmented(row: SegmentedRow): SegmentedRow {
  return row.status === "done" ? { ...row, packed: null } : row;
}
