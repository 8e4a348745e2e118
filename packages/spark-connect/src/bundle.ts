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
import { build, type Plugin } from "esbuild";
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

/** The module of functions, TypeScript or JavaScript, with its imports. Throws `E_SPARK_BUNDLE`. */
export async function bundleFunction(entryFile: string): Promise<Bundle> {
  return await bundle(entryFile, "bundle", await temporaryFolder(), [sharedArrow]);
}

/** The worker program that Spark starts. @param folder where to put it; absent: a temporary folder. */
export async function bundleWorker(folder?: string): Promise<Bundle> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const entry = fileURLToPath(new URL(`./worker/main.${extension}`, import.meta.url));
  return await bundle(entry, "worker", folder ?? (await temporaryFolder()), []);
}

async function bundle(entryFile: string, kind: ArtifactKind, folder: string, plugins: Plugin[]): Promise<Bundle> {
  const entry = resolve(entryFile);
  const root = packageFolder(entry);
  const result = await build({
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
    sourcemap: "inline",
    sourcesContent: false,
    loader: { ".wasm": "binary" },
    keepNames: true,
    logLevel: "silent",
    plugins,
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SparkConnectError(
      "E_SPARK_BUNDLE",
      `expected a module that can be bundled at ${entry}, found: ${reason}`,
      { entry },
      cause,
    );
  });
  const { contents } = result.outputFiles[0]!;
  const sha256 = createHash("sha256").update(contents).digest("hex");
  const path = join(folder, artifactName(kind, sha256));
  await mkdir(folder, { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, contents);
  await rename(partial, path);
  return { path, sha256 };
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
async function temporaryFolder(): Promise<string> {
  if (temporary === null) {
    const folder = mkdtempSync(join(tmpdir(), "spark-connect-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    temporary = folder;
  }
  return temporary;
}
