import { expect, test } from "vitest";
import type { SessionConfig } from "./config.ts";
import { checkWorkerSettings, readWorkerSettings } from "./worker-settings.ts";

const settingsOf = (set: Record<string, string>) =>
  readWorkerSettings({
    getOptions: async (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, set[key] ?? null])),
  } as unknown as SessionConfig);

test("what is not set has Spark's default", async () => {
  const settings = await settingsOf({ "spark.task.cpus": "2" });
  expect(settings).toMatchObject({
    "spark.task.cpus": "2",
    "spark.python.use.daemon": "true",
    "spark.executor.memoryOverhead": null,
  });
  expect(() => checkWorkerSettings(settings)).not.toThrow();
});

test.each([
  ["spark.python.unix.domain.socket.enabled", "true"],
  ["spark.sql.pyspark.udf.profiler", "perf"],
  ["spark.sql.execution.arrow.compression.codec", "zstd"],
])("%s=%s is refused before a task starts", async (key, value) => {
  const settings = await settingsOf({ [key]: value });
  expect(() => checkWorkerSettings(settings)).toThrow(
    expect.objectContaining({ code: "E_SPARK_SETTING", message: expect.stringContaining(`${key}, found "${value}"`) }),
  );
});
