/** What a run's folder tells from outside, at any time: while the run works, after it ended, and after it was killed. */
import { AxonloomError } from "../errors.ts";
import { openKeyValue } from "../keyvalue/index.ts";
import type { CoverageCertificate, RunSummary } from "./events.ts";
import { isRunLocked } from "./lock.ts";
import { type RunState, type RunStatus, readCertificate, readState, readSummary } from "./state.ts";

export interface RunFolderStatus extends Omit<RunState, "status"> {
  readonly "run-folder": string;
  /** A living process holds the folder. */
  readonly working: boolean;
  /** `stopped`: the run did not say that it ended, and no living process holds its folder. */
  readonly status: RunStatus | "stopped";
  /** Of the last run that came to its end; null when none did. */
  readonly summary: RunSummary | null;
  readonly certificate: CoverageCertificate | null;
}

/** State and result of the run in a folder. `E_RUN_FOLDER` when it holds no run. */
export async function readRunStatus(runFolder: string): Promise<RunFolderStatus> {
  const store = openKeyValue(runFolder);
  // The lock first: a run that ends in between has left its last state by then.
  const working = await isRunLocked(runFolder);
  const state = await readState(store);
  if (state === null) {
    throw new AxonloomError(
      "E_RUN_FOLDER",
      `${runFolder}: expected the folder of a run, found no state.json in it; check the path`,
      {
        folder: runFolder,
      },
    );
  }
  return {
    "run-folder": runFolder,
    working,
    ...state,
    status: state.status === "running" && !working ? "stopped" : state.status,
    summary: await readSummary(store),
    certificate: await readCertificate(store),
  };
}
