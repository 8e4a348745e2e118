import { z } from "zod";
import type { AgglomerateInput } from "../types.ts";

export const noopAgglomerationParameters = z.strictObject({});

/** The supervoxels as they are. */
export function noopAgglomeration({ supervoxels }: AgglomerateInput<z.infer<typeof noopAgglomerationParameters>>): Uint32Array {
  return supervoxels;
}
