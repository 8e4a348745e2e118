/**
 * Stitching as a whole, in memory: cut a volume into bordered subvolumes, label the connected pieces of each on its own, stitch, and compare
 * with the volume. The golden numbers come from an independent program (numpy).
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { connectedComponents, countOverlaps } from "@axonloom/kernels";
import { expect, test } from "vitest";
import { type Box, boxOfShape, intersect, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import { findFaces } from "../geometry/faces.ts";
import { partition } from "../geometry/partition.ts";
import { wholeRoi } from "../geometry/roi.ts";
import type { Subvolume } from "../geometry/subvolume.ts";
import { DATA } from "../real-data.suite.ts";
import { type Block, copyIntersection, crop } from "../volume/block.ts";
import { decodeEvidence, encodeEvidence } from "./evidence-codec.ts";
import { countFace } from "./overlap.ts";
import { DEFAULT_POLICY, decideMatches } from "./policy.ts";
import { relabelTable } from "./relabel.ts";
import { localMapping, resolveMatches } from "./resolve.ts";
import { segmentIds } from "./segment-ids.ts";
import type { Evidence, StitchAlgorithm } from "./types.ts";

interface Piece {
  readonly subvolume: Subvolume;
  readonly labels: Block<Uint32Array>;
  readonly segments: number;
}

/** A volume cut into subvolumes, each labelled on its own. Zeros outside the volume. */
function cutVolume(volume: Block<Uint32Array>, chunk: number, border: number): Piece[] {
  const bounds = boxOfShape(volume.shape);
  const subvolumes = partition({
    roi: wholeRoi(),
    bounds,
    method: "grid-aligned",
    chunk: [chunk, chunk, chunk],
    border: [border, border, border],
    filter: "all",
    grid: [32, 32, 32],
  });
  return subvolumes.map((subvolume) => {
    const shape = shapeOf(subvolume.bordered);
    const cut = { data: new Uint32Array(volumeOf(shape)), shape };
    copyIntersection(volume, bounds, cut, subvolume.bordered);
    const { labels, count } = connectedComponents(cut.data, shape, { connectivity: 6 });
    return { subvolume, labels: { data: labels, shape }, segments: count };
  });
}

function collectEvidence(pieces: readonly Piece[]): Evidence[] {
  return findFaces(pieces.map((p) => p.subvolume)).map((face) => {
    const side = (id: number) => crop(pieces[id]!.labels, pieces[id]!.subvolume.bordered, face.box).data;
    return decodeEvidence(encodeEvidence(countFace(face, shapeOf(face.box), side(face.a), side(face.b))));
  });
}

interface Stitched {
  readonly pairs: number;
  /** Body of each local label, per subvolume. */
  readonly tables: readonly BigUint64Array[];
}

function stitchPieces(pieces: readonly Piece[], evidence: readonly Evidence[], algorithm: StitchAlgorithm): Stitched {
  const counts = pieces.map((p) => p.segments);
  const ids = segmentIds({ labelOffset: 0n, preserved: new BigUint64Array(), counts });
  const ends: [number[], number[]] = [[], []];
  for (const face of evidence) {
    for (const { a, b } of decideMatches(face, { ...DEFAULT_POLICY, algorithm })) {
      ends[0].push(ids.offsets[face.a]! + a);
      ends[1].push(ids.offsets[face.b]! + b);
    }
  }
  const mapping = resolveMatches({ a: Float64Array.from(ends[0]), b: Float64Array.from(ends[1]) });
  const tables = counts.map((segments, i) => {
    const offset = ids.offsets[i]!;
    return relabelTable({ ids, offset, segments, ...localMapping(mapping, offset, segments) });
  });
  return { pairs: ends[0].length, tables };
}

/** Voxels of the cores by (subvolume, local label, label of the volume). */
type Contingency = readonly { readonly piece: number; readonly label: number; readonly truth: number; readonly voxels: number }[];

function compareCores(pieces: readonly Piece[], volume: Block<Uint32Array>): Contingency {
  const bounds = boxOfShape(volume.shape);
  return pieces.flatMap(({ subvolume, labels }, piece) => {
    const core: Box = intersect(subvolume.core, bounds);
    const ours = crop(labels, subvolume.bordered, core);
    const table = countOverlaps(ours.data, crop(volume, bounds, core).data);
    return Array.from(table.a, (label, i) => ({ piece, label, truth: table.b[i]!, voxels: table.voxels[i]! }));
  });
}

/** Bodies and the variation of information (bits) to the volume: merge = H(volume | bodies), split = H(bodies | volume). */
function judge({ pairs, tables }: Stitched, contingency: Contingency) {
  const joint = new Map<string, number>();
  const bodies = new Map<string, number>();
  const truths = new Map<string, number>();
  let total = 0;
  const add = (map: Map<string, number>, key: string, n: number) => map.set(key, (map.get(key) ?? 0) + n);
  for (const { piece, label, truth, voxels } of contingency) {
    const body = tables[piece]![label]!;
    add(joint, `${body} ${truth}`, voxels);
    add(bodies, `${body}`, voxels);
    add(truths, `${truth}`, voxels);
    total += voxels;
  }
  const entropy = (map: Map<string, number>) =>
    Array.from(map.values()).reduce((h, n) => h - (n / total) * Math.log2(n / total), 0);
  const both = entropy(joint);
  const [merge, split] = [both - entropy(bodies), both - entropy(truths)];
  return { pairs, bodies: bodies.size, merge, split };
}

const wsdt = `${DATA}/flyem-262/wsdt-256.npy.gz`;
const available = existsSync(wsdt);

/** 256³ uint32 behind the 10-byte preamble and header of npy version 1. */
function readWsdt(): Block<Uint32Array> {
  const bytes = gunzipSync(readFileSync(wsdt));
  const start = 10 + bytes.readUInt16LE(8);
  expect(bytes.subarray(10, start).toString("latin1")).toMatch(/'<u4'.*'fortran_order': False.*\(256, 256, 256\)/);
  return {
    data: new Uint32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)),
    shape: [256, 256, 256],
  };
}

const MODES = ["none", "conservative", "medium", "aggressive"] as const;

type Mode = (typeof MODES)[number];
type Judgement = ReturnType<typeof judge>;

function judgeAll(pieces: readonly Piece[], volume: Block<Uint32Array>): Map<Mode, Judgement> {
  const evidence = collectEvidence(pieces);
  const contingency = compareCores(pieces, volume);
  return new Map(MODES.map((mode) => [mode, judge(stitchPieces(pieces, evidence, mode), contingency)]));
}

/** Counts must be equal; VI is given to four digits (0.0517 for 0.05165). */
function expectGolden(
  found: Map<Mode, Judgement>,
  golden: Record<Mode, readonly [pairs: number, bodies: number, merge: number, split: number]>,
) {
  for (const mode of MODES) {
    const { pairs, bodies, merge, split } = found.get(mode)!;
    expect([mode, pairs, bodies]).toEqual([mode, ...golden[mode].slice(0, 2)]);
    expect(Math.abs(merge - golden[mode][2]), `merge VI, ${mode}`).toBeLessThan(0.51e-4);
    expect(Math.abs(split - golden[mode][3]), `split VI, ${mode}`).toBeLessThan(0.51e-4);
  }
}

test.skipIf(!available)("round trip of a real segmentation, chunk 128, then with false merges and in another order", () => {
  const volume = readWsdt();
  const pieces = cutVolume(volume, 128, 20);
  expect(findFaces(pieces.map((p) => p.subvolume))).toHaveLength(12);
  expect(pieces.reduce((n, p) => n + p.segments, 0)).toBe(3598);
  expectGolden(judgeAll(pieces, volume), {
    none: [0, 2141, 0, 0.3289],
    conservative: [815, 1576, 0, 0.0001],
    medium: [815, 1576, 0, 0.0001],
    aggressive: [815, 1576, 0, 0.0001],
  });

  const third = pieces[3]!;
  expect(third.subvolume.core.start).toEqual([0, 128, 128]);
  const damaged = pieces.with(3, {
    ...third,
    labels: { ...third.labels, data: joinLargest(third.labels.data, third.segments, 20) },
  });
  const judged = judgeAll(damaged, volume);
  const alone = judged.get("none")!;
  expectGolden(judged, {
    none: [0, alone.bodies, 0.2618, alone.split],
    conservative: [788, 1575, 0.2618, 0.0517],
    medium: [791, 1572, 0.3349, 0.0278],
    aggressive: [815, 1557, 0.5042, 0.0001],
  });
  // The same subvolumes under other numbers: sides of faces are exchanged, the partition is the same.
  const order = [5, 2, 7, 0, 3, 6, 1, 4];
  const permuted = order.map((old, id) => ({ ...damaged[old]!, subvolume: { ...damaged[old]!.subvolume, id } }));
  const [one, two] = [collectEvidence(damaged), collectEvidence(permuted)];
  for (const mode of MODES) {
    const tables = stitchPieces(permuted, two, mode).tables;
    const back = damaged.map((_, old) => tables[order.indexOf(old)]!);
    expect(samePartition(stitchPieces(damaged, one, mode).tables, back)).toBe(true);
  }
});

test.skipIf(!available)("round trip of a real segmentation, chunk 64", () => {
  const volume = readWsdt();
  const pieces = cutVolume(volume, 64, 20);
  expect(pieces).toHaveLength(64);
  expect(findFaces(pieces.map((p) => p.subvolume))).toHaveLength(144);
  expect(pieces.reduce((n, p) => n + p.segments, 0)).toBe(10574);
  expectGolden(judgeAll(pieces, volume), {
    none: [0, 3471, 0, 1.0359],
    conservative: [4299, 1581, 0, 0.0001],
    medium: [4301, 1580, 0, 0.0001],
    aggressive: [4301, 1580, 0, 0.0001],
  });
});

/** Gives the `n` segments with the most voxels one label. */
function joinLargest(labels: Uint32Array, segments: number, n: number): Uint32Array {
  const sizes = new Float64Array(segments + 1);
  for (const label of labels) sizes[label]! += Number(label !== 0);
  const largest = Array.from(sizes.keys()).sort((p, q) => sizes[q]! - sizes[p]! || p - q);
  const joined = new Set(largest.slice(0, n));
  return labels.map((label) => (joined.has(label) ? largest[0]! : label));
}

/** Whether two assignments group the same (subvolume, label) together. */
function samePartition(p: readonly BigUint64Array[], q: readonly BigUint64Array[]): boolean {
  const forth = new Map<bigint, bigint>();
  const back = new Map<bigint, bigint>();
  return p.every((table, i) =>
    table.every((one, label) => {
      const two = q[i]![label]!;
      if (!forth.has(one)) forth.set(one, two);
      if (!back.has(two)) back.set(two, one);
      return forth.get(one) === two && back.get(two) === one;
    }),
  );
}

for (const chunk of [64, 128]) {
  test(`a grid of 27 cells stays 27 bodies, chunk ${chunk}`, () => {
    // Planes two voxels thick at 80 and 176 on each axis part 256³ into 3 x 3 x 3 cells.
    const shape: Vec3 = [256, 256, 256];
    const onPlane = (n: number) => n === 80 || n === 81 || n === 176 || n === 177;
    const line = Uint8Array.from({ length: 256 }, (_, n) => (onPlane(n) ? 0 : 1));
    const cells = { data: new Uint32Array(volumeOf(shape)), shape };
    for (let z = 0; z < 256; z++) {
      for (let y = 0; y < 256; y++) if (line[z]! && line[y]!) cells.data.set(line, (z * 256 + y) * 256);
    }
    const pieces = cutVolume(cells, chunk, 20);
    const evidence = collectEvidence(pieces);
    const contingency = compareCores(pieces, cells);
    for (const mode of MODES) {
      const { bodies } = judge(stitchPieces(pieces, evidence, mode), contingency);
      if (mode === "none") expect(bodies).toBeGreaterThan(27);
      else expect(bodies).toBe(27);
    }
  });
}
