/**
 * Label indices of DVID: which blocks a body has voxels in, and how many of which supervoxel. Protocol buffers:
 *
 *     LabelIndices { repeated LabelIndex indices = 1 }
 *     LabelIndex { map<uint64, SVCount> blocks = 1; uint64 label = 2; uint64 last_mutid = 3; string last_mod_time = 4; … }
 *     SVCount { map<uint64, uint32> counts = 1; uint64 surface_mutid = 2 }
 *
 * The keys of `blocks` are those of block-key.ts. An index without blocks deletes the body's.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Vec3 } from "../../../geometry/box.ts";
import { reading } from "./answer.ts";
import { blockKey, blockOfKey } from "./block-key.ts";

/** Voxels of each supervoxel in a block. */
export interface BlockCounts {
  /** z, y, x, counted in blocks. */
  readonly block: Vec3;
  /** By supervoxel. */
  readonly counts: ReadonlyMap<bigint, number>;
}

export interface LabelIndex {
  /** The body. */
  readonly label: bigint;
  readonly blocks: readonly BlockCounts[];
  /** Who changed it last and the like, as it came; absent where nothing did. */
  readonly others?: Uint8Array;
}

const field = (number: number, type: WireType) => ((number << 3) | type) >>> 0;
const ENTRY = field(1, WireType.LengthDelimited);
const KEY = field(1, WireType.Varint);
const VALUE = field(2, WireType.Varint);
const VALUE_MESSAGE = field(2, WireType.LengthDelimited);
const LABEL = field(2, WireType.Varint);

/** `LabelIndices`; equal indices give equal bytes: blocks in the order of their keys, supervoxels ascending. */
export function encodeLabelIndices(indices: readonly LabelIndex[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const index of indices) {
    writer.uint32(ENTRY).fork();
    writeIndex(writer, index);
    writer.join();
  }
  return writer.finish();
}

/** The indices of `LabelIndices`, in their order; an absent body has one without blocks. `E_DVID_ANSWER`. */
export function decodeLabelIndices(bytes: Uint8Array): LabelIndex[] {
  return reading("label indices", () => {
    const indices: LabelIndex[] = [];
    readFields(bytes, (tag, reader) => {
      if (tag !== ENTRY) return false;
      indices.push(readIndex(reader.bytes()));
      return true;
    });
    return indices;
  });
}

/** A `LabelIndex` by itself. `E_DVID_ANSWER`. */
export function decodeLabelIndex(bytes: Uint8Array): LabelIndex {
  return reading("a label index", () => readIndex(bytes));
}

/** A `LabelIndex` by itself. */
export function encodeLabelIndex(index: LabelIndex): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  writeIndex(writer, index);
  return writer.finish();
}

function writeIndex(writer: BinaryWriter, { label, blocks, others }: LabelIndex): void {
  const keyed = blocks.map(({ block, counts }) => ({ key: blockKey(block), counts }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  for (const { key, counts } of keyed) {
    writer.uint32(ENTRY).fork().uint32(KEY).uint64(key).uint32(VALUE_MESSAGE).fork();
    for (const supervoxel of counts.size > 1 ? [...counts.keys()].sort((a, b) => (a < b ? -1 : 1)) : counts.keys()) {
      writer.uint32(ENTRY).fork().uint32(KEY).uint64(supervoxel).uint32(VALUE).uint32(counts.get(supervoxel)!).join();
    }
    writer.join().join();
  }
  if (label !== 0n) writer.uint32(LABEL).uint64(label);
  if (others !== undefined) writer.raw(others);
}

function readIndex(bytes: Uint8Array): LabelIndex {
  let label = 0n;
  const blocks = new Map<bigint, BlockCounts>();
  const others: Uint8Array[] = [];
  readFields(bytes, (tag, reader, start) => {
    if (tag === ENTRY) {
      const [key, counts] = readBlock(reader.bytes());
      blocks.set(key, { block: blockOfKey(key), counts });
    } else if (tag === LABEL) label = BigInt(reader.uint64());
    else {
      reader.skip(tag & 7, tag >>> 3);
      others.push(bytes.subarray(start, reader.pos));
    }
    return true;
  });
  const index = { label, blocks: [...blocks.values()] };
  return others.length === 0 ? index : { ...index, others: Uint8Array.from(Buffer.concat(others)) };
}

function readBlock(bytes: Uint8Array): [bigint, Map<bigint, number>] {
  let key = 0n;
  const counts = new Map<bigint, number>();
  readFields(bytes, (tag, reader) => {
    if (tag === KEY) key = BigInt(reader.uint64());
    else if (tag === VALUE_MESSAGE) {
      readFields(reader.bytes(), (inner, countsReader) => {
        if (inner !== ENTRY) return false;
        const [supervoxel, voxels] = readCount(countsReader.bytes());
        counts.set(supervoxel, voxels);
        return true;
      });
    } else return false;
    return true;
  });
  return [key, counts];
}

function readCount(bytes: Uint8Array): [bigint, number] {
  let supervoxel = 0n;
  let voxels = 0;
  readFields(bytes, (tag, reader) => {
    if (tag === KEY) supervoxel = BigInt(reader.uint64());
    else if (tag === VALUE) voxels = reader.uint32();
    else return false;
    return true;
  });
  return [supervoxel, voxels];
}

/** Gives each field, and where it starts, to `read`, which consumes it or answers false. */
function readFields(bytes: Uint8Array, read: (tag: number, reader: BinaryReader, start: number) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    if (!read(field(number, type), reader, start)) reader.skip(type, number);
  }
}
