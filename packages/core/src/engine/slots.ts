/** How many tasks may run at once: from cores and from memory. */
import { availableParallelism } from "node:os";
import { AxonloomError } from "../errors.ts";
import { gib, machineMemory, RESERVED_BYTES } from "./machine.ts";

export interface SlotsRequest {
  /** Planned bytes of one task at its peak. */
  readonly bytesPerTask: number;
  /** Wanted number; absent: as many as fit. */
  readonly wanted?: number;
  /** Cores that one task uses (`corespertask`). */
  readonly coresPerTask?: number;
  /** Memory to plan with; absent: what the machine, or its container, has. */
  readonly memoryBytes?: number;
  /** Of it, what something else takes: the heap of a Spark server. */
  readonly otherBytes?: number;
}

export interface Slots {
  readonly slots: number;
  readonly bytesPerTask: number;
  readonly memoryBytes: number;
  readonly cores: number;
}

/** Throws `E_MEMORY` when not even one task fits, or not as many as wanted. */
export function planSlots(request: SlotsRequest): Slots {
  const memoryBytes = request.memoryBytes ?? machineMemory();
  const cores = availableParallelism();
  const reserved = RESERVED_BYTES + (request.otherBytes ?? 0);
  const fitting = Math.floor(Math.max(0, memoryBytes - reserved) / request.bytesPerTask);
  const wanted = request.wanted ?? Math.max(1, Math.floor(cores / (request.coresPerTask ?? 1)));
  const slots = request.wanted === undefined ? Math.min(wanted, fitting) : wanted;
  if (fitting < slots || slots < 1) {
    throw new AxonloomError(
      "E_MEMORY",
      `${wanted} worker(s) need ${gib(wanted * request.bytesPerTask)} (${gib(request.bytesPerTask)} for one subvolume) beside ${gib(reserved)} ${request.otherBytes ? "for Spark's server and the system" : "reserved"}, ` +
        `but ${gib(memoryBytes)} are there; take a smaller chunk-size${wanted > 1 ? ", fewer workers" : ""} or a machine with more memory`,
      { wanted, ...request, memoryBytes },
    );
  }
  return { slots, bytesPerTask: request.bytesPerTask, memoryBytes, cores };
}
