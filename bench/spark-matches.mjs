/**
 * A driver in its own process: `spark-matches.mjs URL FOLDER MATCHES`. Brings that many matches from the tasks, resolves them, and sends each
 * subvolume its part, as a run does; no two matches share a segment, which needs the most memory. Prints its peak as JSON.
 */
import { sparkEngineFactory } from "@axonloom/core";
import { peakBytes, residentBytes } from "./memory.mjs";

const steps = new URL("../packages/core/dist/workflows/create-segmentation/", import.meta.url);
const { collectMatches } = await import(new URL("collect-matches.js", steps));
const { resolveInDriver } = await import(new URL("resolve.js", steps));

/** Between two subvolumes. */
const FACE_MATCHES = 10_000;

const [url, folder, total] = process.argv.slice(2);
const engine = await sparkEngineFactory({ url })({ bytesPerTask: 2 ** 28, runFolder: folder, onEvent: () => {} });
const stage = (name) => ({ module: new URL("./spark-stages.mjs", import.meta.url).href, export: name });
const keyOf = (i) => String(i).padStart(10, "0");

/** A function of its own, as in a run, so that nothing holds the pairs afterwards. */
async function resolve(decided, offsets, counts) {
  return resolveInDriver(engine, await collectMatches(decided, offsets, Number.POSITIVE_INFINITY, {}), { offsets, counts });
}

const pass = async (matches) => {
  const subvolumes = Math.ceil(matches / FACE_MATCHES) + 1;
  const counts = Array.from({ length: subvolumes }, () => 2 * FACE_MATCHES);
  const offsets = counts.map((count, i) => i * count);
  const faces = Array.from({ length: subvolumes - 1 }, (_, a) => ({ key: keyOf(a), value: { a, matches: FACE_MATCHES } }));
  const decided = engine.parallelize(faces).map(stage("matchesOfFace"), null, { label: "stitch" });
  const resolution = await resolve(decided, offsets, counts);
  const tasks = offsets.map((offset, id) => ({ written: { key: keyOf(id), fingerprint: "" }, labels: "", offset }));
  const written = resolution.writeTasks(tasks).map(stage("present"), null, { label: "write" });
  for await (const _ of resolution.summaries(written, {}));
  const bodies = await resolution.bodies([], {});
  if (bodies !== resolution.matches) throw new Error(`expected ${resolution.matches} bodies, found ${bodies}`);
};

await pass(10 * FACE_MATCHES); // what the client itself needs
globalThis.gc();
const before_bytes = residentBytes();
const began = performance.now();
await pass(Number(total));
const seconds = (performance.now() - began) / 1000;
await engine.close();
console.log(JSON.stringify({ seconds, before_bytes, peak_bytes: peakBytes() }));
