/**
 * Run-length coding of label rows against the row above.
 *
 * Idea: neighbouring rows of a segmentation differ by small shifts of the boundaries. A run is therefore coded, mostly in
 * one byte, as "the value of the row above here, ending d voxels further than there":
 *
 *   above   A A A A A A B B B B B C C C        ends 6 11 14
 *   row     A A A A A A A A B B C C C C        A +2, B -1, C 0
 *
 * "Here" is the run of the row above that covers the run's first voxel, or the next one where the covering run has the value of
 * the run just written (in the drawing C starts below a B). Every slice begins with a virtual row of zeros above it, so slices
 * can be decoded alone. O(voxels) compares plus O(runs).
 */
import { KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { bodyStartOf, MAX_SHIFT, ROW_AS_ABOVE, RUN_LENGTH, RUN_SHIFT, RUN_VALUE_LENGTH, writeHeader } from "./format.ts";

/** Token, value and length of one run. */
const MOST_BYTES_PER_RUN = 11;

export function encode(labels: Uint32Array, shape: Shape3): Uint8Array {
  const [nz, ny, nx] = shape;
  const bodyStart = bodyStartOf(shape);
  if (labels.length === 0) {
    const empty = new Uint8Array(bodyStart);
    writeHeader(empty, shape, []);
    return empty;
  }
  const sliceEnds = new Float64Array(nz);
  let out = new Uint8Array(bodyStart + (labels.length >>> 3) + nx * MOST_BYTES_PER_RUN);
  let p = bodyStart;
  let ends = new Uint32Array(nx);
  let values = new Uint32Array(nx);
  let aboveEnds = new Uint32Array(nx);
  let aboveValues = new Uint32Array(nx);

  for (let z = 0, row = 0; z < nz; z++) {
    aboveEnds[0] = nx;
    aboveValues[0] = 0;
    let above = 1;
    for (let y = 0; y < ny; y++, row += nx) {
      // runs of this row
      let runs = 0;
      for (let x = 0; x < nx; ) {
        const value = labels[row + x]!;
        do x++;
        while (x < nx && labels[row + x] === value);
        values[runs] = value;
        ends[runs++] = x;
      }
      if (out.length - p < runs * MOST_BYTES_PER_RUN) out = grow(out, p + runs * MOST_BYTES_PER_RUN);

      let same = runs === above ? 0 : -1;
      while (same >= 0 && same < runs) same = values[same] === aboveValues[same] && ends[same] === aboveEnds[same] ? same + 1 : -1;
      if (same === runs) {
        out[p++] = ROW_AS_ABOVE;
        continue;
      }
      let last = -1;
      for (let k = 0, j = 0, x = 0; k < runs; k++) {
        const value = values[k]!;
        const end = ends[k]!;
        while (aboveEnds[j]! <= x) j++;
        const guess = aboveValues[j] === last ? j + 1 : j;
        if (guess < above && aboveValues[guess] === value) {
          const shift = end - aboveEnds[guess]!;
          if (shift <= MAX_SHIFT && shift >= -MAX_SHIFT) out[p++] = RUN_SHIFT + (shift >= 0 ? shift * 2 : -shift * 2 - 1);
          else {
            out[p++] = RUN_LENGTH;
            p = putVarint(out, p, end - x);
          }
        } else {
          out[p++] = RUN_VALUE_LENGTH;
          p = putVarint(out, p, value);
          p = putVarint(out, p, end - x);
        }
        last = value;
        x = end;
      }
      [ends, aboveEnds] = [aboveEnds, ends];
      [values, aboveValues] = [aboveValues, values];
      above = runs;
    }
    sliceEnds[z] = p - bodyStart;
  }
  if (p - bodyStart > 0xffffffff) {
    throw new KernelError(
      "E_CODEC_LIMIT",
      `run-coded labels: expected at most 4 GiB, found ${p - bodyStart} bytes; cut the volume`,
    );
  }
  const bytes = out.slice(0, p);
  writeHeader(bytes, shape, sliceEnds);
  return bytes;
}

function putVarint(out: Uint8Array, p: number, value: number): number {
  while (value > 127) {
    out[p++] = (value & 127) | 128;
    value >>>= 7;
  }
  out[p++] = value;
  return p;
}

function grow(out: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, out.length * 2));
  larger.set(out);
  return larger;
}
