// The plug-ins give the probabilities of the original programs, to the bit, from the original project files.
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { forestProbabilities } from "@axonloom/kernels";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATA } from "../../../real-data.suite.ts";
import { parseParameters } from "../../parameters.ts";
import { contextOf } from "../../step-input.suite.ts";
import type { PredictInput, Predictions } from "../../types.ts";
import {
  ilastikParameters,
  ilastikPredict,
  simpleParameters,
  simplePredict,
  twoStageParameters,
  twoStagePredict,
} from "./plugins.ts";
import { readIlastikProject } from "./project.ts";

const folder = `${DATA}/ilastik`;
const STAGE_1 = `${folder}/tiny-pc.ilp`;
const STAGE_2 = `${folder}/tiny-pc-stage-2.ilp`;

function npy(name: string): Buffer {
  const bytes = gunzipSync(readFileSync(`${folder}/${name}.npy.gz`));
  return bytes.subarray(10 + bytes.readUInt16LE(8));
}
function floats(name: string): Float32Array {
  const bytes = npy(name);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
}

/** Voxels of every fourth slice: the bits of one do not depend on the others, and the forests take most of the time. */
const SOME = Uint8Array.from({ length: 64 ** 3 }, (_, i) => ((i >> 12) % 4 === 3 ? 1 : 0));

/** The values of those voxels, 0 elsewhere. */
const some = (values: Float32Array) => values.map((value, i) => value * SOME[Math.floor(i / (values.length / 64 ** 3))]!);
/** Index of the first value that differs, -1 when none does; `toEqual` takes seconds for a million. */
function firstDifference(found: ArrayLike<number>, expected: Float32Array): number {
  return found.length === expected.length ? expected.findIndex((value, i) => !Object.is(value, found[i])) : expected.length;
}

const SHAPE = [64, 64, 64] as const;

describe.skipIf(!existsSync(folder))("against ilastik's own filters and forests", () => {
  const parameters = {
    ilastik: (given: object) =>
      parseParameters({ schema: ilastikParameters }, { ilp_path: STAGE_1, normalize: false, ...given }, "ilastik", "p") as never,
    twoStage: (given: object) =>
      parseParameters(
        { schema: twoStageParameters },
        { stage_1_ilp_path: STAGE_1, stage_2_ilp_path: STAGE_2, normalize: false, ...given },
        "two",
        "p",
      ) as never,
  };
  const block = (size: 64 | 96) => new Uint8Array(npy(`em_block_${size}`));
  const inputOf = <P>(given: P, more: object = {}): PredictInput<P> => ({
    ...contextOf(SHAPE, given),
    gray: block(64),
    mask: null,
    ...more,
  });

  test.each([
    ["tiny-pc.ilp", "tinypc", 21],
    ["tiny-pc-stage-2.ilp", "stage2", 44],
  ] as const)("forests of %s: every stored vector", async (file, name, columns) => {
    const { forest } = await readIlastikProject(`${folder}/${file}`, null);
    expect(forest.columns).toBe(columns);
    const features = floats(`rf_${name}_features`);
    expect(features.length).toBe(5000 * columns);
    expect(forestProbabilities(forest, features)).toEqual(floats(`rf_${name}_prob`));
  });

  test("vigra, mirrored at the faces: 64³ × 4, to the bit", async () => {
    const { data, shape } = await ilastikPredict.run(inputOf(parameters.ilastik({})));
    expect(shape).toEqual([64, 64, 64, 4]);
    expect(firstDifference(data, floats("prob_vigra_64_mirror"))).toBe(-1);
  });

  test("fastfilters without fused operations, to the bit; and how far from fused ones", async () => {
    const { data } = await ilastikPredict.run(inputOf(parameters.ilastik({ engine: "fastfilters" })));
    expect(firstDifference(data, floats("prob_ff_nofma_64_mirror"))).toBe(-1);
    const fused = floats("prob_ff_fma_64_mirror");
    const off = Float32Array.from({ length: 64 ** 3 }, (_, v) =>
      Math.max(...[0, 1, 2, 3].map((c) => Math.abs(data[4 * v + c]! - fused[4 * v + c]!))),
    );
    const argmax = (values: ArrayLike<number>, v: number) => {
      const four = [0, 1, 2, 3].map((c) => values[4 * v + c]!);
      return four.indexOf(Math.max(...four));
    };
    let [changed, labels] = [0, 0];
    for (let v = 0; v < off.length; v++) {
      if (off[v]! > 0) changed++;
      if (argmax(data, v) !== argmax(fused, v)) labels++;
    }
    const sorted = off.slice().sort();
    const quantile = (q: number) => sorted[Math.floor(q * (sorted.length - 1))]!;
    expect(changed / off.length).toBeLessThanOrEqual(0.0255);
    expect(labels / off.length).toBeLessThanOrEqual(0.00265);
    expect(quantile(0.99)).toBeLessThanOrEqual(0.0101);
    expect(quantile(0.999)).toBeLessThanOrEqual(0.131);
    expect(sorted.at(-1)).toBeLessThanOrEqual(0.225);
  });

  describe("with the grey values around it", () => {
    let around: string;
    beforeAll(async () => {
      around = await mkdtemp(join(tmpdir(), "axonloom-ilastik-"));
      const header = Buffer.from("{'descr': '|u1', 'fortran_order': False, 'shape': (96, 96, 96), }".padEnd(117));
      const start = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), Buffer.from([118, 0]), header, Buffer.from("\n")]);
      await writeFile(join(around, "gray.npy.gz"), gzipSync(Buffer.concat([start, block(96)]), { level: 1 }));
    });
    afterAll(() => rm(around, { recursive: true }));

    test.each([
      ["vigra", "prob_vigra_64_halo"],
      ["fastfilters", "prob_ff_nofma_64_halo"],
    ])("%s: the centre 64³ of 96³, to the bit", async (engine, name) => {
      const box = { start: [16, 16, 16], stop: [80, 80, 80] } as const;
      const volume = { source: `npy://${around}/gray.npy.gz`, bounds: { start: [0, 0, 0], stop: [96, 96, 96] } };
      const input = inputOf(parameters.ilastik({ engine, context: true }), { bordered: box, core: box, volume, mask: SOME });
      const { data } = await ilastikPredict.run(input);
      expect(firstDifference(data, some(floats(name)))).toBe(-1);
    });
  });

  test("two stages: the second sees the probabilities of the first", async () => {
    const input = inputOf(parameters.twoStage({ selected_channels: [4, 5, 0] }), { mask: SOME });
    const { data, shape } = await twoStagePredict.run(input);
    expect(shape).toEqual([64, 64, 64, 3]);
    const [first, second] = [floats("prob_vigra_64_mirror"), floats("prob_stage2_vigra_64_mirror")];
    const expected = new Float32Array(3 * 64 ** 3);
    for (let v = 0; v < 64 ** 3; v++) expected.set([second[2 * v]!, second[2 * v + 1]!, first[4 * v]!], 3 * v);
    expect(firstDifference(data, some(expected))).toBe(-1);
  });

  test("one forest with filters applied directly", async () => {
    const given = {
      classifier_path: `${STAGE_1}/PixelClassification/ClassifierForests/Forest0000`,
      filter_specs_path: `${DATA}/flyem-262/tiny-pc-filter-specs.json`,
      normalize: false,
    };
    const checked = parseParameters({ schema: simpleParameters }, given, "simple", "p") as never;
    const { data } = await simplePredict.run(inputOf(checked, { mask: SOME }));
    expect(firstDifference(data, some(floats("prob_simplepredict_forest0_64_mirror")))).toBe(-1);
  });

  test("block size and mask do not change what is inside; channels are picked, added, normalised", async () => {
    const mask = new Uint8Array(64 ** 3);
    for (let i = 0; i < mask.length; i++) mask[i] = (i >> 12) % 8 > 2 && i % 5 > 0 && (i >> 6) % 64 < 50 ? 1 : 0;
    const given = { selected_channels: [[0, 3], 1, 2], LAZYFLOW_TOTAL_RAM_MB: 8, normalize: true };
    const thin = { ...inputOf(parameters.ilastik(given)), mask };
    const { data, shape }: Predictions = await ilastikPredict.run(thin);
    expect(shape).toEqual([64, 64, 64, 3]);
    const all = floats("prob_vigra_64_mirror");
    const expected = new Float32Array(3 * 64 ** 3).fill(1 / 3);
    for (let v = 0; v < mask.length; v++) {
      if (mask[v] === 0) continue;
      const three = [Math.fround(all[4 * v]! + all[4 * v + 3]!), all[4 * v + 1]!, all[4 * v + 2]!];
      const sum = three.reduce((a, b) => Math.fround(a + b), 0);
      expected.set(
        three.map((p) => p / sum),
        3 * v,
      );
    }
    expect(firstDifference(data, expected)).toBe(-1);
  });
});
