/**
 * Streams of blocks: `int32 x, y, z, length` (little endian; block coordinates of the scale) and `length` bytes, until the end. The server has
 * answered 200 before it reads the first block, so what goes wrong later shows only here: a stream that ends early, or an error text
 * behind the last frame. Blocks come in any order, and those that were never written do not come.
 */
import type { Vec3 } from "../../../geometry/box.ts";
import { badAnswer } from "./answer.ts";

export interface Frame {
  /** Which block, z, y, x, counted in blocks. */
  readonly block: Vec3;
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 16;
/** A length read from text is above this: no text has a control character below the tab in it. */
const MOST_PAYLOAD = 2 ** 27;

/** The frames as one body. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frames.reduce((sum, { payload }) => sum + HEADER_BYTES + payload.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { block, payload } of frames) {
    const [z, y, x] = block;
    for (const [k, value] of [x, y, z, payload.length].entries()) view.setInt32(at + 4 * k, value, true);
    bytes.set(payload, at + HEADER_BYTES);
    at += HEADER_BYTES + payload.length;
  }
  return bytes;
}

/**
 * The frames of a body, each as soon as its last byte is there; no more than one is held. Payloads may be views of the chunks.
 * `E_DVID_ANSWER` where the body ends inside a frame or goes on with something else.
 */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Frame> {
  const queue = new ByteQueue();
  let header: { block: Vec3; length: number } | null = null;
  let frames = 0;
  for await (const chunk of chunks) {
    queue.push(chunk);
    for (;;) {
      if (header === null) {
        if (queue.length < HEADER_BYTES) break;
        header = readHeader(queue.take(HEADER_BYTES), frames);
      }
      if (queue.length < header.length) break;
      yield { block: header.block, payload: queue.take(header.length) };
      header = null;
      frames++;
    }
  }
  if (header !== null) {
    throw badAnswer(`it ends after ${queue.length} of ${header.length} bytes of frame ${frames}, block x y z ${xyz(header.block)}`);
  }
  if (queue.length > 0)
    throw badAnswer(`${queue.length} bytes follow its last frame (${frames} were whole)`, queue.take(queue.length));
}

function readHeader(bytes: Uint8Array, frames: number): { block: Vec3; length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const [x, y, z, length] = [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as [number, number, number, number];
  if (length <= 0 || length > MOST_PAYLOAD) {
    throw badAnswer(`frame ${frames} (x y z ${x} ${y} ${z}) cannot have ${length} bytes`, bytes);
  }
  return { block: [z, y, x], length };
}

const xyz = ([z, y, x]: Vec3) => `${x} ${y} ${z}`;

/** Bytes in the order in which they came. */
class ByteQueue {
  length = 0;
  private chunks: Uint8Array[] = [];

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  /** The next `count` bytes, which are there. */
  take(count: number): Uint8Array {
    this.length -= count;
    const first = this.chunks[0];
    if (first !== undefined && first.length > count) {
      this.chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const bytes = new Uint8Array(count);
    let at = 0;
    let used = 0;
    while (at < count) {
      const chunk = this.chunks[used]!;
      const part = chunk.subarray(0, count - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length === chunk.length) used++;
      else this.chunks[used] = chunk.subarray(part.length);
    }
    this.chunks.splice(0, used);
    return bytes;
  }
}
