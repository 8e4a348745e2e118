/** What the tasks of bench/spark-client.mjs run; bench/spark_peer.py has the same in Python. */

/** One row a partition. */
export async function* count(batches) {
  let rows = 0;
  for await (const batch of batches) rows += batch.numRows;
  yield { rows };
}

export async function* pass(batches) {
  yield* batches;
}

export async function* passGroup(_key, batches) {
  yield* batches;
}
