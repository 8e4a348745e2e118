/**
 * One process at a time works in a run folder. The lock file names the process; one that is no longer alive on this machine is taken
 * over, so that a crash never needs a hand.
 */
import { readFileSync } from "node:fs";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { AxonloomError } from "../errors.ts";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start time of the process in clock ticks, where the system tells it: a number of a dead process may be given again. */
  readonly started: string | null;
}

export interface RunLock {
  release(): Promise<void>;
}

/** Throws `E_RUN_LOCKED` while another living process holds the folder. */
export async function lockRunFolder(folder: string): Promise<RunLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, "lock");
  const mine: Owner = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, JSON.stringify(mine));
  try {
    for (;;) {
      try {
        await link(draft, path); // fails when there is one: the only step that decides
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = await readOwner(path);
      if (owner !== null && isAlive(owner)) {
        throw new AxonloomError(
          "E_RUN_LOCKED",
          `${folder} is in use by process ${owner.pid} on ${owner.host}; wait for it, or end it` +
            (owner.host === hostname() ? "" : `, or delete ${path} if that process is gone`),
          { folder, ...owner },
        );
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether a living process holds the folder. */
export async function isRunLocked(folder: string): Promise<boolean> {
  const owner = await readOwner(join(folder, "lock"));
  return owner !== null && isAlive(owner);
}

async function readOwner(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Owner;
  } catch {
    return null; // gone, or damaged by a power cut: nobody holds it
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true; // cannot be known from here
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return owner.started === null || owner.started === startOf(owner.pid);
}

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
