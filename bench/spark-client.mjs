/**
 * The Node side of the benchmark: `node spark-client.mjs sc://…` opens a session, runs one task and says `{"session_s":…}`; then it answers
 * each line `{"op":…}` of standard input with `{"seconds":…}`. bench/spark_peer.py speaks the same.
 */
import { createInterface } from "node:readline";
import { SparkSession, sparkFunction } from "@axonloom/spark-connect";

const module = new URL("./spark-functions.mjs", import.meta.url);
const count = sparkFunction(module, "count", { returns: "rows int" });

const OPERATIONS = {
  async tasks({ tasks }) {
    const rows = await session.range(tasks, { numPartitions: tasks }).mapPartitions(count).collect();
    return rows.length;
  },
  async collectRows({ query }) {
    return (await session.sql(query).collect()).length;
  },
  async collectArrow({ query }) {
    let rows = 0;
    for await (const batch of session.sql(query).batches()) rows += batch.numRows;
    return rows;
  },
  async map({ query, schema }) {
    await session
      .sql(query)
      .mapPartitions(sparkFunction(module, "pass", { returns: schema }))
      .run();
  },
  async group({ query, schema }) {
    await session
      .sql(query)
      .groupBy("k")
      .map(sparkFunction(module, "passGroup", { returns: schema }))
      .run();
  },
  async keep({ view, query }) {
    const frame = session.sql(query);
    await frame.persist();
    await frame.createTempView(view);
    return Number(await frame.count());
  },
};

const start = performance.now();
const session = await SparkSession.connect(process.argv[2]);
await OPERATIONS.tasks({ tasks: 1 });
say({ session_s: (performance.now() - start) / 1000 });
for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...parameters } = JSON.parse(line);
  if (op === "settings") {
    await session.config.set(parameters);
    say({});
    continue;
  }
  const begin = performance.now();
  const rows = await OPERATIONS[op](parameters);
  say({ seconds: (performance.now() - begin) / 1000, rows });
}
await session.close();

function say(record) {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}
