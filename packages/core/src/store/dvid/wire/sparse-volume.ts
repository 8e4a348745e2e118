/**
 * The voxels of one body or supervoxel, in the three forms of `sparsevol` (little endian):
 *
 *     srles    spans: int32 x, y, z, length along x
 *     rles     uint8 0, dimensions 3, axis 0, 0; uint32 voxels (0); uint32 spans; then the spans
 *     blocks   uint32 × 3 sub-blocks of 8³ along x, y, z; uint64 label; then per block
 *              int32 × 3 first voxel x, y, z; uint8 0 none, 1 all, 2 mixed; when mixed, per sub-block (x fastest)
 *              uint8 the same, and when mixed 64 bytes: voxel i is bit i mod 8 of byte i / 8
 *
 * `sparsevol-coarse` has the form of rles, in blocks instead of voxels.
 */
import { badAnswer } from "./answer.ts";

/** Spans along x, four numbers each: z, y, x, length; in any order. */
export type Spans = Int32Array;

const SUB = 8;
const [NONE, ALL, MIXED] = [0, 1, 2];

/** `format=rles`, and the coarse volumes. `E_DVID_ANSWER`. */
export function decodeRles(bytes: Uint8Array): Spans {
  const view = viewOf(bytes);
  if (bytes.length < 12 || view.getUint32(0, true) !== 0x0300) throw badAnswer("expected the header of a sparse volume", bytes);
  const count = view.getUint32(8, true);
  if (bytes.length !== 12 + 16 * count) {
    throw badAnswer(
      `a sparse volume of ${count} spans has ${12 + 16 * count} bytes, found ${bytes.length}`,
      bytes.subarray(12 + 16 * count),
    );
  }
  return decodeSpans(bytes.subarray(12));
}

/** `format=srles`. `E_DVID_ANSWER`. */
export function decodeSpans(bytes: Uint8Array): Spans {
  const count = Math.floor(bytes.length / 16);
  if (bytes.length % 16 !== 0)
    throw badAnswer(`${bytes.length % 16} bytes follow the last of ${count} spans`, bytes.subarray(16 * count));
  const view = viewOf(bytes);
  const spans = new Int32Array(4 * count);
  for (let k = 0; k < count; k++) {
    for (let a = 0; a < 3; a++) spans[4 * k + 2 - a] = view.getInt32(16 * k + 4 * a, true);
    const length = view.getInt32(16 * k + 12, true);
    if (length <= 0) throw badAnswer(`span ${k} has a length of ${length}`, bytes.subarray(16 * k));
    spans[4 * k + 3] = length;
  }
  return spans;
}

/** `format=blocks`; spans end at the faces of blocks, or of sub-blocks. `E_DVID_ANSWER`. */
export function decodeSparseBlocks(bytes: Uint8Array): { label: bigint; spans: Spans } {
  const view = viewOf(bytes);
  if (bytes.length < 20) throw badAnswer("expected the header of a sparse volume in blocks", bytes);
  const [gx, gy, gz] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number];
  if (!(gx > 0 && gy > 0 && gz > 0 && gx * gy * gz <= 2 ** 18))
    throw badAnswer(`blocks of ${gx} × ${gy} × ${gz} sub-blocks`, bytes);
  const spans: number[] = [];
  const cut = (at: number) => badAnswer(`a sparse volume ends inside a block, at byte ${at}`, bytes.subarray(at));
  const box = (z: number, y: number, x: number, nz: number, ny: number, nx: number) => {
    for (let dz = 0; dz < nz; dz++) for (let dy = 0; dy < ny; dy++) spans.push(z + dz, y + dy, x, nx);
  };
  for (let at = 20; at < bytes.length; ) {
    if (at + 13 > bytes.length) throw cut(at);
    const [x, y, z] = [0, 4, 8].map((k) => view.getInt32(at + k, true)) as [number, number, number];
    const flag = flagAt(bytes, at + 12);
    at += 13;
    if (flag === ALL) box(z, y, x, gz * SUB, gy * SUB, gx * SUB);
    if (flag !== MIXED) continue;
    for (let s = 0; s < gx * gy * gz; s++) {
      if (at >= bytes.length) throw cut(at);
      const inner = flagAt(bytes, at++);
      const corner = [z + Math.floor(s / (gx * gy)) * SUB, y + (Math.floor(s / gx) % gy) * SUB, x + (s % gx) * SUB] as const;
      if (inner === ALL) box(...corner, SUB, SUB, SUB);
      if (inner !== MIXED) continue;
      if (at + SUB * SUB > bytes.length) throw cut(at);
      // one byte is a row of 8 voxels, its lowest bit the first
      for (let row = 0; row < SUB * SUB; row++)
        pushRow(spans, bytes[at++]!, corner[0] + (row >> 3), corner[1] + (row & 7), corner[2]);
    }
  }
  return { label: view.getBigUint64(12, true), spans: Int32Array.from(spans) };
}

function pushRow(spans: number[], bits: number, z: number, y: number, x: number): void {
  for (let from = 0; from < SUB; ) {
    let to = from;
    while (to < SUB && (bits >> to) & 1) to++;
    if (to > from) spans.push(z, y, x + from, to - from);
    from = to + 1;
  }
}

function flagAt(bytes: Uint8Array, at: number): number {
  const flag = bytes[at]!;
  if (flag !== NONE && flag !== ALL && flag !== MIXED)
    throw badAnswer(`expected 0, 1 or 2 at byte ${at}, found ${flag}`, bytes.subarray(at));
  return flag;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
