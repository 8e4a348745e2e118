/** What this machine has. */
import { totalmem } from "node:os";

/** Bytes of memory of the machine, or of the container that the process is in. */
export function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
