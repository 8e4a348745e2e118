/** Resident memory of this process, from Linux's /proc; null elsewhere. */
import { readFileSync, writeFileSync } from "node:fs";

function field(name) {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}

export const residentBytes = () => field("VmRSS");
export const peakBytes = () => field("VmHWM");

/** From now on the peak counts anew; false where that is not possible. */
export function resetPeak() {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return true;
  } catch {
    return false;
  }
}
