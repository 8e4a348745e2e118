// The HDF5 library is WebAssembly inside JavaScript: it must work in worker threads, and in the one file that Spark's executors get.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { bundleModule } from "@axonloom/spark-connect";
import { afterAll, beforeAll, expect, test } from "vitest";

const module = new URL("../dist/hdf5/index.js", import.meta.url);
const fixture = fileURLToPath(new URL("../src/hdf5/kinds.fixture.h5", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-hdf5-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function textInWorker(moduleUrl: string): Promise<unknown> {
  const program = join(folder, "program.mjs");
  await writeFile(
    program,
    `import { parentPort } from "node:worker_threads";
     import { withHdf5 } from ${JSON.stringify(moduleUrl)};
     parentPort.postMessage(await withHdf5(${JSON.stringify(fixture)}, (file) => file.string("/text")));`,
  );
  const worker = new Worker(program);
  return await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
}

test("in a worker thread", async () => {
  expect(await textInWorker(module.href)).toBe("Größe");
});

test("in a bundle, away from node_modules", async () => {
  const bundle = join(folder, "bundle.mjs");
  await writeFile(bundle, await bundleModule(module.href));
  expect(await textInWorker(pathToFileURL(bundle).href)).toBe("Größe");
});
