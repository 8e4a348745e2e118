/**
 * How good agglomeration is on real volumes: variation of information against ground truth (merge, split), of the supervoxels, mean agglomeration,
 * NeuroProof's with a forest trained here on the first half of the planes, and the best that merging these supervoxels can give. Judged on
 * the other half, with all voxels of the ground truth ("dilation 0"), and without those at contacts of bodies ("dilation 1").
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ContingencyTable,
  createVolume,
  measure,
  openVolume,
  publishVolume,
  trainAgglomeration,
  trainVoxels,
  withoutContacts,
} from "@axonloom/core";
import { countOverlaps } from "@axonloom/kernels";
import { meanAgglomerate } from "../packages/core/dist/segment/agglomerate/mean-agglomerate.js";
import {
  neuroproofAgglomerate,
  neuroproofAgglomerateParameters,
} from "../packages/core/dist/segment/agglomerate/neuroproof/index.js";
import { predictRegion } from "../packages/core/dist/segment/predict/ilastik/predict.js";
import { readVoxelClassifier } from "../packages/core/dist/segment/predict/voxel-classifier/file.js";
import { DATA } from "./inputs.mjs";

const THRESHOLDS = [0.1, 0.2, 0.3, 0.4, 0.5];
/** A mean is no probability of a boundary: its best threshold may lie higher. */
const MEAN_THRESHOLDS = [...THRESHOLDS, 0.6, 0.7, 0.8, 0.9];
const fib25 = (name) => `${DATA}/fib25-training2/${name}`;
const gala = (name) => `${DATA}/gala/train-${name}.npy.gz`;

const VOLUMES = [
  {
    name: "gala",
    membrane: "stored",
    supervoxels: gala("ws"),
    truth: gala("gt"),
    prediction: gala("p1"),
  },
  {
    name: "fib25-training2",
    membrane: "derived (channel 0 of tiny-pc.ilp)",
    supervoxels: fib25("ws.npy.gz"),
    truth: fib25("gt.npy.gz"),
    prediction: `raw://${fib25("membrane_prob_derived.u8.raw.gz")}?shape=250,250,250&dtype=uint8`,
  },
  {
    name: "fib25-training2",
    membrane: "`train voxels` on the lower half",
    supervoxels: fib25("ws.npy.gz"),
    truth: fib25("gt.npy.gz"),
    gray: fib25("gray.npy.gz"),
  },
];

/** Emits a record for each row; returns the tables as Markdown. `only`: names of volumes. `fib25Membrane`: another map of fib25-training2. */
export async function benchAgglomeration({ only, fib25Membrane = null, emit }) {
  if (!existsSync(DATA)) throw new Error(`${DATA} does not exist: name the folder of the real data in AXONLOOM_DATA`);
  const volumes = [...VOLUMES];
  if (fib25Membrane !== null) volumes.push({ ...VOLUMES[1], membrane: fib25Membrane, prediction: fib25Membrane });
  const pages = [];
  for (const volume of volumes.filter(({ name }) => name.includes(only))) {
    const rows = [];
    for await (const row of rowsOf(volume)) {
      emit({ kind: "agglomeration", volume: volume.name, membrane: volume.membrane, ...row });
      rows.push(row);
    }
    pages.push(markdown(volume, rows));
  }
  return pages.join("\n\n");
}

async function* rowsOf({ supervoxels, truth, gray, prediction: stored }) {
  const { bounds } = await (await openVolume(supervoxels)).info();
  const half = bounds.stop[0] >> 1;
  const lower = { start: bounds.start, stop: [half, bounds.stop[1], bounds.stop[2]] };
  const upper = { start: [half, bounds.start[1], bounds.start[2]], stop: bounds.stop };
  const folder = await mkdtemp(join(tmpdir(), "axonloom-agglomeration-"));
  try {
    const prediction = stored ?? (await trainedMap(gray, truth, lower, folder));
    const destination = join(folder, "forest.xml");
    const request = { supervoxels, groundTruth: truth, predictions: [prediction], destination, box: lower, seed: 1 };
    const trained = await trainAgglomeration(request);
    yield { method: "training", edges: trained.rows, out_of_bag_error: trained.out_of_bag_error };
    const read = async (source) => (await (await openVolume(source)).read(upper)).data;
    const [labels, bodies, map] = [await read(supervoxels), await read(truth), await read(prediction)];
    const shape = upper.stop.map((stop, axis) => stop - upper.start[axis]);
    const judge = judgeOf(bodies, shape);
    yield { method: "supervoxels", threshold: null, ...judge(labels) };
    const input = {
      subvolume: 0,
      bordered: upper,
      core: upper,
      shape,
      inside: null,
      mask: null,
      predictions: { data: map, shape: [...shape, 1] },
    };
    for (const threshold of MEAN_THRESHOLDS) {
      const parameters = { threshold, boundary_channel: 0 };
      yield { method: "mean", threshold, ...judge(meanAgglomerate({ ...input, parameters, supervoxels: labels.slice() })) };
    }
    for (const threshold of THRESHOLDS) {
      const parameters = neuroproofAgglomerateParameters.parse({ classifier: { path: destination }, threshold, mitochannel: null });
      const merged = await neuroproofAgglomerate({ ...input, parameters, supervoxels: labels.slice() });
      yield { method: "NeuroProof", threshold, ...judge(merged) };
    }
    yield { method: "best possible", threshold: null, ...judge(bestPossible(labels, bodies)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Membranes as learned from the bodies' boundaries in a part (defaults of `train voxels`), for the whole volume: uint8, 255 = 1. */
async function trainedMap(gray, truth, box, folder) {
  const destination = join(folder, "membrane.axvoxels.json");
  await trainVoxels({ gray, labels: { boundaryOf: truth }, box, destination });
  const model = await readVoxelClassifier(destination);
  const store = await openVolume(gray);
  const { bounds, voxelSizeNm } = await store.info();
  const { data, shape } = await store.read(bounds);
  const map = new Uint8Array(data.length);
  await predictRegion({
    model,
    image: { data, shape, channels: 1 },
    region: { start: [0, 0, 0], stop: shape },
    target: { shape, start: [0, 0, 0], mask: null },
    scratchBytes: 64 * 2 ** 20,
    signal: new AbortController().signal,
    emit: (row, voxel) => {
      map[voxel] = Math.round(255 * row[0]);
    },
  });
  const source = `npy://${join(folder, "membrane.npy")}`;
  await (await createVolume(source, { dtype: "uint8", kind: "image", bounds, voxelSizeNm })).write(bounds, { data: map, shape });
  await publishVolume(source);
  return source;
}

/** Figures of a segmentation: [merge, split] with dilation 0 and 1. */
function judgeOf(bodies, shape) {
  const inner = withoutContacts(bodies, shape);
  const vi = (truth, labels) => {
    const table = new ContingencyTable();
    table.addBlock(truth, labels);
    const { merge_vi, split_vi } = measure(table.sorted());
    return [merge_vi, split_vi];
  };
  return (labels) => ({ segments: new Set(labels).size, dilation_0: vi(bodies, labels), dilation_1: vi(inner, labels) });
}

/** Each supervoxel in the body that it overlaps most. */
function bestPossible(labels, bodies) {
  const { a, b, voxels } = countOverlaps(labels, bodies);
  const best = new Map();
  for (let k = 0; k < a.length; k++) {
    if (voxels[k] > (best.get(a[k])?.voxels ?? 0)) best.set(a[k], { body: b[k], voxels: voxels[k] });
  }
  // supervoxels without a body stay apart: above every body
  return labels.map((label) => best.get(label)?.body ?? 0x80000000 + label);
}

function markdown({ name, membrane }, [training, ...rows]) {
  const figures = ([merge, split]) => `${merge.toFixed(3)} | ${split.toFixed(3)} | ${(merge + split).toFixed(3)}`;
  return [
    `**${name}**, membrane map: ${membrane}. Trained on ${training.edges} edges, out-of-bag error ${training.out_of_bag_error.toFixed(3)}.`,
    "",
    "| segmentation | threshold | segments | dil. 0: merge | split | sum | dil. 1: merge | split | sum |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map(
      ({ method, threshold, segments, dilation_0, dilation_1 }) =>
        `| ${method} | ${threshold ?? ""} | ${segments} | ${figures(dilation_0)} | ${figures(dilation_1)} |`,
    ),
  ].join("\n");
}
