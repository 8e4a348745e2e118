/** Laying labels of a box over those that are there, and what a server must not be given. Pure. */
import { AxonloomError } from "../../errors.ts";
import { type Box, intersect, shapeOf } from "../../geometry/box.ts";
import type { Block } from "../../volume/block.ts";

export type Labels = Block<BigUint64Array<ArrayBuffer>>;

const LIMIT_HIGH_WORD = 2 ** 16;

/** Whether `inside` (shape of the box) is 1 anywhere in a part of the box. */
export function touches(inside: Uint8Array, box: Box, part: Box): boolean {
  for (const [from, to] of rowsOf(box, part)) if (inside.subarray(from, to).some((n) => n !== 0)) return true;
  return false;
}

/** Whether it is 1 everywhere there. */
export function covers(inside: Uint8Array, box: Box, part: Box): boolean {
  for (const [from, to] of rowsOf(box, part)) if (inside.subarray(from, to).includes(0)) return false;
  return true;
}

/** Copies the box's labels over those of the piece, where `inside` says so. */
export function overlay(labels: Labels, piece: Box, block: Labels, box: Box, inside: Uint8Array | null): void {
  const common = intersect(piece, box);
  const targets = rowsOf(piece, common);
  for (const [from, to] of rowsOf(box, common)) {
    const [target] = targets.next().value as [number, number];
    if (inside === null) {
      labels.data.set(block.data.subarray(from, to), target);
      continue;
    }
    for (let i = from; i < to; i++) if (inside[i] !== 0) labels.data[target + i - from] = block.data[i]!;
  }
}

/** First and last index, in an array of the shape of `box`, of each row of `part`. */
function* rowsOf(box: Box, part: Box): Generator<[from: number, to: number]> {
  const [, sy, sx] = shapeOf(box);
  const width = part.stop[2] - part.start[2];
  for (let z = part.start[0]; z < part.stop[0]; z++) {
    for (let y = part.start[1]; y < part.stop[1]; y++) {
      const from = ((z - box.start[0]) * sy + (y - box.start[1])) * sx + (part.start[2] - box.start[2]);
      yield [from, from + width];
    }
  }
}

/** `E_DVID_LABELS` for ids from 2^48 on, which the server takes, and then fails on. */
export function checkLabels(source: string, labels: BigUint64Array): void {
  const words = new Uint32Array(labels.buffer, labels.byteOffset, labels.length * 2);
  for (let i = 1; i < words.length; i += 2) {
    if (words[i]! < LIMIT_HIGH_WORD) continue;
    const message = `${source}: expected labels below 2^48, found ${labels[i >> 1]}; the server cannot give new ids above that: write with smaller ids`;
    throw new AxonloomError("E_DVID_LABELS", message, { source, label: String(labels[i >> 1]) });
  }
}
