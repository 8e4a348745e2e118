import { deflateRawSync, crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { KernelError } from "../errors.ts";
import { fib25Available, fib25Labels } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { HEADER_BYTES, INDEX_BYTES, writeHeader } from "./format.ts";
import { decodeRuns, decodeRunsBox, encodeRuns } from "./index.ts";

const size = fc.integer({ min: 0, max: 9 });
/** Blocks of few labels with long runs, of many labels, and of noise. */
const volumes = fc.tuple(size, size, size).chain(([z, y, x]) =>
  fc.record({
    shape: fc.constant([z, y, x] as Shape3),
    labels: fc
      .oneof(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: z * y * x, maxLength: z * y * x }),
        fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: z * y * x, maxLength: z * y * x }),
        fc
          .array(fc.integer({ min: 0, max: 40 }), { minLength: z * y * x, maxLength: z * y * x })
          .map((a) => a.sort((p, q) => p - q)),
      )
      .map((a) => Uint32Array.from(a)),
  }),
);

function cut(labels: Uint32Array, shape: Shape3, start: Shape3, stop: Shape3): Uint32Array {
  const out: number[] = [];
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) {
      for (let x = start[2]; x < stop[2]; x++) out.push(labels[(z * shape[1] + y) * shape[2] + x]!);
    }
  }
  return Uint32Array.from(out);
}

/** The code of the KernelError thrown, or "none". */
function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return "none";
}

test("what is encoded comes back, whole and in boxes", () => {
  fc.assert(
    fc.property(volumes, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), ({ shape, labels }, random) => {
      const bytes = encodeRuns(labels, shape);
      expect(decodeRuns(bytes)).toEqual({ labels, shape });
      const start = shape.map((n, axis) => random[axis]! % (n + 1)) as unknown as Shape3;
      const stop = shape.map((n, axis) => start[axis]! + (random[axis + 3]! % (n - start[axis]! + 1))) as unknown as Shape3;
      expect(decodeRunsBox(bytes, start, stop)).toEqual(cut(labels, shape, start, stop));
    }),
    { numRuns: 400 },
  );
});

test("long rows, large shifts and long runs", () => {
  const shape: Shape3 = [2, 3, 1000];
  const labels = new Uint32Array(6000);
  for (let row = 0; row < 6; row++) {
    for (let x = 0; x < 1000; x++) labels[row * 1000 + x] = x < 100 + row * 140 ? 1 : x < 950 - row * 3 ? 0xffffffff : 300;
  }
  const bytes = encodeRuns(labels, shape);
  expect(decodeRuns(bytes)).toEqual({ labels, shape });
  expect(decodeRunsBox(bytes, [1, 1, 300], [2, 3, 1000])).toEqual(cut(labels, shape, [1, 1, 300], [2, 3, 1000]));
});

test("bytes made by hand", () => {
  // rows 5 5 5 5 and 5 5 7 7: value 5 length 4; as above but 2 shorter, value 7 length 2
  const body = Uint8Array.of(2, 5, 4, 3 + 3, 2, 7, 2);
  const bytes = new Uint8Array(HEADER_BYTES + INDEX_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("AXLR"));
  [1, 1, 2, 4].forEach((value, i) => {
    view.setUint32(4 + 4 * i, value, true);
  });
  view.setUint32(24, body.length, true);
  view.setUint32(28, zlibCrc32(body), true);
  bytes.set(body, 32);
  view.setUint32(20, zlibCrc32(bytes.subarray(24, 32), zlibCrc32(bytes.subarray(0, 20))), true);
  expect(encodeRuns(Uint32Array.of(5, 5, 5, 5, 5, 5, 7, 7), [1, 2, 4])).toEqual(bytes);
  expect(decodeRuns(bytes)).toEqual({ labels: Uint32Array.of(5, 5, 5, 5, 5, 5, 7, 7), shape: [1, 2, 4] });
});

test("every flipped bit and every truncation is found", () => {
  const shape: Shape3 = [2, 4, 6];
  const bytes = encodeRuns(
    Uint32Array.from({ length: 48 }, (_, i) => (i * i) % 5),
    shape,
  );
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(codeOf(() => decodeRuns(flipped))).toBe("E_CODEC_DAMAGED");
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(codeOf(() => decodeRuns(bytes.subarray(0, length)))).toBe("E_CODEC_DAMAGED");
  }
  expect(codeOf(() => decodeRuns(Uint8Array.of(...bytes, 0)))).toBe("E_CODEC_DAMAGED");
});

test("damage in one slice leaves the others readable", () => {
  const labels = Uint32Array.from({ length: 27 }, (_, i) => i);
  const bytes = encodeRuns(labels, [3, 3, 3]);
  bytes[bytes.length - 1]! ^= 1;
  expect(decodeRunsBox(bytes, [0, 0, 0], [2, 3, 3])).toEqual(labels.subarray(0, 18));
  expect(codeOf(() => decodeRunsBox(bytes, [2, 0, 0], [3, 1, 1]))).toBe("E_CODEC_DAMAGED");
});

test("random bytes are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(codeOf(() => decodeRuns(bytes))).toBe("E_CODEC_DAMAGED");
    }),
  );
});

test("rows of nonsense under valid checksums are refused or fill the shape", () => {
  const small = fc.integer({ min: 0, max: 3 });
  const token = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 255 }));
  let refused = 0;
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(token, { maxLength: 12 }), fc.tuple(small, small, small), (body, [z, y, x]) => {
      const shape: Shape3 = [z, y, x];
      const slices = z * y * x === 0 ? 0 : z;
      const bytes = new Uint8Array(HEADER_BYTES + slices * INDEX_BYTES + body.length);
      bytes.set(body, HEADER_BYTES + slices * INDEX_BYTES);
      writeHeader(
        bytes,
        shape,
        Array.from({ length: slices }, (_, i) => Math.floor((body.length * (i + 1)) / slices)),
      );
      const code = codeOf(() => expect(decodeRuns(bytes).labels.length).toBe(z * y * x));
      if (code === "none") accepted++;
      else refused++;
      expect(["none", "E_CODEC_DAMAGED"]).toContain(code);
    }),
    { numRuns: 3000, seed: 4 },
  );
  expect(refused).toBeGreaterThan(100);
  expect(accepted).toBeGreaterThan(100);
});

test("a huge shape in a small header asks for no memory", () => {
  for (const shape of [
    [0xffffffff, 1, 1],
    [1, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff, 0xffffffff],
  ] as Shape3[]) {
    const bytes = new Uint8Array(40);
    new DataView(bytes.buffer).setUint32(0, 0x524c5841, true);
    new DataView(bytes.buffer).setUint32(4, 1, true);
    shape.forEach((n, axis) => {
      new DataView(bytes.buffer).setUint32(8 + 4 * axis, n, true);
    });
    expect(codeOf(() => decodeRuns(bytes))).toBe("E_CODEC_DAMAGED");
  }
});

test("wrong arguments", () => {
  expect(codeOf(() => encodeRuns(new Uint32Array(7), [2, 2, 2]))).toBe("E_KERNEL_ARGUMENT");
  const bytes = encodeRuns(new Uint32Array(8), [2, 2, 2]);
  for (const [start, stop] of [
    [
      [0, 0, 0],
      [2, 2, 3],
    ],
    [
      [1, 0, 0],
      [0, 2, 2],
    ],
    [
      [-1, 0, 0],
      [1, 1, 1],
    ],
    [
      [0, 0, 0.5],
      [1, 1, 1],
    ],
  ] as [Shape3, Shape3][]) {
    expect(codeOf(() => decodeRunsBox(bytes, start, stop))).toBe("E_KERNEL_ARGUMENT");
  }
});

test.skipIf(!fib25Available)("fib25 supervoxels: round trip, below 0.06 bytes per voxel deflated", () => {
  const labels = fib25Labels("ws");
  const bytes = encodeRuns(labels, [250, 250, 250]);
  expect(Buffer.compare(Buffer.from(decodeRuns(bytes).labels.buffer), Buffer.from(labels.buffer))).toBe(0);
  expect(deflateRawSync(bytes, { level: 1 }).length / labels.length).toBeLessThan(0.06);
});
