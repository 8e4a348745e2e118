/** Round things scattered in space: one a cell of a lattice, or none. Cells are remembered, since neighbouring voxels ask for the same. */
import { unit3 } from "./noise.ts";

export interface SpotKind {
  /** Edge of a lattice cell in voxels. */
  readonly spacing: number;
  /** Part of the cells that hold one. */
  readonly density: number;
  readonly radius: readonly [least: number, most: number];
  readonly seed: number;
}

export class Spots {
  readonly #kind: SpotKind;
  readonly #cells = new Map<number, Float64Array | null>();

  constructor(kind: SpotKind) {
    this.#kind = kind;
    if (kind.radius[1] * 2 > kind.spacing) throw new RangeError("a spot must fit its cell");
  }

  /** Distance to the surface of the spot in this cell of the lattice in voxels, below 0 inside; Infinity when there is none. */
  distance(z: number, y: number, x: number): number {
    const { spacing } = this.#kind;
    const cz = Math.floor(z / spacing);
    const cy = Math.floor(y / spacing);
    const cx = Math.floor(x / spacing);
    const key = (cz * 131_072 + cy) * 131_072 + cx;
    let spot = this.#cells.get(key);
    if (spot === undefined) {
      spot = this.#make(cz, cy, cx);
      this.#cells.set(key, spot);
    }
    if (spot === null) return Infinity;
    const dz = z - spot[0]!;
    const dy = y - spot[1]!;
    const dx = x - spot[2]!;
    return Math.sqrt(dz * dz + dy * dy + dx * dx) - spot[3]!;
  }

  #make(cz: number, cy: number, cx: number): Float64Array | null {
    const { spacing, density, radius, seed } = this.#kind;
    if (unit3(cz, cy, cx, seed) >= density) return null;
    const r = radius[0] + (radius[1] - radius[0]) * unit3(cz, cy, cx, seed + 1);
    const centre = (cell: number, s: number) => cell * spacing + r + (spacing - 2 * r) * unit3(cz, cy, cx, s);
    return Float64Array.of(centre(cz, seed + 2), centre(cy, seed + 3), centre(cx, seed + 4), r);
  }
}
