/**
 * The phantom: a synthetic electron-microscopy volume with its ground truth, any size. Every voxel is computed from its position and a
 * seed alone, so a volume can be made box by box, in any order, on any machine.
 *
 * @example
 * const { gray, truth } = phantomBlock({ seed: 1 }, { start: [0, 0, 0], stop: [64, 64, 64] });
 */
import { type Box, shapeOf, volumeOf } from "../geometry/box.ts";
import { Columns, type Place, turn } from "./columns.ts";
import { hash3, SpaceNoise, smoothstep } from "./noise.ts";
import { Spots } from "./spots.ts";

export interface PhantomDamage {
  /** Membranes in these voxels keep this part of their contrast, 0…1. */
  readonly faded?: { readonly box: Box; readonly contrast: number };
  /** Dark blobs of 8 to 14 voxels radius, one in about 100³ voxels. */
  readonly darkBlobs?: boolean;
  /** Slices (z) that are missing: all 0. */
  readonly missingSlices?: readonly number[];
}

export interface PhantomSpec {
  /** 32 bit. */
  readonly seed: number;
  readonly damage?: PhantomDamage;
}

export interface PhantomBlock {
  readonly gray: Uint8Array;
  /** Bodies; no voxel is 0. */
  readonly truth: BigUint64Array;
}

/** Grey values, of the order of a FIB-SEM volume. */
const MEMBRANE = 55;
const CYTOPLASM = 172;
const MITOCHONDRION = 140;
const VESICLE = 128;
const BLOB = 25;
/** Half a membrane, and how fast it fades into the cell, in voxels. */
const MEMBRANE_RADIUS = 1.4;
const MEMBRANE_EDGE = 1.6;
/** Warp of space: two scales of noise. */
const WARPS = [
  { spacing: 90, amplitude: 16 },
  { spacing: 34, amplitude: 4 },
] as const;

/** Grey values and ground truth of a box, C order, z, y, x. */
export function phantomBlock(spec: PhantomSpec, b: Box): PhantomBlock {
  const shape = shapeOf(b);
  const [nz, ny, nx] = shape;
  const gray = new Uint8Array(volumeOf(shape));
  const truth = new BigUint64Array(gray.length);
  const ids = new Uint32Array(truth.buffer);
  const { seed, damage = {} } = spec;
  const warps = WARPS.flatMap(({ spacing, amplitude }, scale) =>
    [0, 1, 2].map((axis) => ({ axis, amplitude, noise: new SpaceNoise(spacing, b.start, b.stop, seed + 100 + 3 * scale + axis) })),
  );
  const texture = new SpaceNoise(7, b.start, b.stop, seed + 200);
  const [low, high] = rangeOfW(b);
  const columns = new Columns(seed, low, high);
  const mitochondria = new Spots({ spacing: 48, density: 0.35, radius: [5, 11], seed: seed + 300 });
  const vesicles = new Spots({ spacing: 14, density: 0.3, radius: [1.2, 2.2], seed: seed + 400 });
  const blobs = damage.darkBlobs ? new Spots({ spacing: 100, density: 1, radius: [8, 14], seed: seed + 500 }) : null;
  const missing = new Set(damage.missingSlices);
  const shift = [new Float64Array(nx), new Float64Array(nx), new Float64Array(nx)];
  const row = new Float64Array(nx);
  const place: Place = { i: 0, j: 0, piece: 0, border: 0 };

  let at = 0;
  for (let z = b.start[0]; z < b.start[0] + nz; z++) {
    for (let y = b.start[1]; y < b.start[1] + ny; y++) {
      for (const line of shift) line.fill(0);
      for (const { axis, amplitude, noise } of warps) {
        noise.fillRow(z, y, b.start[2], row);
        const line = shift[axis]!;
        for (let k = 0; k < nx; k++) line[k]! += amplitude * row[k]!;
      }
      texture.fillRow(z, y, b.start[2], row);
      for (let k = 0; k < nx; k++, at++) {
        const x = b.start[2] + k;
        const [wz, wy, wx] = [z + shift[0]![k]!, y + shift[1]![k]!, x + shift[2]![k]!];
        columns.locate(turn(0, wz, wy, wx), turn(1, wz, wy, wx), turn(2, wz, wy, wx), place);
        // 20 bits of the piece, 16 of j, 16 of i, each moved to be positive: unique, never 0, below 2^52.
        const j = place.j + 0x8000;
        ids[2 * at] = (place.piece + 0x80000) | (j << 20);
        ids[2 * at + 1] = (j >>> 12) | ((place.i + 0x8000) << 4);
        const inMembrane = 1 - smoothstep((place.border - MEMBRANE_RADIUS) / MEMBRANE_EDGE);
        let value = CYTOPLASM + 7 * row[k]!;
        if (place.border > 4) {
          // Membranes of organelles are softer than those of cells.
          const m = mitochondria.distance(z, y, x);
          if (m < 1) value += (MITOCHONDRION - CYTOPLASM) * (1 - smoothstep(m));
          const v = vesicles.distance(z, y, x);
          if (v < 1) value += (VESICLE - CYTOPLASM) * 0.5 * (1 - smoothstep(v));
        }
        value += (MEMBRANE - value) * inMembrane * contrastAt(damage, z, y, x);
        if (blobs !== null) value += (BLOB - value) * (1 - smoothstep(blobs.distance(z, y, x) / 2 + 0.5));
        const grain = hash3(z, y, x, seed + 600);
        value += ((grain & 0xff) + ((grain >>> 8) & 0xff) + ((grain >>> 16) & 0xff) - 382.5) / 24;
        gray[at] = missing.has(z) ? 0 : Math.max(1, Math.min(255, value));
      }
    }
  }
  return { gray, truth };
}

/** Part of a membrane's contrast that is left at a voxel. */
function contrastAt({ faded }: PhantomDamage, z: number, y: number, x: number): number {
  if (faded === undefined) return 1;
  const { start, stop } = faded.box;
  const inside = z >= start[0] && z < stop[0] && y >= start[1] && y < stop[1] && x >= start[2] && x < stop[2];
  return inside ? faded.contrast : 1;
}

/** Smallest and largest position along the columns in a box, the warp included. */
function rangeOfW({ start, stop }: Box): readonly [number, number] {
  const reach = WARPS.reduce((sum, { amplitude }) => sum + amplitude, 0);
  let low = Infinity;
  let high = -Infinity;
  for (const z of [start[0] - reach, stop[0] + reach]) {
    for (const y of [start[1] - reach, stop[1] + reach]) {
      for (const x of [start[2] - reach, stop[2] + reach]) {
        const w = turn(2, z, y, x);
        low = Math.min(low, w);
        high = Math.max(high, w);
      }
    }
  }
  return [low, high];
}
