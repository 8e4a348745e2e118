import { type ChildProcess, execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const WATCH_MS = 100;

/** Resident bytes of a process, its typed arrays included; null when it has ended. */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    if (process.platform === "linux") {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
      return kib === undefined ? null : Number(kib) * 1024;
    }
    const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
    return Number(stdout.trim()) * 1024;
  } catch {
    return null;
  }
}

/** Calls back while the process holds more than `limit` resident bytes; the caller clears the timer. */
export function watchMemory(child: ChildProcess, limit: number, exceeded: (bytes: number) => void): NodeJS.Timeout {
  let asking = false;
  return setInterval(async () => {
    if (asking || child.pid === undefined) return;
    asking = true;
    const bytes = await residentBytes(child.pid);
    asking = false;
    if (bytes !== null && bytes > limit) exceeded(bytes);
  }, WATCH_MS);
}
