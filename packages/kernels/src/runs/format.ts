/**
 * Layout of run-coded labels. Numbers are little endian.
 *
 *   0  "AXLR"      8  shape z, y, x: 3 × u32     24  per slice z: u32 end of its rows (from the body's start),
 *   4  version     20 CRC-32 of all bytes of         u32 CRC-32 of its rows
 *   5  3 × 0          header and index but these 4    …  body: the rows of slice 0, 1, …
 *
 * A volume without voxels has neither index nor body.
 */
import { KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";

export const HEADER_BYTES = 24;
export const INDEX_BYTES = 8;
const CRC_AT = 20;
const MAGIC = 0x524c5841; // "AXLR"
const VERSION = 1;

/** The whole row is as the row above it. */
export const ROW_AS_ABOVE = 0;
/** Value as predicted; varint length. */
export const RUN_LENGTH = 1;
/** Varint value, varint length. */
export const RUN_VALUE_LENGTH = 2;
/** Value as predicted; the end is the predicted one plus zigzag⁻¹(token - RUN_SHIFT). */
export const RUN_SHIFT = 3;
/** Largest shift that fits a token byte. */
export const MAX_SHIFT = 126;

export interface RunsHeader {
  readonly shape: Shape3;
  readonly bodyStart: number;
}

export function damaged(what: string): KernelError {
  return new KernelError(
    "E_CODEC_DAMAGED",
    `run-coded labels: ${what}; the bytes are damaged or of another format, make them again`,
  );
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function bodyStartOf(shape: Shape3): number {
  return HEADER_BYTES + (shape[0] * shape[1] * shape[2] === 0 ? 0 : shape[0] * INDEX_BYTES);
}

/** Writes header and index before the body that is in `bytes` already; `ends` count from the body's start. */
export function writeHeader(bytes: Uint8Array, shape: Shape3, ends: ArrayLike<number>): void {
  const view = viewOf(bytes);
  const bodyStart = bodyStartOf(shape);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  shape.forEach((n, axis) => {
    view.setUint32(8 + 4 * axis, n, true);
  });
  for (let z = 0, from = 0; z < ends.length; z++) {
    const end = ends[z]!;
    view.setUint32(HEADER_BYTES + z * INDEX_BYTES, end, true);
    view.setUint32(HEADER_BYTES + z * INDEX_BYTES + 4, crc32(bytes, bodyStart + from, bodyStart + end), true);
    from = end;
  }
  view.setUint32(CRC_AT, headerCrc(bytes, bodyStart), true);
}

/** Checks everything that can be checked without looking at the rows. Reads only header and index. */
export function readHeader(bytes: Uint8Array): RunsHeader {
  if (bytes.length < HEADER_BYTES) throw damaged(`expected a header of ${HEADER_BYTES} bytes, found ${bytes.length} bytes`);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) throw damaged("expected the bytes AXLR at the start");
  if (view.getUint32(4, true) !== VERSION) throw damaged(`expected version ${VERSION}, found ${view.getUint32(4, true)}`);
  const shape: Shape3 = [view.getUint32(8, true), view.getUint32(12, true), view.getUint32(16, true)];
  const bodyStart = bodyStartOf(shape);
  if (bytes.length < bodyStart) throw damaged(`expected an index of ${shape[0]} slices, found ${bytes.length} bytes in all`);
  if (view.getUint32(CRC_AT, true) !== headerCrc(bytes, bodyStart)) throw damaged("checksum of header and index does not fit");
  const slices = (bodyStart - HEADER_BYTES) / INDEX_BYTES;
  let from = 0;
  for (let z = 0; z < slices; z++) {
    const end = view.getUint32(HEADER_BYTES + z * INDEX_BYTES, true);
    if (end - from < shape[1]) throw damaged(`slice ${z} has ${end - from} bytes for ${shape[1]} rows`);
    from = end;
  }
  if (bytes.length !== bodyStart + from) throw damaged(`expected ${bodyStart + from} bytes, found ${bytes.length}`);
  return { shape, bodyStart };
}

/** Where the rows of slice `z` lie, after their checksum has been compared. */
export function sliceRange(bytes: Uint8Array, header: RunsHeader, z: number): { from: number; to: number } {
  const view = viewOf(bytes);
  const at = HEADER_BYTES + z * INDEX_BYTES;
  const from = header.bodyStart + (z === 0 ? 0 : view.getUint32(at - INDEX_BYTES, true));
  const to = header.bodyStart + view.getUint32(at, true);
  if (crc32(bytes, from, to) !== view.getUint32(at + 4, true)) throw damaged(`checksum of slice ${z} does not fit`);
  return { from, to };
}

function headerCrc(bytes: Uint8Array, bodyStart: number): number {
  return crc32(bytes, CRC_AT + 4, bodyStart, crc32(bytes, 0, CRC_AT));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of ISO 3309 (that of gzip and PNG) of bytes[from, to), going on from `before`. */
export function crc32(bytes: Uint8Array, from: number, to: number, before = 0): number {
  let crc = ~before;
  for (let i = from; i < to; i++) crc = CRC_TABLE[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
