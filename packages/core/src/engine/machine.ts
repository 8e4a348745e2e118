/** What this machine has. */
import { totalmem } from "node:os";

/** Left for the system and the driver. */
export const RESERVED_BYTES = 512 * 2 ** 20;

/** Bytes of memory of the machine, or of the container that the process is in. */
export function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/** `1.50 GiB`. */
export function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
