import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { edgeFeatures, featureGraph } from "../feature-graph/index.ts";
import { DATA, readNpy32 } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { MergeGraph, relabelRegions, removeInclusions } from "./index.ts";

describe.skipIf(!existsSync(`${DATA}/samp1`))("samp1: as NeuroProof's golden outputs", () => {
  const shape: Shape3 = [50, 200, 100];
  const none = new Uint8Array(50 * 200 * 100);

  test.each([
    ["labels_processed", "graph_processed", 164, 618, 39],
    ["golden_predict_linux", "golden_predict_linux_graph", 168, 635, 41],
    ["golden_predict_mac", "golden_predict_mac_graph", 166, 626, 39],
  ])("regions, edges, sizes and orphans of %s", (labels, golden, regions, edges, orphans) => {
    const graph = featureGraph(readNpy32(Uint32Array, `samp1/${labels}.npy.gz`), none, 1, shape);
    const { ids, size } = graph;
    const { edge_list, orphan_bodies } = JSON.parse(readFileSync(`${DATA}/samp1/${golden}.json`, "utf8"));
    expect([ids.length, graph.u.length, orphan_bodies.length]).toEqual([regions, edges, orphans]);
    const ours = Array.from(graph.u, (u, k) => [ids[u], ids[graph.v[k]!], size[u], size[graph.v[k]!]].join(" "));
    const theirs = edge_list.map(({ node1, node2, size1, size2 }: Record<string, number>) =>
      (node1! < node2! ? [node1, node2, size1, size2] : [node2, node1, size2, size1]).join(" "),
    );
    expect(ours.sort()).toEqual(theirs.sort());
    expect([...ids].filter((_, k) => graph.boundary[k] === 0)).toEqual([...orphan_bodies].sort((a, b) => a - b));
  });

  test("inclusions: 8,179 regions become 8,081, every voxel as in the golden volume", () => {
    const labels = readNpy32(Uint32Array, "samp1/labels.npy.gz");
    const graph = featureGraph(labels, none, 1, shape);
    expect(graph.ids.length).toBe(8179);
    const merging = new MergeGraph(graph);
    expect(removeInclusions(merging)).toBe(98);
    relabelRegions(
      labels,
      graph.ids,
      merging.survivors().map((region) => graph.ids[region]!),
    );
    const golden = readNpy32(Uint32Array, "samp1/golden_inclusions_removed.npy.gz");
    expect(labels.findIndex((label, i) => label !== golden[i])).toBe(-1);
  });
});

test.skipIf(!existsSync(`${DATA}/reference-forest`))("gala: features of all 865 edges after inclusion removal", () => {
  const labels = readNpy32(Uint32Array, "gala/train-ws.npy.gz");
  const graph = featureGraph(labels, readNpy32(Float32Array, "gala/train-p1.npy.gz"), 1, [50, 100, 200]);
  expect(graph.u.length).toBe(867);
  const merging = new MergeGraph(graph);
  removeInclusions(merging);
  const survivors = merging.survivors();
  const idOf = (id: number) => graph.ids[survivors[graph.ids.indexOf(id)]!];
  expect([idOf(60), idOf(148)]).toEqual([4, 4]);
  const rows = gunzipSync(readFileSync(`${DATA}/reference-forest/gala_train_edges.csv.gz`))
    .toString()
    .trim()
    .split("\n")
    .slice(1);
  expect(rows.length).toBe(865);
  let worst = 0;
  for (const row of rows) {
    const [id1, id2, ...features] = row.split(",").slice(0, -1).map(Number);
    const edge = merging.neighbours[graph.ids.indexOf(id1!)]!.get(graph.ids.indexOf(id2!))!;
    edgeFeatures(graph, edge).forEach((value, k) => {
      worst = Math.max(worst, Math.abs(value - features[k]!) / Math.max(1e-12, 1e-9 * Math.abs(features[k]!)));
    });
  }
  expect(worst).toBeLessThanOrEqual(1);
});
