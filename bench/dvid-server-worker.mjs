/**
 * One worker thread of the comparison with a DVID server: answers { task, items, inFlight, … } when the items are done, so many at a time.
 * `workerData.labels`: labels (uint64) of each box of the volume by its first voxel.
 */
import { parentPort, workerData } from "node:worker_threads";
import { compressLz4Block, decompressLz4Block } from "@axonloom/kernels";
import { forEachParallel } from "../packages/core/dist/parallel.js";
import { apiPath, connectDvid } from "../packages/core/dist/store/dvid/http.js";
import { openVolume } from "../packages/core/dist/store/index.js";
import { fillPyramidCell } from "../packages/core/dist/workflows/pyramid.js";

const { labels } = workerData;
const NOTHING = new BigUint64Array(0);

/** Voxels of a box of the volume. */
const voxelsOf = ({ start, stop }) => ({ data: labels.get(start.join()), shape: stop.map((n, a) => n - start[a]) });

const boxPath = ({ start, stop }) => [[2, 1, 0].map((a) => stop[a] - start[a]).join("_"), [...start].reverse().join("_")];

const TASKS = {
  async write(box, { source }) {
    await (await openVolume(source)).write(box, voxelsOf(box));
  },
  async level(task) {
    await fillPyramidCell(task);
  },
  async count(box, { source, fresh }) {
    return await (await openVolume(source)).bodies.count(box, NOTHING, fresh);
  },
  async update(shares, { source, fresh }) {
    await (await openVolume(source)).bodies.update(shares, fresh);
  },
  async read(box, { source }) {
    return sum((await (await openVolume(source)).read(box)).data);
  },
  async rawPost(box, { origin, path }) {
    const { data } = voxelsOf(box);
    const body = compressLz4Block(new Uint8Array(data.buffer));
    const call = {
      method: "POST",
      path: `${path}${apiPath("raw", "0_1_2", ...boxPath(box))}`,
      query: { compression: "lz4" },
      body,
    };
    await connectDvid(origin).call(call);
  },
  async rawGet(box, { origin, path }) {
    const voxels = box.stop.reduce((n, stop, a) => n * (stop - box.start[a]), 1);
    const call = { method: "GET", path: `${path}${apiPath("raw", "0_1_2", ...boxPath(box))}`, query: { compression: "lz4" } };
    const bytes = decompressLz4Block(await connectDvid(origin).call(call), voxels * 8);
    return sum(new BigUint64Array(bytes.buffer, bytes.byteOffset, voxels));
  },
  async rawGrey(box, { origin, path }) {
    return (await connectDvid(origin).call({ method: "GET", path: `${path}${apiPath("raw", "0_1_2", ...boxPath(box))}` })).length;
  },
};

/** Something that only the right voxels give, at the cost of every 4096th of them. */
function sum(data) {
  let total = 0n;
  for (let i = 0; i < data.length; i += 4096) total += BigInt(data[i]);
  return String(total);
}

parentPort.on("message", async ({ task, items, inFlight, ...options }) => {
  try {
    const results = new Array(items.length);
    await forEachParallel(items.entries(), inFlight, async ([i, item]) => {
      results[i] = await TASKS[task](item, options);
    });
    parentPort.postMessage({ results });
  } catch (error) {
    parentPort.postMessage({ error: String(error?.stack ?? error) });
  }
});
