/** NeuroProof's measures: by hand, and as its golden logs have them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { boxOfShape } from "../geometry/box.ts";
import { DATA } from "../real-data.suite.ts";
import { openVolume } from "../store/index.ts";
import { ContingencyTable, measure, probabilisticRand, withoutContacts } from "./index.ts";

test("by hand: both sides of a contact go; contacts with 0 stay", () => {
  expect(withoutContacts(Uint32Array.of(1, 1, 2, 2, 2, 0, 3), [1, 1, 7])).toEqual(Uint32Array.of(1, 0, 0, 2, 2, 0, 3));
  // y and z, of the original labels: a voxel that was cleared still clears its neighbours
  expect(withoutContacts(Uint32Array.of(1, 2, 3, 3), [1, 4, 1])).toEqual(Uint32Array.of(0, 0, 0, 3));
  expect(withoutContacts(Uint32Array.of(7, 7, 7, 8, 7, 7, 7, 7), [2, 2, 2])).toEqual(Uint32Array.of(7, 0, 0, 0, 7, 7, 7, 0));
});

test("by hand: two regions of 2 voxels and an edge of one half", () => {
  // M = 1 + 1 + 4 · 0.5 = 4, U = 1, N = 4: E = 16 / 6
  expect(probabilisticRand([2, 2], [{ u: 0, v: 1, weight: 0.5 }])).toBeCloseTo((100 * (3 - 16 / 6)) / (4 - 16 / 6), 12);
  // through the middle 0.9 · 0.9 beats the direct 0.5
  const direct = [
    { u: 0, v: 1, weight: 0.9 },
    { u: 1, v: 2, weight: 0.9 },
  ];
  expect(probabilisticRand([3, 3, 3], [...direct, { u: 0, v: 2, weight: 0.5 }])).toBe(probabilisticRand([3, 3, 3], direct));
});

const folder = join(DATA, "samp1");

async function labels(name: string): Promise<Uint32Array> {
  const { data } = await (await openVolume(join(folder, `${name}.npy.gz`))).read(boxOfShape([50, 200, 100]));
  return data as Uint32Array;
}

test.skipIf(!existsSync(folder))("samp1: VI with dilation 1 as in the golden log", async () => {
  const table = new ContingencyTable();
  table.addBlock(withoutContacts(await labels("gt"), [50, 200, 100]), await labels("labels_processed"));
  const { merge_vi, split_vi } = measure(table.sorted());
  expect(readFileSync(join(folder, "golden_linux_test4_samp1_fullanalyzegt.txt"), "utf8")).toMatch(
    /Body VI: MergeSplit: \(0\.112195, 0\.565021\)/,
  );
  expect(merge_vi).toBeCloseTo(0.1121945, 7);
  expect(split_vi).toBeCloseTo(0.565021, 7);
});

test.skipIf(!existsSync(folder))("samp1: GPR as in the golden log", () => {
  const { edge_list } = JSON.parse(readFileSync(join(folder, "graph_processed.json"), "utf8"));
  const sizes = new Map<number, number>();
  for (const { node1, node2, size1, size2 } of edge_list) sizes.set(node1, size1).set(node2, size2);
  const ids = [...sizes.keys()];
  const edges = edge_list.map(({ node1, node2, weight }: Record<string, number>) => ({
    u: ids.indexOf(node1!),
    v: ids.indexOf(node2!),
    weight: weight!,
  }));
  expect(readFileSync(join(folder, "golden_linux_test3_samp1_fullanalyze.txt"), "utf8")).toMatch(/GPR: 29\.7527/);
  expect(probabilisticRand([...sizes.values()], edges)).toBeCloseTo(29.75273, 5);
});
