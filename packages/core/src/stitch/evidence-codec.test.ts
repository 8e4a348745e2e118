import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isAxonloomError } from "../errors.ts";
import { decodeEvidence, encodeEvidence } from "./evidence-codec.ts";
import type { Evidence } from "./types.ts";

const u32 = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }));
const count = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.maxSafeNat().map((n) => n + Number(n === 0)),
);
const ascending = (values: number[]) => Uint32Array.from(new Set(values)).sort();

const evidenceArbitrary: fc.Arbitrary<Evidence> = fc
  .tuple(
    fc.uniqueArray(fc.tuple(u32, u32, count), { maxLength: 30, selector: (p) => `${p[0]} ${p[1]}` }),
    fc.array(u32, { maxLength: 20 }),
    fc.array(u32, { maxLength: 20 }),
    fc.nat(),
    fc.maxSafeNat(),
  )
  .map(([pairs, planeA, planeB, a, voxels]) => {
    pairs.sort((p, q) => p[0] - q[0] || p[1] - q[1]);
    return {
      a,
      b: a + 1,
      voxels,
      pairA: Uint32Array.from(pairs, (p) => p[0]),
      pairB: Uint32Array.from(pairs, (p) => p[1]),
      pairVoxels: Float64Array.from(pairs, (p) => p[2]),
      planeA: ascending(planeA),
      planeB: ascending(planeB),
    };
  });

const decoded = (bytes: Uint8Array): Evidence | string => {
  try {
    return decodeEvidence(bytes);
  } catch (error) {
    return isAxonloomError(error) ? error.code : `untyped: ${String(error)}`;
  }
};

test("evidence survives the round trip, also from inside a larger buffer", () => {
  fc.assert(
    fc.property(evidenceArbitrary, (evidence) => {
      const bytes = encodeEvidence(evidence);
      expect(decodeEvidence(bytes)).toEqual(evidence);
      const shifted = new Uint8Array(bytes.length + 3);
      shifted.set(bytes, 3);
      expect(decodeEvidence(shifted.subarray(3))).toEqual(evidence);
    }),
  );
});

test("the layout, byte by byte", () => {
  const evidence: Evidence = {
    a: 1,
    b: 300,
    voxels: 5,
    pairA: Uint32Array.of(2, 2),
    pairB: Uint32Array.of(7, 9),
    pairVoxels: Float64Array.of(128, 1),
    planeA: Uint32Array.of(2),
    planeB: Uint32Array.of(7, 9),
  };
  const body = [0x41, 0x58, 0x45, 0x56, 1, 1, 0xac, 2, 5, 2, 1, 2, 2, 7, 0x80, 1, 0, 2, 1, 2, 7, 2];
  const bytes = encodeEvidence(evidence);
  expect(Array.from(bytes.subarray(0, -4))).toEqual(body);
  expect(new DataView(bytes.buffer).getUint32(body.length, true)).toBe(crc32(Uint8Array.from(body)));
});

test("any truncation, addition or altered byte is found", () => {
  fc.assert(
    fc.property(evidenceArbitrary, fc.nat(), fc.integer({ min: 1, max: 255 }), (evidence, where, flip) => {
      const bytes = encodeEvidence(evidence);
      expect(decoded(bytes.subarray(0, where % bytes.length))).toBe("E_CHECKPOINT_DAMAGED");
      const altered = bytes.slice();
      altered[where % bytes.length]! ^= flip;
      expect(decoded(altered)).toBe("E_CHECKPOINT_DAMAGED");
      expect(decoded(Uint8Array.of(...bytes, flip))).toBe("E_CHECKPOINT_DAMAGED");
    }),
  );
});

test("malformed bytes under a right checksum give a typed error, or evidence that is in order", () => {
  const sealed = (body: number[]) => {
    const bytes = Uint8Array.of(0x41, 0x58, 0x45, 0x56, 1, ...body, 0, 0, 0, 0);
    new DataView(bytes.buffer).setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true);
    return bytes;
  };
  const small = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(small, { maxLength: 40 }), (body) => {
      const result = decoded(sealed(body));
      if (typeof result === "string") expect(result).toBe("E_CHECKPOINT_DAMAGED");
      else expect(decodeEvidence(encodeEvidence(result))).toEqual(result);
    }),
    { numRuns: 2000 },
  );
  expect(decoded(sealed([0, 1, 9, 255, 255, 255, 255, 15, 0, 0]))).toBe("E_CHECKPOINT_DAMAGED");
  expect(decoded(sealed([0, 1, 9, ...Array(20).fill(0x80), 0, 0, 0]))).toBe("E_CHECKPOINT_DAMAGED");
});
