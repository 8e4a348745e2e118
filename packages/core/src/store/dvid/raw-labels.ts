/**
 * Labels of the older types `labelarray` and `labelblk`, and of a `labelmap` whose server does not keep its blocks in gzip: by `raw`, through
 * LZ4. The older types are written so, too, with `mutate=true`: the server takes the block that was there out of its index before it counts the
 * new one, so that a request may be repeated; scales are its own work.
 */
import { compressLz4Block, decompressLz4Block } from "@axonloom/kernels";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { alignOut, type Box, cellsIn, contains, intersect, map3, shapeOf, volumeOf } from "../../geometry/box.ts";
import { forEachParallel } from "../../parallel.ts";
import { type Block, bytesOf, copyIntersection, voxelsOf } from "../../volume/block.ts";
import { checkBlock, checkInside, checkOnGrid } from "../checks.ts";
import type { VolumeStore, WriteOptions } from "../types.ts";
import { checkLabels, covers, type Labels, overlay, touches } from "./label-voxels.ts";
import { labelIdentity } from "./labels.ts";
import { checkCoordinates, ORIGIN } from "./spec.ts";
import { boxPath, endpoint, type OpenedVolume, READS_AT_ONCE, WRITES_AT_ONCE } from "./volume.ts";

/** Of the voxels, so that an answer stays below 32 MiB however badly it compresses. */
const PIECE_EDGE = 128;

export function rawLabelStore(opened: OpenedVolume): VolumeStore {
  const { connection, name, source, instance, blockSize, bounds, voxelSizeNm } = opened;
  const piece = map3((a) => Math.max(1, Math.floor(PIECE_EDGE / blockSize[a])) * blockSize[a]);
  const writeGrid = instance.type !== "labelmap" && name.scale === 0 ? { origin: ORIGIN, cell: blockSize } : null;
  const query = { compression: "lz4", scale: name.scale, supervoxels: name.supervoxels };

  async function readPiece(box: Box, options: CallOptions): Promise<Block> {
    const shape = shapeOf(box);
    const decode = (answer: Uint8Array): Block => ({
      data: voxelsOf(decompressLz4Block(answer, volumeOf(shape) * 8), "uint64"),
      shape,
    });
    try {
      return await connection.read(
        { method: "GET", path: endpoint(opened, "raw", "0_1_2", ...boxPath(box)), query },
        decode,
        options,
      );
    } catch (error) {
      if (isAbsentBlock(error)) return { data: new BigUint64Array(volumeOf(shape)), shape };
      throw error;
    }
  }

  async function readBox(box: Box, options: CallOptions): Promise<Labels> {
    const target = { data: new BigUint64Array(volumeOf(shapeOf(box))), shape: shapeOf(box) };
    const readInto = async (part: Box) => copyIntersection(await readPiece(part, options), part, target, box);
    await forEachParallel(cellsIn(box, piece, ORIGIN), READS_AT_ONCE, readInto, options);
    return target;
  }

  async function writePiece(part: Box, box: Box, block: Labels, options: WriteOptions): Promise<void> {
    const inside = options.inside ?? null;
    if (inside !== null && !touches(inside, box, intersect(part, box))) return;
    const whole = contains(box, part) && (inside === null || covers(inside, box, part));
    const shape = shapeOf(part);
    const target = whole ? { data: new BigUint64Array(volumeOf(shape)), shape } : await readBox(part, options);
    overlay(target, part, block, box, inside);
    const path = endpoint(opened, "raw", "0_1_2", ...boxPath(part));
    const body = compressLz4Block(bytesOf(target.data));
    await connection.call({ method: "POST", path, query: { compression: "lz4", mutate: true }, body, repeatable: true }, options);
  }

  return {
    source,
    async info() {
      const details = { format: "dvid", type: instance.type, version: name.version, compression: instance.compression };
      return { dtype: "uint64", kind: "labels", bounds, voxelSizeNm, writeGrid, details };
    },
    async read(box, options = {}) {
      checkInside(box, bounds, source);
      options.signal?.throwIfAborted();
      return await readBox(box, options);
    },
    async write(box, block, options = {}) {
      if (writeGrid === null) {
        const message = `${source}: labels of this instance are only read; write to an instance of type labelmap with gzip, at scale 0`;
        throw new AxonloomError("E_SOURCE_UNSUPPORTED", message, { source });
      }
      checkInside(box, bounds, source);
      checkBlock(block, box, "uint64", source);
      checkOnGrid(box, writeGrid, bounds, source);
      checkCoordinates(source, box);
      const labels = block as Labels;
      checkLabels(source, labels.data);
      const parts = cellsIn(alignOut(box, blockSize), piece, ORIGIN);
      await forEachParallel(parts, WRITES_AT_ONCE, (part) => writePiece(part, box, labels, options), options);
    },
    identity: (options) => labelIdentity(opened, options),
  };
}

/** A box of exactly one block that was never written is an error to the server. */
function isAbsentBlock(error: unknown): boolean {
  return error instanceof AxonloomError && /unable to get label block/.test(String(error.fields["text"]));
}
