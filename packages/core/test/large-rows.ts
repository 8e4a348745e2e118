/** Rows of many megabytes, made by tasks from small ones, for tests of engines that keep them. */
import type { Engine, Keyed } from "@axonloom/core";
import { expect } from "vitest";
import { all, stage } from "./engine-contract.suite.ts";

export interface Noise {
  readonly bytes: number;
  readonly seed: number;
}

const module = new URL("./engine-stages.mjs", import.meta.url).href;
export const { noise, noiseSum } = (await import(module)) as {
  readonly noise: (task: Noise) => Uint32Array;
  readonly noiseSum: (words: Uint32Array) => unknown;
};

export const count = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Rows whose keys ascend. */
export function rowsOf<T>(keys: readonly number[], value: (i: number) => T): Keyed<T>[] {
  return keys.map((i) => ({ key: String(i).padStart(4, "0"), value: value(i) }));
}

/** 200 rows of 5 to 10 MB: 1.5 GB. */
export const MANY_ROWS = count(200).map((i) => 4 * Math.round(1_250_000 * (1 + ((i * 37) % 200) / 200)));

/** Rows of so many bytes that are kept and used by two stages: each comes out whole. */
export async function useTwice(engine: Engine, sizes: readonly number[]): Promise<void> {
  const tasks = rowsOf(count(sizes.length), (i): Noise => ({ bytes: sizes[i]!, seed: i }));
  const kept = await engine.parallelize(tasks).map(stage<Noise, Uint32Array>("noise"), null).persist();
  const expected = tasks.map(({ key, value }) => [key, noiseSum(noise(value))]);
  expect(await all(kept.map(stage("noiseSum"), null).collect())).toEqual(expected);
  const pairs = kept.cogroup(engine.parallelize(rowsOf(count(sizes.length), (i) => i)));
  const found = await all(pairs.map(stage<unknown, { left: unknown[]; right: number[] }>("noiseSums"), null).collect());
  expect(found).toEqual(expected.map(([key, sum], i) => [key, { left: [sum], right: [i] }]));
  await kept.unpersist();
}
