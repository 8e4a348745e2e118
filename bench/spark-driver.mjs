/** A driver in its own process: `spark-driver.mjs URL FOLDER ROWS`. Keeps tiny rows, groups and collects them; prints its peak as JSON. */
import { sparkEngineFactory } from "@axonloom/core";
import { peakBytes, residentBytes } from "./memory.mjs";

const [url, folder, rows] = process.argv.slice(2);
const engine = await sparkEngineFactory({ url })({ bytesPerTask: 2 ** 28, runFolder: folder, onEvent: () => {} });
const stage = (name) => ({ module: new URL("./spark-stages.mjs", import.meta.url).href, export: name });
const keyed = function* (n) {
  for (let i = 0; i < n; i++) yield { key: String(i).padStart(10, "0"), value: i };
};
const pass = async (n) => {
  const kept = await engine.parallelize(keyed(n)).map(stage("same"), null).persist();
  const pairs = kept.cogroup(engine.parallelize(keyed(n))).map(stage("both"), null);
  let sum = 0;
  for await (const { value } of pairs.collect()) sum += value;
  if (sum !== n * (n - 1)) throw new Error(`expected the sum ${n * (n - 1)}, found ${sum}`);
  await kept.unpersist();
};
await pass(10); // what the client itself needs
globalThis.gc();
const before_bytes = residentBytes();
const began = performance.now();
await pass(Number(rows));
const seconds = (performance.now() - began) / 1000;
await engine.close();
console.log(JSON.stringify({ seconds, before_bytes, peak_bytes: peakBytes() }));
