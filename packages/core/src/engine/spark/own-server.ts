/** The server of our own that a run, or `axonloom doctor`, asks for. */
import { planSlots } from "../slots.ts";
import { sizeOf } from "./facts.ts";
import { DEFAULT_HEAP, type SparkServer, startSparkServer } from "./server.ts";

/** As in `SparkEngineFactoryOptions`. */
export interface OwnServerOptions {
  readonly master?: string;
  readonly workers?: number;
  readonly memoryBytes?: number;
  readonly coresPerTask?: number;
  readonly heap?: string;
  readonly conf?: Readonly<Record<string, string>>;
  readonly sparkHome?: string;
}

/** How often Spark tries a task on a server of this machine; the same as the local engine. */
const ATTEMPTS = 3;

/** `bytesPerTask` null: not known. `E_MEMORY` when the tasks do not fit into this machine, beside the server. */
export async function startOwnServer(options: OwnServerOptions, bytesPerTask: number | null): Promise<SparkServer> {
  const { heap = DEFAULT_HEAP, conf, sparkHome } = options;
  const master = options.master ?? `local[${slotsHere(options, heap, bytesPerTask)},${ATTEMPTS}]`;
  return await startSparkServer({ master, heap, ...(conf && { conf }), ...(sparkHome !== undefined && { sparkHome }) });
}

function slotsHere(options: OwnServerOptions, heap: string, bytesPerTask: number | null): number {
  const { workers, memoryBytes, coresPerTask } = options;
  return planSlots({
    bytesPerTask: bytesPerTask ?? 1,
    otherBytes: sizeOf(heap, "b")!,
    ...(workers !== undefined && { wanted: workers }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(coresPerTask !== undefined && { coresPerTask }),
  }).slots;
}
