/**
 * Bundles: one file with everything a function needs, so that executors need nothing but `node`.
 *
 *     const { path, sha256 } = await bundleFunction("src/double.ts");
 *
 * The same sources give the same bytes on every machine, because a bundle is named by its hash.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { SparkConnectError } from "./errors.ts";
import { type ArtifactKind, artifactName } from "./function.ts";
import { SHARED_ARROW } from "./shared-arrow.ts";

export interface Bundle {
  readonly path: string;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** Modules of CommonJS inside an ES module may `require` what is built into Node. */
const BANNER = 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

/** The bytes of the function's bundle. @param entryFile path or `file:` URL, TypeScript or JavaScript. Throws `E_SPARK_BUNDLE`. */
export async function bundleModule(entryFile: string): Promise<Uint8Array> {
  return await bundle(pathOf(entryFile), { sourcemap: "inline", sourcesContent: false, plugins: [sharedArrow] });
}

/** The bytes of the worker program that Spark starts. */
export async function bundleWorkerModule(): Promise<Uint8Array> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return await bundle(pathOf(new URL(`./worker/main.${extension}`, import.meta.url).href), {});
}

/** A function's bundle as a file in a temporary folder, named by its hash. */
export async function bundleFunction(entryFile: string): Promise<Bundle> {
  return await write("bundle", await bundleModule(entryFile), temporaryFolder());
}

/** The worker program as a file. @param folder absent: a temporary folder. */
export async function bundleWorker(folder?: string): Promise<Bundle> {
  return await write("worker", await bundleWorkerModule(), folder ?? temporaryFolder());
}

async function bundle(entry: string, options: BuildOptions): Promise<Uint8Array> {
  const root = packageFolder(entry);
  try {
    const { outputFiles } = await build({
      ...options,
      // paths in the bundle are relative to the package, never those of this machine
      absWorkingDir: root,
      entryPoints: [relative(root, entry)],
      outfile: "bundle.mjs",
      write: false,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      banner: { js: BANNER },
      loader: { ".wasm": "binary" },
      keepNames: true,
      logLevel: "silent",
    });
    return outputFiles![0]!.contents;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SparkConnectError(
      "E_SPARK_BUNDLE",
      `expected a module that can be bundled at ${entry}, found: ${reason}`,
      { entry },
      cause,
    );
  }
}

async function write(kind: ArtifactKind, contents: Uint8Array, folder: string): Promise<Bundle> {
  const sha256 = createHash("sha256").update(contents).digest("hex");
  const path = join(folder, artifactName(kind, sha256));
  await mkdir(folder, { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, contents);
  await rename(partial, path);
  return { path, sha256 };
}

function pathOf(module: string): string {
  return module.startsWith("file:") ? fileURLToPath(module) : resolve(module);
}

/** Named imports of a CommonJS module are looked up when they are used: any name will do. */
const sharedArrow: Plugin = {
  name: "shared-arrow",
  setup(build) {
    build.onResolve({ filter: /^apache-arrow$/ }, () => ({ path: "apache-arrow", namespace: "shared-arrow" }));
    build.onLoad({ filter: /.*/, namespace: "shared-arrow" }, () => ({
      contents: `module.exports = globalThis[Symbol.for(${JSON.stringify(SHARED_ARROW)})];`,
    }));
  },
};

/** The nearest folder above with a package.json. */
function packageFolder(entry: string): string {
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    try {
      readFileSync(join(folder, "package.json"));
      return folder;
    } catch {
      if (folder === dirname(folder)) return dirname(entry);
    }
  }
}

let temporary: string | null = null;

/** One for this process, removed at its end. */
function temporaryFolder(): string {
  if (temporary === null) {
    const folder = mkdtempSync(join(tmpdir(), "spark-connect-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    temporary = folder;
  }
  return temporary;
}
