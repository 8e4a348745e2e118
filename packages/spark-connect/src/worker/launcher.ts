/** The script that Spark executes in place of Python. It lies beside the worker's bundle, in the folder in which Spark starts it. */

export interface LauncherOptions {
  /** Node's executable on the executors; absent: `node` on their PATH. */
  readonly nodePath?: string;
  /** Options of Node, for instance `--max-old-space-size=4096`. */
  readonly nodeOptions?: readonly string[];
}

/** Names that Spark passes as modules: `<executable> -m pyspark.daemon pyspark.worker`, `<executable> -m pyspark.worker`. */
export const MODULE_NAMES = ["pyspark.daemon", "pyspark.worker"] as const;

/**
 * Works in two ways: as the executable itself, and, where the artifact folder is mounted `noexec`, under the names of the modules with `/bin/sh` as the
 * executable: `sh -m pyspark.daemon pyspark.worker` runs the script of that name in the working folder.
 */
export function launcherScript(workerName: string, options: LauncherOptions = {}): string {
  const node = quoted(options.nodePath ?? "node");
  const words = [node, ...(options.nodeOptions ?? []).map(quoted), quoted(`./${workerName}`)];
  return [
    "#!/bin/sh",
    "# the server's token is not for the tasks, not even in /proc/<pid>/environ",
    "unset SPARK_CONNECT_AUTHENTICATE_TOKEN",
    `[ "$1" = -m ] || set -- -m "$0" "$@"`,
    `command -v ${node} >/dev/null 2>&1 || {`,
    `  echo "E_SPARK_VERSION: expected Node.js 20 or newer as" ${node} "on host $(uname -n), found none in PATH=$PATH" >&2`,
    "  exit 127",
    "}",
    "# exec: Spark kills the process that it has started",
    `exec ${words.join(" ")} "$@"`,
    "",
  ].join("\n");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
