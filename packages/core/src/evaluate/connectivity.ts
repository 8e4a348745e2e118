/**
 * Are the neurons that the truth connects also connected in the segmentation? Bodies of both sides are matched one to one by the points
 * that they share; a connection agrees when both its ends lie in the matched segments. Source: the connectivity and autapse measures of
 * DVIDSparkServices.
 */
import { assign, type WeightedPair } from "./assignment.ts";
import type { BodyMatch, ConnectionRow, Connectivity, PairAgreement } from "./result.ts";

/** Partners of a truth body that may be matched with it. */
const MOST_PARTNERS = 3;

/** Points by position: the body on each side, and the points that each one is connected to. */
export interface ConnectedPoints {
  /** 0 where a point does not count. */
  readonly truth: BigUint64Array;
  readonly segment: BigUint64Array;
  /** Of each point, positions of its postsynaptic points. */
  readonly partners: readonly (readonly number[])[];
}

export interface ConnectivityOptions {
  /** Bodies with fewer points are not matched. */
  readonly pointThreshold: number;
  /** Connections that a pair of bodies must have, for recall and precision. */
  readonly thresholds: readonly number[];
}

/** Everything about one list of synapses. */
export function connectivityOf(type: string, points: ConnectedPoints, options: ConnectivityOptions): Connectivity {
  const matches = matchBodies(overlapsOf(points), options.pointThreshold);
  const matchOf = new Map(matches.filter((m) => m.ground_truth !== "0").map((m) => [m.ground_truth, m.segmentation]));
  const large = new Set(matches.map((m) => m.segmentation).filter((id) => id !== "0"));
  const rows = new Map<string, { -readonly [K in keyof ConnectionRow]: ConnectionRow[K] }>();
  const segmentPairs = new Counter();
  const autapses = { ground_truth: new Counter(), segmentation: new Counter() };
  for (const [from, to] of connectionsOf(points)) {
    const [pre, post] = [String(points.truth[from]), String(points.truth[to])];
    const [preSegment, postSegment] = [String(points.segment[from]), String(points.segment[to])];
    if (pre === post) autapses.ground_truth.add(pre);
    if (preSegment === postSegment && preSegment !== "0") autapses.segmentation.add(preSegment);
    if (large.has(preSegment) && large.has(postSegment)) segmentPairs.add(`${preSegment} ${postSegment}`);
    const [pre_match, post_match] = [matchOf.get(pre), matchOf.get(post)];
    if (pre_match === undefined || post_match === undefined) continue;
    const key = `${pre} ${post}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = { pre, pre_match, post, post_match, matched: 0, connections: 0 };
      rows.set(key, row);
    }
    row.connections += 1;
    if (pre_match !== "0" && post_match !== "0" && preSegment === pre_match && postSegment === post_match) row.matched += 1;
  }
  const table = [...rows.values()].sort((p, q) => byId(p.pre, q.pre) || byId(p.post, q.post));
  const connections = table.reduce((sum, row) => sum + row.connections, 0);
  const matched = table.reduce((sum, row) => sum + row.matched, 0);
  return {
    type,
    matches,
    connections,
    matched,
    match: connections === 0 ? 0 : matched / connections,
    pairs: options.thresholds.map((threshold) => agreement(threshold, table, segmentPairs)),
    table,
    autapses: { ground_truth: autapses.ground_truth.sorted(), segmentation: autapses.segmentation.sorted() },
  };
}

/** Points that a pair of bodies shares, as in `new Map([["3", new Map([["100", 3210]])]])`. */
export type BodyOverlaps = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Matches bodies one to one so that the sum of overlaps is largest; a truth body may be matched with one of its three largest partners.
 * Bodies without a match are listed too, with "0" on the other side. Largest overlap first, then by id.
 */
export function matchBodies(overlaps: BodyOverlaps, threshold: number): BodyMatch[] {
  const truthSizes = new Map<string, number>();
  const segmentSizes = new Map<string, number>();
  for (const [truth, row] of overlaps) {
    for (const [segment, n] of row) {
      truthSizes.set(truth, (truthSizes.get(truth) ?? 0) + n);
      segmentSizes.set(segment, (segmentSizes.get(segment) ?? 0) + n);
    }
  }
  const idsOf = (sizes: ReadonlyMap<string, number>) =>
    [...sizes]
      .filter(([id, n]) => id !== "0" && n >= threshold)
      .map(([id]) => id)
      .sort(byId);
  const truths = idsOf(truthSizes);
  const segments = idsOf(segmentSizes);
  const segmentAt = new Map(segments.map((id, k) => [id, k]));
  const pairs = truths.flatMap((truth, left): WeightedPair[] =>
    [...overlaps.get(truth)!]
      .filter(([segment]) => segmentAt.has(segment))
      .sort(([p, m], [q, n]) => n - m || byId(p, q))
      .slice(0, MOST_PARTNERS)
      .map(([segment, weight]) => ({ left, right: segmentAt.get(segment)!, weight })),
  );
  const rightOf = assign(truths.length, segments.length, pairs);
  const taken = new Set<string>();
  const matches = truths.map((ground_truth, left): BodyMatch => {
    const segmentation = segments[rightOf[left]!] ?? "0";
    taken.add(segmentation);
    return {
      ground_truth,
      segmentation,
      overlap: segmentation === "0" ? 0 : overlaps.get(ground_truth)!.get(segmentation)!,
      ground_truth_size: truthSizes.get(ground_truth)!,
      segmentation_size: segmentation === "0" ? 0 : segmentSizes.get(segmentation)!,
    };
  });
  for (const segmentation of segments) {
    if (taken.has(segmentation)) continue;
    const segmentation_size = segmentSizes.get(segmentation)!;
    matches.push({ ground_truth: "0", segmentation, overlap: 0, ground_truth_size: 0, segmentation_size });
  }
  return matches.sort(
    (p, q) => q.overlap - p.overlap || byId(p.ground_truth, q.ground_truth) || byId(p.segmentation, q.segmentation),
  );
}

function overlapsOf({ truth, segment }: ConnectedPoints): Map<string, Map<string, number>> {
  const overlaps = new Map<string, Map<string, number>>();
  truth.forEach((id, k) => {
    if (id === 0n) return;
    const row = overlaps.get(String(id)) ?? new Map<string, number>();
    overlaps.set(String(id), row);
    const other = String(segment[k]);
    row.set(other, (row.get(other) ?? 0) + 1);
  });
  return overlaps;
}

/** Connections whose two ends count. */
function* connectionsOf({ truth, partners }: ConnectedPoints): Generator<readonly [from: number, to: number]> {
  for (const [from, list] of partners.entries()) {
    if (truth[from] === 0n) continue;
    for (const to of list) if (truth[to] !== 0n) yield [from, to];
  }
}

function agreement(threshold: number, table: readonly ConnectionRow[], segmentPairs: Counter): PairAgreement {
  const ground_truth = table.filter((row) => row.connections >= threshold).length;
  const segmentation = segmentPairs.sorted().filter((pair) => pair.connections >= threshold).length;
  const both = table.filter((row) => row.matched >= threshold).length;
  const recall = ground_truth === 0 ? 0 : both / ground_truth;
  const precision = segmentation === 0 ? 0 : both / segmentation;
  return { threshold, ground_truth, segmentation, both, recall, precision };
}

class Counter {
  readonly #counts = new Map<string, number>();

  add(id: string): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** Most connections first, then by id. */
  sorted(): { readonly id: string; readonly connections: number }[] {
    const all = Array.from(this.#counts, ([id, connections]) => ({ id, connections }));
    return all.sort((p, q) => q.connections - p.connections || byId(p.id, q.id));
  }
}

/** Order of decimal texts by their numbers. */
function byId(p: string, q: string): number {
  return p.length - q.length || (p < q ? -1 : p > q ? 1 : 0);
}
