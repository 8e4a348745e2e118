/**
 * Decoder of run-coded labels (layout: format.ts, idea: encode.ts). Parses the rows of the slices that it needs, writes only
 * the voxels of the box. Everything is checked before it is used: a token may not reach behind its slice's bytes, a run may not
 * be empty nor end behind its row.
 */
import { KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { damaged, ROW_AS_ABOVE, RUN_LENGTH, RUN_SHIFT, RUN_VALUE_LENGTH, type RunsHeader, sliceRange } from "./format.ts";

/** Below this a loop beats the call of `fill`. */
const LONG_RUN = 128;

/** Labels of the box [start, stop), which lies inside the shape. */
export function decodeBox(bytes: Uint8Array, header: RunsHeader, start: Shape3, stop: Shape3): Uint32Array {
  const [, ny, nx] = header.shape;
  const [z0, y0, x0] = start;
  const [z1, y1, x1] = stop;
  const width = x1 - x0;
  const out = allocate((z1 - z0) * (y1 - y0) * width);
  if (out.length === 0) return out;
  // runs of a row all stem from bytes of its slice, or from the virtual row of zeros
  const most = Math.min(nx, bytes.length + 1);
  let ends = new Uint32Array(most);
  let values = new Uint32Array(most);
  let aboveEnds = new Uint32Array(most);
  let aboveValues = new Uint32Array(most);
  const cursor = { at: 0, to: 0 };

  for (let z = z0, o = 0; z < z1; z++) {
    const { from, to } = sliceRange(bytes, header, z);
    cursor.to = to;
    aboveEnds[0] = nx;
    aboveValues[0] = 0;
    let above = 1;
    let p = from;
    let wroteAbove = false;
    for (let y = 0; y < y1; y++) {
      const write = y >= y0;
      if (p >= to) throw damaged(`slice ${z} ends in row ${y}`);
      if (bytes[p] === ROW_AS_ABOVE) {
        p++;
        if (write) {
          if (wroteAbove) out.copyWithin(o, o - width, o);
          else writeRow(out, o, aboveEnds, aboveValues, x0, x1);
          wroteAbove = true;
          o += width;
        }
        continue;
      }
      let runs = 0;
      let last = -1;
      for (let x = 0, j = 0; x < nx; runs++) {
        if (p >= to) throw damaged(`slice ${z} ends in row ${y}`);
        const token = bytes[p++]!;
        while (aboveEnds[j]! <= x) j++;
        const guess = aboveValues[j] === last ? j + 1 : j;
        let value: number;
        let end: number;
        if (token === RUN_VALUE_LENGTH) {
          cursor.at = p;
          value = getVarint(bytes, cursor);
          end = x + getVarint(bytes, cursor);
          p = cursor.at;
        } else {
          if (guess >= above || token === ROW_AS_ABOVE)
            throw damaged(`token ${token} cannot stand at slice ${z}, row ${y}, x ${x}`);
          value = aboveValues[guess]!;
          if (token === RUN_LENGTH) {
            cursor.at = p;
            end = x + getVarint(bytes, cursor);
            p = cursor.at;
          } else {
            const shift = token - RUN_SHIFT;
            end = aboveEnds[guess]! + ((shift >>> 1) ^ -(shift & 1));
          }
        }
        if (end <= x || end > nx) throw damaged(`a run in slice ${z}, row ${y} goes from ${x} to ${end} of ${nx}`);
        values[runs] = value;
        ends[runs] = end;
        last = value;
        x = end;
      }
      [ends, aboveEnds] = [aboveEnds, ends];
      [values, aboveValues] = [aboveValues, values];
      above = runs;
      if (write) {
        writeRow(out, o, aboveEnds, aboveValues, x0, x1);
        wroteAbove = true;
        o += width;
      }
    }
    if (y1 === ny && p !== to) throw damaged(`slice ${z} has ${to - p} bytes too many`);
  }
  return out;
}

/** Writes short runs in steps of 8 voxels: what runs over is written again by the next run or row. */
function writeRow(out: Uint32Array, o: number, ends: Uint32Array, values: Uint32Array, x0: number, x1: number): void {
  let k = 0;
  while (ends[k]! <= x0) k++;
  const shift = o - x0;
  for (let x = x0; x < x1; k++) {
    const end = Math.min(ends[k]!, x1);
    const value = values[k]!;
    if (end - x >= LONG_RUN || shift + end + 8 > out.length) out.fill(value, shift + x, shift + end);
    else {
      for (let i = shift + x; i < shift + end; i += 8) {
        out[i] = value;
        out[i + 1] = value;
        out[i + 2] = value;
        out[i + 3] = value;
        out[i + 4] = value;
        out[i + 5] = value;
        out[i + 6] = value;
        out[i + 7] = value;
      }
    }
    x = end;
  }
}

/** A uint32 of at most 5 bytes, 7 bits a byte, least significant first. */
function getVarint(bytes: Uint8Array, cursor: { at: number; to: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    if (cursor.at >= cursor.to) throw damaged(`a number is cut off at byte ${cursor.at}`);
    const byte = bytes[cursor.at++]!;
    value += (byte & 127) * scale;
    if (value > 0xffffffff) throw damaged(`a number before byte ${cursor.at} is larger than 32 bits`);
    if (byte < 128) return value;
    if (scale > 0x0fffffff) throw damaged(`a number before byte ${cursor.at} is longer than 5 bytes`);
  }
}

function allocate(voxels: number): Uint32Array<ArrayBuffer> {
  try {
    return new Uint32Array(voxels);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new KernelError("E_CODEC_LIMIT", `run-coded labels: ${voxels} voxels do not fit in memory; decode smaller boxes`);
    }
    throw cause;
  }
}
