/** Labels of a box with dense numbers, so that 64-bit ids need 4 bytes a voxel. */
import { renumber } from "@axonloom/kernels";
import type { CallOptions } from "../../call-options.ts";
import type { Labels } from "../../evaluate/contingency-table.ts";
import { type Box, shapeOf, volumeOf } from "../../geometry/box.ts";
import type { VolumeStore } from "../../store/index.ts";

export interface DenseLabels {
  readonly labels: Uint32Array;
  /** What each number stands for; number 0 is id 0. */
  readonly ids: BigUint64Array;
}

/** Read at once: 32 MiB of 64-bit labels. */
const SLAB_VOXELS = 2 ** 22;

/** Reads a box in slabs along z. */
export async function readDense(store: VolumeStore, box: Box, options: CallOptions = {}): Promise<DenseLabels> {
  const shape = shapeOf(box);
  const area = shape[1] * shape[2];
  const thickness = Math.max(1, Math.floor(SLAB_VOXELS / area));
  const labels = new Uint32Array(volumeOf(shape));
  const numbers = new Map<bigint, number>([[0n, 0]]);
  for (let z = box.start[0]; z < box.stop[0]; z += thickness) {
    const stop = Math.min(z + thickness, box.stop[0]);
    const slab = { start: [z, box.start[1], box.start[2]], stop: [stop, box.stop[1], box.stop[2]] } as const;
    const found = renumber((await store.read(slab, options)).data as Labels);
    const numberOf = Uint32Array.from(found.ids, (id) => {
      const known = numbers.get(id);
      if (known !== undefined) return known;
      numbers.set(id, numbers.size);
      return numbers.size - 1;
    });
    const offset = (z - box.start[0]) * area;
    for (let i = 0; i < found.labels.length; i++) labels[offset + i] = numberOf[found.labels[i]!]!;
  }
  return { labels, ids: BigUint64Array.from(numbers.keys()) };
}
