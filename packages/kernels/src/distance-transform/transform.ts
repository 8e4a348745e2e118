/**
 * Euclidean distance transform, one axis after the other, on squared distances.
 *
 * Along x two scans find the nearest site of each row. Along y, then z, the squared distance of a line is the lower envelope of
 * the parabolas w·(i - q)² + g(q), where g is what the axes before have found:
 *
 *     ╲   ╲    ╱   ╱       envelope: position, height and first voxel of each parabola that shows,
 *      ╲   ╲  ╱   ╱        on a stack; a new parabola removes those that it hides
 *     g(a)╲_╱╲__╱ g(c)
 *           g(b)
 *
 * With equal spacings all is integer until the root. Otherwise, with w the square of the axis' spacing, in this order and all in float64,
 * rounded to float32 once for each axis, where a value is stored:
 *
 *     x      w·(d·d), d the voxels to the nearest site of the row
 *     y, z   parabolas by ascending q; o = g + w·(q·q); q is below p, the one on top, from i = 1 + ⌊(o - o_p) / (2·w·(q - p))⌋ on;
 *            a voxel of parabola q gets w·((i - q)·(i - q)) + g, and after z the root of it
 *
 * Lines are worked on in tiles of 16 neighbours, so that memory is read along x. O(voxels) time; no memory but the output and one tile.
 *
 * References: P. Felzenszwalb, D. Huttenlocher, Theory of Computing 8 (2012), for the envelope; A. Meijster, J. Roerdink,
 * W. Hesselink, ISMM 2000, for its form on integers.
 */
import type { Shape3 } from "../shape.ts";

const TILE = 16;
const NONE = 0x7fffffff; // no site yet, as integer; as float it is Infinity

/** Writes the distances to `out`. No size of the shape is 0. */
export function transform(sites: Uint8Array, shape: Shape3, spacing: readonly [number, number, number], out: Float32Array): void {
  const [nz, ny, nx] = shape;
  const area = ny * nx;
  const integer = spacing[0] === spacing[1] && spacing[0] === spacing[2] && nz * nz + ny * ny + nx * nx < NONE;
  const [wz, wy, wx] = integer ? [1, 1, 1] : spacing.map((length) => length * length);
  const squares = integer ? new Int32Array(out.buffer, out.byteOffset, out.length) : out;
  const none = integer ? NONE : Infinity;
  alongX(sites, squares, nx, wx!, none);
  const envelope = new Envelope(Math.max(ny, nz));
  for (let z = 0; z < nz; z++) {
    for (let x = 0; x < nx; x += TILE) {
      const width = Math.min(TILE, nx - x);
      envelope.load(squares, z * area + x, nx, ny, width, none);
      envelope.lower(width, ny, wy!);
      envelope.store(squares, z * area + x, nx, ny, width, none);
    }
  }
  for (let i = 0; i < area; i += TILE) {
    const width = Math.min(TILE, area - i);
    envelope.load(squares, i, area, nz, width, none);
    envelope.lower(width, nz, wz!);
    envelope.storeRoots(out, i, area, nz, width, integer ? spacing[0] : 1);
  }
}

/** Squared distance to the nearest site in the row. */
function alongX(sites: Uint8Array, squares: Int32Array | Float32Array, nx: number, weight: number, none: number): void {
  const nearest = new Int32Array(nx);
  for (let row = 0; row < sites.length; row += nx) {
    let distance = nx;
    for (let x = 0; x < nx; x++) {
      distance = sites[row + x] !== 0 ? 0 : distance + 1;
      nearest[x] = distance;
    }
    distance = nx;
    for (let x = nx - 1; x >= 0; x--) {
      const left = nearest[x]!;
      distance = left === 0 ? 0 : distance + 1;
      const d = Math.min(left, distance);
      squares[row + x] = d < nx ? weight * (d * d) : none;
    }
  }
}

/** A tile of lines, and the stack of the line in work. */
class Envelope {
  private readonly lines: Float64Array;
  private readonly pitch: number;
  private readonly place: Float64Array;
  private readonly height: Float64Array;
  private readonly offset: Float64Array; // height at voxel 0
  private readonly first: Float64Array;

  constructor(longest: number) {
    this.pitch = longest + 9; // not a power of two: columns of a tile would share cache sets
    this.lines = new Float64Array(TILE * this.pitch);
    this.place = new Float64Array(longest);
    this.height = new Float64Array(longest);
    this.offset = new Float64Array(longest);
    this.first = new Float64Array(longest + 1);
  }

  /** `width` neighbouring lines of `length` voxels that are `step` apart, from `start` on. */
  load(squares: Int32Array | Float32Array, start: number, step: number, length: number, width: number, none: number): void {
    const { lines, pitch } = this;
    for (let i = 0, row = start; i < length; i++, row += step) {
      for (let line = 0; line < width; line++) {
        const g = squares[row + line]!;
        lines[line * pitch + i] = g === none ? Infinity : g;
      }
    }
  }

  store(squares: Int32Array | Float32Array, start: number, step: number, length: number, width: number, none: number): void {
    const { lines, pitch } = this;
    for (let i = 0, row = start; i < length; i++, row += step) {
      for (let line = 0; line < width; line++) {
        const g = lines[line * pitch + i]!;
        squares[row + line] = g === Infinity ? none : g;
      }
    }
  }

  storeRoots(out: Float32Array, start: number, step: number, length: number, width: number, spacing: number): void {
    const { lines, pitch } = this;
    for (let i = 0, row = start; i < length; i++, row += step) {
      for (let line = 0; line < width; line++) out[row + line] = spacing * Math.sqrt(lines[line * pitch + i]!);
    }
  }

  /**
   * Replaces each line by its lower envelope. A site hides all that is behind it, so each stretch between two sites is worked on
   * by itself, with the parabolas of these two.
   */
  lower(width: number, length: number, weight: number): void {
    const { lines, pitch } = this;
    for (let line = 0, start = 0; line < width; line++, start += pitch) {
      for (let i = 0; i < length; i++) {
        if (lines[start + i] === 0) continue;
        const from = i;
        do i++;
        while (i < length && lines[start + i] !== 0);
        if (i - from === 1 && from > 0 && i < length) lines[start + from] = Math.min(lines[start + from]!, weight);
        else this.lowerStretch(start, from, i, length, weight);
      }
    }
  }

  /** Voxels from `from` up to `to`, which are a site or an end of the line. */
  private lowerStretch(start: number, from: number, to: number, length: number, weight: number): void {
    const { lines, place, height, offset, first } = this;
    let top = -1;
    const last = Math.min(to + 1, length);
    for (let q = Math.max(from - 1, 0); q < last; q++) {
      const g = lines[start + q]!;
      if (g === Infinity) continue;
      const o = g + weight * (q * q);
      let begin = from;
      for (; top >= 0; top--) {
        // parabola q is below the one on top right of rise / run
        const rise = o - offset[top]!;
        const run = 2 * weight * (q - place[top]!);
        if (rise >= run * first[top]!) {
          begin = 1 + Math.floor(rise / run);
          break;
        }
      }
      if (begin >= to) continue;
      top++;
      place[top] = q;
      height[top] = g;
      offset[top] = o;
      first[top] = begin;
    }
    first[top + 1] = to;
    for (let k = 0; k <= top; k++) {
      const p = place[k]!;
      const h = height[k]!;
      const end = first[k + 1]!;
      for (let i = first[k]!; i < end; i++) lines[start + i] = weight * ((i - p) * (i - p)) + h;
    }
  }
}
