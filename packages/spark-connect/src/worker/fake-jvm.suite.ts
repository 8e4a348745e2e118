/** Test support: the executor's side of the worker protocol, and the bytes recorded from a real one. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packCommand } from "../function.ts";
import { ByteReader } from "./byte-reader.ts";
import { int32, int64, utf } from "./protocol.ts";

export const GOLDENS = join(
  process.env["AXONLOOM_DATA"] ?? fileURLToPath(new URL("../../../../../shared/data", import.meta.url)),
  "spark-golden",
);
export const goldensAvailable = existsSync(GOLDENS);

export function goldenNames(): string[] {
  const suffix = ".jvm-to-worker.bin";
  const names = goldensAvailable ? readdirSync(GOLDENS) : [];
  return names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
}

/** What the JVM sent for one task, without the handshake. */
export function goldenTask(name: string): Buffer {
  const bytes = readFileSync(join(GOLDENS, `${name}.jvm-to-worker.bin`));
  // "ok", or the secret on a fresh connection to a daemon's worker; a task begins with a partition index of 0 or 1
  const fresh = bytes.readInt32BE(0) > 1;
  return fresh ? bytes.subarray(4 + bytes.readInt32BE(0)) : bytes;
}

/** What the worker answered to one task, without the handshake. */
export function goldenAnswer(name: string): Buffer {
  const bytes = readFileSync(join(GOLDENS, `${name}.worker-to-jvm.bin`));
  if (name.startsWith("simple")) return bytes.subarray(4 + bytes.readInt32BE(0) + 4);
  return bytes.readInt32BE(0) < 0 ? bytes : bytes.subarray(4 + utf("ok").length);
}

export interface TestFunction {
  readonly bundle: string;
  readonly export: string;
  readonly output: string;
  readonly parameters?: Parameters<typeof packCommand>[0]["parameters"];
}

function command(description: TestFunction): Buffer {
  const { bundle, export: name, parameters = null, output } = description;
  return Buffer.from(packCommand({ bundle, export: name, parameters, output }));
}

/** A recorded task with another function in another folder. */
export function withFunction(task: Buffer, filesFolder: string, description: TestFunction): Buffer {
  const bytes = command(description);
  return replaceText(
    replaceText(task, /\/var\/spark-local\/srv\/local\/spark-[^{]*?\/userFiles[^\0]*/, filesFolder),
    /\{"fn":[^\0]*?\}(?=\0|\xff)/,
    bytes,
  );
}

/** Replaces a text with its length in front. */
function replaceText(bytes: Buffer, pattern: RegExp, text: string | Buffer): Buffer {
  const found = pattern.exec(bytes.toString("latin1"));
  if (found === null) throw new Error(`nothing like ${pattern} in the recorded bytes`);
  const start = found.index;
  const length = bytes.readInt32BE(start - 4);
  const replacement = Buffer.from(text as string);
  return Buffer.concat([bytes.subarray(0, start - 4), int32(replacement.length), replacement, bytes.subarray(start + length)]);
}

/** The header of a task made from scratch. */
export function taskHeader(options: {
  readonly evalType?: number;
  readonly offsets?: readonly number[];
  readonly filesFolder: string;
  readonly function: TestFunction;
  readonly runnerConf?: Readonly<Record<string, string>>;
  readonly version?: string;
}): Buffer {
  const offsets = options.offsets ?? [0];
  const conf = Object.entries(options.runnerConf ?? {});
  return Buffer.concat([
    int32(3),
    utf(options.version ?? "node-20/spark-4.1"),
    Buffer.from([0]),
    ...[1, 3, 2].map(int32),
    int64(77),
    int32(1),
    ...[int32(1), utf("gpu"), utf("gpu"), int32(2), utf("0"), utf("1")],
    ...[int32(1), utf("spark.app.name"), utf("test")],
    utf(options.filesFolder),
    int32(0),
    Buffer.from([0]),
    int32(0),
    int32(options.evalType ?? 207),
    ...[int32(conf.length), ...conf.flat().map(utf)],
    Buffer.from([0]),
    ...[int32(1), int32(offsets.length), ...offsets.map(int32), int32(1)],
    utf(command(options.function).toString()),
  ]);
}

/** An executor: starts worker processes, talks to them, kills them. */
export class FakeJvm {
  readonly #secret = randomBytes(32).toString("hex");
  readonly #worker: string;
  readonly #cwd: string;
  readonly processes: ChildProcess[] = [];
  stderr = "";

  /** @param worker the worker's bundle. @param cwd the session's files folder. */
  constructor(worker: string, cwd: string) {
    this.#worker = worker;
    this.#cwd = cwd;
  }

  /** Simple mode: one process that connects back. */
  async simple(): Promise<Connection> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const process = this.#spawn(["-m", "pyspark.worker"], {
      PYTHON_WORKER_FACTORY_PORT: `${(server.address() as AddressInfo).port}`,
    });
    const [socket] = (await once(server, "connection")) as [Socket];
    server.close();
    const connection = new Connection(socket, process);
    const secret = await connection.reader.text("secret");
    if (secret !== this.#secret) throw new Error("wrong secret");
    socket.write(utf("ok"));
    connection.pid = await connection.reader.int32("pid");
    return connection;
  }

  async daemon(environment: Readonly<Record<string, string>> = {}): Promise<Daemon> {
    const process = this.#spawn(["-m", "pyspark.daemon", "pyspark.worker"], environment);
    const [first] = (await once(process.stdout!, "data")) as [Buffer];
    return new Daemon(process, first.readInt32BE(), this.#secret);
  }

  close(): void {
    for (const process of this.processes) process.kill("SIGKILL");
  }

  #spawn(args: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(process.execPath, [this.#worker, ...args], {
      cwd: this.#cwd,
      env: { ...process.env, ...environment, PYTHON_WORKER_FACTORY_SECRET: this.#secret, SPARK_REUSE_WORKER: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stderr!.on("data", (chunk: Buffer) => {
      this.stderr += chunk;
    });
    this.processes.push(child);
    return child;
  }
}

export class Daemon {
  readonly process: ChildProcess;
  readonly port: number;
  readonly #secret: string;

  constructor(process: ChildProcess, port: number, secret: string) {
    this.process = process;
    this.port = port;
    this.#secret = secret;
  }

  async connect(secret = this.#secret): Promise<Connection> {
    const socket = connect(this.port, "127.0.0.1");
    const connection = new Connection(socket, this.process);
    connection.pid = await connection.reader.int32("pid");
    socket.write(utf(secret));
    const reply = await connection.reader.text("reply");
    if (reply !== "ok") throw new Error(`the worker answered ${reply}`);
    return connection;
  }

  kill(pid: number): void {
    this.process.stdin!.write(int32(pid));
  }
}

export interface TaskAnswer {
  /** Arrow stream with its end marker; empty when there was none. */
  readonly arrow: Buffer;
  readonly exception: string | null;
  readonly times: readonly bigint[];
  readonly reusable: boolean;
  /** Everything, in order. */
  readonly bytes: Buffer;
}

export class Connection {
  readonly socket: Socket;
  readonly process: ChildProcess;
  readonly reader: ByteReader;
  pid = 0;

  constructor(socket: Socket, process: ChildProcess) {
    this.socket = socket;
    this.process = process;
    this.reader = new ByteReader(socket);
    socket.on("error", () => {});
  }

  async task(bytes: Uint8Array): Promise<TaskAnswer> {
    this.socket.write(bytes);
    return await readAnswer(this.reader);
  }
}

/** Reads an answer as the JVM does: control codes outside the Arrow stream, messages inside. */
export async function readAnswer(reader: ByteReader): Promise<TaskAnswer> {
  const all: Uint8Array[] = [];
  const arrow: Uint8Array[] = [];
  const next = async () => {
    const value = await reader.int32("code");
    all.push(int32(value));
    return value;
  };
  const result = (exception: string | null, times: readonly bigint[], reusable: boolean): TaskAnswer => {
    return { arrow: Buffer.concat(arrow), exception, times, reusable, bytes: Buffer.concat(all) };
  };
  let times: bigint[] = [];
  for (;;) {
    const code = await next();
    if (code === -6) await readArrow(reader, arrow, all);
    else if (code === -2) {
      const text = await reader.text("exception");
      all.push(utf(text));
      return result(text, times, false);
    } else if (code === -3) {
      times = [];
      for (let i = 0; i < 5; i++) times.push(await reader.int64("time"));
      all.push(...times.map((time) => int64(Number(time))));
    } else if (code === -1) {
      if ((await next()) !== 0) throw new Error("accumulator updates");
      return result(null, times, (await next()) === -4);
    } else throw new Error(`the worker sent code ${code}`);
  }
}

async function readArrow(reader: ByteReader, arrow: Uint8Array[], all: Uint8Array[]): Promise<void> {
  for (;;) {
    const prefix = Buffer.from(await reader.bytes(8, "prefix"));
    const length = prefix.readInt32LE(4);
    const metadata = Buffer.from(await reader.bytes(length, "metadata"));
    const body = await reader.bytes(length === 0 ? 0 : bodyLength(metadata), "body");
    arrow.push(prefix, metadata, body);
    all.push(prefix, metadata, body);
    if (length === 0) return;
  }
}

/** Field 3 of the flatbuffer's root table. */
function bodyLength(metadata: Buffer): number {
  const table = metadata.readUInt32LE(0);
  const vtable = table - metadata.readInt32LE(table);
  const field = metadata.readUInt16LE(vtable) > 10 ? metadata.readUInt16LE(vtable + 10) : 0;
  return field === 0 ? 0 : Number(metadata.readBigInt64LE(table + field));
}

export async function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, signal: child.signalCode };
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds until no process has that pid. */
export async function gone(pid: number, limitMs: number): Promise<number> {
  const start = Date.now();
  while (alive(pid)) {
    if (Date.now() - start > limitMs) throw new Error(`process ${pid} is still there after ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Date.now() - start;
}
