/** Real worker processes under a fake executor: recorded tasks with other functions in them. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bundleFunction, bundleWorker } from "../bundle.ts";
import { parseSchema } from "../schema.ts";
import { OutputSchema } from "./compute/output-schema.ts";
import {
  alive,
  exitOf,
  FakeJvm,
  goldenAnswer,
  goldensAvailable,
  goldenTask,
  gone,
  readAnswer,
  type TaskAnswer,
  type TestFunction,
  taskHeader,
  withFunction,
} from "./fake-jvm.suite.ts";
import { END_OF_ARROW_STREAM, int32 } from "./protocol.ts";

let folder = "";
let worker = "";
let bundle = "";
let jvm: FakeJvm;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "worker-test-"));
  worker = (await bundleWorker()).path;
  const { path } = await bundleFunction(new URL("./functions.suite.ts", import.meta.url).pathname);
  bundle = basename(path);
  await copyFile(path, join(folder, bundle));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => jvm.close());

const call = (name: string, output: string, parameters: TestFunction["parameters"] = null): TestFunction => {
  return { bundle, export: name, output, parameters };
};

/** A recorded task with one of our functions, in simple mode. */
async function run(golden: string, description: TestFunction): Promise<TaskAnswer & { code: number | null; stderr: string }> {
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  const answer = await connection.task(withFunction(goldenTask(golden), folder, description));
  connection.socket.end();
  const { code } = await exitOf(connection.process);
  return { ...answer, code, stderr: jvm.stderr };
}

const rows = (answer: TaskAnswer) =>
  tableFromIPC(answer.arrow)
    .toArray()
    .map((row) => JSON.parse(JSON.stringify(row, (_, value) => (typeof value === "bigint" ? Number(value) : value)))._0);

/** An answer without the three times, and without the schema message, where nullability may differ. */
const comparable = (bytes: Buffer) => {
  const copy = Buffer.from(bytes);
  const at = copy.lastIndexOf(int32(-3)) + 4;
  copy.fill(0, at, at + 24);
  const schema = 8 + copy.readInt32LE(8);
  return Buffer.concat([copy.subarray(0, 4), copy.subarray(4 + schema)]);
};

test.skipIf(!goldensAvailable)("map: the answer is byte for byte the one that Spark accepted", async () => {
  for (const golden of ["simple-207-identity", "simple-207-schema-first", "simple-207-barrier", "simple-207-empty-partition-p1"]) {
    const answer = await run(golden, call("identity", "id long"));
    expect(comparable(answer.bytes), golden).toEqual(comparable(goldenAnswer(golden)));
    expect(answer).toMatchObject({ reusable: true, code: 0, exception: null, stderr: "" });
    const [boot, init, finish] = answer.times.map(Number) as [number, number, number];
    expect(boot <= init && init <= finish && finish - boot < 60_000, String(answer.times)).toBe(true);
  }
});

test.skipIf(!goldensAvailable)("map: nulls, several types, no rows in, no rows out", async () => {
  const mixed = await run("simple-207-mixed-nulls", call("identity", "id long, s string, b binary"));
  expect(rows(mixed)).toEqual([
    { id: 0, s: "s0", b: { 0: 97, 1: 98 } },
    { id: 1, s: null, b: { 0: 97, 1: 98 } },
    { id: 2, s: "s2", b: null },
  ]);
  const empty = await run("simple-207-empty-partition-p0", call("sum", "total long"));
  expect(rows(empty)).toEqual([{ total: 0 }]);
  const silent = await run("simple-207-no-output", call("nothing", "id long"));
  expect(rows(silent)).toEqual([]);
  expect(silent).toMatchObject({ reusable: true, code: 0 });
});

test.skipIf(!goldensAvailable)("groups: key, value columns, several batches, skipped rows", async () => {
  const answer = await run("simple-209-groups", call("keyAndRows", "key string, rows string"));
  expect(rows(answer)).toEqual([
    { key: "0", rows: '[{"k":0,"v":0},{"k":0,"v":2}]|[{"k":0,"v":4}]' },
    { key: "1", rows: '[{"k":1,"v":1},{"k":1,"v":3}]' },
  ]);
  const unread = await run("simple-209-groups", call("ignore", "id long"));
  expect(rows(unread)).toEqual([{ id: 1 }, { id: 1 }]);
  expect(unread.reusable).toBe(true);
});

test.skipIf(!goldensAvailable)("cogroups: both sides, a missing side, the right side first", async () => {
  const left = await run("simple-210-cogroups", call("bothSides", "key string, l string, r string"));
  const right = await run("simple-210-cogroups", call("bothSides", "key string, l string, r string", { rightFirst: true }));
  expect(rows(right)).toEqual(rows(left));
  expect(rows(left).map((row) => row.key)).toEqual(["0", "1", "2", "4"]);
  expect(rows(left).map((row) => [row.l === "", row.r === ""])).toEqual([
    [false, false],
    [false, true],
    [true, false],
    [true, false],
  ]);
  expect(rows(left)[0].l.split("|").length).toBe(2);
});

test.skipIf(!goldensAvailable)("exceptions carry the stack in the words of the source", async () => {
  const early = await run("simple-207-exception-before-output", call("throwEarly", "id long"));
  expect(early.exception).toMatch(/^TypeError: early boom\n {4}at .*throwEarly.*functions\.suite\.ts:\d+:\d+/);
  expect(early.exception).toMatch(/\nCaused by: RangeError: the reason\n {4}at /);
  expect(early).toMatchObject({ code: 1, reusable: false });
  const late = await run("simple-207-exception-after-output", call("throwLate", "id long"));
  expect(late.exception).toMatch(/^TypeError: late boom\n {4}at .*functions\.suite\.ts/);
  expect(rows(late)).toHaveLength(1); // what came before is whole, with its end marker
  const left = await run("simple-207-identity", call("leave", "id long"));
  expect(left.exception).toMatch(/exit code 3/);
  const missing = await run("simple-207-identity", call("constructor", "id long"));
  expect(missing.exception).toMatch(/E_SPARK_BUNDLE.*"constructor".* which exports .*identity/);
});

test.skipIf(!goldensAvailable)("output that does not fit its declaration names the column", async () => {
  const exceptionOf = async (name: string, output: string) => (await run("simple-207-identity", call(name, output))).exception;
  expect(await exceptionOf("wrongValue", "id long")).toMatch(/E_SPARK_SCHEMA.*column "id" \(Int64\), found string "2" in row 1/);
  expect(await exceptionOf("dictionary", "name string")).toMatch(/expected Utf8 in column "name".*found Dictionary.*new Utf8/);
  expect(await exceptionOf("identity", "other long")).toMatch(/columns other, found id/);
  expect(await exceptionOf("identity", "id int")).toMatch(/expected Int32 in column "id", as declared, found Int64/);
  expect(await exceptionOf("identity", "id nolong")).toMatch(/E_SPARK_SCHEMA/);
  const mixed = await run("simple-207-empty-partition-p1", call("sharedClasses", "id long, name string"));
  expect(rows(mixed)).toEqual([
    { id: 1, name: "a" },
    { id: 2, name: null },
    { id: 3, name: null },
    { id: 4, name: "d" },
  ]);
});

const emptyInput = (header: Buffer) => {
  const task = goldensAvailable ? goldenTask("simple-207-empty-partition-p0") : Buffer.alloc(0);
  const schema = task.subarray(task.length - 12 - 232, task.length - 12);
  return Buffer.concat([header, schema, END_OF_ARROW_STREAM, int32(-4)]);
};

test.skipIf(!goldensAvailable)("the context of a task; no secret in the environment", async () => {
  process.env["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = "hidden";
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  delete process.env["SPARK_CONNECT_AUTHENTICATE_TOKEN"];
  const header = taskHeader({ filesFolder: folder, function: call("context", "json string", { a: [1] }) });
  const answer = await connection.task(emptyInput(header));
  expect(JSON.parse(rows(answer)[0].json)).toEqual({
    stageId: 1,
    partition: 3,
    attempt: 2,
    taskAttemptId: 77,
    cpus: 1,
    resources: { gpu: ["0", "1"] },
    localProperties: { "spark.app.name": "test" },
    filesFolder: folder,
    argumentOffsets: undefined,
    aborted: false,
    parameters: { a: [1] },
    secret: null,
    token: null,
  });
});

test.skipIf(!goldensAvailable)("the schema goes out before any input has come", async () => {
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  connection.socket.write(taskHeader({ filesFolder: folder, function: call("nothing", "id long") }));
  expect(await connection.reader.int32("start of the stream")).toBe(-6);
  await connection.reader.bytes(4, "schema");
  connection.socket.destroy();
});

test.skipIf(!goldensAvailable)("a bundle that is missing, altered, or for another protocol", async () => {
  const hash = "0".repeat(64);
  const other = await run("simple-207-identity", { ...call("identity", "id long"), bundle: `bundle-${hash}.mjs` });
  expect(other.exception).toMatch(/E_SPARK_BUNDLE.*found none/);
  writeFileSync(join(folder, `bundle-${hash}.mjs`), "export const identity = (batches) => batches;");
  const altered = await run("simple-207-identity", { ...call("identity", "id long"), bundle: `bundle-${hash}.mjs` });
  expect(altered.exception).toMatch(/E_SPARK_BUNDLE.*expected sha256 0000/);
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  const version = "3.11";
  const answer = await connection.task(taskHeader({ filesFolder: folder, function: call("identity", "id long"), version }));
  expect(answer.exception).toMatch(/E_SPARK_VERSION.*found "3.11"/);
  connection.socket.end();
  expect(await exitOf(connection.process)).toEqual({ code: 1, signal: null });
  expect(jvm.stderr).toMatch(/E_SPARK_VERSION/);
});

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await sleep(20)) if (Date.now() > end) throw new Error(`no ${what}`);
}

test.skipIf(!goldensAvailable)("a dead executor ends the worker within 2 s, also in the middle of a computation", async () => {
  const started = join(folder, "spin-1");
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  connection.socket.write(withFunction(goldenTask("simple-207-identity"), folder, call("spin", "id long", { started })));
  await until(() => existsSync(started), "start");
  connection.socket.destroy();
  expect(await gone(connection.pid, 2000)).toBeLessThan(2000);
  expect(jvm.stderr).toMatch(/E_SPARK_CANCELLED/);
});

test.skipIf(!goldensAvailable)("a function is told by its signal and may tidy up", async () => {
  const [started, ended] = [join(folder, "polite-1"), join(folder, "polite-1-ended")];
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  connection.socket.write(withFunction(goldenTask("simple-207-identity"), folder, call("polite", "id long", { started, ended })));
  await until(() => existsSync(started), "start");
  connection.socket.destroy();
  await gone(connection.pid, 2000);
  expect(readFileSync(ended, "utf8")).toBe("E_SPARK_CANCELLED");
});

test.skipIf(!goldensAvailable)("daemon: reuse, a failed worker is replaced, kill by pid, end with stdin", async () => {
  jvm = new FakeJvm(worker, folder);
  const daemon = await jvm.daemon();
  const first = await daemon.connect();
  expect(alive(first.pid)).toBe(true);
  for (const golden of ["daemon-207-identity", "daemon-207-reuse-p0", "daemon-207-reuse-p1"]) {
    const answer = await first.task(withFunction(goldenTask(golden), folder, call("identity", "id long")));
    expect(comparable(answer.bytes), golden).toEqual(comparable(goldenAnswer(golden)));
    expect(answer.reusable).toBe(true);
  }
  const failing = await first.task(withFunction(goldenTask("daemon-207-identity"), folder, call("throwEarly", "id long")));
  expect(failing.exception).toMatch(/early boom/);
  first.socket.destroy();
  await gone(first.pid, 3000);

  const started = join(folder, "spin-2");
  const second = await daemon.connect();
  expect(second.pid).not.toBe(first.pid);
  second.socket.write(withFunction(goldenTask("daemon-207-identity"), folder, call("spin", "id long", { started })));
  await until(() => existsSync(started), "start");
  daemon.kill(second.pid);
  await gone(second.pid, 2000);

  const third = await daemon.connect();
  const idle = await daemon.connect();
  third.socket.write(withFunction(goldenTask("daemon-207-identity"), folder, call("spin", "id long", { started: `${started}b` })));
  await until(() => existsSync(`${started}b`), "start");
  daemon.process.stdin!.end();
  await Promise.all([gone(third.pid, 2000), gone(idle.pid, 2000), exitOf(daemon.process)]);
  await expect(daemon.connect("x")).rejects.toThrow();
});

test.skipIf(!goldensAvailable)("daemon: wrong secret, SIGTERM, idle end", async () => {
  jvm = new FakeJvm(worker, folder);
  const daemon = await jvm.daemon();
  await expect(daemon.connect("wrong")).rejects.toThrow(/answered err/);
  const worker1 = await daemon.connect();
  daemon.process.kill("SIGTERM");
  await Promise.all([gone(worker1.pid, 2000), exitOf(daemon.process)]);

  const short = await jvm.daemon({ SPARK_CONNECT_NODE_IDLE_SECONDS: "0.5" });
  const user = await short.connect();
  await sleep(1200);
  expect(short.process.exitCode).toBe(null); // a connection keeps it
  user.socket.end();
  expect(await exitOf(short.process)).toEqual({ code: 0, signal: null });
});

test.skipIf(!goldensAvailable)("damaged bytes end the process with a typed error, and never hang it", async () => {
  jvm = new FakeJvm(worker, folder);
  const daemon = await jvm.daemon();
  const golden = withFunction(goldenTask("simple-209-groups"), folder, call("keyAndRows", "key string, rows string"));
  const damaged = fc.sample(
    fc.record({ at: fc.nat(golden.length - 1), value: fc.nat(255), length: fc.integer({ min: 1, max: golden.length }) }),
    { numRuns: 12, seed: 5 },
  );
  let failures = 0;
  const one = async ({ at, value, length }: (typeof damaged)[number], i: number) => {
    const bytes = Buffer.from(golden);
    // one third cut short, one third with a damaged byte, one third with a damaged byte in the Arrow part
    if (i % 3 > 0) bytes[i % 3 === 1 ? at : bytes.length - 1 - (at % 1400)] = value;
    const connection = await daemon.connect();
    const answered = connection.task(i % 3 === 0 ? bytes.subarray(0, length) : bytes).catch(() => null);
    connection.socket.end();
    const answer = await answered;
    if (answer === null || answer.exception !== null) failures++;
    await gone(connection.pid, 5000);
  };
  for (let i = 0; i < damaged.length; i += 4) await Promise.all(damaged.slice(i, i + 4).map((edit, k) => one(edit, i + k)));
  expect(failures).toBeGreaterThan(4);
  expect(jvm.stderr.match(/^spark-connect worker: /gm)?.length).toBe(
    jvm.stderr.match(/SparkConnectError \[E_SPARK_[A-Z]+\]: /g)?.length,
  );
});

test.skipIf(!goldensAvailable)("back-pressure: a reader that stops stops the function", async () => {
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  const bytes = 2 ** 20;
  const count = join(folder, "emitted");
  const parameters = { batches: 150, bytes, count };
  connection.socket.pause();
  connection.socket.write(emptyInput(taskHeader({ filesFolder: folder, function: call("emit", "blob binary", parameters) })));
  await until(() => existsSync(count), "output");
  await sleep(1500);
  const before = readFileSync(count).length;
  expect(before).toBeLessThan(60); // of 150: what fits into windows and socket buffers
  const answer = await readAnswer(connection.reader);
  expect(readFileSync(count).length).toBe(150);
  expect(tableFromIPC(answer.arrow).numRows).toBe(150);
});

test.skipIf(!goldensAvailable)("back-pressure: a function that is slow holds the sender", async () => {
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  const header = taskHeader({ filesFolder: folder, function: call("measure", "bytes long, peak long") });
  connection.socket.write(header);
  const answering = readAnswer(connection.reader);
  const { schema, batch } = blobMessages(4 * 2 ** 20);
  connection.socket.write(schema);
  for (let i = 0; i < 100; i++) if (!connection.socket.write(batch)) await once(connection.socket, "drain");
  connection.socket.write(Buffer.concat([END_OF_ARROW_STREAM, int32(-4)]));
  const [measured] = rows(await answering);
  expect(measured.bytes).toBe(100 * 4 * 2 ** 20);
  expect(measured.peak).toBeLessThan(250 * 2 ** 20); // of 400 MiB
});

test.skipIf(!goldensAvailable)("text and binary with 64-bit offsets when the session asks for them", async () => {
  jvm = new FakeJvm(worker, folder);
  const connection = await jvm.simple();
  const runnerConf = { "spark.sql.execution.arrow.useLargeVarTypes": "true" };
  const description = call("sharedClasses", "id long, name string");
  const task = goldenTask("simple-207-empty-partition-p1");
  const data = task.subarray(task.length - 12 - 200 - 232);
  const answer = await connection.task(
    Buffer.concat([taskHeader({ filesFolder: folder, function: description, runnerConf }), data]),
  );
  const table = tableFromIPC(answer.arrow);
  expect(String(table.schema.fields[0]!.type)).toMatch(/name:LargeUtf8/);
  expect(rows(answer).map((row) => row.name)).toEqual(["a", null, null, "d"]);
});

/** A struct around one binary column, as Spark sends it: the schema message and a batch of one row. */
function blobMessages(bytes: number): { schema: Buffer; batch: Buffer } {
  const output = new OutputSchema(parseSchema("blob binary"), false);
  return { schema: Buffer.from(output.message), batch: Buffer.from(output.fromRows([[new Uint8Array(bytes)]])) };
}

test("started by hand, or with settings that it does not speak, it says so and ends", () => {
  jvm = new FakeJvm(worker, folder);
  const start = (args: string[], env = {}) => {
    return spawnSync(process.execPath, [worker, ...args], { env: { ...process.env, ...env }, encoding: "utf8" });
  };
  expect(start([])).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/expected the arguments "-m pyspark.worker"/),
  });
  expect(start(["-m", "pyspark.worker"])).toMatchObject({ status: 1, stderr: expect.stringMatching(/PYTHON_WORKER_FACTORY_PORT/) });
  const sockets = { PYTHON_UNIX_DOMAIN_ENABLED: "True" };
  expect(start(["-m", "pyspark.daemon", "pyspark.worker"], sockets)).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/spark.python.unix.domain.socket.enabled=false/),
  });
});
