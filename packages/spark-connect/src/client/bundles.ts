/** Ships functions: bundles their modules with esbuild, sends them as artifacts, and makes the session start Node where it would start Python. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { bundleModule, bundleWorkerModule } from "../bundle.ts";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import { artifactName, PYTHON_EXECUTABLE_KEY } from "../function.ts";
import { type LauncherOptions, launcherScript, MODULE_NAMES } from "../worker/launcher.ts";
import { type Artifacts, sha256 } from "./artifacts.ts";
import type { SessionConfig } from "./config.ts";
import type { SparkFunction } from "./functions.ts";

export interface WorkerOptions extends LauncherOptions {
  /** The executors' artifact folder is mounted `noexec`: their `/bin/sh` then runs the launcher. */
  readonly noexec?: boolean;
  /** A launcher that is installed on the executors. Absent: one is shipped. */
  readonly launcher?: string;
}

export class Bundles {
  readonly #artifacts: Artifacts;
  readonly #config: SessionConfig;
  #options: WorkerOptions;
  readonly #bundles = new Map<string, Promise<string>>();
  #worker: Promise<void> | null = null;

  constructor(artifacts: Artifacts, config: SessionConfig, options: WorkerOptions = {}) {
    this.#artifacts = artifacts;
    this.#config = config;
    this.#options = options;
  }

  /** The executors' artifact folder turned out to be mounted `noexec`: from the next plan on their `/bin/sh` runs the launcher. */
  runByShell(): void {
    this.#options = { ...this.#options, noexec: true };
    this.#worker = null;
  }

  /** Name of the function's bundle in the tasks' folder. A module is bundled and sent once a session. */
  async nameOf(fn: SparkFunction, options: CallOptions = {}): Promise<string> {
    this.#worker ??= forget(this.#installWorker(options), () => {
      this.#worker = null;
    });
    await this.#worker;
    const key = `${fn.bundled} ${fn.module}`;
    let bundle = this.#bundles.get(key);
    if (bundle === undefined) {
      bundle = forget(this.#ship(fn, options), () => this.#bundles.delete(key));
      this.#bundles.set(key, bundle);
    }
    return bundle;
  }

  async #ship({ module, bundled }: SparkFunction, options: CallOptions): Promise<string> {
    const bytes = await (bundled ? readModule(module) : bundleModule(module));
    const name = artifactName("bundle", sha256(bytes));
    await this.#artifacts.addFile(name, bytes, options);
    return name;
  }

  async #installWorker(options: CallOptions): Promise<void> {
    const worker = await bundleWorkerModule();
    const workerName = artifactName("worker", sha256(worker));
    await this.#artifacts.addFile(workerName, worker, options);
    const launcher = new TextEncoder().encode(launcherScript(workerName, this.#options));
    const executable = this.#options.launcher ?? (await this.#shipLauncher(launcher, options));
    await this.#config.set({ [PYTHON_EXECUTABLE_KEY]: executable }, options);
  }

  async #shipLauncher(launcher: Uint8Array, options: CallOptions): Promise<string> {
    if (this.#options.noexec === true) {
      for (const name of MODULE_NAMES) await this.#artifacts.addFile(name, launcher, options);
      return "/bin/sh";
    }
    const name = artifactName("launcher", sha256(launcher));
    await this.#artifacts.addFile(name, launcher, options);
    return `./${name}`;
  }
}

async function readModule(module: string): Promise<Uint8Array> {
  try {
    return await readFile(pathOf(module));
  } catch (cause) {
    throw new SparkConnectError(
      "E_SPARK_BUNDLE",
      `cannot read the module ${module}: ${(cause as Error).message}`,
      { module },
      cause,
    );
  }
}

function pathOf(module: string): string {
  return module.startsWith("file:") ? fileURLToPath(module) : module;
}

/** A promise that is kept only while it has not failed. */
function forget<T>(promise: Promise<T>, drop: () => void): Promise<T> {
  promise.catch(drop);
  return promise;
}
