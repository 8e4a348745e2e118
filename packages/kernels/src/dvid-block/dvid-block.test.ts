/** The block codec against its plain version, blocks recorded from a server, and damage. */
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { downsampleMode } from "../downsample/index.ts";
import { KernelError } from "../errors.ts";
import { dvidGolden, dvidGoldenAvailable } from "../real-data.suite.ts";
import { uniqueLabels } from "../remap/index.ts";
import type { Shape3 } from "../shape.ts";
import {
  checkDvidBlock,
  countDvidBlock,
  decodeDvidBlock,
  decodeDvidBlockInto,
  dvidBlockTable,
  encodeDvidBlock,
  relabelDvidBlock,
} from "./index.ts";
import { decodeReference, encodeReference } from "./reference.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return "none";
}

const bytesOf = (array: BigUint64Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const same = (a: BigUint64Array, b: BigUint64Array) => bytesOf(a).equals(bytesOf(b));

function plainCounts(labels: BigUint64Array) {
  const counts = new Map<bigint, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([p], [q]) => (p < q ? -1 : 1));
}

const countsOf = (bytes: Uint8Array) => {
  const { labels, voxels } = countDvidBlock(bytes);
  return Array.from(labels, (label, k) => [label, voxels[k]]);
};

/** Numbers that repeat with the seed. */
function generator(seed: number) {
  let state = seed >>> 0;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const shapes = fc.constantFrom<Shape3>([16, 16, 16], [16, 32, 16], [32, 16, 48]);
const volumes = fc
  .record({
    shape: shapes,
    distinct: fc.constantFrom(1, 2, 3, 4, 5, 9, 40, 300, 3000),
    repeat: fc.constantFrom(1, 3, 20, 200),
    step: fc.constantFrom(1n, 3n << 31n, 0x1_2345_6789_abcdn),
    seed: fc.nat(),
  })
  .map(({ shape, distinct, repeat, step, seed }) => {
    const next = generator(seed);
    const labels = new BigUint64Array(shape[0] * shape[1] * shape[2]);
    const pick = () => BigInt.asUintN(64, 2n ** 64n - 1n - BigInt(next(distinct)) * step);
    for (let i = 0, label = pick(); i < labels.length; i++) {
      if (next(repeat) === 0) label = pick();
      labels[i] = label;
    }
    return { shape, labels };
  });

test("the bytes and labels of the plain codec; counts, table and check agree", () => {
  fc.assert(
    fc.property(volumes, ({ shape, labels }) => {
      const bytes = encodeDvidBlock(labels, shape);
      expect(Buffer.compare(bytes, encodeReference(Array.from(labels), shape))).toBe(0);
      expect(same(decodeDvidBlock(bytes, shape), labels)).toBe(true);
      expect(same(BigUint64Array.from(decodeReference(bytes)), labels)).toBe(true);
      expect(codeOf(() => checkDvidBlock(bytes, shape))).toBe("none");
      expect(countsOf(bytes)).toEqual(plainCounts(labels));
      expect(dvidBlockTable(bytes)).toEqual(uniqueLabels(labels));
    }),
    { numRuns: 30 },
  );
});

/** One block whose sub-block s has s + 1 labels: every number of labels, every number of bits. */
function allCounts(): BigUint64Array {
  const labels = new BigUint64Array(64 ** 3);
  const next = generator(7);
  for (let s = 0; s < 512; s++) {
    const [z, y, x] = [s >> 6, (s >> 3) & 7, s & 7].map((n) => 8 * n) as [number, number, number];
    for (let i = 0; i < 512; i++) {
      const value = i <= s ? s - i : next(s + 1);
      labels[((z + (i >> 6)) * 64 + y + ((i >> 3) & 7)) * 64 + x + (i & 7)] = (BigInt(value) << 55n) + BigInt(value);
    }
  }
  return labels;
}

test("sub-blocks of 1 to 512 labels", () => {
  const labels = allCounts();
  const shape: Shape3 = [64, 64, 64];
  const bytes = encodeDvidBlock(labels, shape);
  const [n] = new Uint32Array(bytes.buffer, 12, 1);
  expect(n).toBe(512);
  expect(Array.from(new Uint16Array(bytes.buffer, 16 + 8 * n!, 512))).toEqual(Array.from({ length: 512 }, (_, s) => s + 1));
  checkDvidBlock(bytes, shape);
  expect(same(decodeDvidBlock(bytes, shape), labels)).toBe(true);
  expect(same(BigUint64Array.from(decodeReference(bytes)), labels)).toBe(true);
  expect(countsOf(bytes)).toEqual(plainCounts(labels));
});

test("a block of a larger volume; decoding into one, cut at its faces", () => {
  const shape: Shape3 = [40, 33, 50];
  const next = generator(3);
  const labels = BigUint64Array.from({ length: 40 * 33 * 50 }, (_, i) => (next(9) < 7 ? 5n : BigInt(i % 17) << 40n));
  const block: Shape3 = [16, 16, 32];
  const cut = (start: Shape3, volume: BigUint64Array) => {
    const out = new BigUint64Array(16 * 16 * 32);
    for (let i = 0; i < out.length; i++) {
      const [z, y, x] = [start[0] + (i >> 9), start[1] + ((i >> 5) & 15), start[2] + (i & 31)] as const;
      const inside = z >= 0 && y >= 0 && x >= 0 && z < 40 && y < 33 && x < 50;
      out[i] = inside ? volume[(z * 33 + y) * 50 + x]! : 0n;
    }
    return out;
  };
  for (const start of [
    [0, 0, 0],
    [24, 17, 18],
    [3, 7, 11],
  ] as Shape3[]) {
    const bytes = encodeDvidBlock(labels, shape, start, block);
    expect(bytes).toEqual(encodeDvidBlock(cut(start, labels), block));
  }
  const source = cut([3, 7, 11], labels);
  for (const voxels of [source, source.map(() => 77n)]) {
    const bytes = encodeDvidBlock(voxels, block);
    for (const start of [
      [24, 17, 18],
      [-5, 20, -9],
      [38, -15, 49],
      [-16, 0, 0],
      [40, 33, 50],
    ] as Shape3[]) {
      const target = new BigUint64Array(labels.length).fill(1n);
      decodeDvidBlockInto(bytes, block, target, shape, start);
      const expected = new BigUint64Array(labels.length).fill(1n);
      for (let i = 0; i < voxels.length; i++) {
        const [z, y, x] = [start[0] + (i >> 9), start[1] + ((i >> 5) & 15), start[2] + (i & 31)] as const;
        if (z >= 0 && y >= 0 && x >= 0 && z < 40 && y < 33 && x < 50) expected[(z * 33 + y) * 50 + x] = voxels[i]!;
      }
      expect(same(target, expected)).toBe(true);
    }
  }
});

/** A block of 16³ by hand: sub-block 0 without labels, 1 and 2 of one label, 3 of two entries that are the same label, the rest 9. */
function handMade(): Uint8Array<ArrayBuffer> {
  const table = [9n, 4n, 4n, 2n ** 64n - 2n];
  const bytes = new Uint8Array(16 + 8 * 4 + 2 * 8 + 4 * 8 + 64);
  const view = new DataView(bytes.buffer);
  for (const [k, n] of [2, 2, 2, 4].entries()) view.setUint32(4 * k, n, true);
  for (const [k, label] of table.entries()) view.setBigUint64(16 + 8 * k, label, true);
  for (const [s, n] of [0, 1, 1, 2, 1, 1, 1, 1].entries()) view.setUint16(48 + 2 * s, n, true);
  for (const [i, entry] of [3, 1, 2, 1, 0, 0, 0, 0].entries()) view.setUint32(64 + 4 * i, entry, true);
  bytes.fill(0b10100000, 96);
  return bytes;
}

test("no labels in a sub-block, repeats in the table: read, counted, relabelled; only the first is refused by the check", () => {
  const bytes = handMade();
  const labels = decodeDvidBlock(bytes, [16, 16, 16]);
  expect(same(BigUint64Array.from(decodeReference(bytes)), labels)).toBe(true);
  expect([labels[0], labels[8], labels[8 * 16], labels[8 * 16 + 8], labels[8 * 256]]).toEqual([0n, 2n ** 64n - 2n, 4n, 4n, 9n]);
  const expected = [
    [0n, 512],
    [4n, 1024],
    [9n, 2048],
    [2n ** 64n - 2n, 512],
  ];
  expect(countsOf(bytes)).toEqual(expected);
  expect(codeOf(() => checkDvidBlock(bytes, [16, 16, 16]))).toBe("E_CODEC_DAMAGED");
  const odd = new Uint8Array(bytes.length + 1);
  odd.set(bytes, 1);
  expect(countsOf(odd.subarray(1))).toEqual(expected);
  expect(countsOf(Buffer.from(odd.buffer, 1))).toEqual(expected);

  const joined = relabelDvidBlock(bytes, BigUint64Array.of(4n, 9n), BigUint64Array.of(2n ** 63n, 2n ** 63n));
  expect(dvidBlockTable(joined)).toEqual(BigUint64Array.of(2n ** 63n, 2n ** 63n, 2n ** 63n, 2n ** 64n - 2n));
  expect(dvidBlockTable(bytes)[0]).toBe(9n);
  const wanted = labels.map((label) => (label === 4n || label === 9n ? 2n ** 63n : label));
  expect(same(decodeDvidBlock(joined, [16, 16, 16]), wanted)).toBe(true);
});

test("one label: 24 bytes", () => {
  const bytes = encodeDvidBlock(new BigUint64Array(4096).fill(2n ** 63n + 1n), [16, 16, 16]);
  expect(Array.from(bytes)).toEqual([2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 128]);
});

test("damage: a typed error, and what the check accepts can be read", () => {
  const shape: Shape3 = [16, 16, 16];
  const next = generator(11);
  const bytes = encodeDvidBlock(
    BigUint64Array.from({ length: 4096 }, (_, i) => BigInt(i & 8 ? next(3) : next(40))),
    shape,
  );
  for (let length = 0; length < bytes.length; length += 7) {
    expect(codeOf(() => decodeDvidBlock(bytes.subarray(0, length), shape))).toBe("E_CODEC_DAMAGED");
    expect(codeOf(() => checkDvidBlock(bytes.subarray(0, length), shape))).toBe("E_CODEC_DAMAGED");
  }
  const longer = new Uint8Array(bytes.length + 4);
  longer.set(bytes);
  expect(codeOf(() => checkDvidBlock(longer, shape))).toBe("E_CODEC_DAMAGED");
  expect(codeOf(() => checkDvidBlock(bytes, [32, 16, 16]))).toBe("E_CODEC_DAMAGED");
  const codes = { check: new Set<string>(), decode: new Set<string>() };
  const tryBoth = (changed: Uint8Array) => {
    const check = codeOf(() => checkDvidBlock(changed, shape));
    const decode = codeOf(() => expect(decodeDvidBlock(changed, shape).length).toBe(4096));
    const count = codeOf(() => countDvidBlock(changed));
    if (check === "none") expect([decode, count]).toEqual(["none", "none"]);
    codes.check.add(check);
    codes.decode.add(decode);
  };
  const place = fc.oneof(fc.nat(bytes.length - 1), fc.nat(600));
  fc.assert(
    fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
      const changed = bytes.slice();
      for (const [at, value] of changes) changed[at] = value;
      tryBoth(changed);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryBoth));
  expect([...codes.check].sort()).toEqual(["E_CODEC_DAMAGED", "none"]);
  expect([...codes.decode].sort()).toEqual(["E_CODEC_DAMAGED", "none"]);
});

test("damage by hand: an index behind the table, a value behind the list, huge headers", () => {
  const shape: Shape3 = [16, 16, 16];
  const three = encodeDvidBlock(
    BigUint64Array.from({ length: 4096 }, (_, i) => BigInt(i % 3)),
    shape,
  );
  const index = three.slice();
  new Uint32Array(index.buffer)[(16 + 24 + 16) / 4] = 3;
  expect(() => checkDvidBlock(index, shape)).toThrow(/index 3 at place 0 is behind the last of 3 labels/);
  const value = three.slice();
  value[16 + 24 + 16 + 4 * 24] = 0b11000000;
  expect(() => checkDvidBlock(value, shape)).toThrow(/value 3 in a sub-block of 3 labels/);
  expect(codeOf(() => decodeDvidBlock(value, shape))).toBe("E_CODEC_DAMAGED");
  for (const header of [
    [0xffffffff, 0xffffffff, 0xffffffff, 1],
    [2, 2, 2, 0],
    [2, 2, 2, 0xffffffff],
    [0, 2, 2, 1],
  ]) {
    const bytes = new Uint8Array(24);
    new Uint32Array(bytes.buffer).set(header);
    expect(codeOf(() => countDvidBlock(bytes))).toBe("E_CODEC_DAMAGED");
  }
});

test("wrong arguments", () => {
  const labels = new BigUint64Array(4096);
  expect(codeOf(() => encodeDvidBlock(labels, [16, 16, 17]))).toBe("E_KERNEL_ARGUMENT");
  expect(codeOf(() => encodeDvidBlock(new BigUint64Array(512), [8, 8, 8]))).toBe("E_KERNEL_ARGUMENT");
  expect(codeOf(() => encodeDvidBlock(labels, [16, 16, 16], [0, 0, 1]))).toBe("E_KERNEL_ARGUMENT");
  expect(codeOf(() => decodeDvidBlockInto(handMade(), [16, 16, 16], labels, [16, 16, 16], [0, 0.5, 0]))).toBe("E_KERNEL_ARGUMENT");
});

test.skipIf(!dvidGoldenAvailable)("blocks recorded from a server: bytes of the client's encoder, voxels of the server's", () => {
  const cube: Shape3 = [64, 64, 64];
  for (const [name, suffix] of [
    ["solid", ""],
    ["two", ".gz"],
    ["three", ".gz"],
    ["wide", ".gz"],
    ["big", ""],
    ["cells", ".gz"],
  ] as const) {
    const labels = new BigUint64Array(dvidGolden(`block_${name}.u64.gz`).buffer);
    const client = dvidGolden(`block_${name}.client.dvidblock${suffix}`);
    expect(Buffer.compare(encodeDvidBlock(labels, cube), client), name).toBe(0);
    const blocks = [client, ...(name === "wide" || name === "cells" ? [dvidGolden(`block_${name}.server.dvidblock.gz`)] : [])];
    for (const block of blocks) {
      checkDvidBlock(block, cube);
      expect(same(decodeDvidBlock(block, cube), labels), name).toBe(true);
      expect(countsOf(block), name).toEqual(plainCounts(labels));
    }
  }
});

/** Frames of a recorded stream (int32 x, y, z, length before each payload), by block x, y, z. */
function frames(name: string): Map<string, Uint8Array> {
  const body = dvidGolden(name);
  const view = new DataView(body.buffer);
  const found = new Map<string, Uint8Array>();
  for (let at = 0; at < body.length; ) {
    const length = view.getInt32(at + 12, true);
    found.set([0, 4, 8].map((k) => view.getInt32(at + k, true)).join(), gunzipSync(body.subarray(at + 16, at + 16 + length)));
    at += 16 + length;
  }
  return found;
}

test.skipIf(!dvidGoldenAvailable)("a coarser level recorded from a server: the mode that ignores 0", () => {
  const fine = frames("get_blocks_64_native.response.bin");
  const coarse = frames("get_blocks_64_scale1_native.response.bin");
  const row = new BigUint64Array(64 * 64 * 384);
  expect(fine.size).toBe(6);
  for (const [key, block] of fine) {
    decodeDvidBlockInto(block, [64, 64, 64], row, [64, 64, 384], [0, 0, 64 * Number(key.split(",")[0])]);
  }
  const { data } = downsampleMode(row, [64, 64, 384], [2, 2, 2], { ignoreZero: true });
  expect([...coarse.keys()].sort()).toEqual(["0,0,0", "1,0,0", "2,0,0"]);
  const found = new BigUint64Array(64 * 64 * 192);
  for (const [key, block] of coarse) {
    decodeDvidBlockInto(block, [64, 64, 64], found, [64, 64, 192], [0, 0, 64 * Number(key.split(",")[0])]);
  }
  const expected = new BigUint64Array(found.length);
  for (let z = 0; z < 32; z++)
    for (let y = 0; y < 32; y++) expected.set(data.subarray((z * 32 + y) * 192, (z * 32 + y + 1) * 192), (z * 64 + y) * 192);
  expect(same(found, expected)).toBe(true);
});

test.skipIf(!dvidGoldenAvailable)("16³ blocks recorded before and after a merge: one label twice in a table", () => {
  const shape: Shape3 = [16, 16, 16];
  const supervoxels = frames("get_blocks_16_after_merge_supervoxels.response.bin");
  const bodies = frames("get_blocks_16_after_merge.response.bin");
  let repeats = 0;
  for (const [key, block] of bodies) {
    const table = dvidBlockTable(block);
    if (new Set(table).size < table.length) repeats++;
    const before = decodeDvidBlock(supervoxels.get(key)!, shape);
    expect(
      same(
        decodeDvidBlock(block, shape),
        before.map((label) => (label === 4n ? 3n : label)),
      ),
    ).toBe(true);
    expect(countsOf(block)).toEqual(plainCounts(decodeDvidBlock(block, shape)));
    const relabelled = relabelDvidBlock(supervoxels.get(key)!, BigUint64Array.of(4n), BigUint64Array.of(3n));
    expect(same(decodeDvidBlock(relabelled, shape), decodeDvidBlock(block, shape))).toBe(true);
  }
  expect(repeats).toBeGreaterThan(0);
});
