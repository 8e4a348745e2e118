import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

// "unit": beside the source, runs the source itself. "built": needs the built program (worker threads, the command). "spark": needs a real
// Spark, too; one file at a time, after all others, as each starts Java processes and some measure times.
// "dvid": needs a real DVID server (AXONLOOM_DVID), one at a time.
const dvid = ["packages/*/test/dvid-live*.test.ts"];
const spark = ["packages/*/test/spark-*.test.ts", "packages/spark-connect/test/**/*.test.ts"];
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: { "@axonloom/kernels": source("kernels"), "@axonloom/core": source("core") } },
        test: { name: "unit", include: ["packages/*/src/**/*.test.ts"], testTimeout: 60_000, maxWorkers: 2 },
      },
      {
        test: {
          name: "built",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...spark, ...dvid],
          testTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      { test: { name: "dvid", include: dvid, testTimeout: 180_000, maxWorkers: 1, sequence: { groupOrder: 2 } } },
      {
        test: {
          name: "spark",
          include: spark,
          testTimeout: 180_000,
          retry: 1, // real servers on a machine that does other work too may be slow once; what fails twice is wrong
          maxWorkers: 1,
          isolate: false, // files share a server (shared-spark.ts)
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
