/** Sparse volumes and lists of labels against recorded voxels; damage. */

import { gunzipSync } from "node:zlib";
import { decompressLz4Block } from "@axonloom/kernels";
import fc from "fast-check";
import { expect, test } from "vitest";
import { golden, goldenAvailable } from "./golden.suite.ts";
import { decodeLabelList } from "./label-list.ts";
import { decodeRles, decodeSpans, decodeSparseBlocks, type Spans } from "./sparse-volume.ts";

const ANSWER = expect.objectContaining({ code: "E_DVID_ANSWER" });

/** The voxels, x,y,z; each must come once. */
function voxelsOf(spans: Spans): Set<string> {
  const voxels: string[] = [];
  for (let k = 0; k < spans.length; k += 4) {
    for (let dx = 0; dx < spans[k + 3]!; dx++) voxels.push(`${spans[k + 2]! + dx},${spans[k + 1]},${spans[k]}`);
  }
  const set = new Set(voxels);
  expect(set.size).toBe(voxels.length);
  return set;
}

/** Where the recorded volume (32³ at x, y, z -16, 0, 16) holds 3. */
function recorded(): Set<string> {
  const labels = new BigUint64Array(golden("seg16_volume.u64.gz").buffer);
  const voxels = new Set<string>();
  labels.forEach((label, i) => {
    if (label === 3n) voxels.add(`${(i & 31) - 16},${(i >> 5) & 31},${(i >> 10) + 16}`);
  });
  return voxels;
}

test.skipIf(!goldenAvailable)("one body in every form that a server gives", () => {
  const expected = recorded();
  expect(expected.size).toBeGreaterThan(1000);
  const rles = golden("sparse3_rles.bin");
  expect(voxelsOf(decodeRles(rles))).toEqual(expected);
  expect(voxelsOf(decodeSpans(golden("sparse3_srles.bin")))).toEqual(expected);
  const { label, spans } = decodeSparseBlocks(golden("sparse3_blocks.bin"));
  expect(label).toBe(3n);
  expect(voxelsOf(spans)).toEqual(expected);
  expect(voxelsOf(decodeRles(decompressLz4Block(golden("sparse3_lz4.bin"), rles.length)))).toEqual(expected);
  expect(voxelsOf(decodeRles(gunzipSync(golden("sparse3_gzip.bin"))))).toEqual(expected);
  // asked for x from -10 to -2: the server's bounds are wrong at negative places, and the spans are those that it sent
  expect(voxelsOf(decodeRles(golden("sparse3_bounded.bin")))).toEqual(new Set(["0,6,22", "0,7,22"]));
  const blocks = [...expected].map((voxel) =>
    voxel
      .split(",")
      .map((n) => Math.floor(Number(n) / 16))
      .join(),
  );
  expect(voxelsOf(decodeRles(golden("sparse3_coarse.bin")))).toEqual(new Set(blocks));
});

test("blocks by hand: none, all, mixed; the lowest bit is the first voxel", () => {
  const bytes = new Uint8Array(20 + 13 + 13 + 13 + 2 + 64);
  const view = new DataView(bytes.buffer);
  for (const [k, n] of [2, 1, 1].entries()) view.setUint32(4 * k, n, true);
  view.setBigUint64(12, 2n ** 63n + 5n, true);
  const header = (at: number, x: number, flag: number) => {
    view.setInt32(at, x, true);
    view.setInt32(at + 4, -8, true);
    bytes[at + 12] = flag;
  };
  header(20, 0, 0);
  header(33, 16, 1);
  header(46, -16, 2);
  bytes[59] = 2;
  bytes[60] = 0b00000110;
  bytes[60 + 63] = 0b10000001;
  bytes[124] = 0;
  const { label, spans } = decodeSparseBlocks(bytes);
  expect(label).toBe(2n ** 63n + 5n);
  const voxels = voxelsOf(spans);
  expect(voxels.size).toBe(16 * 8 * 8 + 4);
  for (const voxel of ["16,-8,0", "31,-1,7", "-15,-8,0", "-14,-8,0", "-16,-1,7", "-9,-1,7"]) expect(voxels.has(voxel)).toBe(true);
  for (let length = 0; length < bytes.length; length++) {
    if (length !== 20 && length !== 33 && length !== 46) {
      expect(() => decodeSparseBlocks(bytes.subarray(0, length)), String(length)).toThrow(ANSWER);
    }
  }
  bytes[59] = 3;
  expect(() => decodeSparseBlocks(bytes)).toThrow(ANSWER);
});

test("spans that end early, or have an error text behind them", () => {
  const spans = new Int32Array([1, 2, 3, 4, 5, 6, 7, 8]);
  const bytes = new Uint8Array(spans.buffer);
  expect(decodeSpans(bytes)).toEqual(Int32Array.of(3, 2, 1, 4, 7, 6, 5, 8));
  expect(() => decodeSpans(bytes.subarray(0, 30))).toThrow(ANSWER);
  expect(() => decodeSpans(Buffer.concat([bytes, Buffer.from("could not read\n")]))).toThrow(/could not read/);
  const whole = Buffer.concat([Uint8Array.of(0, 3, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0), bytes]);
  expect(decodeRles(whole)).toEqual(decodeSpans(bytes));
  expect(() => decodeRles(whole.subarray(0, 28))).toThrow(ANSWER);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
      for (const read of [decodeRles, decodeSpans, decodeSparseBlocks]) {
        try {
          read(noise);
        } catch (error) {
          expect(error).toEqual(ANSWER);
        }
      }
    }),
  );
});

test("lists of labels, with and without sizes", () => {
  const words = BigUint64Array.of(3n, 0n, 2n ** 64n - 2n, 7n);
  const bytes = new Uint8Array(words.buffer);
  expect(decodeLabelList(bytes, false)).toEqual({ labels: words, voxels: null });
  expect(decodeLabelList(bytes, true)).toEqual({
    labels: BigUint64Array.of(3n, 2n ** 64n - 2n),
    voxels: BigUint64Array.of(0n, 7n),
  });
  expect(() => decodeLabelList(new Uint8Array(BigUint64Array.of(5n, 0n, 0n, 0n, 0n).buffer), false)).toThrow(ANSWER);
  expect(() => decodeLabelList(bytes.subarray(0, 24), true)).toThrow(ANSWER);
  expect(() => decodeLabelList(bytes.subarray(0, 20), false)).toThrow(ANSWER);
});

test.skipIf(!goldenAvailable)("a list of labels recorded from a server", () => {
  expect(decodeLabelList(golden("listlabels.bin"), true)).toEqual({
    labels: BigUint64Array.of(3n, 7n, 11n, 20n),
    voxels: BigUint64Array.of(521_216n, 262_144n, 126_976n, 87_382n),
  });
});
