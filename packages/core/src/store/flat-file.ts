/**
 * A volume as one array in one file, C order, z slowest, reached by position: only the rows of a box are read or written.
 * Rows that follow each other in the file go in one call.
 */
import { readSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { type Box, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import { allocate, type Block, BYTES_PER_VOXEL, bytesOf, type Dtype } from "../volume/block.ts";
import { readFailure, writeFailure } from "./files.ts";

export interface FlatLayout {
  /** For error texts. */
  readonly source: string;
  readonly path: string;
  /** Where the first voxel lies, in bytes. */
  readonly dataOffset: number;
  readonly dtype: Dtype;
  readonly shape: Vec3;
}

interface Span {
  /** Bytes from the start of the file. */
  readonly file: number;
  /** Bytes from the start of the block. */
  readonly block: number;
  readonly bytes: number;
}

/** Below this a synchronous call is cheaper than a promise. */
const SMALL_BYTES = 1 << 18;
const SMALL_CALLS_BETWEEN_YIELDS = 256;
const LARGEST_CALL_BYTES = 1 << 26;

/** Reads `box`, counted from the first voxel of the file. `E_SOURCE_DAMAGED` when the file is too short. */
export async function readFlat(layout: FlatLayout, box: Box, options: CallOptions = {}): Promise<Block> {
  const shape = shapeOf(box);
  const data = allocate(layout.dtype, volumeOf(shape));
  const bytes = bytesOf(data);
  try {
    const file = await open(layout.path, "r");
    try {
      for await (const { file: position, block, bytes: length } of calls(layout, box, options)) {
        const got =
          length <= SMALL_BYTES
            ? readSync(file.fd, bytes, block, length, position)
            : (await file.read(bytes, block, length, position)).bytesRead;
        if (got !== length) await readRest(file, layout, bytes, block + got, length - got, position + got);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readFailure(layout.source, layout.path, error, options);
  }
  return { data, shape };
}

async function readRest(file: FileHandle, layout: FlatLayout, bytes: Uint8Array, at: number, count: number, position: number) {
  for (let done = 0; done < count; ) {
    const { bytesRead } = await file.read(bytes, at + done, count - done, position + done);
    if (bytesRead === 0) {
      throw new AxonloomError(
        "E_SOURCE_DAMAGED",
        `${layout.source}: ${layout.path} ends at byte ${position + done}, expected ${count - done} more; it was cut off: restore the file`,
        { source: layout.source, path: layout.path, position: position + done },
      );
    }
    done += bytesRead;
  }
}

/** Writes `block` at `box`, counted from the first voxel of the file, which must exist. */
export async function writeFlat(layout: FlatLayout, box: Box, block: Block, options: CallOptions = {}): Promise<void> {
  const bytes = bytesOf(block.data);
  try {
    const file = await open(layout.path, "r+");
    try {
      for await (const { file: position, block: at, bytes: length } of calls(layout, box, options)) {
        let done = length <= SMALL_BYTES ? writeSync(file.fd, bytes, at, length, position) : 0;
        while (done < length) done += (await file.write(bytes, at + done, length - done, position + done)).bytesWritten;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw writeFailure(layout.source, layout.path, error, options);
  }
}

/** The spans of a box, large ones cut into several calls; looks at the signal and lets others run now and then. */
async function* calls(layout: FlatLayout, box: Box, { signal }: CallOptions): AsyncGenerator<Span> {
  let small = 0;
  for (const span of spans(layout, box)) {
    if (span.bytes <= SMALL_BYTES) {
      small += 1;
      if (small % SMALL_CALLS_BETWEEN_YIELDS === 0) await setImmediate();
      if (small % SMALL_CALLS_BETWEEN_YIELDS <= 1) signal?.throwIfAborted();
      yield span;
    } else {
      for (let done = 0; done < span.bytes; done += LARGEST_CALL_BYTES) {
        signal?.throwIfAborted();
        yield { file: span.file + done, block: span.block + done, bytes: Math.min(LARGEST_CALL_BYTES, span.bytes - done) };
      }
    }
  }
}

/** Runs of bytes that are contiguous both in the file and in the block. */
function* spans({ dtype, shape, dataOffset }: FlatLayout, { start, stop }: Box): Generator<Span> {
  const size = BYTES_PER_VOXEL[dtype];
  const [, sizeY, sizeX] = shape;
  const [depth, height, width] = [stop[0] - start[0], stop[1] - start[1], stop[2] - start[2]];
  const wholeRows = width === sizeX;
  const rowsInRun = wholeRows ? height : 1;
  const slicesInRun = wholeRows && height === sizeY ? depth : 1;
  const bytes = width * rowsInRun * slicesInRun * size;
  let block = 0;
  for (let z = start[0]; z < stop[0]; z += slicesInRun) {
    for (let y = start[1]; y < stop[1]; y += rowsInRun) {
      yield { file: dataOffset + ((z * sizeY + y) * sizeX + start[2]) * size, block, bytes };
      block += bytes;
    }
  }
}
