/** The client against a real server: everything that needs no function. */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { batchOf, call, col, directShufflePartitionId, lit, SparkSession, STORAGE_LEVEL } from "@axonloom/spark-connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { selfSigned } from "./support/certificate.ts";
import { TcpProxy } from "./support/proxy.ts";
import { type SparkServer, sparkAvailable, startSparkServer } from "./support/spark-server.ts";

/** Sleeps on the executors, without a function of ours. */
const SLEEP = (ms: number) => `java_method('java.lang.Thread', 'sleep', cast(${ms} as bigint)) as slept`;

describe.skipIf(!sparkAvailable)("with Spark", () => {
  let server: SparkServer;
  let session: SparkSession;

  beforeAll(async () => {
    server = await startSparkServer({
      withToken: true,
      conf: {
        "spark.connect.execute.reattachable.senderMaxStreamDuration": "2s",
        "spark.connect.progress.reportInterval": "200ms",
        "spark.connect.session.manager.defaultSessionTimeout": "20s",
        "spark.connect.session.manager.maintenanceInterval": "2s",
      },
    });
    session = await SparkSession.connect(server.url, { token: server.token!, keepAliveMs: 4000 });
  }, 150_000);

  afterAll(async () => {
    await session?.close();
    await server?.stop();
  }, 60_000);

  const own = (port = server.port, options = {}) =>
    SparkSession.connect(`sc://127.0.0.1:${port}`, { token: server.token!, ...options });

  test("session: version, token, user, nobody there", async () => {
    expect(session.version).toMatch(/^4\.1\./);
    await expect(SparkSession.connect(server.url, { token: "wrong" })).rejects.toMatchObject({ code: "E_SPARK_UNAUTHENTICATED" });
    await expect(SparkSession.connect("sc://127.0.0.1:1")).rejects.toMatchObject({
      code: "E_SPARK_UNREACHABLE",
      message: expect.stringContaining("127.0.0.1:1"),
    });
    const named = await SparkSession.connect(`${server.url}/;token=${server.token};user_id=someone`);
    await named.range(2).createTempView("mine");
    // user and session id together name a session
    const namesake = await SparkSession.connect(`${server.url}/;user_id=other;session_id=${named.id}`, { token: server.token! });
    await expect(namesake.read.table("mine").count()).rejects.toMatchObject({ errorClass: "TABLE_OR_VIEW_NOT_FOUND" });
    expect(await named.read.table("mine").count()).toBe(2n);
    await Promise.all([named.close(), namesake.close()]);
    await expect(named.range(1).collect()).rejects.toMatchObject({ code: "E_SPARK_SESSION_LOST" });
  });

  test("configuration", async () => {
    await session.config.set({ "spark.sql.shuffle.partitions": 7, "spark.our.key": "a" });
    expect(await session.config.get("spark.sql.shuffle.partitions")).toBe("7");
    expect(await session.config.getAll("spark.our.")).toEqual({ key: "a" });
    await session.config.unset("spark.our.key");
    await expect(session.config.get("spark.our.key")).rejects.toMatchObject({ errorClass: "SQL_CONF_NOT_FOUND" });
    expect(await session.config.getOption("spark.master")).toBe("local[2,4]");
    expect(await session.config.isModifiable("spark.sql.shuffle.partitions")).toBe(true);
    expect(await session.config.isModifiable("spark.python.use.daemon")).toBe(false);
    await expect(session.config.set({ "spark.python.use.daemon": false })).rejects.toMatchObject({
      errorClass: "CANNOT_MODIFY_CONFIG",
    });
  });

  test("settings that decide how workers live", async () => {
    expect(await session.workerSettings()).toMatchObject({
      "spark.python.use.daemon": "true",
      "spark.task.cpus": "1",
      "spark.executor.memoryOverhead": null,
      "spark.sql.execution.arrow.compression.codec": "none",
    });
  });

  test("values of all types come back", async () => {
    const [row] = await session
      .sql(`select 1L as long, 2 as int, 3Y as byte, 1.5D as double, true as bool, 'ü' as text, X'00ff' as bytes, null as nothing,
        date'2024-02-29' as date, timestamp'2024-02-29 01:02:03.5Z' as time, cast(-1.05 as decimal(20, 2)) as dec,
        array(1, null) as list, named_struct('x', 1, 'y', array('a')) as struct, map('k', 1L) as map`)
      .collect();
    expect(row).toEqual({
      ...{ long: 1n, int: 2, byte: 3, double: 1.5, bool: true, text: "ü", bytes: new Uint8Array([0, 255]), nothing: null },
      ...{ date: new Date("2024-02-29"), time: new Date("2024-02-29T01:02:03.500Z"), dec: "-1.05", list: [1, null] },
      ...{ struct: { x: 1, y: ["a"] }, map: new Map([["k", 1n]]) },
    });
  });

  test("rows of the program go there and back, few in the plan, many in blocks", async () => {
    const ddl =
      "id long, name string, at timestamp, price decimal(10, 2), list array<int>, s struct<a: double>, m map<string, int>, b binary";
    const rows = [
      {
        ...{ id: 2n ** 62n, name: "ä", at: new Date(1234567), price: 1230n, list: [1, 2], s: { a: 0.5 } },
        ...{ m: new Map([["x", 1]]), b: new Uint8Array([1, 2]) },
      },
      { id: null, name: null, at: null, price: null, list: null, s: null, m: null, b: null },
    ];
    expect(await session.fromRows(rows, ddl).collect()).toEqual([{ ...rows[0], price: "12.30" }, rows[1]]);
    const big = batchOf(
      Array.from({ length: 2000 }, (_, i) => ({ id: BigInt(i), text: String(i % 10).repeat(10_000) })),
      "id long, text string",
    );
    const frame = session.fromArrow([big, batchOf([{ id: -1n, text: "last" }], "id long, text string")]);
    const ids = (await frame.select("id").collect()).map(({ id }) => Number(id));
    expect(ids).toEqual([...Array(2000).keys(), -1]);
    expect(await frame.select("sum(length(text)) as size").collect()).toEqual([{ size: 20_000_004n }]);
    const message = (await frame.relation()).relType as { case: string; value: { dataHashes: string[] } };
    expect(message.case).toBe("chunkedCachedLocalRelation");
    expect(message.value.dataHashes.length).toBe(3); // of 8 MiB
    for (const hash of message.value.dataHashes) expect(await session.artifacts.exists(`cache/${hash}`)).toBe(true);
    expect(await session.artifacts.exists(`cache/${"0".repeat(64)}`)).toBe(false);
  });

  test("decimals go there and back as text", async () => {
    const rows = [{ d: "-0.05" }, { d: "12345678901234567890.10" }, { d: null }];
    expect(await session.fromRows(rows, "d decimal(30, 2)").collect()).toEqual(rows);
  });

  test("plans", async () => {
    const numbers = session.range(6, { numPartitions: 2 }).withColumns({ k: "id % 2", v: call("pow", "id", lit(2)) });
    const ids = async (frame: typeof numbers) => (await frame.collect()).map((row) => Number(row["id"]));
    expect(await numbers.columns()).toEqual(["id", "k", "v"]);
    expect(await numbers.schema()).toBe("id bigint NOT NULL, k bigint, v double NOT NULL");
    expect(await ids(numbers.filter("k = 1").sort(col("id").desc()))).toEqual([5, 3, 1]);
    expect(await ids(numbers.sort("k", col("id").desc()).limit(2))).toEqual([4, 2]);
    expect(await ids(numbers.offset(4))).toEqual([4, 5]);
    expect(await ids(numbers.union(numbers).distinct("k").select("k as id").sort("id"))).toEqual([0, 1]);
    expect(await ids(session.range(3).except(session.range(1)).sort("id"))).toEqual([1, 2]);
    expect(await ids(session.range(3).intersect(session.range(2)).sort("id"))).toEqual([0, 1]);
    expect(await numbers.groupBy("k").agg("count(1) as n", "max(v) as top").sort("k").collect()).toEqual([
      { k: 0n, n: 3n, top: 16 },
      { k: 1n, n: 3n, top: 25 },
    ]);
    const names = session.fromRows([{ id: 1n, name: "one" }], "id long, name string");
    expect(await session.range(2).join(names, ["id"], "left").sort("id").collect()).toEqual([
      { id: 0n, name: null },
      { id: 1n, name: "one" },
    ]);
    expect(
      await numbers.alias("a").join(names.hint("broadcast").alias("b"), "a.id = b.id and a.k = 1").select("name", "v").collect(),
    ).toEqual([{ name: "one", v: 1 }]);
    expect(await session.range(3).crossJoin(session.range(4)).count()).toBe(12n);
    const odd = session.range(1).toDF("a b`c");
    expect(await odd.select(col("a b`c").cast("int").as("x")).drop("y").collect()).toEqual([{ x: 0 }]);
    await numbers.createTempView("numbers");
    expect(await session.sql("select sum(v) as s from numbers").collect()).toEqual([{ s: 55 }]);
    expect(await numbers.explain("formatted")).toContain("== Physical Plan ==");
    expect(
      await session
        .range(1)
        .select(lit("'"), lit(null), lit(2n ** 40n), lit(-0), lit(new Uint8Array([7])))
        .toDF("a", "b", "c", "d", "e")
        .collect(),
    ).toEqual([{ a: "'", b: null, c: 2n ** 40n, d: -0, e: new Uint8Array([7]) }]);
  });

  test("statements and tables", async () => {
    const table = `t_${randomUUID().slice(0, 8)}`;
    await session.statement(`create table ${table} using parquet as select id from range(3)`);
    expect(await session.read.table(table).count()).toBe(3n);
    expect(await (await session.statement(`drop table ${table}`)).collect()).toEqual([]);
  });

  test("each row goes to the partition that it names", async () => {
    const frame = session.range(9, { numPartitions: 2 }).repartitionBy([directShufflePartitionId("id")], 3);
    const rows = await frame.select("id", "spark_partition_id() as p").collect();
    expect(rows.length).toBe(9);
    for (const { id, p } of rows) expect(p).toBe(Number(id) % 3);
    const spread = await session.range(9).repartition(4).select("spark_partition_id() as p").distinct().count();
    expect(spread).toBe(4n);
    expect(await session.range(9, { numPartitions: 5 }).coalesce(1).select("spark_partition_id() as p").distinct().count()).toBe(
      1n,
    );
  });

  test("parquet is written and read", async () => {
    const path = join(server.folder, "rows.parquet");
    const rows = session.range(4).withColumns({ k: "id % 2" });
    await rows.write.partitionBy("k").parquet(path);
    expect(await session.read.parquet(path).filter("k = 1").select("id").sort("id").collect()).toEqual([{ id: 1n }, { id: 3n }]);
    await expect(rows.write.parquet(path)).rejects.toMatchObject({ code: "E_SPARK_QUERY", errorClass: "PATH_ALREADY_EXISTS" });
    await rows.write.mode("overwrite").options({ compression: "none" }).parquet(path);
    expect(await session.read.parquet(path).count()).toBe(4n);
  });

  test("persist, storage level, unpersist, checkpoint", async () => {
    const frame = session.range(5).select("id", "id * 2 as r");
    expect(await frame.storageLevel()).toMatchObject({ useMemory: false, useDisk: false });
    await frame.persist(STORAGE_LEVEL.memoryAndDisk);
    expect(await frame.storageLevel()).toEqual(STORAGE_LEVEL.memoryAndDisk);
    expect(await frame.explain()).toContain("InMemoryTableScan");
    await frame.unpersist({ blocking: true });
    expect(await frame.storageLevel()).toMatchObject({ useMemory: false, useDisk: false });
    const kept = await session.range(3).checkpoint();
    expect(await kept.collect()).toEqual([{ id: 0n }, { id: 1n }, { id: 2n }]);
  });

  test("errors carry Spark's class, state and stack", async () => {
    await expect(session.sql("select * from nowhere").collect()).rejects.toMatchObject({
      code: "E_SPARK_QUERY",
      errorClass: "TABLE_OR_VIEW_NOT_FOUND",
      sqlState: "42P01",
      message: expect.stringContaining("nowhere"),
      fields: {
        operationId: expect.stringMatching(/-/),
        remote: {
          parameters: { relationName: "`nowhere`" },
          stackTrace: expect.arrayContaining([expect.stringMatching(/\.scala:\d+\)$/)]),
        },
      },
    });
    await expect(session.sql("select raise_error(repeat('long ', 2000))").collect()).rejects.toMatchObject({
      errorClass: "USER_RAISED_EXCEPTION",
      message: expect.stringMatching(/(long ){2000}/), // the trailer of the call has 2048 characters only
    });
  });

  test("a late failure: spooled rows never come out", async () => {
    const frame = session
      .range(4, { numPartitions: 4 })
      .select(
        "id",
        "if(id = 3, concat(java_method('java.lang.Thread', 'sleep', cast(1500 as bigint)), raise_error('late')), 'x') as x",
      );
    let seen = 0;
    const read = async (spool: boolean) => {
      for await (const batch of frame.batches({ spool })) seen += batch.numRows;
    };
    await expect(read(true)).rejects.toMatchObject({ message: expect.stringContaining("late") });
    expect(seen).toBe(0);
    await expect(read(false)).rejects.toMatchObject({ message: expect.stringContaining("late") });
    expect(seen).toBe(3);
    const whole = session.range(1000, { numPartitions: 4 });
    let sum = 0n;
    for await (const row of whole.rows({ spool: true })) sum += row["id"] as bigint;
    expect(sum).toBe(499_500n);
  });

  test("a server that ends its streams after 2 s: nothing is lost or double", async () => {
    const reattached: unknown[] = [];
    const other = await own();
    other.on("reattach", (event) => reattached.push(event.reason));
    const rows = await other.range(6, { numPartitions: 6 }).select("id", SLEEP(2000)).collect();
    expect(rows.map((row) => row["id"])).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
    expect(reattached.length).toBeGreaterThanOrEqual(2);
    expect(new Set(reattached)).toEqual(new Set([null]));
    await other.close();
  });

  test("dropped connections: the rows are the same, in chunks and in batches", async () => {
    const proxy = await TcpProxy.start(server.port);
    const other = await own(proxy.port);
    let reattached = 0;
    other.on("reattach", () => reattached++);
    proxy.cutEvery = 6_000_000;
    const sizes: number[] = [];
    // 12 rows of 5 MB: three chunks each, and cuts in the midst of them
    const frame = other.range(12, { numPartitions: 3 }).select("id", "repeat(cast(id % 10 as string), 5000000) as text");
    for await (const { id, text } of frame.rows()) {
      expect(id).toBe(BigInt(sizes.length));
      expect(text === String(sizes.length % 10).repeat(5_000_000)).toBe(true);
      sizes.push((text as string).length);
    }
    expect(sizes.length).toBe(12);
    expect(reattached).toBeGreaterThanOrEqual(5);
    proxy.cutEvery = Number.POSITIVE_INFINITY;
    // many small batches
    await other.config.set({ "spark.sql.execution.arrow.maxRecordsPerBatch": 1000 });
    proxy.cutEvery = 400_000;
    let next = 0n;
    for await (const { id } of other.range(500_000, { numPartitions: 4 }).rows()) {
      if (id !== next) expect(id).toBe(next);
      next++;
    }
    expect(next).toBe(500_000n);
    proxy.cutEvery = Number.POSITIVE_INFINITY;
    await other.close();
    await proxy.close();
  });

  test("a slow reader whose connection is cut: what was on its way is sent again", async () => {
    const proxy = await TcpProxy.start(server.port);
    const other = await own(proxy.port);
    await other.config.set({ "spark.sql.execution.arrow.maxRecordsPerBatch": 1 });
    const frame = other.range(64, { numPartitions: 2 }).select("id", "repeat('x', 1500000) as text");
    let reattached = 0;
    other.on("reattach", () => reattached++);
    let next = 0n;
    for await (const { id, text } of frame.rows()) {
      expect(id).toBe(next++);
      expect((text as string).length).toBe(1_500_000);
      if (next % 8n !== 1n) continue;
      await new Promise((resolve) => setTimeout(resolve, 500)); // the server sends as far as it may
      proxy.cut();
    }
    expect(next).toBe(64n);
    expect(reattached).toBeGreaterThanOrEqual(3); // gRPC holds up to 16 messages, which are delivered before
    await other.close();
    await proxy.close();
  });

  test("a write that is cut runs once", async () => {
    const proxy = await TcpProxy.start(server.port);
    const other = await own(proxy.port);
    const path = join(server.folder, "once.parquet");
    const writing = other.range(4, { numPartitions: 4 }).select("id", SLEEP(1000)).write.mode("append").parquet(path);
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      proxy.cut();
    }
    await writing;
    expect(await other.read.parquet(path).count()).toBe(4n);
    await other.close();
    await proxy.close();
  });

  test("a connection that is dead without having ended is replaced", async () => {
    const proxy = await TcpProxy.start(server.port);
    const other = await own(proxy.port, { silenceMs: 3000 });
    const reasons: (string | null)[] = [];
    other.on("reattach", ({ reason }) => reasons.push(reason));
    const running = other.range(4, { numPartitions: 4 }).select("id", SLEEP(1500)).collect();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    proxy.deafen();
    expect((await running).map((row) => row["id"])).toEqual([0n, 1n, 2n, 3n]);
    expect(reasons).toContain("no message for 3 s");
    proxy.deafen();
    expect(await other.range(3).count()).toBe(3n);
    expect(proxy.connections).toBeGreaterThanOrEqual(3);
    await other.close();
    await proxy.close();
  });

  test("a connection that stays away ends with a code", async () => {
    const proxy = await TcpProxy.start(server.port);
    const other = await own(proxy.port, { reconnectMs: 2000 });
    const running = other.range(2).select(SLEEP(4000)).collect();
    await new Promise((resolve) => setTimeout(resolve, 500));
    proxy.refuse = true;
    proxy.cut();
    await expect(running).rejects.toMatchObject({ code: "E_SPARK_UNREACHABLE" });
    await expect(other.range(1).count()).rejects.toMatchObject({ code: "E_SPARK_UNREACHABLE" });
    proxy.refuse = false;
    expect(await other.range(2).count()).toBe(2n);
    await other.close();
    await proxy.close();
  });

  test("interrupt by tag, by signal, by leaving the loop", async () => {
    const other = await own(server.port, { tags: ["all-of-it"] });
    const slow = other.range(50, { numPartitions: 50 }).select("id", SLEEP(1000));
    const running = () => other.interruptTag("all-of-it");
    expect(await running()).toEqual([]);
    const tagged = expect(slow.collect({ tags: ["this"] })).rejects.toMatchObject({
      code: "E_SPARK_CANCELLED",
      errorClass: "OPERATION_CANCELED",
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await other.interruptTag("that")).toEqual([]);
    expect((await other.interruptTag("this")).length).toBe(1);
    await tagged;
    const started = Date.now();
    await expect(slow.collect({ signal: AbortSignal.timeout(500) })).rejects.toMatchObject({ code: "E_SPARK_CANCELLED" });
    expect(Date.now() - started).toBeLessThan(3000);
    expect(await running()).toEqual([]);
    for await (const batch of slow.batches()) {
      expect(batch.numRows).toBe(1);
      break;
    }
    expect(await running()).toEqual([]);
    await expect(
      other
        .range(1)
        .batches({ tags: ["a,b"] })
        .next(),
    ).rejects.toMatchObject({ code: "E_SPARK_ARGUMENT" });
    await other.close();
  });

  test("progress", async () => {
    const events: { tasks: number; completed: number }[] = [];
    await session
      .range(8, { numPartitions: 8 })
      .select("id", SLEEP(300))
      .collect({
        onProgress: ({ stages }) => {
          for (const { tasks, completedTasks } of stages) events.push({ tasks, completed: completedTasks });
        },
      });
    expect(events.length).toBeGreaterThan(1);
    expect(events.every(({ tasks, completed }) => tasks === 8 && completed <= 8)).toBe(true);
    expect(new Set(events.map(({ completed }) => completed)).size).toBeGreaterThan(1);
  });

  test("TLS, through a proxy that ends it", async () => {
    const certificate = selfSigned();
    const proxy = await TcpProxy.start(server.port, certificate);
    const url = `sc://localhost:${proxy.port}/;use_ssl=true;token=${server.token}`;
    const other = await SparkSession.connect(url, { tls: { ca: Buffer.from(certificate.cert) } });
    expect(await other.range(3).count()).toBe(3n);
    await other.close();
    await expect(SparkSession.connect(url)).rejects.toMatchObject({
      code: "E_SPARK_UNREACHABLE",
      message: expect.stringMatching(/certificate/),
    });
    const stranger = { tls: { ca: Buffer.from(selfSigned().cert) } };
    await expect(SparkSession.connect(url, stranger)).rejects.toMatchObject({ code: "E_SPARK_UNREACHABLE" });
    await proxy.close();
  });

  test("artifacts: sent once, another content under the same name refused", async () => {
    const other = await own();
    const bytes = new Uint8Array(2_500_000).map((_, i) => i % 251); // three pieces
    await other.artifacts.addFile("data-1.bin", bytes);
    await other.artifacts.addFile("data-1.bin", bytes);
    await expect(other.artifacts.addFile("data-1.bin", bytes.subarray(1))).rejects.toMatchObject({
      errorClass: "ARTIFACT_ALREADY_EXISTS",
    });
    const path = join(server.folder, "data-2");
    writeFileSync(path, bytes);
    await other.artifacts.addFile("data-2.bin", { path });
    await other.artifacts.addFile("data-2.bin", bytes); // the same content
    await expect(other.artifacts.addFile("data-1.bin", { path: `${path}-absent` })).rejects.toMatchObject({
      code: "E_SPARK_ARTIFACT",
    });
    await expect(other.artifacts.addFile("../x", bytes)).rejects.toMatchObject({ code: "E_SPARK_ARGUMENT" });
    await other.close();
  });

  test("a session is found again by its id", async () => {
    const first = await own();
    await first.range(2).createTempView("mine");
    first.disconnect();
    const serverSideId = first.serverSideId;
    const again = await SparkSession.connect(`${server.url}/;session_id=${first.id}`, { token: server.token! });
    expect(await again.read.table("mine").count()).toBe(2n);
    expect(again.serverSideId).toBe(serverSideId);
    await again.close();
  });

  test("an idle session lives as long as it is kept alive", async () => {
    const idle = await own(server.port, { keepAliveMs: 0 });
    await session.range(1).createTempView("kept");
    await new Promise((resolve) => setTimeout(resolve, 26_000));
    expect(await session.read.table("kept").count()).toBe(1n);
    await expect(idle.range(1).count()).rejects.toMatchObject({ code: "E_SPARK_SESSION_LOST" });
    await idle.close();
  });

  test("a restarted server is noticed, in the middle of an operation too", async () => {
    const other = await own();
    const running = other.range(20).select(SLEEP(3000)).collect();
    const ended = running.then(
      () => null,
      (error: unknown) => error,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { port } = server;
    await server.stop();
    server = await startSparkServer({ port });
    expect(await ended).toMatchObject({ code: "E_SPARK_SESSION_LOST" });
    await expect(other.range(1).count()).rejects.toMatchObject({ code: "E_SPARK_SESSION_LOST" });
    const fresh = await SparkSession.connect(server.url);
    expect(await fresh.range(2).count()).toBe(2n);
    await Promise.all([other.close(), fresh.close()]);
  });
});
