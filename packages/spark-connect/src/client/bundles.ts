/** Ships functions: bundles their modules with esbuild, sends them as artifacts, and makes the session start Node where it would start Python. */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import { artifactName, PYTHON_EXECUTABLE_KEY } from "../function.ts";
import { type Artifacts, sha256 } from "./artifacts.ts";
import type { SessionConfig } from "./config.ts";
import type { SparkFunction } from "./functions.ts";

export interface WorkerOptions {
  /** Node's executable on the executors; absent: `node` on their PATH. */
  readonly nodePath?: string;
  /** Options of Node, for instance `--max-old-space-size=4096`. */
  readonly nodeOptions?: readonly string[];
  /**
   * A launcher that is installed on the executors, for when their artifact folder is mounted `noexec`: a script that ends in
   * `exec node ./worker-*.mjs "$@"`. Absent: a launcher is shipped.
   */
  readonly launcher?: string;
}

/** Packages written for CommonJS ask for `require`. */
const REQUIRE_SHIM =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

export class Bundles {
  readonly #artifacts: Artifacts;
  readonly #config: SessionConfig;
  readonly #options: WorkerOptions;
  readonly #bundles = new Map<string, Promise<string>>();
  #worker: Promise<void> | null = null;

  constructor(artifacts: Artifacts, config: SessionConfig, options: WorkerOptions = {}) {
    this.#artifacts = artifacts;
    this.#config = config;
    this.#options = options;
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
    const own = import.meta.url.endsWith(".ts") ? "../worker/main.ts" : "../worker/main.js";
    const worker = await bundleModule(new URL(own, import.meta.url).href);
    const workerName = artifactName("worker", sha256(worker));
    await this.#artifacts.addFile(workerName, worker, options);
    let executable = this.#options.launcher;
    if (executable === undefined) {
      const launcher = new TextEncoder().encode(launcherOf(workerName, this.#options));
      const launcherName = artifactName("launcher", sha256(launcher));
      await this.#artifacts.addFile(launcherName, launcher, options);
      executable = `./${launcherName}`;
    }
    await this.#config.set({ [PYTHON_EXECUTABLE_KEY]: executable }, options);
  }
}

/** Ends in `exec`, because Spark kills the process that it has started. Traces show the lines of the TypeScript source. */
export function launcherOf(workerName: string, options: WorkerOptions = {}): string {
  const words = [options.nodePath ?? "node", "--enable-source-maps", ...(options.nodeOptions ?? [])].map(quoted);
  return `#!/bin/sh\nexec ${words.join(" ")} "\${0%/*}/${workerName}" "$@"\n`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** One ES module with all that the module imports, and a source map. The same sources give the same bytes. */
export async function bundleModule(module: string): Promise<Uint8Array> {
  const path = pathOf(module);
  try {
    const { outputFiles } = await build({
      entryPoints: [path],
      absWorkingDir: dirname(path),
      outdir: dirname(path),
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: "inline",
      sourcesContent: false,
      loader: { ".wasm": "binary" },
      banner: { js: REQUIRE_SHIM },
      logLevel: "silent",
    });
    return outputFiles[0]!.contents;
  } catch (cause) {
    throw new SparkConnectError("E_SPARK_BUNDLE", `cannot bundle ${path}: ${(cause as Error).message}`, { module }, cause);
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
