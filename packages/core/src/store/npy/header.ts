/**
 * Header of NumPy's npy format, versions 1, 2 and 3: magic `\x93NUMPY`, two version bytes, the header's length (uint16, from
 * version 2 on uint32), then a Python dict `{'descr': '<u4', 'fortran_order': False, 'shape': (2, 3, 4), }` padded with spaces.
 * Reference: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { AxonloomError } from "../../errors.ts";
import type { Vec3 } from "../../geometry/box.ts";
import { BYTES_PER_VOXEL, type Dtype } from "../../volume/block.ts";

export interface NpyHeader {
  readonly dtype: Dtype;
  /** The file's integers are signed; they are read as unsigned, and negative ones refused. */
  readonly signed: boolean;
  readonly shape: Vec3;
  /** Where the voxels start, in bytes. */
  readonly dataOffset: number;
}

/** Bytes that {@link parseNpyHeader} needs at most: far more than a header of three dimensions takes. */
export const NPY_HEAD_BYTES = 4096;

export const NPY_MAGIC = "\x93NUMPY";
const READABLE: Readonly<Record<string, readonly [Dtype, boolean]>> = {
  "|u1": ["uint8", false],
  "<u1": ["uint8", false],
  "<u2": ["uint16", false],
  "<u4": ["uint32", false],
  "<u8": ["uint64", false],
  "<f4": ["float32", false],
  "|i1": ["uint8", true],
  "<i1": ["uint8", true],
  "<i2": ["uint16", true],
  "<i4": ["uint32", true],
  "<i8": ["uint64", true],
};
const WRITTEN: Readonly<Record<Dtype, string>> = { uint8: "|u1", uint16: "<u2", uint32: "<u4", uint64: "<u8", float32: "<f4" };

/** `E_SOURCE_DAMAGED`, `E_DTYPE` or `E_SOURCE_UNSUPPORTED` for what is no three-dimensional C-order array of a known type. */
export function parseNpyHeader(bytes: Uint8Array, source: string): NpyHeader {
  const damaged = (why: string) =>
    new AxonloomError("E_SOURCE_DAMAGED", `${source}: no valid npy header: ${why}; save it again with numpy.save`, { source });
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (!latin1.startsWith(NPY_MAGIC)) throw damaged("the file does not start with \\x93NUMPY");
  const major = bytes[6];
  if (major !== 1 && major !== 2 && major !== 3) throw damaged(`version ${major ?? "?"} is unknown (expected 1, 2 or 3)`);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw damaged("the file ends inside the header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataOffset = start + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (dataOffset > NPY_HEAD_BYTES) throw damaged(`a header of ${dataOffset} bytes is too long (at most ${NPY_HEAD_BYTES})`);
  if (dataOffset > bytes.length) throw damaged("the file ends inside the header");
  const dict = latin1.slice(start, dataOffset);

  const match = /^\{(.*)\}\s*$/s.exec(dict);
  if (match === null)
    throw damaged(`expected {'descr': …, 'fortran_order': …, 'shape': …}, found ${JSON.stringify(dict.slice(0, 100))}`);
  const entries = parseEntries(match[1]!);
  if (entries === null) throw damaged(`cannot read ${JSON.stringify(dict.slice(0, 100))}`);
  const { descr, fortran_order: fortran, shape: shapeText } = entries;

  if (fortran !== "True" && fortran !== "False") throw damaged(`fortran_order is ${fortran}`);
  const quoted = /^(['"])(.*)\1$/s.exec(descr);
  const type = quoted === null ? undefined : Object.hasOwn(READABLE, quoted[2]!) ? READABLE[quoted[2]!] : undefined;
  if (type === undefined) {
    throw new AxonloomError(
      "E_DTYPE",
      `${source}: expected little-endian voxels of ${Object.values(WRITTEN).join(", ")} or non-negative signed integers, found descr ${descr}; ` +
        "convert with numpy's astype",
      { source, descr },
    );
  }
  if (fortran === "True") {
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${source}: expected C order, found fortran_order; save numpy.ascontiguousarray(array)`,
      { source },
    );
  }
  const numbers = /^\(([\d,\s]*)\)$/.exec(shapeText);
  if (numbers === null) throw damaged(`shape is ${shapeText}`);
  const shape = numbers[1]!
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(Number);
  const product = shape.reduce((a, b) => a * b, 1);
  if (shape.length !== 3 || product === 0) {
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${source}: expected an array of three dimensions (z, y, x) with at least one voxel, found shape (${shape.join(", ")})`,
      { source, shape },
    );
  }
  if (!Number.isSafeInteger(product * BYTES_PER_VOXEL[type[0]])) throw damaged(`shape ${shapeText} is too large`);
  return { dtype: type[0], signed: type[1], shape: [shape[0]!, shape[1]!, shape[2]!], dataOffset };
}

/** The dict's three entries as written, in any order; null when something else is there. */
function parseEntries(body: string): Record<"descr" | "fortran_order" | "shape", string> | null {
  const entry = /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^']*'|"[^"]*"|\([\d,\s]*\)|True|False|\[[^\]]*\])\s*(,|$)/gy;
  const found: Partial<Record<string, string>> = {};
  let end = 0;
  for (let match = entry.exec(body); match !== null; match = entry.exec(body)) {
    if (found[match[2]!] !== undefined) return null;
    found[match[2]!] = match[3]!;
    end = entry.lastIndex;
  }
  const { descr, fortran_order, shape } = found;
  if (body.slice(end).trim() !== "" || descr === undefined || fortran_order === undefined || shape === undefined) return null;
  return { descr, fortran_order, shape };
}

/** A version 1 header; the voxels start at a multiple of 64 bytes. */
export function formatNpyHeader(dtype: Dtype, shape: Vec3): Uint8Array {
  const dict = `{'descr': '${WRITTEN[dtype]}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const total = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(total, " ");
  bytes.write(NPY_MAGIC, 0, "latin1");
  bytes[6] = 1;
  bytes[7] = 0;
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(dict, 10, "latin1");
  bytes.write("\n", total - 1);
  return bytes;
}
