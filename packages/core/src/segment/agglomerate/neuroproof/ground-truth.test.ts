import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { featureGraph, MergeGraph, removeInclusions } from "@axonloom/kernels";
import { describe, expect, test } from "vitest";
import { DATA } from "../../../real-data.suite.ts";
import { GroundTruth } from "./ground-truth.ts";

test("by hand: the largest overlap, 0 left out, ties to the smaller id; sums after a merge", () => {
  const labels = Uint32Array.of(5, 5, 5, 5, 7, 7, 7, 9, 9, 0);
  const truth = Uint32Array.of(0, 0, 0, 3, 4, 2, 2, 8, 6, 1);
  const ids = Uint32Array.of(5, 7, 9, 11);
  const bodies = new GroundTruth(ids, labels, truth);
  expect([0, 1, 2, 3].map((region) => bodies.bodyOf(region))).toEqual([3, 2, 6, 0]);
  bodies.merge(0, 1); // 3: 1, 4: 1, 2: 2
  expect(bodies.bodyOf(0)).toBe(2);
  bodies.merge(2, 3);
  expect(bodies.bodyOf(2)).toBe(6);
});

/** Edges after the removal of inclusions, and those of them whose regions belong to one body. */
function edgesOf(folder: string, supervoxels: string, groundTruth: string, shape: readonly [number, number, number]): number[] {
  const read = (name: string) => {
    const npy = gunzipSync(readFileSync(join(DATA, folder, `${name}.npy.gz`)));
    return new Uint32Array(Uint8Array.from(npy.subarray(10 + npy.readUInt16LE(8))).buffer);
  };
  const labels = read(supervoxels);
  const graph = featureGraph(labels, new Uint8Array(labels.length), 1, shape);
  const merging = new MergeGraph(graph);
  const bodies = new GroundTruth(graph.ids, labels, read(groundTruth));
  removeInclusions(merging);
  merging.survivors().forEach((survivor, region) => {
    if (survivor !== region) bodies.merge(survivor, region);
  });
  const edges = Array.from(graph.u.keys()).filter((edge) => merging.hasEdge(edge));
  return [edges.length, edges.filter((edge) => bodies.bodyOf(graph.u[edge]!) === bodies.bodyOf(graph.v[edge]!)).length];
}

describe.skipIf(!existsSync(join(DATA, "samp1")))("labels of edges", () => {
  test("samp1: 617 edges, 192 of them the same, as in the golden log", () => {
    expect(readFileSync(join(DATA, "samp1", "golden_linux_test5_samp1_graphtrain.txt"), "utf8")).toMatch(
      /617, 190\nNumber of merge: 192/,
    );
    expect(edgesOf("samp1", "labels_processed", "gt", [50, 200, 100])).toEqual([617, 192]);
  });

  test("gala: 865 edges, 394 of them the same", () => {
    expect(edgesOf("gala", "train-ws", "train-gt", [50, 100, 200])).toEqual([865, 394]);
  });
});
