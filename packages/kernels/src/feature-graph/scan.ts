/** The scan of `featureGraph`. Arguments are not checked. */
import { PairIndex } from "../hash/pair-index.ts";
import { uniqueLabels } from "../remap/index.ts";
import type { Shape3 } from "../shape.ts";
import { addVoxel, BINS, enlargeStatistics, MOMENTS, makeStatistics, type Statistics } from "./statistics.ts";
import type { FeatureGraph } from "./types.ts";

export function scanGraph(
  labels: Uint32Array,
  predictions: Float32Array | Uint8Array,
  channels: number,
  [nz, ny, nx]: Shape3,
): FeatureGraph {
  const ids = uniqueLabels(labels).filter((label) => label !== 0);
  const positions = new PairIndex();
  for (const id of ids) positions.add(id, 0);
  const size = new Float64Array(ids.length);
  const boundary = new Float64Array(ids.length);
  const regions = makeStatistics(ids.length, channels);
  const contacts = new Contacts(channels);
  const values = predictions instanceof Uint8Array ? new Float32Array(channels) : predictions;
  const level = predictions instanceof Uint8Array ? Float32Array.from({ length: 256 }, (_, k) => k / 255) : null;
  const area = ny * nx;

  let last = 0;
  let region = 0;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const label = labels[i]!;
        if (label === 0) continue;
        if (label !== last) {
          last = label;
          region = positions.find(label, 0);
        }
        let at = i * channels;
        if (level !== null) {
          for (let c = 0; c < channels; c++) values[c] = level[predictions[at + c]!]!;
          at = 0;
        }
        size[region]!++;
        addVoxel(regions, region, values, at, channels);

        const a = x > 0 ? labels[i - 1]! : 0;
        const b = x + 1 < nx ? labels[i + 1]! : 0;
        const c = y > 0 ? labels[i - nx]! : 0;
        const d = y + 1 < ny ? labels[i + nx]! : 0;
        const e = z > 0 ? labels[i - area]! : 0;
        const f = z + 1 < nz ? labels[i + area]! : 0;
        if (a === label && b === label && c === label && d === label && e === label && f === label) continue;
        if (a === 0 || b === 0 || c === 0 || d === 0 || e === 0 || f === 0) boundary[region]!++;
        if (a !== label && a !== 0) contacts.add(0, label, a, values, at);
        if (b !== label && b !== 0 && b !== a) contacts.add(1, label, b, values, at);
        if (c !== label && c !== 0 && c !== a && c !== b) contacts.add(2, label, c, values, at);
        if (d !== label && d !== 0 && d !== a && d !== b && d !== c) contacts.add(3, label, d, values, at);
        if (e !== label && e !== 0 && e !== a && e !== b && e !== c && e !== d) contacts.add(4, label, e, values, at);
        if (f !== label && f !== 0 && f !== a && f !== b && f !== c && f !== d && f !== e) contacts.add(5, label, f, values, at);
      }
    }
  }
  return { channels, ids, size, boundary, regions, ...contacts.sorted(positions) };
}

/** The edges found so far, in the order in which they came. */
class Contacts {
  private readonly index = new PairIndex();
  private readonly channels: number;
  private size = new Float64Array(this.index.a.length);
  private statistics: Statistics;
  // the last edge of each of the six directions
  private readonly from = new Uint32Array(6);
  private readonly to = new Uint32Array(6);
  private readonly edge = new Uint32Array(6);

  constructor(channels: number) {
    this.channels = channels;
    this.statistics = makeStatistics(this.size.length, channels);
  }

  add(direction: number, label: number, other: number, values: Float32Array, at: number): void {
    if (this.from[direction] !== label || this.to[direction] !== other) this.turn(direction, label, other);
    const edge = this.edge[direction]!;
    this.size[edge]!++;
    addVoxel(this.statistics, edge, values, at, this.channels);
  }

  private turn(direction: number, label: number, other: number): void {
    const edge = this.index.add(Math.min(label, other), Math.max(label, other));
    if (edge >= this.size.length) {
      const length = this.index.a.length;
      const size = new Float64Array(length);
      size.set(this.size);
      this.size = size;
      this.statistics = enlargeStatistics(this.statistics, length, this.channels);
    }
    this.from[direction] = label;
    this.to[direction] = other;
    this.edge[direction] = edge;
  }

  /** Sorted by the positions of their regions. */
  sorted(positions: PairIndex): Pick<FeatureGraph, "u" | "v" | "edgeSize" | "edges"> {
    const { index, channels } = this;
    const count = index.size;
    const order = Uint32Array.from({ length: count }, (_, k) => k).sort(
      (p, q) => index.a[p]! - index.a[q]! || index.b[p]! - index.b[q]!,
    );
    const u = new Uint32Array(count);
    const v = new Uint32Array(count);
    const edgeSize = new Float64Array(count);
    const edges = makeStatistics(count, channels);
    const [sums, bins] = [channels * MOMENTS, channels * BINS];
    for (let k = 0; k < count; k++) {
      const edge = order[k]!;
      u[k] = positions.find(index.a[edge]!, 0);
      v[k] = positions.find(index.b[edge]!, 0);
      edgeSize[k] = this.size[edge]!;
      edges.sums.set(this.statistics.sums.subarray(edge * sums, (edge + 1) * sums), k * sums);
      edges.bins.set(this.statistics.bins.subarray(edge * bins, (edge + 1) * bins), k * bins);
    }
    return { u, v, edgeSize, edges };
  }
}
