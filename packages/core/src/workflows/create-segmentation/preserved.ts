/**
 * Preserved bodies: proofread bodies whose voxels no run may change.
 *
 * Their source is read in pieces of at most 4 million voxels (whole cells of its chunk grid, so that nothing is decoded twice), and
 * each piece is turned into runs along x that hold one preserved id:
 *
 *     source   3 3 3 8 8 0 5 5        bodies {3, 5}
 *     inside   1 1 1 1 1 1 1 0        runs   [0, 3) of 3, [6, 7) of 5
 *
 * Where the source is a version of the very instance that is written, its bodies are mappings of supervoxels. They are found as bodies, and what
 * is written are the supervoxels that lie there, so that neither view of them changes.
 *
 * Whatever the box, a piece takes at most 12 bytes for each of its voxels beside what the store needs, 20 with supervoxels. O(voxels +
 * distinct labels of a piece · log bodies).
 */
import { renumber } from "@axonloom/kernels";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { alignOut, type Box, intersect, isEmpty, shapeOf, type Vec3, volumeOf } from "../../geometry/box.ts";
import { openVolume } from "../../store/index.ts";
import type { VolumeInfo, VolumeStore } from "../../store/types.ts";

export interface PreservedBodies {
  readonly source: string;
  /** Sorted, unique, non-zero. */
  readonly bodies: BigUint64Array;
}

/** The source of preserved bodies, opened once for all that a task asks. */
export interface PreservedSource {
  readonly store: VolumeStore;
  readonly info: VolumeInfo;
  readonly bodies: BigUint64Array;
  /** The same volume with supervoxels, where the output takes those; null: it takes bodies. */
  readonly supervoxels: VolumeStore | null;
}

/** Voxels of a piece: 32 MB of uint64. */
const PIECE_VOXELS = 2 ** 22;

/** Opens the source, for an `output` if it is to be written there. `E_DTYPE` when it holds no integers. */
export async function openPreserved(
  { source, bodies }: PreservedBodies,
  output: VolumeStore | null,
  options: CallOptions = {},
): Promise<PreservedSource> {
  const store = await openVolume(source, options);
  const info = await store.info(options);
  if (info.dtype === "float32") {
    throw new AxonloomError(
      "E_DTYPE",
      `preserve-bodies: expected labels of an integer type in ${source}, found float32; name the volume of the proofread labels`,
      { source, dtype: info.dtype },
    );
  }
  const sameInstance = store.bodies !== undefined && store.bodies.instance === output?.bodies?.instance;
  const supervoxels = sameInstance ? await openVolume(store.bodies.supervoxels, options) : null;
  return { store, info, bodies, supervoxels };
}

/**
 * 1 where a preserved body lies in `box` (C order); null when none does. Voxels outside the source or where `inside` (shape of the box;
 * null = everywhere) is 0 are 0.
 */
export async function preservedMask(
  source: PreservedSource,
  box: Box,
  inside: Uint8Array | null,
  options: CallOptions = {},
): Promise<Uint8Array | null> {
  let mask: Uint8Array | null = null;
  await visitRuns(source, box, inside, options, (_, from, to) => {
    mask ??= new Uint8Array(volumeOf(shapeOf(box)));
    mask.fill(1, from, to);
  });
  return mask;
}

/**
 * Writes the ids of the preserved bodies, or their supervoxels where the source has those, over `labels` (shape of the box), leaving all other
 * voxels; the bodies that occurred, sorted.
 */
export async function writePreservedIds(
  source: PreservedSource,
  box: Box,
  inside: Uint8Array | null,
  labels: BigUint64Array,
  options: CallOptions = {},
): Promise<BigUint64Array> {
  const occurred = new Uint8Array(source.bodies.length);
  await visitRuns(source, box, inside, options, (index, from, to, supervoxels) => {
    if (supervoxels === null) labels.fill(source.bodies[index]!, from, to);
    else labels.set(supervoxels, from);
    occurred[index] = 1;
  });
  return source.bodies.filter((_, index) => occurred[index] === 1);
}

/**
 * Compares what was written in `box` (uint64) with the source, piece by piece: `compared` voxels that have a preserved id on either side,
 * of which `wrong` have another one on the other, or the right one by other supervoxels. `insideOf` gives the mask of a piece; what a volume that
 * is written in place has beyond it is not looked at.
 */
export async function comparePreserved(
  source: PreservedSource,
  written: VolumeStore,
  box: Box,
  insideOf: (piece: Box) => Uint8Array | null,
  options: CallOptions = {},
): Promise<{ readonly compared: number; readonly wrong: number }> {
  let compared = 0;
  let wrong = 0;
  const writtenSupervoxels = source.supervoxels === null ? null : await openVolume(written.bodies!.supervoxels, options);
  for (const piece of piecesOf(box, await written.info(options))) {
    const inside = insideOf(piece);
    const wanted = new BigUint64Array(volumeOf(shapeOf(piece)));
    const occurred = await writePreservedIds({ ...source, supervoxels: null }, piece, inside, wanted, options);
    const found = (await written.read(piece, options)).data as BigUint64Array;
    const { labels, ids } = renumber(found);
    const isElsewhere = (i: number) => written.bodies !== undefined && inside !== null && inside[i] === 0;
    const isPreserved = Uint8Array.from(ids, (id) => (indexOf(source.bodies, id) < 0 ? 0 : 1));
    // as 32-bit words: a bigint per voxel would be many times slower
    const a = new Uint32Array(wanted.buffer);
    const b = new Uint32Array(found.buffer, found.byteOffset, found.length * 2);
    for (let i = 0; i < labels.length; i++) {
      const [low, high] = [a[2 * i]!, a[2 * i + 1]!];
      if ((low | high) === 0 && (isPreserved[labels[i]!] === 0 || isElsewhere(i))) continue;
      compared += 1;
      if (low !== b[2 * i] || high !== b[2 * i + 1]) wrong += 1;
    }
    if (writtenSupervoxels === null || occurred.length === 0) continue;
    // Only what is right as a body is looked at again, so that no voxel is wrong twice.
    const wantedBelow = new BigUint64Array(wanted.length);
    await writePreservedIds(source, piece, inside, wantedBelow, options);
    const c = new Uint32Array(wantedBelow.buffer);
    const below = (await writtenSupervoxels.read(piece, options)).data as BigUint64Array;
    const d = new Uint32Array(below.buffer, below.byteOffset, below.length * 2);
    for (let i = 0; i < d.length; i += 2) {
      const right = (a[i]! | a[i + 1]!) !== 0 && a[i] === b[i] && a[i + 1] === b[i + 1];
      if (right && (c[i] !== d[i] || c[i + 1] !== d[i + 1])) wrong += 1;
    }
  }
  return { compared, wrong };
}

/** Index of the preserved id in the list; voxels [from, to) of the box, and their supervoxels where the source has them. */
type RunVisitor = (index: number, from: number, to: number, supervoxels: BigUint64Array | null) => void;

async function visitRuns(
  { store, info, bodies, supervoxels }: PreservedSource,
  box: Box,
  inside: Uint8Array | null,
  options: CallOptions,
  visit: RunVisitor,
): Promise<void> {
  for (const piece of piecesOf(intersect(box, info.bounds), info)) {
    const { data } = await store.read(piece, options);
    const { labels, ids } = renumber(data as Exclude<typeof data, Float32Array>);
    const indices = Int32Array.from(ids, (id) => indexOf(bodies, id));
    if (!indices.some((index) => index >= 0)) continue;
    const below = supervoxels === null ? null : ((await supervoxels.read(piece, options)).data as BigUint64Array);
    visitRunsOfPiece(labels, indices, piece, box, inside, (index, from, to, at) => {
      visit(index, from, to, below === null ? null : below.subarray(at, at + to - from));
    });
  }
}

/** @param labels of the piece. @param indices by label: -1 = not preserved. @param visit gets the place of a run in the piece, too. */
function visitRunsOfPiece(
  labels: Uint32Array,
  indices: Int32Array,
  piece: Box,
  box: Box,
  inside: Uint8Array | null,
  visit: (index: number, from: number, to: number, at: number) => void,
): void {
  const [depth, height, width] = shapeOf(piece);
  const [, ny, nx] = shapeOf(box);
  let i = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const row = ((z + piece.start[0] - box.start[0]) * ny + (y + piece.start[1] - box.start[1])) * nx;
      const first = row + piece.start[2] - box.start[2];
      let run = -1;
      let from = first;
      for (let at = first; at < first + width; at++, i++) {
        const index = inside !== null && inside[at] === 0 ? -1 : indices[labels[i]!]!;
        if (index === run) continue;
        if (run >= 0) visit(run, from, at, i - (at - from));
        run = index;
        from = at;
      }
      if (run >= 0) visit(run, from, first + width, i - (first + width - from));
    }
  }
}

/** Cuts a box into pieces of whole cells of the volume's grid: as many along x, then y, then z, as `mostVoxels` allow, at least one. */
export function* piecesOf(
  box: Box,
  { writeGrid }: Pick<VolumeInfo, "writeGrid">,
  mostVoxels: number = PIECE_VOXELS,
): Generator<Box> {
  if (isEmpty(box)) return;
  const { origin, cell } = writeGrid ?? { origin: [0, 0, 0] as Vec3, cell: [1, 1, 1] as Vec3 };
  const cover = alignOut(box, cell, origin);
  const step: [number, number, number] = [...cell];
  for (const axis of [2, 1, 0] as const) {
    const cells = Math.floor(mostVoxels / volumeOf(step));
    const needed = Math.ceil((cover.stop[axis] - cover.start[axis]) / cell[axis]);
    step[axis] = cell[axis] * Math.max(1, Math.min(cells, needed));
  }
  const [z0, y0, x0] = cover.start;
  for (let z = z0; z < cover.stop[0]; z += step[0]) {
    for (let y = y0; y < cover.stop[1]; y += step[1]) {
      for (let x = x0; x < cover.stop[2]; x += step[2]) {
        yield intersect({ start: [z, y, x], stop: [z + step[0], y + step[1], x + step[2]] }, box);
      }
    }
  }
}

/** Where a sorted list holds the id; -1 = nowhere. */
function indexOf(sorted: BigUint64Array, id: bigint): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low < sorted.length && sorted[low] === id ? low : -1;
}
