/** The stages between labels and matches: cut faces, count overlaps, decide. */
import { decodeRuns, encodeRuns } from "@axonloom/kernels";
import { type CheckpointName, loadCheckpoint, saveCheckpoint, unpackBoxes } from "../../checkpoint/index.ts";
import type { Keyed } from "../../engine/types.ts";
import { AxonloomError } from "../../errors.ts";
import { map3, shapeOf, translate } from "../../geometry/box.ts";
import type { Face } from "../../geometry/subvolume.ts";
import { openKeyValue } from "../../keyvalue/index.ts";
import type { SegmentorConfig } from "../../segment/types.ts";
import { decodeEvidence, encodeEvidence } from "../../stitch/evidence-codec.ts";
import { countFace } from "../../stitch/overlap.ts";
import type { StitchPolicy } from "../../stitch/types.ts";
import { withLabels } from "./same-labels.ts";
import type { SegmentedRow } from "./segment-stage.ts";
import { segmentorOf } from "./segmentor-cache.ts";

export interface FaceTask {
  readonly face: Face;
  readonly evidence: CheckpointName;
  /** SHA-256 of the packed labels of both sides. */
  readonly labels: readonly [a: string, b: string];
}

/** One side of a face: the labels of one subvolume in the overlap region. */
export interface FaceSide {
  readonly task: FaceTask;
  readonly side: "a" | "b";
  /** Run-length coded. */
  readonly region: Uint8Array;
}

/** Key of a face; text order is the order of (a, b). */
export function faceKey({ a, b }: Face): string {
  const digits = (n: number) => String(n).padStart(10, "0");
  return `${digits(a)}-${digits(b)}`;
}

/** Compressed labels of a row: carried by it, or in its checkpoint. */
export async function packedLabels(row: SegmentedRow & { readonly status: "done" }, runFolder: string): Promise<Uint8Array> {
  if (row.packed !== null) return row.packed;
  const kept = await loadCheckpoint(openKeyValue(runFolder), row.task.labels);
  if (kept.state === "valid") return kept.payload;
  throw new AxonloomError(
    "E_CHECKPOINT_DAMAGED",
    `${runFolder}/${row.task.labels.key}: expected the checkpoint that this run has just used, found it ${kept.state}; run again`,
    { key: row.task.labels.key },
  );
}

/** Cuts the regions of the faces of a subvolume that are to be counted. */
export async function cutFaces(
  input: { readonly left: readonly SegmentedRow[]; readonly right: readonly (readonly FaceTask[])[] },
  params: { readonly runFolder: string },
): Promise<Keyed<FaceSide>[]> {
  const [found, faces] = [input.left[0], input.right[0]];
  if (found === undefined || faces === undefined) return [];
  const { subvolume } = found.task;
  const [{ face, labels }] = faces as readonly [FaceTask];
  const row = withLabels(found, face.a === subvolume.id ? labels[0] : labels[1]);
  if (row === null) return [];
  const origin = map3((axis) => -subvolume.bordered.start[axis]);
  const boxes = faces.map(({ face }) => translate(face.box, origin));
  const regions = unpackBoxes(await packedLabels(row, params.runFolder), boxes);
  return faces.map((task, i) => ({
    key: faceKey(task.face),
    value: {
      task,
      side: task.face.a === subvolume.id ? ("a" as const) : ("b" as const),
      region: encodeRuns(regions[i]!, shapeOf(task.face.box)),
    },
  }));
}

/** Counts a face and keeps the evidence in the run folder. */
export async function countOverlap(sides: readonly FaceSide[], params: { readonly runFolder: string }): Promise<void> {
  const a = sides.find(({ side }) => side === "a")!;
  const b = sides.find(({ side }) => side === "b")!;
  const { face, evidence: name } = a.task;
  const evidence = countFace(face, shapeOf(face.box), decodeRuns(a.region).labels, decodeRuns(b.region).labels);
  await saveCheckpoint(openKeyValue(params.runFolder), name, { a: face.a, b: face.b }, encodeEvidence(evidence));
}

/** Matches of one face, as two columns of local segment ids. */
export interface FaceMatches {
  readonly a: number;
  readonly b: number;
  readonly segmentsA: Uint32Array;
  readonly segmentsB: Uint32Array;
}

export interface DecideTask extends FaceTask {
  /** Segments of both sides. */
  readonly segments: readonly [a: number, b: number];
}

export interface DecideParams {
  readonly runFolder: string;
  readonly segmentor: SegmentorConfig;
  readonly policy: StitchPolicy;
}

/** Applies the policy to the evidence of one face. */
export async function decideFace(task: DecideTask, params: DecideParams): Promise<FaceMatches> {
  const { face, evidence: name } = task;
  const kept = await loadCheckpoint(openKeyValue(params.runFolder), name);
  if (kept.state !== "valid") {
    throw new AxonloomError(
      "E_CHECKPOINT_DAMAGED",
      `${params.runFolder}/${name.key}: expected the evidence of subvolumes ${face.a} and ${face.b}, found it ${kept.state}; run again`,
      { key: name.key },
    );
  }
  const segmentor = await segmentorOf(params.segmentor);
  // Subvolume numbers are those of this run: the evidence may be older.
  const matches = segmentor.stitch({ ...decodeEvidence(kept.payload), a: face.a, b: face.b }, params.policy);
  const segmentsA = Uint32Array.from(matches, (match) => match.a);
  const segmentsB = Uint32Array.from(matches, (match) => match.b);
  checkSegments(face, face.a, segmentsA, task.segments[0]);
  checkSegments(face, face.b, segmentsB, task.segments[1]);
  return { a: face.a, b: face.b, segmentsA, segmentsB };
}

/** A segment that its subvolume does not have would be another subvolume's: a user's segmentor may be wrong. */
function checkSegments({ a, b }: Face, subvolume: number, segments: Uint32Array, count: number): void {
  const wrong = segments.find((segment) => segment < 1 || segment > count);
  if (wrong === undefined) return;
  throw new AxonloomError(
    "E_PLUGIN_RESULT",
    `stitch, face of subvolumes ${a} and ${b}: expected matches of segments 1 to ${count} of subvolume ${subvolume}, found segment ${wrong}; ` +
      "correct the segmentor's stitch",
    { a, b, subvolume, segment: wrong },
  );
}
