/**
 * A thread beside an isolated plug-in, awake even while the plug-in loops. Standard input is a line to the parent on which nothing is
 * ever said; when it ends, the parent is gone, and this process removes its files and ends too.
 */
import { rmSync } from "node:fs";
import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

const end = () => {
  rmSync(workerData as string, { recursive: true, force: true });
  process.kill(process.pid, "SIGKILL");
};
const line = new Socket({ fd: 0, readable: true, writable: false });
line.on("end", end).on("error", end).resume();
parentPort?.postMessage("ready");
