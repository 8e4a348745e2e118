/** Request bodies for tests of a server, made with the stand-in's codec: frames of blocks, label indices, mappings. */
import { gzipSync } from "node:zlib";
import { encodeBlock } from "./fake-dvid/codec/block.ts";
import { mapEntry, writeFields } from "./fake-dvid/codec/protobuf.ts";
import { blockKey } from "./fake-dvid/labels/state.ts";

type Xyz = readonly [x: number, y: number, z: number];

/** A block whose first `voxels` voxels have the label `few`, the others `many`. */
export function blockOf(many: bigint, few = many, voxels = 0, side = 64): Uint8Array {
  return encodeBlock(new BigUint64Array(side ** 3).fill(many).fill(few, 0, voxels), [side, side, side]);
}

export function frame(place: Xyz, block: Uint8Array): Buffer {
  const payload = gzipSync(block, { level: 1 });
  const head = Buffer.alloc(16);
  for (const [i, value] of [...place, payload.length].entries()) head.writeInt32LE(value, 4 * i);
  return Buffer.concat([head, payload]);
}

/** Voxels of each supervoxel in each block of a body. */
export type Counts = readonly (readonly [place: Xyz, supervoxels: Readonly<Record<string, number>>])[];

export function labelIndex(label: bigint, counts: Counts): Buffer {
  const blocks = counts.map(([place, supervoxels]) => {
    const entries = Object.entries(supervoxels).map(([id, n]) => writeFields([[1, mapEntry(BigInt(id), BigInt(n))]]));
    return writeFields([[1, mapEntry(blockKey(place), Buffer.concat(entries))]]);
  });
  return Buffer.concat([...blocks, writeFields([[2, label]])]);
}

export const labelIndices = (...list: readonly Buffer[]): Buffer => writeFields(list.map((index) => [1, index]));

/** Supervoxels of a body, as `POST mappings` takes them. */
export const mappingOf = (body: bigint, ...supervoxels: readonly bigint[]): Buffer =>
  writeFields([[1, writeFields([[1, 1n], [2, body], ...supervoxels.map((id): [number, bigint] => [3, id])])]]);
