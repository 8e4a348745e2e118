/** Where Spark and the Java that it needs are on this machine. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AxonloomError } from "../../errors.ts";

/** The version that `axonloom setup spark` installs. Any 4.1 works. */
export const SPARK_VERSION = "4.1.4";
/** What Spark 4.1 runs on. */
const JAVA_MAJORS = [17, 21];
const ANSWER_MS = 30_000;

export interface SparkHome {
  /** What `SPARK_HOME` names: the folder with `bin` and `jars`. */
  readonly folder: string;
  /** From the name of its jar of Spark Connect, as in `4.1.4`. */
  readonly version: string;
}

/** Folder of what is installed once and serves all runs. */
export function cacheFolder(): string {
  const { AXONLOOM_CACHE: own, XDG_CACHE_HOME: xdg } = process.env as { AXONLOOM_CACHE?: string; XDG_CACHE_HOME?: string };
  return own || join(xdg || join(homedir(), ".cache"), "axonloom");
}

/** The virtual environment that `axonloom setup spark` makes. */
export function installationFolder(): string {
  return join(cacheFolder(), `spark-${SPARK_VERSION}`);
}

/** Spark in the folder of a virtual environment, whatever its Python is; null: none that is whole. */
export function sparkIn(installation: string): SparkHome | null {
  const lib = join(installation, "lib");
  for (const python of namesIn(lib).filter((name) => name.startsWith("python3"))) {
    const home = sparkAt(join(lib, python, "site-packages", "pyspark"));
    if (home !== null) return home;
  }
  return null;
}

/** `given`, else `SPARK_HOME`, else what `axonloom setup spark` has installed. `E_SPARK_NOT_FOUND`; `E_SPARK_VERSION` when it is no 4.1. */
export function findSpark(given: string | undefined = process.env["SPARK_HOME"] || undefined): SparkHome {
  const home = given === undefined ? sparkIn(installationFolder()) : sparkAt(given);
  if (home === null) {
    const found =
      given === undefined
        ? `SPARK_HOME is not set, and nothing is in ${installationFolder()}`
        : `SPARK_HOME=${given} has no bin/spark-submit with a jar of Spark Connect`;
    throw new AxonloomError(
      "E_SPARK_NOT_FOUND",
      `expected a Spark 4.1 on this machine, found: ${found}; \`axonloom setup spark\` installs one, or set SPARK_HOME to the folder of yours (of the Python package pyspark: the folder of that name)`,
      { home: given ?? null },
    );
  }
  if (home.version.startsWith("4.1.")) return home;
  throw new AxonloomError(
    "E_SPARK_VERSION",
    `expected Spark 4.1 in ${home.folder}, found ${home.version}: the protocol with its workers changes between minor versions; unset SPARK_HOME and call \`axonloom setup spark\`, or set it to a Spark 4.1`,
    { ...home },
  );
}

/** Major version of the Java that Spark would start. `E_SPARK_NOT_FOUND` when there is none, or one that Spark 4.1 does not run on. */
export async function checkJava(): Promise<number> {
  const java = process.env["JAVA_HOME"] ? join(process.env["JAVA_HOME"], "bin", "java") : "java";
  let found: string;
  try {
    const { stderr, stdout } = await promisify(execFile)(java, ["-version"], { timeout: ANSWER_MS });
    found = `${stderr}${stdout}`.trim();
  } catch (error) {
    found = `\`${java} -version\` fails (${(error as Error).message.split("\n")[0]})`;
  }
  const major = Number(/version "(\d+)/.exec(found)?.[1]);
  if (JAVA_MAJORS.includes(major)) return major;
  throw new AxonloomError(
    "E_SPARK_NOT_FOUND",
    `expected Java ${JAVA_MAJORS.join(" or ")} for Spark, found: ${found.split("\n")[0]}; install one (Debian, Ubuntu: apt-get install openjdk-17-jre-headless), or set JAVA_HOME to it`,
    { java, found },
  );
}

function sparkAt(folder: string): SparkHome | null {
  const jar = namesIn(join(folder, "jars")).find((name) => /^spark-connect_/.test(name));
  const version = /-(\d+\.\d+\.\d+\S*)\.jar$/.exec(jar ?? "")?.[1];
  return version !== undefined && existsSync(join(folder, "bin", "spark-submit")) ? { folder, version } : null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
