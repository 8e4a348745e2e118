/** Label indices and mappings: bytes and contents recorded from a server, round trips, damage. */
import { decodeDvidBlock } from "@axonloom/kernels";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Vec3 } from "../../../geometry/box.ts";
import { blockKey, blockOfKey } from "./block-key.ts";
import { decodeFrames } from "./frames.ts";
import { golden, goldenAvailable, goldenText } from "./golden.suite.ts";
import { unzipBlock } from "./gzip.ts";
import {
  type BlockCounts,
  decodeLabelIndex,
  decodeLabelIndices,
  encodeLabelIndex,
  encodeLabelIndices,
  type LabelIndex,
} from "./label-index.ts";
import { decodeMappings, encodeMappingOps, parseMappings } from "./mappings.ts";

const ANSWER = expect.objectContaining({ code: "E_DVID_ANSWER" });
const counts = (...pairs: [bigint, number][]) => new Map(pairs);
const label = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const coordinate = fc.integer({ min: -(2 ** 20) + 1, max: 2 ** 20 - 1 });
const block = fc.tuple(coordinate, coordinate, coordinate).map((b) => b.map((n) => n + 0) as unknown as Vec3);

test("block keys: three numbers of sign and magnitude", () => {
  expect(blockKey([0, 0, 5])).toBe(5n);
  expect(blockKey([1, 0, 0])).toBe(1n << 42n);
  expect(blockKey([0, -1, 0])).toBe(((1n << 20n) | 1n) << 21n);
  expect(blockOfKey((1n << 20n) | (1n << 62n))).toEqual([0, 0, 0]); // -0
  fc.assert(
    fc.property(block, (b) => {
      expect(blockOfKey(blockKey(b))).toEqual(b);
      const plain = b.map((n) => BigInt(Math.abs(n)) | (n < 0 ? 1n << 20n : 0n));
      expect(blockKey(b)).toBe((plain[0]! << 42n) | (plain[1]! << 21n) | plain[2]!);
    }),
  );
  expect(() => blockKey([0, 0, 2 ** 20])).toThrow(expect.objectContaining({ code: "E_OUT_OF_BOUNDS" }));
});

const blocks = fc.uniqueArray(
  fc.record({
    block,
    counts: fc
      .uniqueArray(fc.tuple(label, fc.integer({ min: 0, max: 2 ** 32 - 1 })), {
        selector: ([id]) => id,
        minLength: 1,
        maxLength: 4,
      })
      .map((pairs) => new Map(pairs)),
  }),
  { selector: (b) => b.block.join(), maxLength: 5 },
);

/** Without the order, which is free. */
const contents = (index: LabelIndex) => ({
  label: index.label,
  blocks: new Map(index.blocks.map((b) => [b.block.join(), b.counts])),
});

test("what was encoded comes back, and its order does not show", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ label, blocks }), { maxLength: 4 }), (indices) => {
      const bytes = encodeLabelIndices(indices);
      expect(decodeLabelIndices(bytes).map(contents)).toEqual(indices.map(contents));
      const turned = indices.map(({ label, blocks }) => ({
        label,
        blocks: [...blocks].reverse().map((b): BlockCounts => ({ block: b.block, counts: new Map([...b.counts].reverse()) })),
      }));
      expect(encodeLabelIndices(turned)).toEqual(bytes);
      for (const index of indices) expect(contents(decodeLabelIndex(encodeLabelIndex(index)))).toEqual(contents(index));
    }),
    { numRuns: 200 },
  );
});

test("damaged indices: an error of ours, or some index", () => {
  const bytes = encodeLabelIndices([
    { label: 7n, blocks: [{ block: [1, -2, 3], counts: counts([2n ** 63n, 9], [5n, 1]) }] },
    { label: 2n ** 64n - 1n, blocks: [] },
  ]);
  const codes = new Set<unknown>();
  const read = (changed: Uint8Array) => {
    try {
      codes.add(decodeLabelIndices(changed).length >= 0);
    } catch (error) {
      codes.add((error as { code: unknown }).code);
    }
  };
  for (let length = 0; length < bytes.length; length++) read(bytes.subarray(0, length));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const changed = bytes.slice();
      changed[at] = value;
      read(changed);
    }),
    { numRuns: 500 },
  );
  expect(codes).toEqual(new Set([true, "E_DVID_ANSWER"]));
});

test.skipIf(!goldenAvailable)("indices posted to a server and got from it", () => {
  const posted = golden("post_indices.request.pb");
  const nine: LabelIndex = {
    label: 900n,
    blocks: [
      { block: [0, 0, 0], counts: counts([900n, 10]) },
      { block: [-3, 2, -1], counts: counts([900n, 5], [901n, 6]) },
    ],
  };
  const sent: LabelIndex[] = decodeLabelIndices(posted);
  expect(Buffer.compare(encodeLabelIndices(sent), posted)).toBe(0);
  expect(sent.map(({ label }) => label)).toEqual([900n, 5n]);
  expect(sent[1]!.blocks).toEqual([]);
  expect(contents(sent[0]!)).toEqual(contents(decodeLabelIndex(golden("index_900.pb"))));
  expect(sent[0]!.blocks.map((b) => b.block)).toEqual(nine.blocks.map((b) => b.block));
  expect([...sent[0]!.blocks[1]!.counts]).toEqual([...nine.blocks[1]!.counts]);

  expect(decodeLabelIndex(golden("index_11.pb"))).toEqual({
    label: 11n,
    blocks: [{ block: [0, 0, 1], counts: counts([11n, 126_976]) }],
  });
  expect(decodeLabelIndices(golden("indices.pb"))).toEqual([
    { label: 7n, blocks: [{ block: [0, 0, 0], counts: counts([7n, 64 ** 3]) }] },
    { label: 11n, blocks: [{ block: [0, 0, 1], counts: counts([11n, 126_976]) }] },
    { label: 99n, blocks: [] },
  ]);
});

test.skipIf(!goldenAvailable)("the index of a server holds what its blocks hold, at negative places too", async () => {
  const index = decodeLabelIndex(golden("index_3_negative.pb"));
  const expected = new Map<string, Map<bigint, number>>();
  for await (const { block, payload } of decodeFrames([golden("get_blocks_16_blocks.response.bin")])) {
    const voxels = decodeDvidBlock(unzipBlock(payload, 2 ** 16), [16, 16, 16]).filter((id) => id === 3n).length;
    if (voxels > 0) expected.set(block.join(), counts([3n, voxels]));
  }
  expect(contents(index)).toEqual({ label: 3n, blocks: expected });
  expect([...expected.keys()].some((key) => key.includes("-"))).toBe(true);
});

test("mappings of every form", () => {
  const pairs = fc.uniqueArray(fc.tuple(label, label), { selector: ([from]) => from, maxLength: 20 });
  fc.assert(
    fc.property(pairs, (list) => {
      const rising = [...list].sort(([a], [b]) => (a < b ? -1 : 1));
      const expected = {
        from: BigUint64Array.from(rising, ([from]) => from),
        to: BigUint64Array.from(rising, ([, to]) => to),
      };
      expect(decodeMappings(new Uint8Array(BigUint64Array.from(list.flat()).buffer))).toEqual(expected);
      expect(parseMappings(list.map(([from, to]) => `${from} ${to}\n`).join(""))).toEqual(expected);
    }),
  );
  expect(() => decodeMappings(new Uint8Array(24))).toThrow(ANSWER);
  expect(() => parseMappings("4 3\nEOF while reading\n")).toThrow(/line 2, found "EOF while reading"/);
  expect(() => parseMappings("4 3\n4 5\n")).toThrow(ANSWER);
});

test.skipIf(!goldenAvailable)("mappings posted to a server and got from it", () => {
  const op = { body: 3n, supervoxels: [5n], mutationId: 1n };
  expect(Buffer.compare(encodeMappingOps([op]), golden("post_mappings.request.pb"))).toBe(0);
  const one = { from: BigUint64Array.of(4n), to: BigUint64Array.of(3n) };
  expect(parseMappings(goldenText("mappings.txt"))).toEqual(one);
  expect(decodeMappings(golden("mappings.bin"))).toEqual(one);
  // 6 was made by the cleave and is no supervoxel
  expect(parseMappings(goldenText("mappings_after_cleave.txt"))).toEqual({
    from: BigUint64Array.of(4n, 6n),
    to: BigUint64Array.of(6n, 0n),
  });
});

test("what an index says beside blocks and label comes back as it was", () => {
  // last_mutid 300, last_mod_user "me"
  const others = Uint8Array.of(0x18, 0xac, 0x02, 0x2a, 2, 0x6d, 0x65);
  const index: LabelIndex = { label: 9n, blocks: [{ block: [1, 2, 3], counts: counts([9n, 4]) }] };
  const bytes = encodeLabelIndex({ ...index, others });
  expect(decodeLabelIndex(Buffer.concat([others.subarray(0, 3), encodeLabelIndex(index), others.subarray(3)]))).toEqual({
    ...index,
    others,
  });
  expect(decodeLabelIndex(bytes)).toEqual({ ...index, others });
  expect(decodeLabelIndex(encodeLabelIndex(index))).toEqual(index);
});
