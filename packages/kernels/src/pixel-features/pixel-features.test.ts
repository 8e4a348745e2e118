// Bits of vigra and of fastfilters without fused operations, on arrays that those programs made; and the fast version gives those of the plain one.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DATA } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import {
  PIXEL_FILTERS,
  type PixelFeature,
  type PixelFeatureSet,
  pixelFeatureScratch,
  pixelFeatures,
  planPixelFeatures,
} from "./index.ts";
import { pixelFeaturesReference } from "./reference.ts";
import { fastTaps, vigraDerivativeTaps, vigraSmoothingTaps } from "./taps.ts";

const folder = `${DATA}/ilastik`;

/** Features by filter, then scale. */
const all = (scales: readonly number[], flat: boolean): PixelFeature[] =>
  PIXEL_FILTERS.flatMap((filter) => scales.map((sigma) => ({ filter, sigma, flat })));
const presmoothed = (engine: "vigra" | "fastfilters", features: readonly PixelFeature[]): PixelFeatureSet => ({
  engine,
  recipe: "presmoothed",
  features,
});

describe.skipIf(!existsSync(folder))("against arrays of the original programs", () => {
  const npy = (name: string) => {
    const bytes = gunzipSync(readFileSync(`${folder}/${name}`));
    return bytes.subarray(10 + bytes.readUInt16LE(8));
  };
  const block = () => npy("em_block_64.npy.gz");
  function cut([nz, ny, nx]: Shape3, z0: number): Uint8Array {
    const data = block();
    const rows = Array.from({ length: nz * ny }, (_, i) => ((z0 + Math.floor(i / ny)) * 64 + (i % ny)) * 64);
    return Uint8Array.from(Buffer.concat(rows.map((at) => data.subarray(at, at + nx))));
  }

  // the 21 features of tiny-pc.ilp
  const features = [{ filter: "GaussianSmoothing", sigma: 0.3, flat: false } as PixelFeature, ...all([1, 3.5], false)];
  // columns of fastfilters whose last digits depend on approximations of sine and cosine
  const isEigenvalue = (column: number) => column >= 9;

  test.each([
    ["vigra", "features_vigra_center32.npy.gz", 0],
    ["fastfilters", "features_ff_nofma_center32.npy.gz", 6e-5],
  ] as const)("features of %s: the centre 32³ of 64³, 21 columns", (engine, file, tolerance) => {
    const bytes = npy(file);
    const golden = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
    const image = { data: new Uint8Array(block()), shape: [64, 64, 64] as const, channels: 1 };
    const region = { start: [16, 16, 16], stop: [48, 48, 48] } as const;
    const columns = pixelFeatures(planPixelFeatures(presmoothed(engine, features)), image, { region });
    for (const [c, column] of columns.entries()) {
      const expected = Float32Array.from(column, (_, i) => golden[i * 21 + c]!);
      const exact = Buffer.compare(Buffer.from(column.buffer), Buffer.from(expected.buffer)) === 0;
      if (tolerance === 0 || !isEigenvalue(c)) expect(exact, `column ${c}`).toBe(true);
      const largest = column.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(largest, `column ${c}`).toBeLessThanOrEqual(tolerance);
    }
  });

  // SHA-256 of what vigra 1.11.1 computes of parts of the block: filters × scales × eigenvalues × voxels, float32
  test.each([
    ["2-D", true, [0.7, 1, 1.6, 3.5, 5, 10], [1, 40, 48], 32, "00c4c7912fbc9c5b2faa962416ca9cff2ffabfe4bcc32169240878670c265d55"],
    ["3-D", false, [0.7, 1.6, 3.5], [24, 28, 32], 0, "eba2140e5575bd73cadb67b3807ffc75b7ce7c1442afb90e7acaf42e71602cf4"],
  ] as const)("features of vigra, %s, at other scales", (_, flat, scales, shape, z0, sha256) => {
    const image = { data: cut(shape, z0), shape, channels: 1 };
    const hash = createHash("sha256");
    for (const column of pixelFeatures(planPixelFeatures(presmoothed("vigra", all(scales, flat))), image)) {
      hash.update(new Uint8Array(column.buffer));
    }
    expect(hash.digest("hex")).toBe(sha256);
  });

  test("taps of both engines at every default scale", () => {
    const kernels: {
      sigma: number;
      order: 0 | 1 | 2;
      window: number;
      vigra_double: number[];
      fastfilters_half: number[] | null;
    }[] = JSON.parse(readFileSync(`${folder}/kernels.json`, "utf8"));
    expect(kernels.length).toBe(126);
    for (const { sigma, order, window, vigra_double, fastfilters_half } of kernels) {
      const where = `sigma ${sigma}, order ${order}, window ${window}`;
      // vigra's float64 taps of the derivatives are stored; its filters use float32 ones
      const own = Array.from(order === 0 ? vigraSmoothingTaps(sigma, window) : vigraDerivativeTaps(sigma, order, window));
      expect(own.length, where).toBe(vigra_double.length);
      const off = own.reduce((most, tap, i) => Math.max(most, Math.abs(tap - vigra_double[i]!)), 0);
      expect(off, where).toBeLessThan(order === 0 ? 2e-17 : 4e-7);
      if (fastfilters_half !== null) expect(Array.from(fastTaps(sigma, order, window)), where).toEqual(fastfilters_half);
    }
  });
});

/** Bits, but a zero is a zero. */
const plain = (columns: readonly Float32Array[]) => columns.map((column) => column.map((value) => value + 0));

test("same bits as the plain version: any features, engine, region, channels; scratch arrays are used again", () => {
  const scratch = pixelFeatureScratch();
  const feature = fc.record({
    filter: fc.constantFrom(...PIXEL_FILTERS),
    sigma: fc.constantFrom(0.7, 1, 1.3, 1.6, 2.5),
    flat: fc.boolean(),
  });
  const set = fc
    .record({
      engine: fc.constantFrom("vigra" as const, "fastfilters" as const),
      recipe: fc.constantFrom("presmoothed" as const, "direct" as const),
      features: fc.uniqueArray(feature, {
        minLength: 1,
        maxLength: 6,
        selector: ({ filter, sigma, flat }) => `${filter} ${sigma} ${flat}`,
      }),
    })
    .map((some) => (some.recipe === "direct" ? { ...some, engine: "vigra" as const } : some));
  const extents = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4));
  const side = fc.tuple(fc.nat(100), fc.nat(100));
  fc.assert(
    fc.property(set, extents, fc.tuple(side, side, side), fc.constantFrom(1, 2), fc.nat(), (some, more, sides, channels, seed) => {
      const plan = planPixelFeatures(some);
      const shape = [plan.least.z + more[0], plan.least.xy + more[1], plan.least.xy + more[2]] as const;
      const data = noise(shape[0] * shape[1] * shape[2] * channels, seed);
      const ends = sides.map(([a, b], axis) => [a % shape[axis]!, b % shape[axis]!].sort((p, q) => p - q));
      const region = { start: ends.map(([a]) => a!) as never as Shape3, stop: ends.map(([, b]) => b! + 1) as never as Shape3 };
      const found = pixelFeatures(plan, { data, shape, channels }, { region, scratch });
      const byChannel = Array.from({ length: channels }, (_, c) =>
        pixelFeaturesReference(
          Float32Array.from({ length: data.length / channels }, (_, i) => data[i * channels + c]!),
          shape,
          some,
        ),
      );
      const expected = some.features.flatMap((one, f) => {
        const single = planPixelFeatures({ ...some, features: [one] }).columns;
        const first = planPixelFeatures({ ...some, features: some.features.slice(0, f + 1) }).columns - single;
        return byChannel.flatMap((columns) => columns.slice(first, first + single));
      });
      expect(plain(found)).toEqual(plain(expected.map((column) => partOf(column, shape, region))));
    }),
    { numRuns: 60 },
  );
});

function noise(length: number, seed: number): Float32Array {
  let state = seed | 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state > 1.5e9 ? 0 : (state >>> 24) - 60; // flat parts too
  });
}

function partOf(column: Float32Array, [, ny, nx]: Shape3, { start, stop }: { start: Shape3; stop: Shape3 }): Float32Array {
  const values: number[] = [];
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++)
      values.push(...column.subarray((z * ny + y) * nx + start[2], (z * ny + y) * nx + stop[2]));
  }
  return Float32Array.from(values);
}

test("how far the features of tiny-pc.ilp reach", () => {
  for (const engine of ["vigra", "fastfilters"] as const) {
    expect(planPixelFeatures(presmoothed(engine, all([1, 3.5], false)))).toMatchObject({ columns: 20, halo: { z: 15, xy: 15 } });
    expect(planPixelFeatures(presmoothed(engine, all([1, 3.5], true)))).toMatchObject({ columns: 16, halo: { z: 0, xy: 15 } });
  }
});

test("wrong arguments", () => {
  const feature = { filter: "StructureTensorEigenvalues", sigma: 0.3, flat: false } as const;
  const plan = (features: PixelFeature[], engine: "vigra" | "fastfilters" = "vigra") =>
    planPixelFeatures(presmoothed(engine, features));
  expect(() => plan([])).toThrow(/at least one feature/);
  expect(() => plan([feature, feature])).toThrow(/each feature once, found StructureTensorEigenvalues at 0.3 twice/);
  expect(() => plan([{ ...feature, sigma: -1 }])).toThrow(/found -1/);
  expect(() => plan([feature], "fastfilters")).toThrow(/StructureTensorEigenvalues at scale 0.3 is undefined in fastfilters/);
  expect(() => planPixelFeatures({ engine: "fastfilters", recipe: "direct", features: [feature] })).toThrow(
    /vigra for the recipe direct/,
  );
  const one = plan([{ ...feature, sigma: 1 }]);
  expect(() => pixelFeatures(one, { data: new Uint8Array(8), shape: [2, 2, 3], channels: 1 })).toThrow(/expected 12 values/);
  expect(() => pixelFeatures(one, { data: new Uint8Array(64), shape: [4, 4, 4], channels: 1 })).toThrow(/at least \[5, 5, 5\]/);
  const image = { data: new Uint8Array(216), shape: [6, 6, 6] as const, channels: 1 };
  expect(() => pixelFeatures(one, image, { region: { start: [0, 0, 0], stop: [6, 7, 6] } })).toThrow(/region inside/);
});
