/**
 * The daemon that Spark keeps for a session on an executor: for each connection it starts a worker process and hands it the socket.
 *
 *   executor ── connects ──▶ daemon ── fork + socket ──▶ worker (pid) ◀── tasks ──▶ executor
 *            ── pid on stdin ▶  kills that worker, after its function's signal
 *            ── stdin ends ──▶  kills all and exits
 */
import { type ChildProcess, fork } from "node:child_process";
import { writeSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { daemonIdleMs, loopbackHost, refuseUnixSockets, takeSecret } from "./environment.ts";
import { int32 } from "./protocol.ts";
import { report } from "./serve.ts";
import { type ChildCancel, type ChildStart, GRACE_MS } from "./worker-process.ts";

/** After the last worker; long enough for a connection that was accepted by the kernel only. */
const CLOSING_MS = 200;

/** From a request to SIGKILL: a worker that still computes kills itself before. */
const KILL_MS = GRACE_MS + 100;

export function runDaemon(file: string): void {
  refuseUnixSockets();
  const executorPid = process.ppid;
  const secret = takeSecret();
  const children = new Map<number, ChildProcess>();
  const server = createServer({ pauseOnConnect: true }, (socket) => startWorker(socket));
  server.on("error", (error) => {
    report(error);
    process.exit(1);
  });
  server.listen(0, loopbackHost(), () => {
    writeSync(1, int32((server.address() as AddressInfo).port)); // the first bytes of stdout
  });

  function startWorker(socket: Socket): void {
    const child = fork(file, ["child"], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.once("error", (error) => {
      report(error);
      if (child.pid === undefined) socket.end(int32(-1)); // Spark reports the failed launch
    });
    if (child.pid === undefined) return;
    const pid = child.pid;
    children.set(pid, child);
    child.once("exit", () => {
      children.delete(pid);
      idle.refresh();
    });
    socket.on("error", () => {});
    const start: ChildStart = { kind: "start", secret, executorPid };
    child.send(start, socket);
  }

  const idle = setTimeout(() => {
    if (children.size > 0) return;
    server.close(); // Spark starts a new daemon when it cannot connect
    setTimeout(() => (children.size === 0 ? process.exit(0) : undefined), CLOSING_MS);
  }, daemonIdleMs());

  function stopWorker(pid: number): void {
    const child = children.get(pid);
    if (child === undefined) return;
    const cancel: ChildCancel = { kind: "cancel" };
    child.send(cancel, () => {});
    setTimeout(() => child.kill("SIGKILL"), KILL_MS);
  }

  function stopAll(): void {
    server.close();
    for (const pid of children.keys()) stopWorker(pid);
    setTimeout(() => process.exit(0), children.size > 0 ? KILL_MS + 50 : 0);
  }

  process.on("SIGTERM", stopAll);
  let pending = Buffer.alloc(0);
  process.stdin.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (; pending.length >= 4; pending = pending.subarray(4)) stopWorker(pending.readInt32BE());
  });
  process.stdin.on("error", stopAll).on("end", stopAll);
}
