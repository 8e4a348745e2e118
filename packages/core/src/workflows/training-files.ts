/** What trainings read and write alike. */
import { access } from "node:fs/promises";
import { renumber } from "@axonloom/kernels";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import type { Box } from "../geometry/box.ts";
import { openVolume } from "../store/index.ts";

/** `E_DESTINATION_EXISTS` when something lies there. */
export async function checkNewFile(destination: string): Promise<void> {
  const exists = await access(destination).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new AxonloomError("E_DESTINATION_EXISTS", `${destination} exists already; remove it, or give another name`, {
    destination,
  });
}

/** uint64 labels get new numbers, in scan order; only ties of equal overlaps depend on numbers. */
export async function readLabels(source: string, box: Box, options: CallOptions): Promise<Uint32Array> {
  const { data } = await (await openVolume(source, options)).read(box, options);
  if (data instanceof Uint32Array) return data;
  if (data instanceof BigUint64Array) return renumber(data).labels;
  if (!(data instanceof Float32Array)) return Uint32Array.from(data);
  throw new AxonloomError("E_DTYPE", `${source}: expected labels (unsigned integers), found float32`, { source });
}
