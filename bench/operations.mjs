/**
 * What is timed. `inputs`: names of arrays (inputs.mjs); speed counts the voxels of the first. `make` gets them ({ data, shape }) and
 * returns `call`, which is timed, and `check`: figures of its result, to be compared with those of other programs. `before` runs
 * untimed before each call, after the garbage of the one before was collected. peers.py has the same operations under the same names.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { predictImage, readIlastikProject } from "@axonloom/core";
import {
  agglomerateRegions,
  applyTable,
  connectedComponents,
  countDvidBlock,
  countOverlaps,
  decodeCompressedSegmentation,
  decodeDvidBlockInto,
  decodeRuns,
  distanceTransform,
  downsampleMean,
  downsampleMode,
  edgeFeatures,
  encodeCompressedSegmentation,
  encodeDvidBlock,
  encodeRuns,
  featureCount,
  featureGraph,
  gaussianSmooth,
  localMaxima,
  regionGraph,
  remapLabels,
  renumber,
  seededWatershed,
  uniqueLabels,
  voteClassifier,
} from "@axonloom/kernels";
import { trainEdgeClassifier } from "../packages/core/dist/segment/agglomerate/neuroproof/training.js";
import { unzipBlock, zipBlock } from "../packages/core/dist/store/dvid/wire/index.js";
import { DATA } from "./inputs.mjs";

export const OPERATIONS = [];

const add = (op, inputs, make) => OPERATIONS.push({ op, inputs, make });
const CUBE = [64, 64, 64];

for (const [name, a, b] of [
  ["fib25", "fib25_gt_u32", "fib25_ws_u32"],
  ["pinky40", "pinky40_u32", "pinky40_cc_u32"],
]) {
  add(`overlap ${name}`, [a, b], (one, two) => ({
    call: () => countOverlaps(one.data, two.data, { includeZero: true }),
    check: ({ voxels }) => ({ pairs: voxels.length }),
  }));
}

add("remap u64 pinky40", ["pinky40_u64"], ({ data }) => {
  // every second label joins the one before; a second time nothing changes, so that peers may work in place
  const from = uniqueLabels(data);
  const to = from.map((_, k) => from[k - (k % 2)]);
  const out = new BigUint64Array(data.length);
  return { call: () => remapLabels(data, from, to, out), check: (labels) => ({ labels: uniqueLabels(labels).length }) };
});

add("remap u32 to u64 pinky40", ["pinky40_cc_u32"], ({ data }) => {
  const table = BigUint64Array.from({ length: data.reduce((most, v) => Math.max(most, v), 0) + 1 }, (_, k) => BigInt(k) << 20n);
  const out = new BigUint64Array(data.length);
  return { call: () => applyTable(data, table, out), check: (labels) => ({ last: Number(labels[labels.length - 1]) }) };
});

add("renumber u64 pinky40", ["pinky40_u64"], ({ data }) => ({
  call: () => renumber(data),
  check: ({ ids }) => ({ labels: ids.length }),
}));

for (const connectivity of [6, 26]) {
  for (const name of ["pinky40_u32", "fib25_ws_u32", "fib25_mask_u8", "flyem256_labels_u32"]) {
    add(`components ${connectivity} ${name}`, [name], ({ data, shape }) => ({
      call: () => connectedComponents(data, shape, { connectivity }),
      check: ({ count }) => ({ labels: count }),
    }));
  }
}

add("watershed u8 fib25", ["fib25_membrane_u8", "fib25_seeds_u32"], (membrane, seeds) => {
  const labels = new Uint32Array(seeds.data.length);
  return {
    before: () => labels.set(seeds.data),
    call: () => seededWatershed(membrane.data, labels, membrane.shape),
    check: () => ({ labels: uniqueLabels(labels).length }),
  };
});

for (const [name, spacing] of [
  ["", [1, 1, 1]],
  ["anisotropic ", [4, 1.6, 1.6]],
]) {
  add(`distance ${name}fib25`, ["fib25_walls_u8"], ({ data, shape }) => {
    const out = new Float32Array(data.length);
    return { call: () => distanceTransform(data, shape, { spacing, out }), check: (d) => ({ mean: mean(d) }) };
  });
}

for (const [sigma, name] of [
  [1.6, "fib25_gray_f32"],
  [3.5, "fib25_gray_f32"],
  [1.6, "flyem262_gray_f32"],
]) {
  add(`gaussian ${sigma} ${name}`, [name], ({ data, shape }) => {
    const out = new Float32Array(data.length);
    return { call: () => gaussianSmooth(data, shape, { sigma: [sigma, sigma, sigma], out }), check: (v) => ({ mean: mean(v) }) };
  });
}

add("local maxima fib25", ["fib25_walls_u8"], ({ data, shape }) => {
  const distances = gaussianSmooth(distanceTransform(data, shape), shape, { sigma: [3, 3, 3] });
  return {
    call: () => localMaxima(distances, shape, { minimum: 0 }),
    check: (m) => ({ voxels: m.reduce((sum, v) => sum + v, 0) }),
  };
});

add("region graph fib25", ["fib25_ws_u32", "fib25_membrane_u8"], (labels, membrane) => ({
  call: () => regionGraph(labels.data, membrane.data, labels.shape),
  check: ({ u }) => ({ edges: u.length }),
}));

// graph with statistics, and the features of every edge
add("neuroproof graph with features fib25", ["fib25_ws_u32", "fib25_membrane_u8"], (labels, membrane) => ({
  call: () => {
    const graph = featureGraph(labels.data, membrane.data, 1, labels.shape);
    const row = new Float64Array(featureCount(1));
    let sum = 0;
    for (let edge = 0; edge < graph.u.length; edge++) sum += edgeFeatures(graph, edge, row)[21];
    return { graph, sum };
  },
  check: ({ graph, sum }) => ({ edges: graph.u.length, mean: sum / graph.u.length }),
}));

// all of agglomeration but the reading of files, with a classifier of the whole volume
add("neuroproof agglomerate fib25", ["fib25_ws_u32", "fib25_membrane_u8", "fib25_gt_u32"], (labels, membrane, truth) => {
  const { forest } = trainEdgeClassifier({
    makeGraph: () => featureGraph(labels.data, membrane.data, 1, labels.shape),
    labels: labels.data,
    truth: truth.data,
    mitochondria: null,
    strategy: 2,
    iterations: 1,
    seed: 1,
    trees: 255,
  });
  const classify = voteClassifier(forest);
  return {
    call: () => {
      const graph = featureGraph(labels.data, membrane.data, 1, labels.shape);
      return agglomerateRegions(graph, classify, { threshold: 0.2, mitochondria: null });
    },
    check: (survivors) => ({ bodies: new Set(survivors).size }),
  };
});

for (const name of ["pinky40_u32", "fib25_ws_u32", "flyem256_labels_u32"]) {
  add(`checkpoint pack ${name}`, [name], ({ data, shape }) => ({
    call: () => deflateRawSync(encodeRuns(data, shape), { level: 1 }),
    check: (bytes) => ({ bytes_per_voxel: bytes.length / data.length }),
  }));
  add(`checkpoint unpack ${name}`, [name], ({ data, shape }) => {
    const bytes = deflateRawSync(encodeRuns(data, shape), { level: 1 });
    return {
      call: () => decodeRuns(inflateRawSync(bytes)),
      check: ({ labels }) => ({ wrong: labels.reduce((sum, v, i) => sum + (v === data[i] ? 0 : 1), 0) }),
    };
  });
}

const eachCube = (data) => Array.from({ length: data.length / 64 ** 3 }, (_, k) => data.subarray(k * 64 ** 3, (k + 1) * 64 ** 3));

add("compressed_segmentation encode pinky256", ["pinky256_cubes_u64"], ({ data }) => ({
  call: () => eachCube(data).map((cube) => encodeCompressedSegmentation(cube, CUBE)),
  check: (chunks) => ({ bytes_per_voxel: chunks.reduce((sum, chunk) => sum + chunk.length, 0) / data.length }),
}));

add("compressed_segmentation decode pinky256", ["pinky256_cubes_u64"], ({ data }) => {
  const chunks = eachCube(data).map((cube) => encodeCompressedSegmentation(cube, CUBE));
  return {
    call: () => chunks.map((chunk) => decodeCompressedSegmentation(chunk, CUBE, "uint64")),
    check: (cubes) => ({ first: Number(cubes[0][0]) }),
  };
});

// label blocks of a DVID server: 64³ voxels cut out of the volume, inside gzip as they are sent
for (const [name, input] of [
  ["wsdt-256", "flyem256_labels_u64"],
  ["pinky40-512", "pinky40_u64"],
]) {
  // collecting garbage also drops compiled code, which a call of a fifth of a second would feel
  const warm = (call) => ({ before: call, call });
  const corners = ([nz, ny, nx]) => {
    const list = [];
    for (let z = 0; z < nz; z += 64) for (let y = 0; y < ny; y += 64) for (let x = 0; x < nx; x += 64) list.push([z, y, x]);
    return list;
  };
  const zipped = ({ data, shape }) => corners(shape).map((corner) => zipBlock(encodeDvidBlock(data, shape, corner, CUBE)));
  const MOST = 2 ** 22;
  add(`dvid encode and gzip ${name}`, [input], (volume) => ({
    ...warm(() => zipped(volume)),
    check: (payloads) => ({ bytes_per_voxel: payloads.reduce((sum, { length }) => sum + length, 0) / volume.data.length }),
  }));
  add(`dvid gunzip and decode ${name}`, [input], ({ data, shape }) => {
    const payloads = zipped({ data, shape });
    const out = data.slice().fill(1n); // its memory is there before the clock starts
    return {
      ...warm(() => {
        corners(shape).forEach((corner, k) => {
          decodeDvidBlockInto(unzipBlock(payloads[k], MOST), CUBE, out, shape, corner);
        });
      }),
      check: () => ({ wrong: out.reduce((sum, label, i) => sum + (label === data[i] ? 0 : 1), 0) }),
    };
  });
  add(`dvid counts for the indices ${name}`, [input], (volume) => {
    const blocks = zipped(volume).map((payload) => unzipBlock(payload, MOST));
    return {
      ...warm(() => blocks.map((block) => countDvidBlock(block))),
      check: (counts) => ({ entries: counts.reduce((sum, { labels }) => sum + labels.length, 0) }),
    };
  });
  add(`dvid three lower scales ${name}`, [input], (volume) => ({
    ...warm(() => {
      let level = volume;
      for (let scale = 1; scale <= 3; scale++) level = downsampleMode(level.data, level.shape, [2, 2, 2], { ignoreZero: true });
      return level;
    }),
    check: (level) => ({ labels: uniqueLabels(level.data).length }),
  }));
}

add("downsample mode pinky40", ["pinky40_u32"], ({ data, shape }) => ({
  call: () => downsampleMode(data, shape),
  check: (level) => ({ labels: uniqueLabels(level.data).length }),
}));

add("downsample mean flyem262", ["flyem262_gray_u8"], ({ data, shape }) => ({
  call: () => downsampleMean(data, shape),
  check: (level) => ({ mean: mean(level.data) }),
}));

// all of tiny-pc.ilp: 21 features, 100 trees, 4 classes
for (const engine of ["vigra", "fastfilters"]) {
  add(`ilastik ${engine} flyem128`, ["flyem128_gray_u8"], async ({ data, shape }) => {
    const model = await readIlastikProject(`${DATA}/ilastik/tiny-pc.ilp`, engine);
    const channel = (p, c) => mean(p.filter((_, i) => i % 4 === c));
    return {
      call: () => predictImage(model, { data, shape, channels: 1 }),
      check: (p) => ({ mean0: channel(p, 0), mean1: channel(p, 1), mean2: channel(p, 2), mean3: channel(p, 3) }),
    };
  });
}

function mean(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
