/** Matches resolved by the tasks of an engine, to be compared with union-find in one place. */
import type { Engine, Keyed, Vec3 } from "@axonloom/core";
import { expect } from "vitest";
import { localMapping, type Mapping, resolveMatches } from "../dist/stitch/resolve.js";
import { resolveInTasks } from "../dist/workflows/create-segmentation/resolve-in-tasks.js";
import type { FaceMatches } from "../dist/workflows/create-segmentation/stitch-stages.js";
import { meetingLevel, planSuperBlocks } from "../dist/workflows/create-segmentation/super-blocks.js";

export interface Graph {
  /** Cells of the subvolumes, and how many segments each has. */
  readonly cells: readonly Vec3[];
  readonly counts: readonly number[];
  /** Pairs of segment indices, from 1. */
  readonly edges: readonly (readonly [number, number])[];
}

/** A chain of n segments in 2 · 2 · `length` subvolumes; neighbours in the chain lie far apart: 7919 has no common divisor with n. */
export function chain(n: number, length: number): Graph {
  const cells = Array.from(
    { length: 4 * length },
    (_, i): Vec3 => [Math.floor(i / 2 / length), Math.floor(i / length) % 2, i % length],
  );
  const segment = (i: number) => 1 + ((i * 7919) % n);
  return {
    cells,
    counts: cells.map(() => Math.ceil(n / cells.length)),
    edges: Array.from({ length: n - 1 }, (_, i) => [segment(i), segment(i + 1)] as const),
  };
}

/** Resolves the graph and checks every subvolume's part, and how many matches there were; returns the whole mapping. */
export async function checkResolved(engine: Engine, folder: string, graph: Graph): Promise<Mapping> {
  const { cells, counts, edges } = graph;
  const offsets = counts.map((_, i) => counts.slice(0, i).reduce((sum, n) => sum + n, 0));
  const cores = cells.map(([z, y, x]) => ({ start: [z, y, x] as const, stop: [z + 1, y + 1, x + 1] as const }));
  const blocks = planSuperBlocks(cores, offsets);
  const faces = facesOf(edges, offsets);
  const matchesAt = (level: number) =>
    engine.parallelize(faces.filter(({ value }) => meetingLevel(blocks, value.a, value.b) === level));
  const resolution = await resolveInTasks({ engine, runFolder: folder }, blocks, matchesAt);

  const mapping = resolveMatches({ a: Float64Array.from(edges, ([a]) => a), b: Float64Array.from(edges, ([, b]) => b) });
  const tasks = cells.map((_, id) => ({ written: { key: `${id}`, fingerprint: "" }, labels: "", offset: offsets[id]! }));
  let id = 0;
  for await (const { value } of resolution.writeTasks(tasks).collect()) {
    expect(value).toEqual({ ...tasks[id]!, mapping: localMapping(mapping, offsets[id]!, counts[id]!) });
    id += 1;
  }
  expect(id).toBe(cells.length);
  expect(resolution.matches).toBe(edges.length);
  await resolution.free();
  return mapping;
}

/** The edges as matches between subvolumes, one row a pair of them. */
function facesOf(edges: Graph["edges"], offsets: readonly number[]): Keyed<FaceMatches>[] {
  const faces = new Map<string, { a: number; b: number; segmentsA: number[]; segmentsB: number[] }>();
  for (const [p, q] of edges) {
    const [a, b] = [p, q].map((index) => offsets.findLastIndex((offset) => offset < index)) as [number, number];
    const key = `${a}-${b}`;
    const face = faces.get(key) ?? { a, b, segmentsA: [], segmentsB: [] };
    faces.set(key, face);
    face.segmentsA.push(p - offsets[a]!);
    face.segmentsB.push(q - offsets[b]!);
  }
  return Array.from(faces, ([key, { a, b, segmentsA, segmentsB }]) => ({
    key,
    value: { a, b, segmentsA: Uint32Array.from(segmentsA), segmentsB: Uint32Array.from(segmentsB) },
  }));
}
