/** Makes the local engine of a run: as many worker threads as its tasks leave room for. */
import { join } from "node:path";
import { planSlots, type SlotsRequest } from "../slots.ts";
import type { EngineFactory } from "../types.ts";
import { LocalEngine } from "./engine.ts";

export interface LocalEngineFactoryOptions extends Pick<SlotsRequest, "coresPerTask" | "memoryBytes"> {
  /** Worker threads; absent: as many as cores and memory allow. */
  readonly workers?: number;
}

/** `E_MEMORY` (when the engine is made) if not even one task fits, or not as many as there are workers wanted. */
export function localEngineFactory({ workers, ...request }: LocalEngineFactoryOptions = {}): EngineFactory {
  return async ({ bytesPerTask, runFolder, onEvent }) => {
    const { slots } = planSlots({ ...request, bytesPerTask, ...(workers !== undefined && { wanted: workers }) });
    return new LocalEngine({ slots, spillFolder: join(runFolder, "spill"), onEvent });
  };
}
