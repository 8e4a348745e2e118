/** Streams of blocks: any chunks give the same frames; every early end and every text behind them is seen. */
import { checkDvidBlock, decodeDvidBlock, decompressLz4Block } from "@axonloom/kernels";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFrames, encodeFrames, type Frame } from "./frames.ts";
import { golden, goldenAvailable } from "./golden.suite.ts";
import { unzipBlock, zipBlock } from "./gzip.ts";

async function framesOf(chunks: Iterable<Uint8Array>): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of decodeFrames(chunks)) frames.push(frame);
  return frames;
}

/** The bytes in pieces that end at `cuts`. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, k) => bytes.subarray(k === 0 ? 0 : ends[k - 1], end));
}

const coordinate = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const someFrames = fc.array(
  fc.record({
    block: fc.tuple(coordinate, coordinate, coordinate),
    payload: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  { maxLength: 6 },
);
const plain = (frames: readonly Frame[]) => frames.map(({ block, payload }) => ({ block, payload: [...payload] }));

test("what was encoded comes back, however it is cut into chunks", async () => {
  await fc.assert(
    fc.asyncProperty(someFrames, fc.array(fc.nat(), { maxLength: 8 }), async (frames, cuts) => {
      expect(plain(await framesOf(pieces(encodeFrames(frames), cuts)))).toEqual(plain(frames));
    }),
    { numRuns: 200 },
  );
});

test("x comes first in the bytes", () => {
  const bytes = encodeFrames([{ block: [-3, 2, 1], payload: Uint8Array.of(9) }]);
  expect([...bytes]).toEqual([1, 0, 0, 0, 2, 0, 0, 0, 253, 255, 255, 255, 1, 0, 0, 0, 9]);
});

test("a body that ends early gives its whole frames, then an error", async () => {
  const frames = [1, 2, 3].map((n) => ({ block: [n, 0, 0] as const, payload: new Uint8Array(10 * n).fill(n) }));
  const bytes = encodeFrames(frames);
  const ends = new Set([0, 26, 62, 108]);
  for (let length = 0; length <= bytes.length; length++) {
    const found: Frame[] = [];
    const read = async () => {
      for await (const frame of decodeFrames(pieces(bytes.subarray(0, length), [5, 30, 61]))) found.push(frame);
    };
    if (ends.has(length)) await read();
    else await expect(read()).rejects.toMatchObject({ code: "E_DVID_ANSWER" });
    expect(found.length).toBe([26, 62, 108].filter((end) => end <= length).length);
  }
});

test.each([
  ["short text", "EOF\n"],
  ["a line", "unable to get label block (1000, 0, 0)\n"],
  ["many lines", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nPanic detected on request vm/ZpGyWTMLoH-000077:\nruntime error"],
  ["tabs", "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tgoroutine 7"],
])("an error text behind the frames (%s) is an error that tells it", async (_name, text) => {
  const bytes = encodeFrames([{ block: [0, 0, 0], payload: Uint8Array.of(1, 2, 3) }]);
  const all = Buffer.concat([bytes, Buffer.from(text)]);
  for (const cut of [[], [19], [19 + 16], [25]]) {
    const error = await framesOf(pieces(all, cut)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "E_DVID_ANSWER" });
  }
  if (text.startsWith("EOF")) await expect(framesOf([all])).rejects.toThrow("EOF");
});

test("no frame is longer than a block can be", async () => {
  for (const length of [0, -1, 2 ** 31 - 1, 2 ** 27 + 1]) {
    const header = new Uint8Array(16);
    new DataView(header.buffer).setInt32(12, length, true);
    await expect(framesOf([header])).rejects.toMatchObject({ code: "E_DVID_ANSWER" });
  }
});

test("gzip around a block, or none; a damaged or overlong one is refused", () => {
  const block = new Uint8Array(24).fill(2);
  expect(new Uint8Array(unzipBlock(zipBlock(block), 24))).toEqual(block);
  expect(unzipBlock(block, 24)).toBe(block);
  for (const [bytes, most] of [
    [zipBlock(block).subarray(0, 20), 24],
    [zipBlock(block), 23],
  ] as const) {
    expect(() => unzipBlock(bytes, most)).toThrow(expect.objectContaining({ code: "E_DVID_ANSWER" }));
  }
});

const xyz = ({ block: [z, y, x] }: Frame) => `${x},${y},${z}`;
const sorted = (frames: readonly Frame[]) => [...frames].sort((a, b) => (xyz(a) < xyz(b) ? -1 : 1));

test.skipIf(!goldenAvailable)("blocks posted to a server and got from it", async () => {
  const posted = golden("post_blocks_64.request.bin");
  const frames = await framesOf(pieces(posted, [100, 5000]));
  expect(frames.map(xyz)).toEqual(["0,0,0", "1,0,0", "2,0,0", "3,0,0", "4,0,0", "5,0,0"]);
  expect(Buffer.compare(encodeFrames(frames), posted)).toBe(0);
  for (const [k, name] of ["solid", "two", "three", "wide", "big", "cells"].entries()) {
    const block = unzipBlock(frames[k]!.payload, 2 ** 22);
    checkDvidBlock(block, [64, 64, 64]);
    const labels = decodeDvidBlock(block, [64, 64, 64]);
    expect(Buffer.compare(new Uint8Array(labels.buffer), golden(`block_${name}.u64.gz`)), name).toBe(0);
  }
  // the posted gzip bytes are kept as they are
  const got = sorted(await framesOf([golden("get_blocks_64_native.response.bin")]));
  expect(Buffer.compare(encodeFrames(got), posted)).toBe(0);
  const some = sorted(await framesOf([golden("get_specificblocks_64.response.bin")]));
  expect(some.map(xyz)).toEqual(["0,0,0", "4,0,0"]);
});

test.skipIf(!goldenAvailable)("one box of 16³ blocks in every compression", async () => {
  const forms: Record<string, (payload: Uint8Array) => Uint8Array> = {
    "blocks.response.bin": (payload) => new Uint8Array(decodeDvidBlock(unzipBlock(payload, 2 ** 16), [16, 16, 16]).buffer),
    "lz4.response.bin.gz": (payload) => decompressLz4Block(payload, 8 * 4096),
    "gzip.response.bin": (payload) => unzipBlock(payload, 8 * 4096),
    "uncompressed.response.bin.gz": (payload) => payload,
  };
  const volume = golden("seg16_volume.u64.gz");
  for (const [name, unpack] of Object.entries(forms)) {
    const frames = await framesOf([golden(`get_blocks_16_${name}`)]);
    expect(sorted(frames).map(xyz).sort()).toHaveLength(8);
    for (const { block, payload } of frames) {
      const voxels = unpack(payload);
      // the volume lies at x, y, z -16, 0, 16
      const [z, y, x] = [16 * (block[0] - 1), 16 * block[1], 16 * (block[2] + 1)] as const;
      for (let row = 0; row < 256; row++) {
        const from = 8 * (((z + (row >> 4)) * 32 + y + (row & 15)) * 32 + x);
        expect(Buffer.compare(voxels.subarray(128 * row, 128 * row + 128), volume.subarray(from, from + 128))).toBe(0);
      }
    }
  }
});

test.skipIf(!goldenAvailable)("grey blocks, plain and as they are stored", async () => {
  const posted = golden("gray_64_32_32.request.bin.gz");
  const check = (x0: number, voxels: Uint8Array) => {
    for (let row = 0; row < 1024; row++) {
      const from = row * 64 + 32 * x0;
      expect(Buffer.compare(voxels.subarray(32 * row, 32 * row + 32), posted.subarray(from, from + 32))).toBe(0);
    }
  };
  const plainFrames = await framesOf([golden("gray_subvolblocks.response.bin.gz")]);
  expect(plainFrames).toHaveLength(2);
  for (const { block, payload } of plainFrames) check(block[2], payload);
  const [stored] = await framesOf([golden("gray_subvolblocks_default.response.bin")]);
  const length = new DataView(stored!.payload.buffer, stored!.payload.byteOffset).getUint32(0, true);
  check(0, decompressLz4Block(stored!.payload.subarray(4), length));
});
