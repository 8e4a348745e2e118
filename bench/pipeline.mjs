/**
 * Whole runs, each in its own process and a folder of its own: the examples on real data, one against two workers in turns, and
 * memory against the number of subvolumes. Speed = voxels written / CPU time of the process, start and reading included.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { evaluateVolumes, writePhantom } from "@axonloom/core";
import { parse } from "yaml";
import { DATA } from "./inputs.mjs";
import { median } from "./kernels.mjs";

/** Those of examples/, with the truth where there is one. */
const EXAMPLES = { "flyem-262": null, "fib25-training2": `npy://${DATA}/fib25-training2/gt.npy.gz` };

/** Emits one record a run, and the ratio of one and two workers. */
export async function benchPipeline({ folder, only, pairs, emit }) {
  await mkdir(folder, { recursive: true });
  const run = async (name, example, workers) => {
    const record = await oneRun(folder, name, example, workers);
    emit(record);
    return record;
  };
  for (const [name, truth] of Object.entries(EXAMPLES)) if (name.includes(only)) await run(name, await readExample(name, truth), 1);

  if ("workers".includes(only)) {
    const example = await phantom(folder, 384);
    const seconds = [];
    let load = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const times = [];
      for (const workers of [1, 2]) times.push((await run("phantom 384³", example, workers)).seconds);
      seconds.push(times);
      load = Math.max(load, loadavg()[0]);
    }
    const speedups = seconds.map(([one, two]) => one / two);
    emit({ kind: "workers", pairs, speedup_median: median(speedups), speedups, highest_load: load, cores: cpus().length });
  }

  if ("memory".includes(only)) {
    // from 256³ on, what is read at once to compute the digest is as large as it ever gets
    for (const size of [256, 384, 512]) await run(`phantom ${size}³, memory`, await phantom(folder, size), 1);
  }
}

async function readExample(name, truth) {
  const place = new URL(`../examples/${name}/`, import.meta.url);
  const text = await readFile(new URL(`${name}.yml`, place), "utf8");
  return { config: parse(text.replaceAll("../../../shared/data", DATA)), truth };
}

export async function oneRun(folder, name, { config, truth }, workers) {
  const place = await mkdtemp(join(folder, "run-"));
  try {
    const placed = { ...config, options: { ...config.options, "checkpoint-dir": join(place, "run") } };
    const script = fileURLToPath(new URL("pipeline-run.mjs", import.meta.url));
    const child = spawn(process.execPath, [script, JSON.stringify(placed), place, String(workers)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (part) => {
      text += part;
    });
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`${name}: the run ended with ${code}`);
    const { summary, stages, seconds, cpu_s, peak_bytes, peaks } = JSON.parse(text);
    const measures = truth === null ? null : await evaluateVolumes({ segmentation: summary.output, groundTruth: truth });
    return {
      kind: "run",
      name,
      workers,
      subvolumes: summary.subvolumes,
      voxels: summary.voxels,
      mvox_per_s_cpu: summary.voxels / cpu_s / 1e6,
      seconds,
      cpu_s,
      stages,
      peak_bytes,
      peak_bytes_by_stage: peaks,
      checkpoint_bytes_per_voxel: summary["checkpoint-bytes-per-voxel"],
      bodies: summary.bodies,
      digest: summary.digest,
      ...(measures === null ? {} : { vi: measures.vi, split_vi: measures.split_vi, merge_vi: measures.merge_vi }),
    };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

export async function phantom(folder, size) {
  const [gray, truth] = ["gray", "truth"].map((name) => join(folder, `phantom-${size}-${name}`));
  if (!existsSync(gray) || !existsSync(truth)) {
    for (const path of [gray, truth]) await rm(path, { recursive: true, force: true });
    await writePhantom({ size: [size, size, size], seed: 1, grayDestination: gray, truthDestination: truth });
  }
  const configuration = {
    "predict-voxels": { function: "naive_membrane_predictions" },
    "create-supervoxels": { function: "seeded_watershed" },
    "agglomerate-supervoxels": { function: "noop_agglomeration" },
  };
  return {
    config: {
      input: { source: `precomputed://${gray}` },
      output: { destination: "precomputed://segmentation" },
      options: { "chunk-size": 128, border: 20, segmentor: { configuration } },
    },
    truth: `precomputed://${truth}`,
  };
}
