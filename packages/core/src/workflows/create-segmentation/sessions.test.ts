import { expect, test } from "vitest";
import { AxonloomError } from "../../errors.ts";
import { withNewSessions } from "./sessions.ts";

const lost = () => new AxonloomError("E_SPARK_LOST", "Spark: the session is gone", { spark: "E_SPARK_SESSION_LOST" });

async function run(failures: readonly Error[], options?: { readonly signal: AbortSignal }) {
  const warnings: string[] = [];
  const tries: number[] = [];
  const body = async (n: number) => {
    tries.push(n);
    if (n < failures.length) throw failures[n];
    return "done";
  };
  const emit = (event: { readonly event: string }) => void warnings.push((event as { message?: string }).message ?? "");
  const result = await withNewSessions(body, emit, options).catch((error: Error) => error);
  return { result, tries, warnings };
}

test("a lost session is replaced three times, not a fourth time", async () => {
  expect(await run([lost(), lost(), lost()])).toEqual({
    result: "done",
    tries: [0, 1, 2, 3],
    warnings: [1, 2, 3].map((n) => `Spark: the session is gone. A new session goes on from the checkpoints (${n} of at most 3)`),
  });
  expect(await run([lost(), lost(), lost(), lost()])).toMatchObject({ result: { code: "E_SPARK_LOST" }, tries: [0, 1, 2, 3] });
});

test("a server of our own that died, other errors, and an abort end the run", async () => {
  const died = new AxonloomError("E_SPARK_LOST", "the Spark server of this run has ended");
  for (const error of [died, new AxonloomError("E_SPARK_UNREACHABLE", "nobody"), new Error("other")]) {
    expect(await run([error])).toEqual({ result: error, tries: [0], warnings: [] });
  }
  expect((await run([lost()], { signal: AbortSignal.abort() })).tries).toEqual([0]);
});
