/** What a plug-in gave back is checked before anything is built on it; errors name plug-in, subvolume and box. */
import { AxonloomError } from "../errors.ts";
import { type Box, formatBox, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import type { Mask, Predictions } from "./types.ts";

/** What is checked, for the error texts. */
export interface Checked {
  /** Name of the plug-in as the configuration has it. */
  readonly plugin: string;
  readonly subvolume: number;
  readonly bordered: Box;
}

/** `E_PLUGIN_RESULT` unless `value` is null or a Uint8Array of zeros and ones that fills the box. */
export function checkMask(value: unknown, where: Checked): Mask {
  if (value === null) return null;
  if (!(value instanceof Uint8Array))
    throw wrong(where, `expected a Uint8Array or null, found ${nameOf(value)}; return one of these`);
  checkFills(value.length, shapeOf(where.bordered), where);
  for (let i = 0; i < value.length; i++) {
    if (value[i]! > 1) throw wrong(where, `a mask holds 0 (leave out) and 1 (segment), found ${value[i]} at ${voxelAt(i, where)}`);
  }
  return value;
}

/** `E_PLUGIN_RESULT` unless `value` holds zyxc probabilities of the box: Uint8Array, or Float32Array with values in [0, 1]. */
export function checkPredictions(value: unknown, where: Checked): Predictions {
  const wanted = "expected { data: Float32Array | Uint8Array, shape: [z, y, x, channels] }";
  if (typeof value !== "object" || value === null || !("data" in value) || !("shape" in value)) {
    throw wrong(where, `${wanted}, found ${nameOf(value)}`);
  }
  const { data, shape } = value as { data: unknown; shape: unknown };
  if (!(data instanceof Float32Array) && !(data instanceof Uint8Array)) throw wrong(where, `${wanted}, found data ${nameOf(data)}`);
  const box = shapeOf(where.bordered);
  const channels = Array.isArray(shape) && shape.length === 4 ? (shape[3] as unknown) : undefined;
  if (!Number.isInteger(channels) || (channels as number) < 1 || box.some((n, axis) => (shape as unknown[])[axis] !== n)) {
    throw wrong(where, `expected the shape [${box.join(", ")}, channels], found ${JSON.stringify(shape)}`);
  }
  const count = channels as number;
  checkFills(data.length, box, where, count);
  if (data instanceof Float32Array) {
    for (let i = 0; i < data.length; i++) {
      // written so that NaN fails too
      if (!(data[i]! >= 0 && data[i]! <= 1)) {
        const at = voxelAt(Math.floor(i / count), where);
        throw wrong(where, `a probability must be a finite number from 0 to 1, found ${data[i]} at ${at}, channel ${i % count}`);
      }
    }
  }
  return { data, shape: [box[0], box[1], box[2], count] };
}

/** `E_PLUGIN_RESULT` unless `value` is a Uint32Array that fills the box and is 0 where `mask` is. */
export function checkLabels(value: unknown, mask: Mask, where: Checked): Uint32Array {
  if (!(value instanceof Uint32Array)) throw wrong(where, `expected a Uint32Array of labels, found ${nameOf(value)}`);
  checkFills(value.length, shapeOf(where.bordered), where);
  if (mask !== null) {
    for (let i = 0; i < value.length; i++) {
      if (mask[i] === 0 && value[i] !== 0) {
        throw wrong(where, `labels must be 0 where the mask is 0, found ${value[i]} at ${voxelAt(i, where)}`);
      }
    }
  }
  return value;
}

function checkFills(length: number, shape: Vec3, where: Checked, channels = 1): void {
  const expected = volumeOf(shape) * channels;
  if (length === expected) return;
  const of = channels === 1 ? "" : `, ${channels} channels`;
  throw wrong(where, `expected ${expected} values for the shape [${shape.join(", ")}] (z, y, x)${of}, found ${length}`);
}

/** An error of a plug-in's result: `details` says what was expected and found. */
export function wrong(where: Checked, details: string): AxonloomError {
  const { plugin, subvolume, bordered } = where;
  return new AxonloomError("E_PLUGIN_RESULT", `${plugin}, ${placeOf(where)}: ${details}`, { plugin, subvolume, box: bordered });
}

/** For people: `subvolume 3 (x 0..64, y 0..64, z 0..10)`. */
export function placeOf({ subvolume, bordered }: Omit<Checked, "plugin">): string {
  return `subvolume ${subvolume} (${formatBox(bordered)})`;
}

/** Position of a flat index in the volume, for people. */
function voxelAt(index: number, { bordered }: Checked): string {
  const [, ny, nx] = shapeOf(bordered);
  const x = index % nx;
  const y = Math.floor(index / nx) % ny;
  const z = Math.floor(index / (nx * ny));
  return `x ${bordered.start[2] + x}, y ${bordered.start[1] + y}, z ${bordered.start[0] + z}`;
}

/** For people: what kind of value was found. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object") return value.constructor?.name ?? "an object";
  return typeof value === "function" ? "a function" : `${typeof value} ${String(value)}`.slice(0, 60);
}
