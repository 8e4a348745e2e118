import { expect, test } from "vitest";
import * as everything from "./index.ts";

test("what the package exports", () => {
  expect(Object.keys(everything).sort()).toMatchInlineSnapshot(`
    [
      "Column",
      "ERRORS",
      "STORAGE_LEVEL",
      "SparkConnectError",
      "SparkSession",
      "batchOf",
      "bundleFunction",
      "bundleModule",
      "bundleWorker",
      "call",
      "col",
      "directShufflePartitionId",
      "expr",
      "isSparkConnectError",
      "lit",
      "parseConnectionString",
      "parseSchema",
      "rowsOf",
      "sparkFunction",
    ]
  `);
});
