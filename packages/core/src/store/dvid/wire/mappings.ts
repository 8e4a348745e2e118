/** Which supervoxels belong to which bodies: what is posted, and the two forms in which it is got. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { badAnswer } from "./answer.ts";

/** From supervoxels to bodies: `to[k]` is the body of `from[k]`, 0 where that is no supervoxel any more. `from` rises. */
export interface Mappings {
  readonly from: BigUint64Array;
  readonly to: BigUint64Array;
}

/** One step that gives supervoxels to a body. */
export interface MappingOp {
  readonly body: bigint;
  readonly supervoxels: readonly bigint[];
  readonly mutationId: bigint;
}

const field = (number: number, type: WireType) => ((number << 3) | type) >>> 0;

/** `MappingOps { repeated MappingOp mappings = 1 }`, `MappingOp { uint64 mutid = 1; uint64 mapped = 2; repeated uint64 original = 3 }`. */
export function encodeMappingOps(ops: readonly MappingOp[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const { body, supervoxels, mutationId } of ops) {
    writer.uint32(field(1, WireType.LengthDelimited)).fork();
    writer.uint32(field(1, WireType.Varint)).uint64(mutationId).uint32(field(2, WireType.Varint)).uint64(body);
    writer.uint32(field(3, WireType.LengthDelimited)).fork();
    for (const supervoxel of supervoxels) writer.uint64(supervoxel);
    writer.join().join();
  }
  return writer.finish();
}

/** `format=binary`: pairs of uint64. `E_DVID_ANSWER`. */
export function decodeMappings(bytes: Uint8Array): Mappings {
  if (bytes.length % 16 !== 0)
    throw badAnswer(`mappings: expected pairs of 8 bytes, found ${bytes.length} bytes`, bytes.subarray(-300));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const pairs = Array.from({ length: bytes.length / 16 }, (_, k): [bigint, bigint] => [
    view.getBigUint64(16 * k, true),
    view.getBigUint64(16 * k + 8, true),
  ]);
  return sorted(pairs);
}

/** Lines `supervoxel body`. `E_DVID_ANSWER`. */
export function parseMappings(text: string): Mappings {
  const pairs = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line, k): [bigint, bigint] => {
      const ids = /^(\d{1,20}) (\d{1,20})$/.exec(line);
      if (ids === null) throw badAnswer(`mappings: expected two ids in line ${k + 1}, found "${line.slice(0, 80)}"`);
      return [BigInt(ids[1]!), BigInt(ids[2]!)];
    });
  return sorted(pairs);
}

function sorted(pairs: [bigint, bigint][]): Mappings {
  pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (let k = 1; k < pairs.length; k++) {
    if (pairs[k - 1]![0] === pairs[k]![0]) throw badAnswer(`mappings: supervoxel ${pairs[k]![0]} comes twice`);
  }
  return { from: BigUint64Array.from(pairs, ([from]) => from), to: BigUint64Array.from(pairs, ([, to]) => to) };
}
