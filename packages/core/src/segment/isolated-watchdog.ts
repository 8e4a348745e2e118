/** The watchdog of an isolated step's process: a thread that is awake even while the plug-in loops. */
import { rmSync } from "node:fs";
import { Socket } from "node:net";
import { parentPort } from "node:worker_threads";

/**
 * Standard input is a line to the parent on which nothing is ever said; when it ends, the parent is gone, and this process removes the
 * folder of its arrays and ends too.
 */
export function watchParent(folder: string): void {
  const end = () => {
    rmSync(folder, { recursive: true, force: true });
    process.kill(process.pid, "SIGKILL");
  };
  const line = new Socket({ fd: 0, readable: true, writable: false });
  line.on("end", end).on("error", end).resume();
  parentPort?.postMessage("ready");
}
