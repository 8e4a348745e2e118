/**
 * The stage that compares one subvolume. What leaves it is small: pieces, their overlaps, their faces.
 *
 *   truth, `boundary-size` beyond the box ─ region ─ which voxels count ─┐
 *      └ box ─ pieces ──────────────────────────────────────────────────┼─ overlaps ─ measures
 *   segmentation of the box, where there is truth ─ pieces ──────────────┘
 */
import type { TaskContext } from "../../engine/types.ts";
import { awayFromBoundaries } from "../../evaluate/boundaries.ts";
import { countedTable } from "../../evaluate/counted-table.ts";
import type { PieceOverlaps } from "../../evaluate/overlap-sum.ts";
import { overlapsOfBlock } from "../../evaluate/piece-overlaps.ts";
import { type Pieces, piecesAt, piecesOf } from "../../evaluate/pieces.ts";
import type { TableMeasures } from "../../evaluate/result.ts";
import { measureTable } from "../../evaluate/table-measures.ts";
import { type Box, contains, grow, intersect, map3, shapeOf, volumeOf } from "../../geometry/box.ts";
import { maskOf, type Roi } from "../../geometry/roi.ts";
import type { Face, Subvolume } from "../../geometry/subvolume.ts";
import { openVolume } from "../../store/index.ts";
import { type Block, crop } from "../../volume/block.ts";
import { type DenseLabels, readDense } from "./dense-labels.ts";
import { cutFace } from "./faces-stage.ts";
import type { PlacedPoints } from "./points.ts";
import type { ComparedRow, PointPieces, SidePieces } from "./rows.ts";

export interface CompareTask {
  readonly subvolume: Subvolume;
  /** As far as the box and its surroundings need it. */
  readonly roi: Roi;
  readonly faces: readonly Face[];
  /** Of each point list, and of the skeletons; null for none here. */
  readonly points: readonly (PlacedPoints | null)[];
}

export interface CompareParams {
  readonly truth: string;
  readonly segmentation: string | null;
  readonly bounds: Box;
  readonly boundarySize: number;
  /** null: all bodies. */
  readonly important: readonly bigint[] | null;
  readonly sparse: boolean;
  readonly skipUnsegmented: boolean;
  readonly subvolumeThreshold: number;
  readonly heatMap: boolean;
  /** Types of the point lists. */
  readonly pointTypes: readonly string[];
}

export async function compareSubvolume(task: CompareTask, params: CompareParams, context: TaskContext): Promise<ComparedRow> {
  const { bounds } = params;
  const box = intersect(task.subvolume.core, bounds);
  const shape = shapeOf(box);
  const at = { box, bounds };
  const read = { signal: context.signal };

  const { labels: truthLabels, ids: truthIds, counts } = await readTruth(task, params, box, context);
  const truth = piecesOf(truthLabels, shape);
  const source = params.segmentation === null ? null : await openVolume(params.segmentation, read);
  const dense = source === null ? constantLabels(volumeOf(shape)) : await readDense(source, box, read);
  const nodes = nodesIn(task.points[params.pointTypes.length] ?? null, dense, box);
  for (let i = 0; i < truth.pieces.length; i++) if (truth.pieces[i] === 0) dense.labels[i] = 0;
  const segment = piecesOf(dense.labels, shape);

  const edge = edgeOf(task.roi, box, bounds);
  const sides = {
    truth: sideOf(truth, truthIds, edge, at),
    segmentation: sideOf(segment, dense.ids, edge, at),
  };
  const faces = task.faces.map((face) => cutFace(face, task.subvolume, box, { truth, segment, sides }));
  const points = params.pointTypes.map((_, list) => pointsIn(task.points[list] ?? null, truth.pieces, segment.pieces, box));
  const amount = amountOfTruth(truth, sides.truth.ids, params);
  for (let i = 0; i < counts.length; i++) if (counts[i] === 0) truth.pieces[i] = 0;
  const local = overlapsOfBlock(truth.pieces, segment.pieces);
  const overlaps = { ...local, first: local.first.map((i) => placeNumber(i, at)) };

  const tables: [string, PieceOverlaps][] = [
    ["voxels:voxels", overlaps],
    ...params.pointTypes.map((type, list): [string, PieceOverlaps] => [type, overlapsOfPoints(points[list]!)]),
  ];
  const important = params.important === null ? null : new Set(params.important);
  const countOptions = { threshold: 0, important: params.sparse ? important : null, skipUnsegmented: params.skipUnsegmented };
  const measured = tables.map(([type, pairs]): [string, TableMeasures] => {
    const table = { truthIds: sides.truth.ids, segmentIds: sides.segmentation.ids, ...pairs };
    return [type, measureTable(countedTable(table, countOptions))];
  });
  const nothing = measured[0]![1].size === 0;
  return {
    id: task.subvolume.id,
    box,
    ...sides,
    overlaps,
    points,
    nodes,
    faces,
    // Without truth there is nothing to measure: 0 bits would look like the best place.
    ignore: nothing || amount < params.subvolumeThreshold,
    measures: params.heatMap ? Object.fromEntries(measured) : {},
  };
}

/** What `subvolume-threshold` looks at: percent of the box with truth; with a sparse truth its important bodies. */
function amountOfTruth({ pieces }: Pieces, ids: BigUint64Array, { sparse, important }: CompareParams): number {
  if (sparse) {
    const listed = new Set(important);
    return new Set(ids.filter((id) => listed.has(id))).size;
  }
  let voxels = 0;
  for (let i = 0; i < pieces.length; i++) if (pieces[i] !== 0) voxels += 1;
  return (100 * voxels) / pieces.length;
}

/** The pieces of a row: what names are given by. */
export function piecesOfRow({ truth, segmentation }: ComparedRow): Pick<ComparedRow, "truth" | "segmentation"> {
  return { truth, segmentation };
}

/** The row without its faces: what is summed. */
export function withoutFaces(row: ComparedRow): ComparedRow {
  return { ...row, faces: [] };
}

interface Place {
  readonly box: Box;
  readonly bounds: Box;
}

/** Labels of the box, 0 outside the region; and 1 for the voxels that count. */
async function readTruth(task: CompareTask, params: CompareParams, box: Box, context: TaskContext) {
  const { bounds, boundarySize } = params;
  const around = intersect(
    grow(
      box,
      map3(() => boundarySize),
    ),
    bounds,
  );
  const store = await openVolume(params.truth, { signal: context.signal });
  const { labels, ids } = await readDense(store, around, { signal: context.signal });
  const mask = maskOf(task.roi, around, bounds);
  if (mask !== null) for (let i = 0; i < labels.length; i++) if (mask[i] === 0) labels[i] = 0;
  const shape = shapeOf(around);
  // Boundaries are those between all bodies: a body's size does not depend on which others are listed.
  const counts = cropped({ data: awayFromBoundaries(labels, shape, boundarySize), shape }, around, box);
  if (params.important !== null && !params.sparse) {
    const kept = new Set(params.important);
    const isKept = Uint8Array.from(ids, (id) => (kept.has(id) ? 1 : 0));
    for (let i = 0; i < labels.length; i++) if (isKept[labels[i]!] === 0) labels[i] = 0;
  }
  return { labels: cropped({ data: labels, shape }, around, box), ids, counts };
}

function cropped<T extends Uint8Array | Uint32Array>(block: Block<T>, outer: Box, inner: Box): T {
  return contains(inner, outer) ? block.data : crop(block, outer, inner).data;
}

/** Self compare: one body everywhere. */
function constantLabels(voxels: number): DenseLabels {
  return { labels: new Uint32Array(voxels).fill(1), ids: BigUint64Array.of(0n, 1n) };
}

/** 1 for voxels of the region that have a neighbour outside of it (6 neighbours). */
function edgeOf(roi: Roi, box: Box, bounds: Box): Uint8Array {
  const around = grow(box, [1, 1, 1]);
  const inside = maskOf(roi, around, bounds);
  const [nz, ny, nx] = shapeOf(box);
  const edge = new Uint8Array(nz * ny * nx);
  if (inside === null) return edge;
  const [, wy, wx] = shapeOf(around);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let k = ((z + 1) * wy + y + 1) * wx + 1;
      for (let x = 0; x < nx; x++, i++, k++) {
        const all =
          inside[k - 1]! & inside[k + 1]! & inside[k - wx]! & inside[k + wx]! & inside[k - wy * wx]! & inside[k + wy * wx]!;
        edge[i] = inside[k]! & (1 - all);
      }
    }
  }
  return edge;
}

function sideOf({ pieces, labelOf, firstOf }: Pieces, ids: BigUint64Array, edge: Uint8Array, at: Place): SidePieces {
  return {
    ids: BigUint64Array.from(labelOf, (label) => ids[label]!),
    first: firstOf.map((i) => placeNumber(i, at)),
    edge: piecesAt(pieces, labelOf.length, edge),
  };
}

/** The number of a voxel in the whole volume, in the order z, y, x. */
function placeNumber(i: number, { box, bounds }: Place): number {
  const [, ny, nx] = shapeOf(box);
  const [, wy, wx] = shapeOf(bounds);
  const z = Math.floor(i / (ny * nx)) + box.start[0] - bounds.start[0];
  const y = (Math.floor(i / nx) % ny) + box.start[1] - bounds.start[1];
  return (z * wy + y) * wx + (i % nx) + box.start[2] - bounds.start[2];
}

function pointsIn(placed: PlacedPoints | null, truth: Uint32Array, segment: Uint32Array, box: Box): PointPieces {
  const index = placed?.index ?? new Uint32Array(0);
  const at = positionsIn(placed, box);
  return { index, truth: Uint32Array.from(at, (i) => truth[i]!), segment: Uint32Array.from(at, (i) => segment[i]!) };
}

function nodesIn(placed: PlacedPoints | null, { labels, ids }: DenseLabels, box: Box): ComparedRow["nodes"] {
  const at = positionsIn(placed, box);
  return { index: placed?.index ?? new Uint32Array(0), segments: BigUint64Array.from(at, (i) => ids[labels[i]!]!) };
}

function positionsIn(placed: PlacedPoints | null, box: Box): number[] {
  if (placed === null) return [];
  const [, ny, nx] = shapeOf(box);
  const { places } = placed;
  return Array.from(placed.index, (_, k) => {
    const [z, y, x] = map3((a) => places[3 * k + a]! - box.start[a]);
    return (z * ny + y) * nx + x;
  });
}

/** Pairs of pieces at points, sorted; points without truth are left out. */
function overlapsOfPoints({ truth, segment }: PointPieces): PieceOverlaps {
  const counts = new Map<number, number>();
  const width = 2 ** 26;
  truth.forEach((t, k) => {
    const key = t * width + segment[k]!;
    if (t !== 0) counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  const keys = Float64Array.from(counts.keys()).sort();
  return {
    truth: Uint32Array.from(keys, (key) => Math.floor(key / width)),
    segment: Uint32Array.from(keys, (key) => key % width),
    voxels: Float64Array.from(keys, (key) => counts.get(key)!),
    first: new Float64Array(keys.length),
  };
}
