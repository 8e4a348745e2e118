/** Which body of the ground truth each region belongs to: the one with the largest overlap, while regions are merged. */
import { countOverlaps } from "@axonloom/kernels";

export class GroundTruth {
  /** By region: voxels by body. */
  readonly #overlaps: Map<number, number>[];
  /** By region: its body, 0 = none. */
  readonly #body: Uint32Array;

  /** `ids`: labels of the regions. Voxels that are 0 on either side do not count; of equal overlaps the smaller id counts. */
  constructor(ids: Uint32Array, labels: Uint32Array, truth: Uint32Array) {
    const position = new Map(Array.from(ids, (id, k) => [id, k]));
    this.#overlaps = Array.from(ids, () => new Map());
    const { a, b, voxels } = countOverlaps(labels, truth);
    for (let k = 0; k < a.length; k++) this.#overlaps[position.get(a[k]!)!]!.set(b[k]!, voxels[k]!);
    this.#body = Uint32Array.from(this.#overlaps, largest);
  }

  /** The region's body, 0 when it overlaps none. */
  bodyOf(region: number): number {
    return this.#body[region]!;
  }

  merge(kept: number, gone: number): void {
    const sum = this.#overlaps[kept]!;
    for (const [body, voxels] of this.#overlaps[gone]!) sum.set(body, (sum.get(body) ?? 0) + voxels);
    this.#overlaps[gone] = new Map();
    this.#body[kept] = largest(sum);
  }
}

function largest(overlaps: ReadonlyMap<number, number>): number {
  let best = 0;
  let most = 0;
  for (const [body, voxels] of overlaps) {
    if (voxels > most || (voxels === most && body < best)) {
      best = body;
      most = voxels;
    }
  }
  return best;
}
