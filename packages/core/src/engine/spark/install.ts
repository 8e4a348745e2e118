/**
 * Installs Spark once for all runs of a user: the Python package `pyspark`, which brings all of Spark, in a virtual environment of its own.
 * Python is needed to install it, and nothing runs in it afterwards.
 *
 * An installation is made under a passing name and renamed when it is whole: a torn one never counts, and of two at once the first to finish does.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { checkJava, installationFolder, SPARK_VERSION, type SparkHome, sparkIn } from "./find.ts";

/** Left by an installation that was killed: nothing takes so long. */
const STALE_MS = 4 * 3_600_000;
/** What `pip` needs: Spark 4.1 is for Python 3.10 and newer. */
const PYTHON_MINOR = 10;

export interface InstalledSpark extends SparkHome {
  /** Major version. */
  readonly java: number;
  /** It was there before. */
  readonly present: boolean;
}

/**
 * Spark in the user's cache folder, installed when it is not there. `say`: what is being done, and what the programs print.
 * `E_SPARK_NOT_FOUND` when Java or Python are missing, or the package cannot be had.
 */
export async function installSpark(say: (line: string) => void, options: CallOptions = {}): Promise<InstalledSpark> {
  const java = await checkJava();
  say(`Java ${java} found`);
  const target = installationFolder();
  const present = sparkIn(target);
  if (present !== null) return { ...present, java, present: true };
  await checkPython(say, options);
  await mkdir(dirname(target), { recursive: true });
  await removeStale(target);
  const partial = await mkdtemp(join(dirname(target), `.${basename(target)}.`));
  try {
    say(`making a virtual environment for pyspark ${SPARK_VERSION}: half a gigabyte, half a minute on a fast line`);
    await mustRun("python3", ["-m", "venv", partial], say, options, "Debian, Ubuntu: apt-get install python3-venv");
    const pip = ["-m", "pip", "install", "--no-cache-dir", "--progress-bar", "off", "--disable-pip-version-check"];
    const python = join(partial, "bin", "python");
    const advice = "without a network, set SPARK_HOME to a Spark 4.1 that you have; pip takes a mirror from PIP_INDEX_URL";
    await mustRun(python, [...pip, `pyspark==${SPARK_VERSION}`], say, options, advice);
    if (sparkIn(partial) === null)
      throw notThere(`the package pyspark ${SPARK_VERSION} with Spark Connect`, "no such files in it", "");
    return { ...(await publish(partial, target)), java, present: false };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** rename(2) never replaces a folder that has something in it. */
async function publish(partial: string, target: string): Promise<SparkHome> {
  const failure = await rename(partial, target).then(
    () => null,
    (error: Error) => error,
  );
  const home = sparkIn(target);
  if (home !== null) return home;
  throw notThere(`${target} to be free`, `something else there (${failure?.message ?? "an incomplete folder"})`, "remove it");
}

async function checkPython(say: (line: string) => void, options: CallOptions): Promise<void> {
  const found = await run("python3", ["--version"], () => {}, options);
  const [, minor] = /Python 3\.(\d+)/.exec(found.output) ?? [];
  if (found.code === 0 && Number(minor) >= PYTHON_MINOR) return say(`${found.output.trim()} found`);
  const wanted = `Python 3.${PYTHON_MINOR} or newer as python3 (it brings Spark, nothing runs in it)`;
  throw notThere(wanted, found.output.trim(), "install it (Debian, Ubuntu: apt-get install python3 python3-venv)");
}

async function removeStale(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(`.${basename(target)}.`)) continue;
    const path = join(dirname(target), name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true });
  }
}

async function mustRun(
  program: string,
  args: readonly string[],
  say: (line: string) => void,
  options: CallOptions,
  advice: string,
): Promise<void> {
  const { code, output } = await run(program, args, say, options);
  if (code !== 0)
    throw notThere(`\`${basename(program)} ${args.join(" ")}\` to work`, output.trim().slice(-2000) || `exit code ${code}`, advice);
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** What it prints goes to `say`, line by line. Ended by an abort. */
async function run(program: string, args: readonly string[], say: (line: string) => void, { signal }: CallOptions): Promise<Ended> {
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let rest = "";
    const take = (text: string) => {
      output += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) say(line);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", take);
    const stop = () => void child.kill();
    signal?.addEventListener("abort", stop, { once: true });
    child.once("error", (error) => resolve({ code: null, output: error.message }));
    child.once("close", (code) => {
      signal?.removeEventListener("abort", stop);
      if (rest !== "") say(rest);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code, output });
    });
  });
}

function notThere(expected: string, found: string, advice: string): AxonloomError {
  return new AxonloomError("E_SPARK_NOT_FOUND", `expected ${expected}, found: ${found}${advice === "" ? "" : `; ${advice}`}`);
}
