/** Proves that each error of the client is one of this program's, and that a stack is shown once. */
import { inspect } from "node:util";
import { ERRORS as SPARK_ERRORS, SparkConnectError, type SparkErrorCode } from "@axonloom/spark-connect";
import { expect, test } from "vitest";
import { AxonloomError, ERRORS } from "../../errors.ts";
import { fromSparkError } from "./errors.ts";

const known = (code: SparkErrorCode, message: string) => fromSparkError(new SparkConnectError(code, message)) as AxonloomError;

test.each(Object.keys(SPARK_ERRORS) as SparkErrorCode[])("%s", (code) => {
  const error = known(code, "something");
  expect(error).toBeInstanceOf(AxonloomError);
  expect(ERRORS).toHaveProperty(error.code);
  expect(error.message).toMatch(/something/);
});

test("what a worker has thrown: its message as message, its stack once", () => {
  const text =
    "TypeError: boom\n    at inner (bundle.mjs:3:9)\n    at run (bundle.mjs:7:1)\nCaused by: Error: below\n    at deep (bundle.mjs:1:1)";
  const error = known("E_SPARK_QUERY", text);
  expect([error.code, error.message]).toEqual(["E_SPARK_FAILED", "Spark: TypeError: boom\nCaused by: Error: below"]);
  expect(inspect(error).match(/at inner/g)).toHaveLength(1);
});

test("a worker that died, one without its bundle, one of another version", () => {
  const died =
    "Job aborted due to stage failure: Task 0 in stage 1.0 failed 3 times, most recent failure: worker crashed\nDriver stacktrace:\n\tat a.b.C";
  expect(known("E_SPARK_QUERY", died)).toMatchObject({ code: "E_WORKER_DIED", message: expect.stringMatching(/crashed; give/) });
  expect(known("E_SPARK_QUERY", "SparkConnectError [E_SPARK_BUNDLE]: expected the function's bundle")).toMatchObject({
    code: "E_SPARK_WORKER",
  });
  expect(known("E_SPARK_QUERY", "SparkConnectError [E_SPARK_VERSION]: expected 4.1")).toMatchObject({ code: "E_SPARK_VERSION" });
});

test("what is no error of the client stays as it is", () => {
  const own = new AxonloomError("E_MEMORY", "much");
  expect(fromSparkError(own)).toBe(own);
});
