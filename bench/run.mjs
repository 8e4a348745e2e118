/**
 * npm run bench -- [kernels] [neuroproof] [ilastik] [dvid] [pipeline] [subvolume] [agglomeration] [spark-connect] [spark-engine] [dvid-server] [--only TEXT] [--peers PYTHON] [--inputs FOLDER] [--seconds N] [--calls N] [--pairs N]
 *   [--fib25-membrane SOURCE]
 *
 * Times the built packages on real data. JSON lines on standard output, a table on standard error. `--peers`: an interpreter that has some
 * of numpy, fastremap, cc3d, edt, vigra, scipy, scikit-image, compressed_segmentation; they are timed in the same run, in turns.
 * `dvid-server` needs AXONLOOM_DVID, the path of a server's program. `spark-connect` needs SPARK_HOME, and AXONLOOM_PYSPARK (a Python with pyspark and pyarrow) for the comparison.
 */
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchAgglomeration } from "./agglomeration.mjs";
import { benchDvidServer } from "./dvid-server.mjs";
import { benchKernels } from "./kernels.mjs";
import { benchPipeline } from "./pipeline.mjs";
import { benchSparkConnect } from "./spark-connect.mjs";
import { benchSparkEngine } from "./spark-engine.mjs";
import { benchSubvolume } from "./subvolume.mjs";
import { formatTable, megabytes, number } from "./table.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "" },
    peers: { type: "string" },
    inputs: { type: "string", default: join(tmpdir(), "axonloom-bench") },
    seconds: { type: "string", default: "4" },
    calls: { type: "string", default: "9" },
    pairs: { type: "string", default: "5" },
    "fib25-membrane": { type: "string" },
  },
});

const PARTS = ["kernels", "pipeline", "subvolume", "agglomeration", "spark-connect", "spark-engine", "dvid-server"];
/** Parts that are some of the kernels: their operations start with the name. */
const KERNEL_PARTS = ["neuroproof", "ilastik", "dvid"];
const unknown = positionals.find((part) => ![...PARTS, ...KERNEL_PARTS].includes(part));
if (unknown !== undefined) throw new Error(`"${unknown}": expected one of ${[...PARTS, ...KERNEL_PARTS].join(", ")}`);
const parts = positionals.length === 0 ? PARTS.filter((part) => isHere(part)) : positionals;

/** Parts that need something real are left out where that is not, unless they are named. */
function isHere(part) {
  if (part === "spark-engine") return Boolean(process.env.SPARK_HOME);
  return part !== "dvid-server" || Boolean(process.env.AXONLOOM_DVID);
}

const records = [];
function emit(record) {
  records.push(record);
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

emit({ kind: "machine", node: process.version, cpu: cpus()[0]?.model ?? "", cores: cpus().length, load: loadavg()[0] });
const common = { folder: values.inputs, only: values.only, emit };
const chosen = KERNEL_PARTS.filter((part) => parts.includes(part));
if (parts.includes("kernels") || chosen.length > 0) {
  const prefixes = parts.includes("kernels") ? [""] : chosen;
  await benchKernels({
    ...common,
    prefixes,
    peers: values.peers ?? null,
    seconds: Number(values.seconds),
    calls: Number(values.calls),
  });
  process.stderr.write(`\n${kernelTable()}\n`);
}
if (parts.includes("pipeline")) {
  await benchPipeline({ ...common, pairs: Number(values.pairs) });
  process.stderr.write(`\n${pipelineTable()}\n`);
  for (const record of records.filter(({ kind }) => kind === "workers")) process.stderr.write(`\n${speedupLine(record)}\n`);
}
if (parts.includes("subvolume")) {
  await benchSubvolume(common);
  process.stderr.write(`\n${subvolumeTable()}\n`);
}
if (parts.includes("spark-connect")) {
  await benchSparkConnect({ ...common, pairs: Number(values.pairs) });
  for (const { part, reason } of records.filter(({ kind }) => kind === "skipped"))
    process.stderr.write(`\nskipped ${part}: ${reason}\n`);
  process.stderr.write(`\n${sparkTable()}\n`);
}

if (parts.includes("agglomeration"))
  process.stderr.write(`\n${await benchAgglomeration({ ...common, fib25Membrane: values["fib25-membrane"] ?? null })}\n`);

if (parts.includes("spark-engine")) {
  await benchSparkEngine({ ...common, pairs: Number(values.pairs) });
  process.stderr.write(`\n${sparkEngineTables().join("\n\n")}\n`);
}

if (parts.includes("dvid-server")) {
  await benchDvidServer(common);
  process.stderr.write(`\n${dvidServerTable()}\n`);
}

function dvidServerTable() {
  return formatTable(
    records.filter(({ kind }) => kind === "dvid-server"),
    [
      ["", ({ name }) => name],
      ["program", ({ program }) => program],
      ["in flight", ({ in_flight }) => String(in_flight)],
      ["Mvoxel/s", ({ mvox_per_s }) => number(mvox_per_s)],
      ["MB/s", ({ mb_per_s }) => number(mb_per_s)],
      ["Mvoxel a CPU second", ({ mvox_per_cpu_s }) => number(mvox_per_cpu_s)],
      ["CPU s, client", ({ client_cpu_s }) => number(client_cpu_s)],
      ["server", ({ server_cpu_s }) => number(server_cpu_s)],
    ],
  );
}

/** Two workers can only be twice as fast where two cores are free. */
function speedupLine({ pairs, speedup_median, highest_load, cores }) {
  const busy =
    highest_load > 1.5 * cores ? `; NOT VALID: other programs were running (load ${number(highest_load)} on ${cores} cores)` : "";
  return `two workers against one: ${number(speedup_median)} times as fast (median of ${pairs} pairs)${busy}`;
}

function kernelTable() {
  return formatTable(
    records.filter(({ kind }) => kind === "kernel"),
    [
      ["operation", ({ op, program }) => (program === "axonloom" ? op : `  ${program}`)],
      ["Mvoxel/s", ({ mvox_per_s, error }) => (error === undefined ? number(mvox_per_s) : `failed: ${error}`)],
      ["median", ({ mvox_per_s_median }) => number(mvox_per_s_median)],
      ["ours ×", ({ ours_times_faster }) => number(ours_times_faster)],
      ["peak MB", ({ peak_bytes }) => megabytes(peak_bytes)],
      ["bytes/voxel", ({ bytes_per_voxel }) => number(bytes_per_voxel)],
      ["result", ({ differs }) => (differs === undefined ? "" : `differs from ours: ${JSON.stringify(differs)}`)],
    ],
  );
}

function sparkTable() {
  return formatTable(
    records.filter(({ kind }) => kind === "spark-connect"),
    [
      ["median of pairs", ({ name }) => name],
      ["unit", ({ unit }) => unit],
      ["axonloom", ({ axonloom }) => number(axonloom)],
      ["pyspark", ({ pyspark }) => number(pyspark)],
      ["ratio", ({ ratio }) => number(ratio)],
      ["from", ({ ratios }) => (ratios === undefined ? "" : number(Math.min(...ratios)))],
      ["to", ({ ratios }) => (ratios === undefined ? "" : number(Math.max(...ratios)))],
      ["wanted", ({ target }) => (target === undefined ? "" : `≥ ${target}`)],
    ],
  );
}

function subvolumeTable() {
  return formatTable(
    records.filter(({ kind }) => kind === "subvolume"),
    [
      ["one worker", ({ bordered }) => bordered.join(" × ")],
      ["Mvoxel/s per core", ({ mvox_per_s_cpu }) => number(mvox_per_s_cpu)],
      ["peak MB", ({ peak_bytes }) => megabytes(peak_bytes)],
      ["planned MB", ({ planned_bytes }) => megabytes(planned_bytes)],
    ],
  );
}

function sparkEngineTables() {
  const of = (wanted) => records.filter(({ kind }) => kind === wanted);
  return [
    formatTable(of("overhead"), [
      ["overhead", ({ subvolumes }) => `${subvolumes} subvolumes`],
      ["local s", ({ local_s }) => number(local_s)],
      ["Spark s", ({ spark_s }) => number(spark_s)],
      ["more s", ({ more_s }) => number(more_s)],
      ["allowed s", ({ allowed_s }) => number(allowed_s)],
      ["load", ({ highest_load }) => number(highest_load)],
    ]),
    formatTable(of("driver"), [
      ["driver", ({ what }) => what],
      ["seconds", ({ seconds }) => number(seconds)],
      ["before MB", ({ before_bytes }) => megabytes(before_bytes)],
      ["peak MB", ({ peak_bytes }) => megabytes(peak_bytes)],
      ["bytes a match", ({ bytes_per_match }) => number(bytes_per_match)],
    ]),
    formatTable(of("level"), [
      ["kept rows", ({ level, megabytes }) => `${level}, ${megabytes} MB`],
      ["made and read s", ({ first_s }) => number(first_s)],
      ["read s", ({ second_s }) => number(second_s)],
      ["again s", ({ third_s }) => number(third_s)],
    ]),
  ];
}

function pipelineTable() {
  return formatTable(
    records.filter(({ kind }) => kind === "run"),
    [
      ["run", ({ name }) => name],
      ["workers", ({ workers }) => number(workers)],
      ["subvolumes", ({ subvolumes }) => number(subvolumes)],
      ["Mvoxel/s per core", ({ mvox_per_s_cpu }) => number(mvox_per_s_cpu)],
      ["seconds", ({ seconds }) => number(seconds)],
      ["peak MB", ({ peak_bytes }) => megabytes(peak_bytes)],
      ["checkpoint bytes/voxel", ({ checkpoint_bytes_per_voxel }) => number(checkpoint_bytes_per_voxel)],
      ["VI", ({ vi }) => number(vi, 4)],
    ],
  );
}
