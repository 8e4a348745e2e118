/** Blocks on their way through a network: cut out of the grey values, run, cut to the part that is kept, added to the result. */
import { AxonloomError } from "../../../errors.ts";
import type { Vec3 } from "../../../geometry/box.ts";
import type { Network } from "./session.ts";
import { type AxisTiles, mirrored, weightsOf } from "./tiles.ts";
import type { InputTensor, OnnxModel, OutputTensor, SpaceAxis } from "./types.ts";

export const SPACE: readonly SpaceAxis[] = ["z", "y", "x"];

export interface Run {
  readonly network: Network;
  readonly model: OnnxModel;
  readonly output: OutputTensor;
  readonly index: number;
  readonly tiles: readonly [AxisTiles, AxisTiles, AxisTiles];
  readonly shape: Vec3;
  /** What becomes of each grey level, by plane z; one for all when statistics are joint. */
  readonly prepared: readonly Float32Array[];
}

export function* blocksOf([tz, ty, tx]: Run["tiles"]): Generator<Vec3> {
  for (let iz = 0; iz < tz.starts.length; iz++)
    for (let iy = 0; iy < ty.starts.length; iy++) for (let ix = 0; ix < tx.starts.length; ix++) yield [iz, iy, ix];
}

/** The kept part of a block inside the box. */
function keptBox(shape: Vec3, tiles: Run["tiles"], block: Vec3) {
  const start = tiles.map(({ starts }, i) => starts[block[i]!]!) as unknown as Vec3;
  const stop = tiles.map(({ kept }, i) => Math.min(shape[i]!, start[i]! + kept)) as unknown as Vec3;
  return { start, stop };
}

export function isLeftOut(mask: Uint8Array | null, shape: Vec3, tiles: Run["tiles"], block: Vec3): boolean {
  if (mask === null) return false;
  const { start, stop } = keptBox(shape, tiles, block);
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) {
      const row = (z * shape[1] + y) * shape[2];
      for (let x = start[2]; x < stop[2]; x++) if (mask[row + x] === 1) return false;
    }
  }
  return true;
}

interface BlockResult {
  /** Of the kept part, [z, y, x, channel]. */
  readonly data: Float32Array;
  readonly channels: number;
}

export async function predictBlock(run: Run, gray: Uint8Array, block: Vec3): Promise<BlockResult> {
  const { tiles, shape, prepared, model, output, index, network } = run;
  const sizes = tiles.map((tile) => tile.block) as unknown as Vec3;
  const places = tiles.map(({ starts, margin, block: size }, i) =>
    Int32Array.from({ length: size }, (_, k) => mirrored(starts[block[i]!]! - margin + k, shape[i]!)),
  ) as [Int32Array, Int32Array, Int32Array];
  const values = new Float32Array(sizes[0] * sizes[1] * sizes[2]);
  let at = 0;
  for (const z of places[0]) {
    const levels = prepared.length === 1 ? prepared[0]! : prepared[z]!;
    for (const y of places[1]) {
      const row = (z * shape[1] + y) * shape[2];
      for (const x of places[2]) values[at++] = levels[gray[row + x]!]!;
    }
  }
  const { axes, dtype } = model.input;
  const extent = { b: 1, c: 1, z: sizes[0], y: sizes[1], x: sizes[2] };
  const ordered = reorder(values, [1, 1, ...sizes], axes);
  const results = await network.run({
    data: dtype === "uint8" ? Uint8Array.from(ordered) : ordered,
    shape: axes.map((axis) => extent[axis]),
  });
  return cut(results[index]!, output, tiles, model.path);
}

/** From b, c, z, y, x to the order of the tensor; axes that are not there have one element. */
function reorder(values: Float32Array, shape: readonly number[], axes: InputTensor["axes"]): Float32Array {
  const space = axes.filter((axis) => axis !== "b" && axis !== "c").join("");
  if (space === "zyx" || space === "yx") return values;
  const sizes: Readonly<Record<string, number>> = { b: 1, c: 1, z: shape[2]!, y: shape[3]!, x: shape[4]! };
  const strides: Readonly<Record<string, number>> = { b: 0, c: 0, z: shape[3]! * shape[4]!, y: shape[4]!, x: 1 };
  const result = new Float32Array(values.length);
  let at = 0;
  const walk = (depth: number, from: number) => {
    if (depth === axes.length) {
      result[at++] = values[from]!;
      return;
    }
    const axis = axes[depth]!;
    for (let i = 0; i < sizes[axis]!; i++) walk(depth + 1, from + i * strides[axis]!);
  };
  walk(0, 0);
  return result;
}

/** The kept part of what the network gave, channel last. */
function cut(
  { data, shape }: { readonly data: Float32Array | Uint8Array; readonly shape: readonly number[] },
  { axes, halo, crop, name }: OutputTensor,
  tiles: Run["tiles"],
  path: string,
): BlockResult {
  const size: Record<string, number> = { b: 1, c: 1, z: 1, y: 1, x: 1 };
  const stride: Record<string, number> = { b: 0, c: 0, z: 0, y: 0, x: 0 };
  let step = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    size[axes[i]!] = shape[i] ?? 0;
    stride[axes[i]!] = step;
    step *= shape[i] ?? 0;
  }
  SPACE.forEach((axis, i) => {
    const expected = tiles[i]!.block - 2 * (crop[axis] ?? 0);
    if (size[axis] === expected && shape.length === axes.length) return;
    throw new AxonloomError(
      "E_PLUGIN_RESULT",
      `model ${path}, output ${name}: expected ${expected} voxels along ${axis} (axes ${axes.join("")}), found the shape ${shape.join(" × ")}; the description does not fit the network`,
    );
  });
  const channels = size["c"]!;
  const [nz, ny, nx] = tiles.map(({ kept }) => kept) as [number, number, number];
  const [hz, hy, hx] = SPACE.map((axis) => halo[axis] ?? 0) as [number, number, number];
  const result = new Float32Array(nz * ny * nx * channels);
  let at = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = (z + hz) * stride["z"]! + (y + hy) * stride["y"]! + hx * stride["x"]!;
      for (let x = 0; x < nx; x++)
        for (let c = 0; c < channels; c++) result[at++] = data[row + x * stride["x"]! + c * stride["c"]!]!;
    }
  }
  return { data: result, channels };
}

export function addBlock(
  result: Float32Array,
  { data, channels }: BlockResult,
  shape: Vec3,
  tiles: Run["tiles"],
  block: Vec3,
): void {
  const { start, stop } = keptBox(shape, tiles, block);
  const [wz, wy, wx] = tiles.map((tile, i) => weightsOf(tile, block[i]!)) as [Float32Array, Float32Array, Float32Array];
  const [, ny, nx] = tiles.map(({ kept }) => kept) as [number, number, number];
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) {
      const weight = wz[z - start[0]]! * wy[y - start[1]]!;
      let from = ((z - start[0]) * ny + (y - start[1])) * nx * channels;
      let to = ((z * shape[1] + y) * shape[2] + start[2]) * channels;
      for (let x = start[2]; x < stop[2]; x++) {
        const w = weight * wx[x - start[2]]!;
        for (let c = 0; c < channels; c++) result[to++]! += w * data[from++]!;
      }
    }
  }
}
