/**
 * Grey values (`uint8blk`), read and written by `raw`. What was never written reads as 0. The server takes whole blocks only: what of a block
 * lies outside a written box keeps what the server has there.
 */
import type { CallOptions } from "../../call-options.ts";
import { alignOut, type Box, cellsIn, equalBoxes, map3, shapeOf, volumeOf } from "../../geometry/box.ts";
import { forEachParallel } from "../../parallel.ts";
import { type Block, bytesOf, copyIntersection } from "../../volume/block.ts";
import { checkBlock, checkInside, checkOnGrid } from "../checks.ts";
import type { VolumeInfo, VolumeStore } from "../types.ts";
import { readInstance } from "./instances.ts";
import { checkCoordinates, ORIGIN, PIECE } from "./spec.ts";
import { boxPath, endpoint, identityOf, type OpenedVolume, READS_AT_ONCE, WRITES_AT_ONCE } from "./volume.ts";

export function greyStore(opened: OpenedVolume): VolumeStore {
  const { connection, name, source, instance, blockSize, bounds, voxelSizeNm } = opened;
  const writeGrid = { origin: ORIGIN, cell: blockSize, request: PIECE };
  const piece = map3((a) => Math.max(1, Math.floor(PIECE[a] / blockSize[a])) * blockSize[a]);
  const volumeInfo: VolumeInfo = {
    dtype: "uint8",
    kind: "image",
    bounds,
    voxelSizeNm,
    writeGrid,
    details: { format: "dvid", type: instance.type, version: name.version },
  };

  async function readPiece(box: Box, options: CallOptions): Promise<Block> {
    const shape = shapeOf(box);
    const voxels = (data: Uint8Array): Block => {
      if (data.length !== volumeOf(shape)) throw new Error(`expected ${volumeOf(shape)} bytes, found ${data.length}`);
      return { data, shape };
    };
    return await connection.read({ method: "GET", path: endpoint(opened, "raw", "0_1_2", ...boxPath(box)) }, voxels, options);
  }

  /** Any box, also beyond the bounds. */
  async function readBox(box: Box, options: CallOptions): Promise<Block> {
    const pieces = [...cellsIn(box, piece, ORIGIN)];
    if (pieces.length === 1) return await readPiece(box, options);
    const target = { data: new Uint8Array(volumeOf(shapeOf(box))), shape: shapeOf(box) };
    const readInto = async (part: Box) => copyIntersection(await readPiece(part, options), part, target, box);
    await forEachParallel(pieces, READS_AT_ONCE, readInto, options);
    return target;
  }

  async function writePiece(box: Box, from: Block, fromBox: Box, options: CallOptions): Promise<void> {
    const whole = alignOut(box, blockSize);
    const target = equalBoxes(whole, box)
      ? { data: new Uint8Array(volumeOf(shapeOf(whole))), shape: shapeOf(whole) }
      : await readBox(whole, options);
    copyIntersection(from, fromBox, target, whole);
    const path = endpoint(opened, "raw", "0_1_2", ...boxPath(whole));
    await connection.call({ method: "POST", path, body: bytesOf(target.data), repeatable: true }, options);
  }

  return {
    source,
    async info() {
      return volumeInfo;
    },
    async read(box, options = {}) {
      checkInside(box, bounds, source);
      options.signal?.throwIfAborted();
      return await readBox(box, options);
    },
    async write(box, block, options = {}) {
      checkInside(box, bounds, source);
      checkBlock(block, box, "uint8", source);
      checkOnGrid(box, writeGrid, bounds, source);
      checkCoordinates(source, box);
      const pieces = cellsIn(box, piece, ORIGIN);
      await forEachParallel(pieces, WRITES_AT_ONCE, (part) => writePiece(part, block, box, options), options);
    },
    /**
     * Version, instance and extents. In a committed version voxels never change. In an open one the server says nothing of a change of
     * voxels inside the extents but one number for the whole repo, which every label that a run writes moves too: it would make each resumed
     * run of that version compute everything again. Who overwrites grey values of an open version starts a new run folder.
     */
    async identity(options = {}) {
      return identityOf({ ...opened, instance: await readInstance(connection, name.version, name.instance, options) });
    },
  };
}
