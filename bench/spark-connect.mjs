/**
 * `@axonloom/spark-connect` beside PySpark (Spark Connect client, mapInArrow, applyInArrow) on one warm server with daemons, in turns.
 * SPARK_HOME names Spark; AXONLOOM_PYSPARK names a Python with pyspark, pyarrow, pandas, grpcio-status. Without the latter only ours is timed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { median } from "./kernels.mjs";
import { sparkHome, startServer } from "./spark-server.mjs";

const OURS = "axonloom";
const PEER = "pyspark";
const MIB = 2 ** 20;

const LARGE = { rows: 96, bytes: 4 * MIB };
const SMALL = { rows: 4_000_000, bytes: 24 };
const COLLECTED = 400_000;

const SETTINGS = { "spark.sql.shuffle.partitions": "8", "spark.sql.adaptive.enabled": "false" };
/** 128 KiB of text in which Spark's compression finds next to nothing: more than its window. */
const NOISE = "array_join(transform(sequence(1, 4096), i -> md5(cast(id * 4096 + i as string))), '')";
/** Made once and kept in Spark's memory, so that both sides get the same rows without the time that making them takes. */
const VIEWS = {
  large: `select id % 24 as k, cast(repeat(${NOISE}, ${LARGE.bytes / (32 * 4096)}) as binary) as blob from range(0, ${LARGE.rows}, 1, 8)`,
  small: `select id % 1000 as k, id, id / 3D as x from range(0, ${SMALL.rows}, 1, 4)`,
};
const SCHEMAS = { large: "k long, blob binary", small: "k long, id long, x double" };
const megabytes = { large: (LARGE.rows * LARGE.bytes) / 1e6, small: (SMALL.rows * SMALL.bytes) / 1e6 };

/** `amount` in `unit` a second; `target`: how many times PySpark's rate is wanted. */
const CASES = [
  { name: "tasks", unit: "tasks/s", amount: 200, target: 3, ask: { op: "tasks", tasks: 200 } },
  {
    ...{ name: "collect rows", unit: "rows/s", amount: COLLECTED, target: 1 },
    ask: { op: "collectRows", query: `select id, id / 3D as x, cast(id as string) as s from range(${COLLECTED})` },
  },
  {
    ...{ name: "collect large rows (Arrow)", unit: "MB/s", amount: megabytes.large, target: 1 },
    ask: { op: "collectArrow", query: "select * from large" },
  },
  {
    ...{ name: "collect small rows (Arrow)", unit: "MB/s", amount: megabytes.small, target: 1 },
    ask: { op: "collectArrow", query: "select * from small" },
  },
  ...["large", "small"].flatMap((view) =>
    [
      ["map", "map"],
      ["shuffle and grouped map", "group"],
    ].map(([title, op]) => ({
      name: `${title}, ${view} rows`,
      unit: "MB/s",
      amount: megabytes[view],
      target: 0.9,
      ask: { op, query: `select * from ${view}`, schema: SCHEMAS[view] },
    })),
  ),
];

/** Emits a record a case: medians of both rates, and the median of the pairs' ratios. */
export async function benchSparkConnect({ only, pairs, emit }) {
  const home = sparkHome();
  if (home === null) return emit({ kind: "skipped", part: "spark-connect", reason: "SPARK_HOME names no Spark" });
  const python = process.env["AXONLOOM_PYSPARK"] ?? null;
  if (python === null) emit({ kind: "skipped", part: "spark-connect: PySpark", reason: "AXONLOOM_PYSPARK names no Python" });
  const commands = {
    [OURS]: [process.execPath, "spark-client.mjs"],
    ...(python === null ? {} : { [PEER]: [python, "spark_peer.py"] }),
  };
  const server = await startServer(home, python);
  try {
    const start = async (program) => await Program.start(...commands[program], server.url);
    const programs = {};
    for (const program of Object.keys(commands)) {
      programs[program] = await start(program);
      await programs[program].ask({ op: "settings", ...SETTINGS });
      for (const [view, query] of Object.entries(VIEWS)) await programs[program].ask({ op: "keep", view, query });
    }
    for (const { name, unit, amount, target, ask } of CASES.filter(({ name }) => name.includes(only))) {
      const rate = async (program) => amount / (await programs[program].ask(ask)).seconds;
      emit({ kind: "spark-connect", name, unit, target, ...(await inTurns(Object.keys(programs), pairs, rate)) });
    }
    for (const program of Object.values(programs)) await program.stop();
    if ("cold start".includes(only)) {
      const seconds = async (program) => {
        const fresh = await start(program);
        await fresh.stop();
        return fresh.seconds;
      };
      emit({ kind: "spark-connect", name: "cold start", unit: "s", ...(await inTurns(Object.keys(commands), pairs, seconds)) });
    }
  } finally {
    await server.stop();
  }
}

/** One warm-up each, then pairs, each begun by the other program. */
async function inTurns(programs, pairs, measure) {
  const values = Object.fromEntries(programs.map((program) => [program, []]));
  let load = 0;
  for (let pair = -1; pair < pairs; pair++) {
    for (const program of pair % 2 === 0 ? programs : [...programs].reverse()) {
      const value = await measure(program);
      if (pair >= 0) values[program].push(value);
    }
    load = Math.max(load, loadavg()[0]);
  }
  const ratios = values[PEER]?.map((value, i) => values[OURS][i] / value);
  return {
    ...Object.fromEntries(programs.map((program) => [program, median(values[program])])),
    ...(ratios === undefined ? {} : { ratio: median(ratios), ratios }),
    pairs,
    highest_load: load,
  };
}

/** A program that answers lines with lines. */
class Program {
  #child;
  #lines;
  /** From its start to the result of its first task. */
  seconds = 0;

  static async start(executable, script, url) {
    const program = new Program();
    const begin = performance.now();
    program.#child = spawn(executable, [fileURLToPath(new URL(script, import.meta.url)), url], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    program.#lines = createInterface({ input: program.#child.stdout })[Symbol.asyncIterator]();
    await program.#answer();
    program.seconds = (performance.now() - begin) / 1000;
    return program;
  }

  async ask(question) {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return await this.#answer();
  }

  async stop() {
    const ended = once(this.#child, "exit");
    this.#child.stdin.end();
    await ended;
  }

  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnfile} ended with ${this.#child.exitCode}`);
    return JSON.parse(value);
  }
}
