/** Proves when a run is refused by a cluster, by the memory of its executors above all, and what is only warned of. */
import { expect, test } from "vitest";
import { refuseFailed } from "../check.ts";
import { checkCluster, type Demand, slotsOf } from "./checks.ts";
import { describeFacts, type SettingKey, type Settings, type SparkFacts, sizeOf } from "./facts.ts";
import type { Executor } from "./probe.ts";

const GIB = 2 ** 30;
const EXECUTOR: Executor = {
  host: "a",
  slots: 2,
  memoryBytes: 16 * GIB,
  cores: 8,
  node: "20.19.0",
  arch: "x64",
  blind: null,
};
const DEMAND: Demand = { bytesPerTask: 2 * GIB, coresPerTask: 1, runFolder: "/data/run" };

function facts(settings: Partial<Record<SettingKey, string>>, ...executors: Partial<Executor>[]): SparkFacts {
  const all = { "spark.master": "spark://m:7077", "spark.driver.memory": "4g", ...settings } as unknown as Settings;
  return {
    version: "4.1.4",
    settings: all,
    noexec: false,
    executors: (executors.length === 0 ? [{}] : executors).map((e) => ({ ...EXECUTOR, ...e })),
  };
}

const status = (of: SparkFacts, demand = DEMAND) =>
  Object.fromEntries(checkCluster(of, demand).map((check) => [check.name, check.status]));
const refused = (of: SparkFacts, demand = DEMAND) => {
  try {
    refuseFailed(checkCluster(of, demand));
    return null;
  } catch (error) {
    return error;
  }
};

test("a cluster on which all is well", () => {
  expect(new Set(Object.values(status(facts({}))))).toEqual(new Set(["ok"]));
});

test("a folder for artifacts that is mounted noexec is told, and no reason to refuse", () => {
  const noexec = { ...facts({}), noexec: true };
  expect(checkCluster(noexec, DEMAND)).toContainEqual(
    expect.objectContaining({ name: "folder for artifacts", status: "ok", found: expect.stringContaining("noexec") }),
  );
  expect(describeFacts(noexec)).toMatch(/noexec/);
  expect(describeFacts(facts({}))).not.toMatch(/noexec/);
});

test("YARN, Kubernetes: tasks at once must fit what is beside the heap", () => {
  for (const master of ["yarn", "k8s://https://m:6443"]) {
    const set = (rest: Partial<Record<SettingKey, string>>) => facts({ "spark.master": master, ...rest });
    const byDefault = set({ "spark.executor.memory": "8g", "spark.executor.cores": "2" });
    expect(refused(byDefault)).toMatchObject({
      code: "E_MEMORY",
      message: expect.stringMatching(/4\.00 GiB or more \(2 × 2\.00 GiB.*memoryOverhead=4096m.*found 0\.80 GiB beside the heap/),
    });
    expect(refused(set({ "spark.executor.memoryOverhead": "4096" }))).toBeNull();
    expect(refused(set({ "spark.executor.memoryOverhead": "4095m" }))).toMatchObject({ code: "E_MEMORY" });
    expect(refused(set({ "spark.executor.memory": "8g", "spark.executor.memoryOverheadFactor": "0.5" }))).toBeNull();
    expect(refused(set({ "spark.executor.memoryOverhead": "1g", "spark.executor.pyspark.memory": "3g" }))).toBeNull();
    // Four cores, though only two tasks were seen: they will come.
    expect(refused(set({ "spark.executor.memoryOverhead": "4g", "spark.executor.cores": "4" }))).toMatchObject({
      code: "E_MEMORY",
    });
    const wider = { "spark.executor.memoryOverhead": "4g", "spark.executor.cores": "4", "spark.task.cpus": "2" };
    expect(refused(set(wider))).toBeNull();
  }
});

test("standalone, local: heaps and tasks of all executors of a machine must fit into it", () => {
  const two = (memoryBytes: number) => facts({ "spark.executor.memory": "2g" }, { memoryBytes }, { memoryBytes });
  expect(refused(two(12.5 * GIB))).toBeNull(); // 2 × 2 heap, 0.5 reserved, 4 × 2 tasks
  expect(refused(two(12.4 * GIB))).toMatchObject({
    code: "E_MEMORY",
    message: expect.stringMatching(
      /memory on a: expected 8\.00 GiB for tasks \(4 × 2\.00 GiB.*found 12\.40 GiB, of which 4\.50 GiB/,
    ),
  });
  const spread = facts({ "spark.executor.memory": "2g" }, { memoryBytes: 6.5 * GIB }, { host: "b", memoryBytes: 6.5 * GIB });
  expect(refused(spread)).toBeNull();
  const local = facts({ "spark.master": "local[2,3]" }, { memoryBytes: 8.5 * GIB });
  expect(refused(local)).toBeNull();
  expect(refused(local, { ...DEMAND, memoryBytes: 8 * GIB })).toMatchObject({ code: "E_MEMORY" });
  expect(refused(local, { ...DEMAND, memoryBytes: 8 * GIB, bytesPerTask: null })).toBeNull();
});

test("executors that cannot do our work", () => {
  expect(refused(facts({}, { node: "18.20.1" }))).toMatchObject({
    code: "E_SPARK_WORKER",
    message: expect.stringMatching(/executor on a: expected Node\.js 20 or newer.*found Node\.js 18\.20\.1/),
  });
  expect(refused(facts({}, {}, { host: "b", blind: "ENOENT" }))).toMatchObject({
    code: "E_SPARK_STORE",
    message: expect.stringMatching(/run folder \(\/data\/run\).*found b: ENOENT/),
  });
  expect(refused(facts({ "spark.python.unix.domain.socket.enabled": "true" }))).toMatchObject({ code: "E_SPARK_WORKER" });
  expect(refused(facts({ "spark.sql.pyspark.udf.profiler": "perf" }))).toMatchObject({ code: "E_SPARK_WORKER" });
});

test("what works, but not well", () => {
  const warned = (of: SparkFacts, name: string, demand = DEMAND) => {
    expect(status(of, demand)[name]).toBe("warning");
    expect(refused(of, demand)).toBeNull();
  };
  warned(facts({ "spark.speculation": "true" }), "spark.speculation");
  warned(facts({ "spark.task.maxFailures": "1" }), "spark.task.maxFailures");
  warned(facts({ "spark.master": "local[2]" }), "spark.task.maxFailures");
  warned(facts({ "spark.driver.memory": "2g" }), "heap of the server");
  warned(facts({}), "spark.task.cpus", { ...DEMAND, coresPerTask: 2 });
  warned(facts({}, {}, { host: "b", arch: "arm64" }), "architectures");
  warned(facts({ "spark.python.worker.idleTimeoutSeconds": "60" }), "spark.python.worker.idleTimeoutSeconds");
});

test("tasks at once of an executor: as seen, or as its settings let it", () => {
  expect(slotsOf(EXECUTOR, facts({}).settings)).toBe(2);
  expect(slotsOf(EXECUTOR, facts({ "spark.executor.cores": "6", "spark.task.cpus": "2" }).settings)).toBe(3);
});

test.each([
  ["512", "m", 512 * 2 ** 20],
  ["4g", "m", 4 * GIB],
  ["1.5GB", "b", 1.5 * GIB],
  ["300 kb", "b", 300 * 1024],
  ["7", "b", 7],
  ["much", "b", null],
] as const)("sizes of Spark: %s", (text, unit, bytes) => {
  expect(sizeOf(text, unit)).toBe(bytes);
});
