import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

// "unit": beside the source, runs the source itself. "built": needs the built program (worker threads, the command).
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
          testTimeout: 180_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
