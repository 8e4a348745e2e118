/**
 * Labels of a `labelmap`, read and written as the server keeps them: label blocks inside gzip. Absent blocks read as 0.
 *
 * Writing sends whole blocks without indexing, which is the one way that may be repeated; scales and label indices are the writer's work.
 * What of a block lies outside the written box, or where `inside` is 0, keeps the supervoxels that the server has there. Every block is
 * checked before it is sent: the server does not, and a bad one ends it.
 */
import { checkDvidBlock, decodeDvidBlockInto, encodeDvidBlock } from "@axonloom/kernels";
import type { CallOptions } from "../../call-options.ts";
import {
  alignOut,
  type Box,
  cellsIn,
  contains,
  intersect,
  isEmpty,
  map3,
  shapeOf,
  type Vec3,
  volumeOf,
} from "../../geometry/box.ts";
import { forEachParallel } from "../../parallel.ts";
import { checkBlock, checkInside, checkOnGrid } from "../checks.ts";
import type { VolumeInfo, VolumeStore, WriteOptions } from "../types.ts";
import { readInstance } from "./instances.ts";
import { checkLabels, covers, type Labels, overlay, touches } from "./label-voxels.ts";
import { formatDvidName } from "./name.ts";
import { readRepo, versionIn } from "./repos.ts";
import { checkCoordinates, ORIGIN, PIECE } from "./spec.ts";
import { boxPath, endpoint, identityOf, type OpenedVolume, READS_AT_ONCE, WRITES_AT_ONCE } from "./volume.ts";
import { badAnswer, decodeFrames, encodeFrames, type Frame, unzipBlock, zipBlock } from "./wire/index.ts";

/** A request that writes has at most so many blocks, and about so many bytes. */
const BLOCKS_A_REQUEST = 256;
const BYTES_A_REQUEST = 1 << 25;

export function labelStore(opened: OpenedVolume): VolumeStore {
  const { name, source, instance, blockSize, bounds, voxelSizeNm } = opened;
  const writeGrid = { origin: ORIGIN, cell: blockSize, request: PIECE };
  const scales = Array.from({ length: instance.coarserScales + 1 }, (_, scale) => formatDvidName({ ...name, scale }));
  const volumeInfo: VolumeInfo = {
    dtype: "uint64",
    kind: "labels",
    bounds,
    voxelSizeNm,
    writeGrid,
    labelPyramid: "nonzero-mode",
    details: {
      format: "dvid",
      type: instance.type,
      version: name.version,
      scales: scales.length,
      ids: name.supervoxels ? "supervoxels" : "bodies",
    },
    ...(name.scale === 0 ? { scales } : {}),
  };

  return {
    source,
    async info() {
      return volumeInfo;
    },
    async read(box, options = {}) {
      checkInside(box, bounds, source);
      options.signal?.throwIfAborted();
      return await readLabels(opened, box, name.supervoxels, options);
    },
    async write(box, block, options = {}) {
      checkInside(box, bounds, source);
      checkBlock(block, box, "uint64", source);
      checkOnGrid(box, writeGrid, bounds, source);
      checkCoordinates(source, box);
      checkLabels(source, block.data as BigUint64Array);
      await writeLabels(opened, box, block as Labels, options);
    },
    identity: (options) => labelIdentity(opened, options),
  };
}

/**
 * Version, instance and extents; in an open version also the number that the server raises with every change of voxels or labels in the
 * repo, whichever instance or version it is in, and when it starts: it may change without need, but never stays when something changed.
 */
export async function labelIdentity(opened: OpenedVolume, options: CallOptions = {}): Promise<string> {
  const { connection, name } = opened;
  const [instance, repo] = await Promise.all([
    readInstance(connection, name.version, name.instance, options),
    readRepo(connection, name.version, options),
  ]);
  const fixed = instance.versioned && versionIn(repo, name.version).locked;
  return identityOf({ ...opened, instance }, fixed ? "locked" : repo.mutations);
}

/** The labels of any box, also beyond the bounds, as bodies or as supervoxels. */
export async function readLabels(opened: OpenedVolume, box: Box, supervoxels: boolean, options: CallOptions): Promise<Labels> {
  const target: Labels = { data: new BigUint64Array(volumeOf(shapeOf(box))), shape: shapeOf(box) };
  const into = (cell: Box, bytes: Uint8Array) =>
    decodeDvidBlockInto(bytes, opened.blockSize, target.data, target.shape, minus(cell.start, box.start));
  await forEachBlock(opened, box, supervoxels, into, options);
  return target;
}

/**
 * Calls `use` with each block that is stored and touches the box: where it lies, and its bytes without gzip. `use` may see a block again when
 * an answer was damaged. What it throws about the bytes counts as damage.
 */
export async function forEachBlock(
  opened: OpenedVolume,
  box: Box,
  supervoxels: boolean,
  use: (cell: Box, bytes: Uint8Array) => void,
  options: CallOptions,
): Promise<void> {
  const { connection, name, blockSize } = opened;
  const query = { compression: "blocks", scale: name.scale, supervoxels };
  const mostBytes = 16 + 24 * volumeOf(blockSize);
  const readPiece = async (piece: Box) => {
    const path = endpoint(opened, "blocks", ...boxPath(piece));
    const useAll = async (answer: Uint8Array) => {
      const seen = new Set<string>();
      for await (const { block, payload } of decodeFrames([answer])) {
        const start = map3((a) => block[a] * blockSize[a]);
        const cell = { start, stop: map3((a) => start[a] + blockSize[a]) };
        if (!contains(piece, cell)) throw badAnswer(`block x y z ${[...block].reverse().join(" ")} was not asked for`);
        if (seen.has(block.join())) throw badAnswer(`block x y z ${[...block].reverse().join(" ")} came twice`);
        seen.add(block.join());
        if (!isEmpty(intersect(cell, box))) use(cell, unzipBlock(payload, mostBytes));
      }
    };
    await connection.read({ method: "GET", path, query }, useAll, options);
  };
  await forEachParallel(piecesOf(alignOut(box, blockSize), blockSize), READS_AT_ONCE, readPiece, options);
}

function piecesOf(box: Box, blockSize: Vec3): Iterable<Box> {
  return cellsIn(
    box,
    map3((a) => Math.max(1, Math.floor(PIECE[a] / blockSize[a])) * blockSize[a]),
    ORIGIN,
  );
}

async function writeLabels(opened: OpenedVolume, box: Box, block: Labels, options: WriteOptions): Promise<void> {
  const { connection, name, blockSize } = opened;
  const query = { scale: name.scale, noindexing: true, compression: "blocks" };
  const send = async (frames: readonly Frame[]) => {
    const call = { method: "POST", path: endpoint(opened, "blocks"), query, body: encodeFrames(frames), repeatable: true } as const;
    await connection.call(call, options);
  };
  const sendPiece = async (piece: Box) => {
    const merged = await mergedWithServer(opened, piece, box, block, options);
    let frames: Frame[] = [];
    let bytes = 0;
    for (const cell of merged.cells) {
      options.signal?.throwIfAborted();
      const encoded = encodeDvidBlock(merged.labels.data, merged.labels.shape, minus(cell.start, merged.box.start), blockSize);
      checkDvidBlock(encoded, blockSize);
      const payload = zipBlock(encoded);
      if (frames.length === BLOCKS_A_REQUEST || bytes + payload.length > BYTES_A_REQUEST) {
        await send(frames);
        frames = [];
        bytes = 0;
      }
      frames.push({ block: map3((a) => cell.start[a] / blockSize[a]), payload });
      bytes += payload.length;
    }
    if (frames.length > 0) await send(frames);
  };
  await forEachParallel(piecesOf(alignOut(box, blockSize), blockSize), WRITES_AT_ONCE, sendPiece, options);
}

interface Merged {
  readonly labels: Labels;
  /** Where `labels` lie. */
  readonly box: Box;
  /** Blocks to be written. */
  readonly cells: readonly Box[];
}

/** The labels of a piece's blocks, as they shall be on the server. */
async function mergedWithServer(opened: OpenedVolume, piece: Box, box: Box, block: Labels, options: WriteOptions): Promise<Merged> {
  const { blockSize } = opened;
  const inside = options.inside ?? null;
  const cells = [...cellsIn(piece, blockSize, ORIGIN)].filter(
    (cell) => inside === null || touches(inside, box, intersect(cell, box)),
  );
  const isWhole = (cell: Box) => contains(box, cell) && (inside === null || covers(inside, box, cell));
  const partial = new Set(cells.filter((cell) => !isWhole(cell)).map(({ start }) => start.join()));
  if (partial.size === 0) return { labels: block, box, cells };
  const labels: Labels = { data: new BigUint64Array(volumeOf(shapeOf(piece))), shape: shapeOf(piece) };
  const into = (cell: Box, bytes: Uint8Array) => {
    if (partial.has(cell.start.join())) {
      decodeDvidBlockInto(bytes, blockSize, labels.data, labels.shape, minus(cell.start, piece.start));
    }
  };
  await forEachBlock(opened, piece, true, into, options);
  overlay(labels, piece, block, box, inside);
  return { labels, box: piece, cells };
}

function minus(a: Vec3, b: Vec3): Vec3 {
  return map3((i) => a[i] - b[i]);
}
