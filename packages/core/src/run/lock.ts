/**
 * One process at a time works in a run folder. The lock file names the process; one that is no longer alive on this machine is taken
 * over, so that a crash never needs a hand.
 *
 * Taking over is the dangerous step: between reading a dead owner and replacing the file another process may have done the same. So a file
 * with the dead owner T is replaced only by who has made, exclusively, the guard named after T, and only while the file still says T:
 *
 *   lock            T (dead)   ──▶  mine
 *   lock.sha256(T)             mine while I replace T; if I die there, the guard is taken over in the same way
 *
 * Every owner's text is unique, so a guard that comes too late finds another text and gives up.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AxonloomError, isAxonloomError } from "../errors.ts";
import { codeOf, isMissing, writeFailed } from "../fs-errors.ts";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start time of the process in clock ticks, where the system tells it: a number of a dead process may be given again. */
  readonly started: string | null;
  /** Makes every lock's text another one. */
  readonly id: string;
}

export interface RunLock {
  release(): Promise<void>;
}

const LOCK = "lock";
/** File systems without hard links say one of these. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EACCES"]);
/** Where there are no links a new file is empty for a moment: so often, and so many milliseconds apart, a damaged one is read again. */
const READ_AGAIN = { times: 10, ms: 50 };

/** Throws `E_RUN_LOCKED` while another living process holds the folder, `E_WRITE_FAILED` when it cannot be written to. */
export async function lockRunFolder(folder: string): Promise<RunLock> {
  const path = join(folder, LOCK);
  const mine: Owner = { pid: process.pid, host: hostname(), started: startOf(process.pid), id: randomUUID() };
  const text = JSON.stringify(mine);
  try {
    await mkdir(folder, { recursive: true });
    const owner = await claim(folder, LOCK, text);
    if (owner !== null) throw inUse(folder, owner);
  } catch (error) {
    throw isAxonloomError(error) ? error : writeFailed(path, error);
  }
  await removeDead(folder);
  return {
    async release() {
      if ((await readText(path)) === text) await rm(path, { force: true });
    },
  };
}

/** Whether a living process holds the folder. */
export async function isRunLocked(folder: string): Promise<boolean> {
  const owner = ownerIn(await readText(join(folder, LOCK)));
  return owner !== null && isAlive(owner);
}

function inUse(folder: string, owner: Owner): AxonloomError {
  return new AxonloomError(
    "E_RUN_LOCKED",
    `${folder} is in use by process ${owner.pid} on ${owner.host}; wait for it, or end it` +
      (owner.host === hostname() ? "" : `, or delete ${join(folder, LOCK)} if that process is gone`),
    { folder, ...owner },
  );
}

/** Makes the file of the name mine. null = done, else the living owner: of the file, or of the right to replace a dead one. */
async function claim(folder: string, name: string, text: string): Promise<Owner | null> {
  const path = join(folder, name);
  for (;;) {
    if (await createExclusively(folder, path, text)) return null;
    const found = await readWhole(path);
    if (found === null) continue; // released in between
    if (found === text) return null; // made, though the system said that it was not: a network's lost answer
    const owner = ownerIn(found);
    if (owner !== null && isAlive(owner)) return owner;
    const guard = `${LOCK}.${createHash("sha256").update(found).digest("hex")}`;
    const rival = await claim(folder, guard, text);
    if (rival !== null) return rival;
    try {
      if ((await readText(path)) !== found) continue;
      const draft = await writeDraft(folder, text);
      await rename(draft, path);
      return null;
    } finally {
      await rm(join(folder, guard), { force: true });
    }
  }
}

/** False when there is a file already. */
async function createExclusively(folder: string, path: string, text: string): Promise<boolean> {
  const draft = await writeDraft(folder, text);
  try {
    await link(draft, path); // whole from its first moment on
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (!NO_LINKS.has(codeOf(error) ?? "")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function writeDraft(folder: string, text: string): Promise<string> {
  const draft = join(folder, `${LOCK}.${randomUUID()}`);
  await writeFile(draft, text);
  return draft;
}

/** Drafts and guards that ended processes left. */
async function removeDead(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${LOCK}.`)) continue;
    const owner = ownerIn(await readText(join(folder, name)));
    if (owner !== null && !isAlive(owner)) await rm(join(folder, name), { force: true });
  }
}

async function readWhole(path: string): Promise<string | null> {
  let text = await readText(path);
  for (let i = 0; i < READ_AGAIN.times && text !== null && ownerIn(text) === null; i++) {
    await sleep(READ_AGAIN.ms);
    text = await readText(path);
  }
  return text;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** null: there is none, or its text was damaged by a power cut: nobody holds it. */
function ownerIn(text: string | null): Owner | null {
  if (text === null) return null;
  try {
    const owner = JSON.parse(text) as Owner | null;
    return Number.isInteger(owner?.pid) && typeof owner?.host === "string" ? owner : null;
  } catch {
    return null;
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true; // cannot be known from here
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  return owner.started === null || owner.started === startOf(owner.pid);
}

/** null where the system does not tell, and for a process that has ended but was not waited for. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
