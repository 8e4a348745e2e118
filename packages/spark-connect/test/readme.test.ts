/** The example of the README, as it stands there, as a program of its own against a real server; and functions in plans. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { directShufflePartitionId, SparkSession, STORAGE_LEVEL, sparkFunction } from "@axonloom/spark-connect";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SparkServer, sparkAvailable, startSparkServer } from "./support/spark-server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const module = new URL("./functions.ts", import.meta.url);

/** The code under the line that begins with the file's name. */
function example(name: string): string {
  const code = new RegExp(`\`${name}\`[^\n]*\n\n\`\`\`ts\n([^]*?)\`\`\``).exec(readme)?.[1];
  if (code === undefined) throw new Error(`README.md has no code for ${name}`);
  return code;
}

describe.skipIf(!sparkAvailable)("with Spark", () => {
  let server: SparkServer;
  let session: SparkSession;

  beforeAll(async () => {
    server = await startSparkServer();
    session = await SparkSession.connect(server.url);
  }, 150_000);

  afterAll(async () => {
    await session?.close();
    await server?.stop();
  }, 60_000);

  test("the example prints what the README says", async () => {
    expect(example("main.ts").trimEnd().split("\n").length).toBeLessThanOrEqual(10);
    mkdirSync(join(root, "dist"), { recursive: true });
    const folder = mkdtempSync(join(root, "dist", "readme-")); // below the package, so that its name is found
    try {
      writeFileSync(join(folder, "double.ts"), example("double.ts"));
      const source = example("main.ts").replace("sc://localhost:15002", server.url);
      expect(source).toContain(server.url);
      writeFileSync(join(folder, "main.mjs"), (await transform(source, { loader: "ts" })).code);
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, "main.mjs")]);
      expect(stderr).toBe("");
      expect(readme).toContain(`It prints \`${stdout.trim()}\``);
      expect(stdout).toBe("100 { id: 198n }\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a function gets all columns of its input, whatever it follows", async () => {
    const names = sparkFunction(module, "names", { returns: "names string" });
    const path = join(server.folder, "columns.parquet");
    await session.range(3, { numPartitions: 1 }).withColumns({ b: "id * 2", "odd `name`": "'x'" }).write.parquet(path);
    const read = session.read.parquet(path).coalesce(1);
    const expected = [{ names: "id,b,odd `name`" }];
    expect(await read.mapPartitions(names).collect()).toEqual(expected);
    expect(await read.filter("id > 1").mapPartitions(names).collect()).toEqual(expected);
    expect(await read.select("*", "id + 1 as c").mapPartitions(names).select("names").collect()).toEqual([
      { names: "id,b,odd `name`,c" },
    ]);
    expect(
      await read
        .groupBy("1 as k")
        .map(sparkFunction(module, "groupNames", { returns: "names string" }))
        .collect(),
    ).toEqual(expected);
  });

  test("persisted rows of a function are computed once", async () => {
    const blobs = sparkFunction(module, "blobs", {
      returns: "id int, pid int, at double, blob binary",
      parameters: { bytes: 1000 },
    });
    const frame = session.range(4, { numPartitions: 2 }).mapPartitions(blobs);
    await frame.persist(STORAGE_LEVEL.memoryAndDisk);
    const first = await frame.collect();
    expect(first.map((row) => row["id"])).toEqual([0, 1, 2, 3]);
    expect(first[3]!["blob"]).toEqual(new Uint8Array(1000).fill(3));
    expect(await frame.collect()).toEqual(first); // with the times at which they were made
    expect(await frame.select("at").collect()).toEqual(first.map(({ at }) => ({ at })));
    await frame.unpersist({ blocking: true });
    const again = await frame.collect();
    expect(again.map((row) => row["at"])).not.toEqual(first.map((row) => row["at"]));
  });

  test("run: the effects of a function, without rows", async () => {
    const file = join(server.folder, "notes");
    const note = sparkFunction(module, "note", { returns: "ok boolean", parameters: { file } });
    await session.range(10, { numPartitions: 2 }).mapPartitions(note).run();
    expect(
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const failing = session
      .range(1)
      .mapPartitions(sparkFunction(module, "note", { returns: "ok boolean", parameters: { file: server.folder } }));
    await expect(failing.run()).rejects.toMatchObject({
      code: "E_SPARK_QUERY",
      message: expect.stringMatching(/EISDIR[\s\S]*functions\.ts:\d+/),
    });
  });

  test("one task a key, and no second shuffle", async () => {
    const frame = session
      .range(10, { numPartitions: 3 })
      .select("cast(id % 5 as int) as k", "id as v")
      .repartitionBy([directShufflePartitionId("k")], 5);
    const sizes = sparkFunction(module, "sizes", { returns: "partition int, rows int" });
    expect(await frame.mapPartitions(sizes).collect()).toEqual([0, 1, 2, 3, 4].map((partition) => ({ partition, rows: 2 })));
    const totals = frame.groupBy("k").map(sparkFunction(module, "total", { returns: "k int, sum long" }));
    expect((await totals.explain()).match(/Exchange/g)?.length).toBe(1);
    expect(await totals.collect()).toEqual([0, 1, 2, 3, 4].map((k) => ({ k, sum: BigInt(2 * k + 5) })));
  });

  test("a wrong export, a missing module and a text that is no schema", async () => {
    const wrong = session.range(1).mapPartitions(sparkFunction(module, "nothing", { returns: "id long" }));
    await expect(wrong.collect()).rejects.toMatchObject({ code: "E_SPARK_QUERY", message: expect.stringContaining("nothing") });
    const missing = session
      .range(1)
      .mapPartitions(sparkFunction(new URL("./absent.ts", import.meta.url), "f", { returns: "id long" }));
    await expect(missing.collect()).rejects.toMatchObject({
      code: "E_SPARK_BUNDLE",
      message: expect.stringContaining("absent.ts"),
    });
    expect(() => sparkFunction(module, "f", { returns: "id" })).toThrow(expect.objectContaining({ code: "E_SPARK_SCHEMA" }));
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => sparkFunction(module, "f", { returns: "id long", parameters: circle as never })).toThrow(
      expect.objectContaining({ code: "E_SPARK_ARGUMENT" }),
    );
  });
});
