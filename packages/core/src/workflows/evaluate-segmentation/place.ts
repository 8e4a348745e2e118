/**
 * Where an evaluation is written. Beside the destination lies a work folder while it runs: what leaves memory, the lock, and the results
 * until they are complete.
 *
 *     <destination>.evaluating/result ─▶ <destination>          an earlier evaluation waits in .evaluating/former meanwhile
 *
 * Nothing is ever removed but what an evaluation has written: folders with any other name in them are refused.
 */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { codeOf, reasonOf, writeFailed } from "../../fs-errors.ts";
import { lockRunFolder } from "../../run/lock.ts";
import { readEvaluation } from "./output.ts";

/** What an evaluation writes into its folder, `output.ts`. */
const RESULTS = /^(evaluation\.json|metrics\.json|bodies\.csv|report\.html|heat-map\.csv|heat-map)$/;
/** What lies in a work folder: ours, that of the lock, that of the engines. */
const WORK = /^(result|former|lock(\..*)?|spill|spark|status)$/;

export interface EvaluationPlace {
  readonly workFolder: string;
  /** Where results are written; does not exist yet. */
  readonly resultFolder: string;
  /** Gives the results their final name; an earlier evaluation of that name goes. */
  publish(): Promise<void>;
  /** Removes the work folder. */
  close(): Promise<void>;
}

/** Refuses a destination that is anything but free, empty, or an earlier evaluation. `E_DESTINATION_EXISTS`. */
export async function checkDestination(folder: string): Promise<void> {
  const names = await namesIn(folder);
  if (names === null || names.length === 0) return;
  const other = names.find((name) => !RESULTS.test(name));
  if (other !== undefined) throw taken(folder, `found ${other} in it`);
  try {
    await readEvaluation(folder);
  } catch (error) {
    throw taken(folder, `found a folder without a readable result (${reasonOf(error)})`, error);
  }
}

/** Claims the work folder. `E_RUN_LOCKED` while another process evaluates into this destination. */
export async function openPlace(destination: string): Promise<EvaluationPlace> {
  const workFolder = `${destination}.evaluating`;
  const names = (await namesIn(workFolder)) ?? [];
  const other = names.find((name) => !WORK.test(name));
  if (other !== undefined) throw taken(workFolder, `found ${other} in it`);
  const lock = await lockRunFolder(workFolder);
  const [resultFolder, former] = [join(workFolder, "result"), join(workFolder, "former")];
  try {
    // A crash between the two renamings of `publish`.
    if ((await namesIn(destination)) === null && (await namesIn(former)) !== null) await rename(former, destination);
    await rm(resultFolder, { recursive: true, force: true });
    await rm(former, { recursive: true, force: true });
  } catch (error) {
    await lock.release();
    throw isAxonloomError(error) ? error : writeFailed(workFolder, error);
  }
  return {
    workFolder,
    resultFolder,
    async publish() {
      await checkDestination(destination);
      try {
        if ((await namesIn(destination)) !== null) await rename(destination, former);
        else await mkdir(join(destination, ".."), { recursive: true });
        await rename(resultFolder, destination);
      } catch (error) {
        throw isAxonloomError(error) ? error : writeFailed(destination, error);
      }
    },
    async close() {
      await lock.release();
      await rm(workFolder, { recursive: true, force: true });
    },
  };
}

/** null: there is nothing of that name. A file is `E_DESTINATION_EXISTS`. */
async function namesIn(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    if (codeOf(error) === "ENOTDIR") throw taken(folder, "found a file there, or above it", error);
    throw writeFailed(folder, error);
  }
}

function taken(folder: string, found: string, cause?: unknown): AxonloomError {
  return new AxonloomError(
    "E_DESTINATION_EXISTS",
    `${folder}: expected a free name, an empty folder, or an earlier evaluation and nothing else, ${found}; name another output.destination`,
    { folder },
    cause,
  );
}
