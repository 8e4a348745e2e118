/**
 * A real DVID server (AXONLOOM_DVID) on this machine: labels written with their indices and three lower scales, and read, beside a plain `raw`
 * POST and GET with lz4, which makes the server do that work; grey values beside a plain `raw` GET. With 1, 4 and 16 requests in flight, from one
 * worker thread or two, in the same run. The server has the same cores as the workers; "Mvoxel a CPU second" counts the time of both.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { renumber } from "@axonloom/kernels";
import { boxOfShape, cellsIn } from "../packages/core/dist/geometry/box.js";
import { apiPath, openConnection } from "../packages/core/dist/store/dvid/http.js";
import { createInstance } from "../packages/core/dist/store/dvid/instances.js";
import { createRepo } from "../packages/core/dist/store/dvid/repos.js";
import { createVolume, publishVolume } from "../packages/core/dist/store/index.js";
import { dealBodies } from "../packages/core/dist/workflows/create-segmentation/index-stage.js";
import { pyramidTasks } from "../packages/core/dist/workflows/pyramid.js";
import { loadInput, makeInputs } from "./inputs.mjs";

const SCRIPTS = fileURLToPath(new URL("../../shared/services/dvid/", import.meta.url));
const IN_FLIGHT = [1, 4, 16];
const INPUT = "pinky40_u64";
const DEPTH = 256;
/** Of a request. */
const REQUEST = [128, 256, 256];
const HANDS = 4;
/** Of /proc, on every Linux. */
const CLOCK_TICKS = 100;

export async function benchDvidServer({ folder, emit }) {
  const program = process.env.AXONLOOM_DVID ?? "";
  if (!existsSync(program))
    throw new Error(`dvid-server: set AXONLOOM_DVID to the path of a DVID server's program, found "${program}"`);
  await makeInputs(folder, [INPUT]);
  const whole = await loadInput(folder, INPUT);
  const shape = [DEPTH, whole.shape[1], whole.shape[2]];
  const voxels = shape[0] * shape[1] * shape[2];
  const labels = new Map();
  for (const b of cellsIn(boxOfShape(shape), REQUEST, [0, 0, 0])) labels.set(b.start.join(), cut(whole, b));
  const bodies = renumber(whole.data.subarray(0, voxels))
    .ids.filter((id) => id !== 0n)
    .sort();
  const place = await mkdtemp(join(tmpdir(), "axonloom-bench-dvid-"));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const started = execFileSync(join(SCRIPTS, "start-dvid"), [place, String(port), program]).toString();
  const value = (name) => new RegExp(`^${name}=(.*)$`, "m").exec(started)[1];
  const origin = `http://127.0.0.1:${port}`;
  const connection = openConnection(origin, { tokens: { bearer: null, admin: value("admin_token") } });
  const pool = [0, 1].map(() => new Worker(new URL("./dvid-server-worker.mjs", import.meta.url), { workerData: { labels } }));
  try {
    await measure({ connection, origin, port, shape, voxels, bodies, pool, pid: value("pid"), emit });
  } finally {
    await Promise.all(pool.map((worker) => worker.terminate()));
    execFileSync(join(SCRIPTS, "stop-dvid"), [place]);
    await rm(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Voxels of a box, C order. */
function cut({ data, shape }, { start, stop }) {
  const size = stop.map((n, a) => n - start[a]);
  const box = new BigUint64Array(size[0] * size[1] * size[2]);
  let to = 0;
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++, to += size[2]) {
      const from = (z * shape[1] + y) * shape[2] + start[2];
      box.set(data.subarray(from, from + size[2]), to);
    }
  }
  return box;
}

async function measure({ connection, origin, port, shape, voxels, bodies, pool, pid, emit }) {
  const bounds = boxOfShape(shape);
  const boxes = [...cellsIn(bounds, REQUEST, [0, 0, 0])];
  const fresh = { above: 0n, upTo: bodies.at(-1) };
  const root = await createRepo(connection, "bench", "");
  const spec = (kind, dtype) => ({ dtype, kind, bounds, voxelSizeNm: [40, 16, 16] });
  const path = (instance) => apiPath("node", root, instance);

  /** Results of the items, in order, with so many in flight over all workers. */
  async function inParallel(inFlight, task, items, options = {}) {
    const workers = pool.slice(0, Math.min(pool.length, inFlight));
    const results = new Array(items.length);
    await Promise.all(
      workers.map(async (worker, w) => {
        const mine = [...items.keys()].filter((i) => i % workers.length === w);
        const message = { task, items: mine.map((i) => items[i]), inFlight: Math.ceil(inFlight / workers.length), ...options };
        const answer = await new Promise((resolve) => {
          worker.once("message", resolve);
          worker.postMessage(message);
        });
        if (answer.error !== undefined) throw new Error(answer.error);
        for (const [k, i] of mine.entries()) results[i] = answer.results[k];
      }),
    );
    return results;
  }
  async function timed(name, program, inFlight, bytesPerVoxel, work) {
    const began = performance.now();
    const cpu = [clientSeconds(), serverSeconds(pid)];
    const steps = {};
    const result = await work(async (step, body) => {
      const from = performance.now();
      const made = await body();
      steps[step] = (performance.now() - from) / 1000;
      return made;
    });
    const seconds = (performance.now() - began) / 1000;
    const [client_cpu_s, server_cpu_s] = [clientSeconds() - cpu[0], serverSeconds(pid) - cpu[1]];
    emit({
      kind: "dvid-server",
      name,
      program,
      in_flight: inFlight,
      seconds,
      client_cpu_s,
      server_cpu_s,
      mvox_per_cpu_s: voxels / 1e6 / (client_cpu_s + server_cpu_s),
      mvox_per_s: voxels / 1e6 / seconds,
      mb_per_s: (voxels * bytesPerVoxel) / 1e6 / seconds,
      steps,
    });
    return result;
  }

  for (const inFlight of IN_FLIGHT) {
    const source = `dvid://127.0.0.1:${port}/${root}/ours${inFlight}`;
    const made = await createVolume(source, { ...spec("labels", "uint64"), options: { levels: 4 } });
    await timed("labels written, with indices and three lower scales", "axonloom", inFlight, 8, async (step) => {
      await step("blocks", () => inParallel(inFlight, "write", boxes, { source: made.source }));
      await step("scales", async () => {
        for (const tasks of await pyramidTasks(made.bodies.supervoxels)) await inParallel(inFlight, "level", tasks);
      });
      await step("indices", async () => {
        const shares = await inParallel(inFlight, "count", boxes, { source: made.source, fresh });
        const hands = new Map();
        for (const { key, value } of shares.flatMap((share) => dealBodies(share, HANDS)))
          hands.set(key, [...(hands.get(key) ?? []), value]);
        await inParallel(inFlight, "update", [...hands.values()], { source: made.source, fresh });
      });
      await publishVolume(source);
    });
    const raw = `raw${inFlight}`;
    await createInstance(connection, root, { typename: "labelmap", dataname: raw, BlockSize: "64,64,64", MaxDownresLevel: "3" });
    const sizes = await sizesOf(connection, path(`ours${inFlight}`), bodies);
    await timed("labels written, with indices and three lower scales", "raw, lz4", inFlight, 8, async () => {
      await inParallel(inFlight, "rawPost", boxes, { origin, path: path(raw) });
      // its indices come after the answers
      while ((await sizesOf(connection, path(raw), bodies)) !== sizes) await new Promise((resolve) => setTimeout(resolve, 20));
    });
    const read = await timed("labels read", "axonloom", inFlight, 8, () => inParallel(inFlight, "read", boxes, { source }));
    const plain = await timed("labels read", "raw, lz4", inFlight, 8, () =>
      inParallel(inFlight, "rawGet", boxes, { origin, path: path(raw) }),
    );
    if (read.join() !== plain.join()) throw new Error("dvid-server: the two ways read other labels");
  }

  const grey = `dvid://127.0.0.1:${port}/${root}/grey`;
  const made = await createVolume(grey, spec("image", "uint8"));
  for (const b of boxes) {
    const data = Uint8Array.from({ length: REQUEST[0] * REQUEST[1] * REQUEST[2] }, (_, i) => (i * 2654435761) >>> 24);
    await made.write(b, { data, shape: b.stop.map((n, a) => n - b.start[a]) });
  }
  await publishVolume(grey);
  for (const inFlight of IN_FLIGHT) {
    await timed("grey values read", "axonloom", inFlight, 1, () => inParallel(inFlight, "read", boxes, { source: grey }));
    await timed("grey values read", "raw", inFlight, 1, () =>
      inParallel(inFlight, "rawGrey", boxes, { origin, path: path("grey") }),
    );
  }
}

/** CPU time of this process, with all its threads, and of the server: what stays comparable when others work on the machine. */
function clientSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function serverSeconds(pid) {
  const [, , , , , , , , , , , user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(user) + Number(system)) / CLOCK_TICKS;
}

/** Sizes of all bodies: equal when the indices are. */
async function sizesOf(connection, path, bodies) {
  return Buffer.from(await connection.call({ method: "GET", path: `${path}/sizes`, body: `[${bodies.join(",")}]` })).toString();
}
