/**
 * From segments to global ids. The segments of a run are counted from 1 through the list of subvolumes: index = offset of the subvolume +
 * local id. The id of index k is the k-th number above the label offset that is no preserved id:
 *
 *   label offset 10, preserved 12 13 17        index  1   2   3   4   5   6
 *                                              id    11  14  15  16  18  19
 *
 * The map is monotone, so the smallest id of a body is the id of its smallest index. `fillIds` is O(count + log preserved).
 */
import { AxonloomError } from "../errors.ts";

export interface SegmentIds {
  /** Segment index just before the first segment of each subvolume, in list order. */
  readonly offsets: readonly number[];
  /** Number of segments of all subvolumes. */
  readonly total: number;
  /** The id of a segment index, from 1 on. */
  idOf(index: number): bigint;
  /** The ids of `count` segments from index `start` on. */
  fillIds(start: number, count: number): BigUint64Array;
}

export interface SegmentIdOptions {
  /** Ids start above it. */
  readonly labelOffset: bigint;
  /** Ids that must not be given, sorted, each once. */
  readonly preserved: BigUint64Array;
  /** Segments per subvolume, in list order. */
  readonly counts: ArrayLike<number>;
}

const MAX_ID = 2n ** 64n - 1n;

/**
 * Numbers all segments of a run. `E_CONFIG_INVALID` for a label offset or preserved ids that do not fit, `E_PARTITION` above 2^53 segments.
 * The ids do not depend on `counts`: a task that knows its subvolume's offset may give none.
 */
export function segmentIds({ labelOffset, preserved, counts }: SegmentIdOptions): SegmentIds {
  checkPreserved(preserved);
  const { offsets, total } = sumUp(counts);
  const reserved = preserved.filter((id) => id > labelOffset);
  const highest = MAX_ID - BigInt(reserved.length);
  if (labelOffset < 0n || labelOffset + BigInt(total) > highest) throw tooHigh(labelOffset, total, highest);
  // freeBefore[r] = free ids below reserved[r]; the id of index k has as many reserved ids below it as there are r with freeBefore[r] < k.
  const freeBefore = Float64Array.from(reserved, (id, r) => {
    const free = id - labelOffset - 1n - BigInt(r);
    return free > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(free);
  });
  const reservedBelow = (index: number) => {
    let low = 0;
    let high = freeBefore.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (freeBefore[middle]! < index) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const check = (first: number, last: number) => {
    if (!Number.isSafeInteger(first) || first < 1 || !Number.isSafeInteger(last)) {
      throw new RangeError(`segment index: expected an integer from 1 on, found ${first}`);
    }
    if (labelOffset + BigInt(last) > highest) throw tooHigh(labelOffset, last, highest);
  };
  return {
    offsets,
    total,
    idOf(index) {
      check(index, index);
      return labelOffset + BigInt(index) + BigInt(reservedBelow(index));
    },
    fillIds(start, count) {
      const ids = new BigUint64Array(count);
      if (count === 0) return ids;
      check(start, start + count - 1);
      let r = reservedBelow(start);
      let id = labelOffset + BigInt(start) + BigInt(r);
      for (let i = 0; i < count; i++, id++) {
        for (; r < reserved.length && reserved[r]! === id; r++) id++;
        ids[i] = id;
      }
      return ids;
    },
  };
}

function tooHigh(labelOffset: bigint, segments: number, highest: bigint): AxonloomError {
  return new AxonloomError(
    "E_CONFIG_INVALID",
    `label-offset: expected an integer from 0 to ${highest - BigInt(segments)}, so that ${segments} segments fit into 64 bit, found ${labelOffset}`,
    { labelOffset: String(labelOffset), segments },
  );
}

function checkPreserved(preserved: BigUint64Array): void {
  for (let i = 1; i < preserved.length; i++) {
    if (preserved[i - 1]! >= preserved[i]!) {
      throw new AxonloomError(
        "E_CONFIG_INVALID",
        `preserve-bodies: expected ids in ascending order, each once, found ${preserved[i]} after ${preserved[i - 1]}`,
      );
    }
  }
}

function sumUp(counts: ArrayLike<number>): { offsets: number[]; total: number } {
  const offsets: number[] = [];
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`segments of subvolume ${i}: expected an integer of 0 or more, found ${count}`);
    }
    offsets.push(total);
    total += count;
    if (total > Number.MAX_SAFE_INTEGER) {
      throw new AxonloomError(
        "E_PARTITION",
        "segments: expected fewer than 2^53 in all subvolumes, found more; take a smaller ROI",
      );
    }
  }
  return { offsets, total };
}
