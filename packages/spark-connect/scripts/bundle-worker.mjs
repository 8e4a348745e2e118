// Writes the worker program as one file to dist/worker-bundle; run after the build.
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../dist/bundle.js";

const { path, sha256 } = await bundleWorker(fileURLToPath(new URL("../dist/worker-bundle", import.meta.url)));
console.log(`${path}\nsha256 ${sha256}`);
