/** Brings the matches of all faces to the driver: 16 bytes a match, 24 while the lists grow. */
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
  return { a: a.values(), b: b.values() };
}

/** A Float64Array that grows: 8 bytes a number, where a plain list would take 16 and more. */
class GrowingList {
  #data = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const larger = new Float64Array(2 * this.#data.length);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.length] = value;
    this.length += 1;
  }

  values(): Float64Array {
    return this.#data.slice(0, this.length);
  }
}
