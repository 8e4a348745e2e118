/**
 * A worker process: one connection to Spark, and its end.
 *
 * It ends when Spark closes the connection, when the executor or the daemon says or shows that it is gone, and after a failed task. A function
 * that is still running gets its signal first, and GRACE_MS to tidy up.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { SparkConnectError } from "../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { ComputeThread } from "./compute-thread.ts";
import { factoryPort, loopbackHost, refuseUnixSockets, takeSecret } from "./environment.ts";
import { int32, utf } from "./protocol.ts";
import { report, serveTasks } from "./serve.ts";

/** From the signal to SIGKILL. With Spark's own 2 s this stays far below 6 s. */
export const GRACE_MS = 500;
const PARENT_CHECK_MS = 400;
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** What the daemon tells its child together with the socket. */
export interface ChildStart {
  readonly kind: "start";
  readonly secret: string;
  readonly executorPid: number;
}
export interface ChildCancel {
  readonly kind: "cancel";
}

/** Simple mode: connects back to the executor that started this process. */
export async function runSimpleWorker(file: string): Promise<void> {
  refuseUnixSockets();
  const executorPid = process.ppid;
  const port = factoryPort();
  const secret = takeSecret();
  const socket = connect(port, loopbackHost());
  await run(socket, file, new ParentWatch(executorPid, executorPid), async (reader) => {
    socket.write(utf(secret));
    const reply = await reader.text("the answer to the secret");
    if (reply !== "ok") throw reader.error('"ok" in answer to the secret', JSON.stringify(reply.slice(0, 20)));
    socket.write(int32(process.pid));
  });
}

/** Daemon mode: the daemon hands over an accepted socket. */
export async function runDaemonChild(file: string): Promise<void> {
  const daemonPid = process.ppid;
  process.once("message", (start: ChildStart, socket: Socket | undefined) => {
    if (socket === undefined) return process.exit(0); // closed on the way
    void run(socket, file, new ParentWatch(daemonPid, start.executorPid), async (reader) => {
      socket.write(int32(process.pid));
      const secret = await reader.text("the secret");
      if (secret !== start.secret) {
        socket.end(utf("err"));
        throw reader.error("the daemon's secret", "another one");
      }
      socket.write(utf("ok"));
    });
  });
}

async function run(socket: Socket, file: string, watch: ParentWatch, handshake: (reader: ByteReader) => Promise<void>) {
  socket.setNoDelay(true);
  const reader = new ByteReader(socket);
  const compute = new ComputeThread(file);
  const stopped = new Promise<null>((resolve) => {
    const stop = () => resolve(null);
    socket.once("end", stop).once("close", stop);
    process.on("message", (message: ChildCancel) => {
      if (message.kind === "cancel") stop();
    });
    watch.start(stop);
  });
  const served = (async () => {
    const late = sleep(HANDSHAKE_TIMEOUT_MS, "late", { ref: false });
    if ((await Promise.race([handshake(reader), late])) === "late") throw reader.error("a handshake", "nothing in time");
    return await serveTasks(socket, reader, compute);
  })().catch((error: unknown) => {
    report(error);
    return 1;
  });
  const code = await Promise.race([served, stopped]);
  const exitCode = code ?? (await endFunction(compute));
  // process.exit would wait for native code in the thread
  if (compute.busy) process.kill(process.pid, "SIGKILL");
  process.exit(exitCode);
}

/** No failure when nothing was running. */
async function endFunction(compute: ComputeThread): Promise<number> {
  if (!compute.busy) return Number(process.exitCode ?? 0);
  const reason = "Spark closed the connection in the middle of a task (cancelled, enough rows, or the executor is gone)";
  report(new SparkConnectError("E_SPARK_CANCELLED", reason));
  compute.cancel(reason);
  for (const end = Date.now() + GRACE_MS; Date.now() < end && compute.busy; ) await sleep(20);
  return 1;
}

/**
 * Sees a dead executor also while the socket is not being read. Simple mode: the parent changes. Child of a daemon: a living daemon ends its
 * children itself; without it, the executor's pid is looked up.
 */
class ParentWatch {
  readonly #parentPid: number;
  readonly #executorPid: number;

  constructor(parentPid: number, executorPid: number) {
    this.#parentPid = parentPid;
    this.#executorPid = executorPid;
  }

  start(gone: () => void): void {
    setInterval(() => {
      if (process.ppid === this.#parentPid) return;
      if (this.#parentPid === this.#executorPid || !isAlive(this.#executorPid)) gone();
    }, PARENT_CHECK_MS).unref();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
