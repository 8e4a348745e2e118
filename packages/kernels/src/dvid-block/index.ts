/**
 * DVID's label block: a block's labels as a table, and per sub-block of 8³ voxels the few that lie in it, with values of as many bits as
 * they need. Labels are uint64; the blocks are uncompressed (DVID stores and sends them inside gzip).
 *
 *     const bytes = encodeDvidBlock(labels, [64, 64, 64]);
 *     checkDvidBlock(bytes, [64, 64, 64]);               // before it is sent
 *     const same = decodeDvidBlock(bytes, [64, 64, 64]);
 */
import { checkLength, KernelError } from "../errors.ts";
import { remapLabels } from "../remap/index.ts";
import type { Shape3 } from "../shape.ts";
import { words } from "../words.ts";
import { countEntries } from "./counts.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { damaged, HEADER_BYTES, MOST_BLOCK_VOXELS, readParts } from "./format.ts";

/** Least edge of a block, and what edges are multiples of in DVID's instances. */
const EDGE = 16;

/**
 * The block of `blockShape` whose first voxel lies at `start` of a volume of labels (all z, y, x). Table and indices are sorted: equal
 * voxels give equal bytes. E_KERNEL_ARGUMENT where the edges are no multiples of 16 or the block is not inside.
 */
export function encodeDvidBlock(
  labels: BigUint64Array,
  shape: Shape3,
  start: Shape3 = [0, 0, 0],
  blockShape: Shape3 = shape,
): Uint8Array<ArrayBuffer> {
  checkLength("encodeDvidBlock labels", labels.length, shape);
  checkBlockShape("encodeDvidBlock", blockShape);
  const inside = start.every((n, a) => Number.isInteger(n) && n >= 0 && n + blockShape[a]! <= shape[a]!);
  if (!inside) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `encodeDvidBlock: expected a block inside [${shape.join(", ")}], found [${blockShape.join(", ")}] at [${start.join(", ")}]`,
    );
  }
  return encode(words(labels), shape, start, blockShape);
}

/** Labels of a block of known shape (z, y, x). Truncated or impossible bytes, or another shape: E_CODEC_DAMAGED. */
export function decodeDvidBlock(bytes: Uint8Array, blockShape: Shape3): BigUint64Array<ArrayBuffer> {
  const labels = new BigUint64Array(blockShape[0] * blockShape[1] * blockShape[2]);
  decodeDvidBlockInto(bytes, blockShape, labels, blockShape, [0, 0, 0]);
  return labels;
}

/**
 * Writes a block into a volume of labels, its first voxel at `start` (z, y, x; may be negative): what lies outside the volume is left out.
 * Errors as of {@link decodeDvidBlock}; then the volume may hold a part of the block.
 */
export function decodeDvidBlockInto(
  bytes: Uint8Array,
  blockShape: Shape3,
  labels: BigUint64Array,
  shape: Shape3,
  start: Shape3,
): void {
  checkLength("decodeDvidBlockInto labels", labels.length, shape);
  if (!start.every(Number.isInteger)) {
    throw new KernelError("E_KERNEL_ARGUMENT", `decodeDvidBlockInto start: expected integers, found [${start.join(", ")}]`);
  }
  decode(partsOf(bytes, blockShape), labels, shape, start);
}

/**
 * Throws E_CODEC_DAMAGED for what could hurt a server that stores the block as it is: another shape, missing or trailing bytes, indices
 * or values behind their table, and sub-blocks without labels (readable, but DVID's sparse volumes fail on them).
 */
export function checkDvidBlock(bytes: Uint8Array, blockShape: Shape3): void {
  checkBlockShape("checkDvidBlock", blockShape);
  const parts = partsOf(bytes, blockShape);
  const empty = parts.counts.indexOf(0);
  if (empty >= 0) throw damaged(`sub-block ${empty} has no label; expected at least one, 0 where there is none`);
  countEntries(parts);
}

/** The labels that have voxels in the block, ascending, 0 among them, and how many. Damaged bytes: E_CODEC_DAMAGED. */
export function countDvidBlock(bytes: Uint8Array): { labels: BigUint64Array; voxels: Uint32Array } {
  const parts = readParts(bytes);
  const { voxels, unlisted } = countEntries(parts);
  const totals = new Map<bigint, number>(unlisted > 0 ? [[0n, unlisted]] : []);
  for (let k = 0; k < voxels.length; k++) {
    if (voxels[k] === 0) continue;
    const label = (BigInt(parts.table[2 * k + 1]!) << 32n) | BigInt(parts.table[2 * k]!);
    totals.set(label, (totals.get(label) ?? 0) + voxels[k]!);
  }
  const labels = BigUint64Array.from(totals.keys()).sort();
  return { labels, voxels: Uint32Array.from(labels, (label) => totals.get(label)!) };
}

/** A copy of the block's label table, which may hold repeats and labels without voxels. Damaged bytes: E_CODEC_DAMAGED. */
export function dvidBlockTable(bytes: Uint8Array): BigUint64Array<ArrayBuffer> {
  return new BigUint64Array(Uint32Array.from(readParts(bytes).table).buffer);
}

/**
 * The same block with from[k] replaced by to[k]; only its table changes, so that it may hold repeats afterwards. `from` is sorted,
 * without repeats. E_CODEC_DAMAGED, or E_KERNEL_ARGUMENT as of `remapLabels`.
 */
export function relabelDvidBlock(bytes: Uint8Array, from: BigUint64Array, to: BigUint64Array): Uint8Array<ArrayBuffer> {
  const table = remapLabels(dvidBlockTable(bytes), from, to);
  const relabelled = new Uint8Array(bytes);
  relabelled.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), HEADER_BYTES);
  return relabelled;
}

function partsOf(bytes: Uint8Array, blockShape: Shape3) {
  const parts = readParts(bytes);
  if (parts.shape.some((n, a) => n !== blockShape[a])) {
    throw damaged(`expected ${blockShape.join(" × ")} voxels (z, y, x), found ${parts.shape.join(" × ")}`);
  }
  return parts;
}

function checkBlockShape(name: string, shape: Shape3): void {
  const voxels = shape[0] * shape[1] * shape[2];
  if (shape.length !== 3 || shape.some((n) => !(n >= EDGE) || n % EDGE !== 0) || voxels > MOST_BLOCK_VOXELS) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `${name} blockShape: expected multiples of ${EDGE} with a product up to ${MOST_BLOCK_VOXELS}, found [${shape.join(", ")}]`,
    );
  }
}
