/**
 * Whether a run fits a Spark cluster. A task's memory is that of a Node.js process, outside the heap of its executor, so what must hold is
 *
 *   YARN, Kubernetes   tasks at once × bytes of a task ≤ spark.executor.memoryOverhead (+ pyspark.memory): else the container is killed
 *   standalone, local  on each machine: heaps of its executors + tasks at once × bytes of a task + 512 MiB ≤ its memory: nobody enforces it
 */
import { hostname } from "node:os";
import { type Check, failed, ok, warning } from "../check.ts";
import { gib, RESERVED_BYTES } from "../machine.ts";
import { type Settings, type SparkFacts, sizeOf } from "./facts.ts";
import { type Executor, MINIMUM_NODE } from "./probe.ts";

export interface Demand {
  /** Planned bytes of one task at its peak; null: not known. */
  readonly bytesPerTask: number | null;
  /** Cores that one task uses (`corespertask`). */
  readonly coresPerTask: number;
  /** What the executors must see. */
  readonly runFolder: string;
  /** Memory to plan with on this machine, when it is not what the machine has. */
  readonly memoryBytes?: number;
}

/** Spark's own defaults. */
const DEFAULT_HEAP = "1g";
const OVERHEAD_FACTOR = 0.1;
const MIN_OVERHEAD = "384m";
const SERVER_HEAP = 4 * 2 ** 30;

/** All that can be said of the cluster; what is `failed` ends a run before it begins. */
export function checkCluster(facts: SparkFacts, demand: Demand): Check[] {
  const { settings, executors, noexec, version } = facts;
  return [
    ok("Spark", `${version}, master ${settings["spark.master"]}`),
    ...checkExecutors(executors),
    ...(noexec ? [ok("folder for artifacts", "mounted noexec: the executors' /bin/sh runs our launcher")] : []),
    checkArchitectures(executors),
    checkStore(executors, demand.runFolder),
    ...checkMemory(facts, demand),
    checkCpus(settings, demand.coresPerTask),
    checkAttempts(settings),
    checkSpeculation(settings),
    checkServerHeap(settings),
    ...checkPython(settings),
  ];
}

/** Tasks that an executor runs at once: as seen, or as its settings let it. */
export function slotsOf({ slots }: Executor, settings: Settings): number {
  const cores = Number(settings["spark.executor.cores"] ?? (isContained(settings) ? 1 : 0));
  return Math.max(slots, Math.floor(cores / cpusOf(settings)));
}

function checkExecutors(executors: readonly Executor[]): Check[] {
  return executors.map(({ host, node, arch, cores, memoryBytes, slots }) => {
    const name = `executor on ${host}`;
    const found = `Node.js ${node}, ${arch}, ${slots} task(s) at once, ${cores} cores, ${gib(memoryBytes)} of memory`;
    if (Number(node.split(".")[0]) >= MINIMUM_NODE) return ok(name, found);
    const advice = `expected Node.js ${MINIMUM_NODE} or newer; install it there, or say where it is with --node-path`;
    return failed(name, "E_SPARK_WORKER", found, advice);
  });
}

function checkArchitectures(executors: readonly Executor[]): Check {
  const found = [...new Set(executors.map(({ arch }) => arch))].sort();
  if (found.length === 1) return ok("architectures", found[0]!);
  const advice = "plug-ins with native code must be installed for each of them; what is built in runs, and gives the same, on all";
  return warning("architectures", found.join(", "), advice);
}

function checkStore(executors: readonly Executor[], folder: string): Check {
  const blind = executors.filter((executor) => executor.blind !== null);
  if (blind.length === 0) return ok("shared store", `every executor sees ${folder}`);
  const found = blind.map(({ host, blind }) => `${host}: ${blind}`).join("; ");
  const advice = `expected all executors to see the run folder (${folder}) as ${hostname()} does; put checkpoint-dir, input and output on storage that all machines have under the same path`;
  return failed("shared store", "E_SPARK_STORE", found, advice);
}

function checkMemory(facts: SparkFacts, demand: Demand): Check[] {
  return isContained(facts.settings) ? [checkOverhead(facts, demand)] : checkMachines(facts, demand);
}

function checkOverhead({ settings, executors }: SparkFacts, { bytesPerTask }: Demand): Check {
  const name = "memory of the executors";
  const heap = heapOf(settings, "spark.executor.memory");
  const set = sizeOf(settings["spark.executor.memoryOverhead"], "m");
  const smallest = sizeOf(settings["spark.executor.minMemoryOverhead"] ?? MIN_OVERHEAD, "m")!;
  const factor = Number(settings["spark.executor.memoryOverheadFactor"] ?? OVERHEAD_FACTOR);
  const overhead = set ?? Math.max(smallest, factor * heap);
  const room = overhead + (sizeOf(settings["spark.executor.pyspark.memory"], "m") ?? 0);
  const slots = Math.max(...executors.map((executor) => slotsOf(executor, settings)));
  const source = set === null ? `by default, ${factor * 100} % of the heap of ${gib(heap)}` : "as set";
  const found = `${gib(room)} beside the heap (${source}) for ${slots} task(s) at once`;
  if (bytesPerTask === null) return ok(name, `${found}: ${gib(room / slots)} each`);
  const needed = slots * bytesPerTask;
  if (needed <= room) return ok(name, `${found}, ${gib(needed)} needed`);
  const advice =
    `expected spark.executor.memoryOverhead of ${gib(needed)} or more (${slots} × ${gib(bytesPerTask)} for a subvolume): Node.js lives outside Java's heap, and a container that grows beyond it is killed; ` +
    `set spark.executor.memoryOverhead=${Math.ceil(needed / 2 ** 20)}m, run fewer tasks at once (spark.executor.cores, spark.task.cpus), or take a smaller chunk-size`;
  return failed(name, "E_MEMORY", found, advice);
}

function checkMachines({ settings, executors }: SparkFacts, { bytesPerTask, memoryBytes }: Demand): Check[] {
  const local = masterOf(settings).startsWith("local");
  const heap = heapOf(settings, local ? "spark.driver.memory" : "spark.executor.memory");
  return [...new Set(executors.map(({ host }) => host))].map((host) => {
    const there = executors.filter((executor) => executor.host === host);
    const name = `memory on ${host}`;
    const has = memoryBytes ?? there[0]!.memoryBytes;
    const slots = there.reduce((sum, executor) => sum + slotsOf(executor, settings), 0);
    const taken = there.length * heap + RESERVED_BYTES;
    const found = `${gib(has)}, of which ${gib(taken)} are for Java (${there.length} × ${gib(heap)}) and the system, for ${slots} task(s) at once`;
    const room = Math.max(0, has - taken);
    if (bytesPerTask === null) return ok(name, `${found}: ${gib(room / slots)} each`);
    const needed = slots * bytesPerTask;
    if (needed <= room) return ok(name, `${found}, which need ${gib(needed)}`);
    const advice =
      `expected ${gib(needed)} for tasks (${slots} × ${gib(bytesPerTask)} for a subvolume) beside Java; run fewer tasks at once (spark.task.cpus, spark.executor.cores, ` +
      "the worker's cores), give Java less (spark.executor.memory), or take a smaller chunk-size";
    return failed(name, "E_MEMORY", found, advice);
  });
}

function checkCpus(settings: Settings, coresPerTask: number): Check {
  const cpus = cpusOf(settings);
  if (cpus >= coresPerTask) return ok("spark.task.cpus", String(cpus));
  const advice = `expected ${coresPerTask} or more (corespertask): otherwise executors start more tasks than they have cores for`;
  return warning("spark.task.cpus", String(cpus), advice);
}

function checkAttempts(settings: Settings): Check {
  const attempts = attemptsOf(settings);
  const name = "spark.task.maxFailures";
  if (attempts > 1) return ok(name, String(attempts));
  const advice =
    "expected 2 or more (4 is Spark's default; a local server needs the master local[N,4]): a task whose worker dies would end the run instead of being tried again, and at last quarantined";
  return warning(name, String(attempts), advice);
}

function checkSpeculation(settings: Settings): Check {
  const on = settings["spark.speculation"] === "true";
  if (!on) return ok("spark.speculation", "off");
  return warning("spark.speculation", "on", "expected false: the same subvolume would be segmented twice at once for nothing");
}

function checkServerHeap(settings: Settings): Check {
  const heap = heapOf(settings, "spark.driver.memory");
  const name = "heap of the server";
  if (heap >= SERVER_HEAP) return ok(name, gib(heap));
  const advice =
    "expected 4 GiB or more (spark.driver.memory, --spark-heap): a server whose heap is full of results hangs without a word";
  return warning(name, gib(heap), advice);
}

function checkPython(settings: Settings): Check[] {
  const wrong: Check[] = [];
  const refuse = (name: keyof Settings, advice: string) => {
    wrong.push(failed(name, "E_SPARK_WORKER", settings[name]!, advice));
  };
  if (settings["spark.python.unix.domain.socket.enabled"] === "true") {
    refuse(
      "spark.python.unix.domain.socket.enabled",
      "expected false: the Node.js worker talks to its executor by TCP on loopback",
    );
  }
  if (settings["spark.sql.pyspark.udf.profiler"]) {
    refuse("spark.sql.pyspark.udf.profiler", "expected it not to be set: it profiles Python");
  }
  const idle = Number(settings["spark.python.worker.idleTimeoutSeconds"] ?? 0);
  if (idle > 0) {
    const advice = "expected 0: a worker that computes for long without a word looks idle";
    wrong.push(warning("spark.python.worker.idleTimeoutSeconds", String(idle), advice));
  }
  return wrong;
}

/** How often Spark tries a task. */
export function attemptsOf(settings: Settings): number {
  const master = masterOf(settings);
  if (master.startsWith("local")) return Number(/^local\[[^,\]]+,\s*(\d+)\]/.exec(master)?.[1] ?? 1);
  return Number(settings["spark.task.maxFailures"] ?? 4);
}

/** Whether executors live in containers with a limit of their own. */
function isContained(settings: Settings): boolean {
  return /^(?:yarn|k8s:)/.test(masterOf(settings));
}

function masterOf(settings: Settings): string {
  return settings["spark.master"] ?? "";
}

function cpusOf(settings: Settings): number {
  return Number(settings["spark.task.cpus"] ?? 1);
}

function heapOf(settings: Settings, key: "spark.driver.memory" | "spark.executor.memory"): number {
  return sizeOf(settings[key] ?? DEFAULT_HEAP, "m") ?? 0;
}
