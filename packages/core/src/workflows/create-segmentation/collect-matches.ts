/** Brings the matches of all faces to the driver: 16 bytes a match, 24 for a moment at the end. */
import type { CallOptions } from "../../call-options.ts";
import type { Dataset } from "../../engine/index.ts";
import type { IndexPairs } from "../../stitch/resolve.ts";
import type { FaceMatches } from "./stitch-stages.ts";

/** The matches as pairs of segment indices; null when they are more than `most`. */
export async function collectMatches(
  matches: Dataset<FaceMatches>,
  offsets: readonly number[],
  most: number,
  options: CallOptions,
): Promise<IndexPairs | null> {
  const a = new GrowingList();
  const b = new GrowingList();
  for await (const { value } of matches.collect(options)) {
    if (a.length + value.segmentsA.length > most) return null;
    const [offsetA, offsetB] = [offsets[value.a]!, offsets[value.b]!];
    for (let i = 0; i < value.segmentsA.length; i++) {
      a.push(offsetA + value.segmentsA[i]!);
      b.push(offsetB + value.segmentsB[i]!);
    }
  }
  return { a: a.take(), b: b.take() };
}

const PART = 2 ** 17;

/** A list of numbers that grows by parts, so that it never has to be copied to make room. */
class GrowingList {
  #parts: Float64Array[] = [];
  length = 0;

  push(value: number): void {
    const at = this.length % PART;
    if (at === 0) this.#parts.push(new Float64Array(PART));
    this.#parts.at(-1)![at] = value;
    this.length += 1;
  }

  /** The list as one array; it is empty then. */
  take(): Float64Array {
    const all = new Float64Array(this.length);
    for (const [i, part] of this.#parts.entries()) all.set(part.subarray(0, this.length - i * PART), i * PART);
    this.#parts = [];
    this.length = 0;
    return all;
  }
}
