/**
 * Labels of the older types `labelarray` and `labelblk`, and of a `labelmap` whose server does not keep its blocks in gzip: read by `raw`,
 * through LZ4. Read only.
 */
import { decompressLz4Block } from "@axonloom/kernels";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { type Box, cellsIn, map3, shapeOf, volumeOf } from "../../geometry/box.ts";
import { forEachParallel } from "../../parallel.ts";
import { type Block, copyIntersection, voxelsOf } from "../../volume/block.ts";
import { checkInside } from "../checks.ts";
import type { VolumeStore } from "../types.ts";
import { labelIdentity } from "./labels.ts";
import { ORIGIN } from "./spec.ts";
import { boxPath, endpoint, type OpenedVolume, READS_AT_ONCE } from "./volume.ts";

/** Of the voxels, so that an answer stays below 32 MiB however badly it compresses. */
const PIECE_EDGE = 128;

export function rawLabelStore(opened: OpenedVolume): VolumeStore {
  const { connection, name, source, instance, blockSize, bounds, voxelSizeNm } = opened;
  const piece = map3((a) => Math.max(1, Math.floor(PIECE_EDGE / blockSize[a])) * blockSize[a]);
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

  return {
    source,
    async info() {
      const details = { format: "dvid", type: instance.type, version: name.version, compression: instance.compression };
      return { dtype: "uint64", kind: "labels", bounds, voxelSizeNm, writeGrid: null, details };
    },
    async read(box, options = {}) {
      checkInside(box, bounds, source);
      options.signal?.throwIfAborted();
      const target = { data: new BigUint64Array(volumeOf(shapeOf(box))), shape: shapeOf(box) };
      const readInto = async (part: Box) => copyIntersection(await readPiece(part, options), part, target, box);
      await forEachParallel(cellsIn(box, piece, ORIGIN), READS_AT_ONCE, readInto, options);
      return target;
    },
    async write() {
      const message = `${source}: a ${instance.type} is only read; write to an instance of type labelmap with gzip`;
      throw new AxonloomError("E_SOURCE_UNSUPPORTED", message, { source });
    },
    identity: (options) => labelIdentity(opened, options),
  };
}

/** A box of exactly one block that was never written is an error to the server. */
function isAbsentBlock(error: unknown): boolean {
  return error instanceof AxonloomError && /unable to get label block/.test(String(error.fields["text"]));
}
