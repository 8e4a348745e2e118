/** The program of an isolated step's process, and of the watchdog thread in it: one file, so that a bundle has to name one only. */
import { isMainThread, workerData } from "node:worker_threads";

if (isMainThread) {
  const { runTask } = await import("./isolated-step.ts");
  await runTask(new URL(import.meta.url));
} else {
  const { watchParent } = await import("./isolated-watchdog.ts");
  watchParent(workerData as string);
}
