/**
 * The Spark engine on a server of this machine (SPARK_HOME), which stays warm:
 *
 *   overhead  whole runs, local and Spark in turns, each once before; seconds more, and what is allowed: 1 s a subvolume + bytes moved / 50 MB/s
 *   memory    peak of the driver's process for more and more tiny rows that are kept, grouped and collected
 *   matches   the same for five and ten million matches that the driver resolves: what more of them take is what a match takes
 *   levels    where kept rows lie: rows that do not compress, kept and then read twice
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSegmentation, localEngineFactory, parseConfig, sparkEngineFactory, startSparkServer } from "@axonloom/core";
import { SparkSession, STORAGE_LEVEL, sparkFunction } from "@axonloom/spark-connect";
import { median } from "./kernels.mjs";
import { phantom } from "./pipeline.mjs";

/** Bytes a second that rows may cost. */
const MOVED_RATE = 50e6;
const SLOTS = 2;

export async function benchSparkEngine({ folder, only, pairs, emit }) {
  await mkdir(folder, { recursive: true });
  const server = await startSparkServer({ master: `local[${SLOTS},3]`, heap: "4g" });
  try {
    if ("overhead".includes(only)) await overhead(folder, server, pairs, emit);
    if ("memory".includes(only)) for (const rows of [1000, 8000]) await memory(folder, server, rows, emit);
    if ("matches".includes(only)) await matches(folder, server, emit);
    if ("levels".includes(only)) await levels(server, pairs, emit);
  } finally {
    await server.stop();
  }
}

async function overhead(folder, server, pairs, emit) {
  const { config } = await phantom(folder, 256);
  const engines = {
    local: localEngineFactory({ workers: SLOTS }),
    spark: sparkEngineFactory({ url: server.url, token: server.token }),
  };
  const run = async (name) => {
    const place = await mkdtemp(join(folder, "run-"));
    try {
      const options = { ...config.options, "chunk-size": 64, border: 10, "checkpoint-dir": join(place, "run") };
      const parsed = parseConfig({ ...config, options }, { baseFolder: place });
      // Starting the session is left out of both: the time of the run's own stages.
      let began = 0;
      const { summary } = await createSegmentation(parsed, {
        engine: engines[name],
        onEvent: ({ event }) => {
          if (event === "planned") began = performance.now();
        },
      });
      return { seconds: (performance.now() - began) / 1000, summary };
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  };
  for (const name of Object.keys(engines)) await run(name);
  const [more, local, spark] = [[], [], []];
  let found = null;
  let load = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const here = await run("local");
    const there = await run("spark");
    if (here.summary.digest !== there.summary.digest) throw new Error("the engines give different bytes");
    local.push(here.seconds);
    spark.push(there.seconds);
    more.push(there.seconds - here.seconds);
    load = Math.max(load, loadavg()[0]);
    found = there.summary;
  }
  // Labels: made by a task, moved to their place, read by the summary, by the faces and by the relabelling.
  const moved = 5 * found["checkpoint-bytes"];
  emit({
    kind: "overhead",
    pairs,
    subvolumes: found.subvolumes,
    label_bytes: found["checkpoint-bytes"],
    local_s: median(local),
    spark_s: median(spark),
    more_s: median(more),
    allowed_s: found.subvolumes + moved / MOVED_RATE,
    highest_load: load,
    cores: cpus().length,
  });
}

async function memory(folder, server, rows, emit) {
  emit({ kind: "driver", what: `${rows} rows`, ...(await driver("spark-driver.mjs", folder, server, rows)) });
}

async function matches(folder, server, emit) {
  const [n, twice] = [5_000_000, 10_000_000];
  const half = await driver("spark-matches.mjs", folder, server, n);
  emit({ kind: "driver", what: `${n} matches`, ...half });
  const whole = await driver("spark-matches.mjs", folder, server, twice);
  const bytes_per_match = (whole.peak_bytes - half.peak_bytes) / (twice - n);
  emit({ kind: "driver", what: `${twice} matches`, ...whole, bytes_per_match });
}

/** A driver in a process of its own. */
async function driver(name, folder, server, size) {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const place = await mkdtemp(join(folder, "run-"));
  const child = spawn(process.execPath, ["--expose-gc", script, server.url, place, String(size)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, SPARK_CONNECT_AUTHENTICATE_TOKEN: server.token },
  });
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  const [code] = await once(child, "close");
  await rm(place, { recursive: true, force: true });
  if (code !== 0) throw new Error(`${name} ${size} ended with ${code}`);
  return JSON.parse(text);
}

const LEVEL_ROWS = { rows: 60, bytes: 8e6 };

async function levels(server, pairs, emit) {
  const session = await SparkSession.connect(server.url, { token: server.token });
  await session.config.set({
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.inMemoryColumnarStorage.batchSize": "1",
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
  });
  const module = new URL("./spark-level-functions.mjs", import.meta.url);
  const { rows, bytes } = LEVEL_ROWS;
  let round = 0;
  const one = async (name) => {
    round += 1;
    const noise = sparkFunction(module, "noise", { returns: "id long, value binary", parameters: { bytes, round } });
    const kept = session.range(rows, { numPartitions: rows }).mapPartitions(noise);
    await kept.persist(STORAGE_LEVEL[name]);
    const read = kept.mapPartitions(sparkFunction(module, "lengths", { returns: "length long" }));
    const seconds = [];
    for (let pass = 0; pass < 3; pass++) {
      const began = performance.now();
      const found = await read.groupBy().agg("sum(length) as n").collect();
      seconds.push((performance.now() - began) / 1000);
      if (Number(found[0].n) !== rows * bytes) throw new Error(`${name}: expected ${rows * bytes} bytes, found ${found[0].n}`);
    }
    await kept.unpersist({ blocking: true });
    return seconds;
  };
  const names = ["memoryAndDiskDeserialized", "memoryAndDisk", "diskOnly"];
  await one(names[0]); // warm
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = 0; turn < pairs; turn++) for (const name of names) times[name].push(await one(name));
  for (const name of names) {
    const [first_s, second_s, third_s] = [0, 1, 2].map((pass) => median(times[name].map((seconds) => seconds[pass])));
    emit({ kind: "level", level: name, megabytes: (rows * bytes) / 1e6, first_s, second_s, third_s });
  }
  await session.close();
}
