/** Python functions as steps: `mymodule.predict` with `language: python` or a `python-path`, or `/path/mymodule.py:predict`. */
import { basename, dirname, resolve } from "node:path";

export interface PythonReference {
  /** Folders in which modules are looked for, before Python's own. */
  readonly folders: readonly string[];
  /** Dotted name. */
  readonly module: string;
  readonly name: string;
  /** Command or path of the interpreter. */
  readonly python: string;
}

/** What of a step says that it is Python, and where it lies. */
export interface PythonStep {
  readonly function: string;
  readonly language?: "python" | undefined;
  readonly "python-path"?: readonly string[] | undefined;
  readonly python?: string | undefined;
}

const FILE = /^(.*\.py):([A-Za-z_]\w*)$/;

/** null when the step is none of Python's. Relative folders start at the working directory. */
export function pythonReference(step: PythonStep): PythonReference | null {
  const python = step.python ?? process.env["AXONLOOM_PYTHON"] ?? "python3";
  const folders = (step["python-path"] ?? []).map((folder) => resolve(folder));
  const [, file, name] = FILE.exec(step.function) ?? [];
  if (file !== undefined) {
    const path = resolve(file);
    return { folders: [dirname(path), ...folders], module: basename(path, ".py"), name: name!, python };
  }
  if (step.language !== "python" && step["python-path"] === undefined) return null;
  const dot = step.function.lastIndexOf(".");
  return { folders, module: step.function.slice(0, Math.max(0, dot)), name: step.function.slice(dot + 1), python };
}

/**
 * The step with absolute folders, and marked as Python, so that it means the same wherever it is read again. Without a `python-path`
 * modules are looked for beside the configuration.
 */
export function resolvePythonStep<S extends PythonStep>(step: S, baseFolder: string): S {
  const [, file, name] = FILE.exec(step.function) ?? [];
  return {
    ...step,
    language: "python",
    ...(file !== undefined && { function: `${resolve(baseFolder, file)}:${name}` }),
    "python-path": (step["python-path"] ?? (file === undefined ? ["."] : [])).map((folder) => resolve(baseFolder, folder)),
    ...(step.python?.includes("/") && { python: resolve(baseFolder, step.python) }),
  };
}
