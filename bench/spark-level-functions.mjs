/** What the tasks of the benchmark of storage levels run. */
import { randomFillSync } from "node:crypto";

export async function* noise(batches, { bytes }) {
  for await (const batch of batches) {
    for (const { id } of batch) yield { id, value: randomFillSync(new Uint8Array(bytes)) };
  }
}

export async function* lengths(batches) {
  for await (const batch of batches) {
    for (const { value } of batch) yield { length: BigInt(value.length) };
  }
}
