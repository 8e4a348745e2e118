/**
 * How many splits and merges a proofreader would need. Every segment is given to the truth body that it overlaps most. Of a body's own
 * segments the largest is right already, each other costs a merge; each overlap with a foreign segment costs a split. The largest gains
 * are taken first, a split only where its gain divided by `splitFactor` is above that of the next merge, until enough is right.
 * O(pairs · log pairs). Source: the edit measure of DVIDSparkServices.
 */
import type { CountedTable } from "./counted-table.ts";

export interface Edits {
  readonly percent: number;
  readonly splits: number;
  readonly merges: number;
}

/** One row for each percentage of the size that is to be right. */
export function editDistance(table: CountedTable, percents: readonly number[], splitFactor: number): Edits[] {
  const { splits, merges, right } = operations(table);
  return percents.map((percent) => {
    let [s, m, correct] = [0, 0, right];
    while (correct * 100 < percent * table.size && (s < splits.length || m < merges.length)) {
      const [split = 0, merge = 0] = [splits[s], merges[m]];
      if (m === merges.length || (s < splits.length && split / splitFactor > merge)) {
        correct += split;
        s += 1;
      } else {
        correct += merge;
        m += 1;
      }
    }
    return { percent, splits: s, merges: m };
  });
}

/** Gains of all operations, largest first, and what is right without any. */
function operations(table: CountedTable) {
  const { truth, segment, voxels, measured, truthSizes, segmentSizes } = table;
  const counted = Array.from(voxels.keys()).filter((i) => measured[truth[i]!] === 1);
  const owner = new Int32Array(segmentSizes.length).fill(-1);
  const best = new Float64Array(segmentSizes.length);
  for (const i of counted) {
    const s = segment[i]!;
    if (voxels[i]! > best[s]!) {
      best[s] = voxels[i]!;
      owner[s] = truth[i]!;
    }
  }
  const largestOwn = new Float64Array(truthSizes.length);
  const splits: number[] = [];
  const merges: number[] = [];
  for (const i of counted) {
    const t = truth[i]!;
    const n = voxels[i]!;
    if (owner[segment[i]!] !== t) {
      splits.push(n);
    } else if (n > largestOwn[t]!) {
      if (largestOwn[t]! > 0) merges.push(largestOwn[t]!);
      largestOwn[t] = n;
    } else {
      merges.push(n);
    }
  }
  const descending = (list: number[]) => list.sort((p, q) => q - p);
  return { splits: descending(splits), merges: descending(merges), right: largestOwn.reduce((sum, n) => sum + n, 0) };
}
