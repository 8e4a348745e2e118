/**
 * A real DVID server on loopback, for live tests: in a fresh folder, one at a time, gone afterwards. AXONLOOM_DVID is the path of its
 * program; absent, the tests skip, unless AXONLOOM_REQUIRE names "dvid".
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestedServer } from "./dvid-contract.suite.ts";
import { callServer } from "./fake-dvid/client.ts";

const required = /\bdvid\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "");
const program = process.env["AXONLOOM_DVID"] ?? "";

/** Whether the live tests run; without a server they do not, visibly. */
export const dvidAvailable = required || program !== "";

const run = promisify(execFile);
const scripts = fileURLToPath(new URL("../../../../shared/services/dvid/", import.meta.url));

export interface DvidServer extends TestedServer {
  readonly host: string;
  readonly version: string;
  stop(): Promise<void>;
}

/** `logStore: false`: the configuration names none. */
export async function startDvid(options: { readonly logStore?: boolean } = {}): Promise<DvidServer> {
  if (program === "" || !existsSync(program)) {
    throw new Error(
      `AXONLOOM_REQUIRE asks for a DVID server: set AXONLOOM_DVID to the path of its program, found ${JSON.stringify(program)}`,
    );
  }
  if (!existsSync(join(scripts, "start-dvid"))) throw new Error(`expected start-dvid in ${scripts}, which is not there`);
  const folder = await mkdtemp(join(tmpdir(), "axonloom-dvid-"));
  const port = await freePorts();
  const started = options.logStore === false ? await withoutLogStore(folder) : program;
  console.warn("The DVID server of this test also listens on port 6060 of all interfaces, with its complete API.");
  let state = await start(folder, port, started);
  const info = JSON.parse((await callServer(state.url, "GET", "/api/server/info")).text) as Record<string, string>;
  return {
    url: state.url,
    host: `127.0.0.1:${port}`,
    admin: state.admin,
    version: info["DVID Version"] || "unknown version",
    async kill() {
      await killed(state.pid);
      await rm(join(folder, "dvid.pid"), { force: true });
    },
    async restart() {
      state = await start(folder, port, started);
    },
    async stop() {
      await run(join(scripts, "stop-dvid"), [folder]);
      await killed(state.pid);
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

interface Running {
  readonly pid: number;
  readonly url: string;
  readonly admin: string;
}

async function start(folder: string, port: number, binary: string): Promise<Running> {
  const { stdout } = await run(join(scripts, "start-dvid"), [folder, String(port), binary], {
    timeout: 60_000,
    env: { ...process.env, REAL_DVID: resolve(program) },
  }).catch(async (error: Error) => {
    const log = await readFile(join(folder, "dvid.log"), "utf8").catch(() => "no log");
    throw new Error(`the DVID server does not start; the end of its log:\n${log.slice(-3000)}`, { cause: error });
  });
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(stdout)?.[1];
  const [pid, url, admin] = [value("pid"), value("url"), value("admin_token")];
  if (pid === undefined || url === undefined || admin === undefined)
    throw new Error(`expected pid, url and admin_token from start-dvid, found ${stdout}`);
  return { pid: Number(pid), url, admin };
}

/** A program that takes the log store out of the configuration which it is started with, and becomes the server. */
async function withoutLogStore(folder: string): Promise<string> {
  const script = join(folder, "without-log-store");
  await writeFile(script, '#!/bin/sh\nsed -i "/^ *log = /d" "$2" && exec "$REAL_DVID" "$@"\n', { mode: 0o755 });
  return script;
}

/** SIGKILL, and waits until it is gone. */
async function killed(pid: number): Promise<void> {
  for (let i = 0; i < 200; i++, await sleep(25)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      return;
    }
    // A process that has ended and waits for its parent counts as gone.
    if (/^\d+ \(.*\) Z/.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))) return;
  }
  throw new Error(`the DVID server ${pid} does not end`);
}

/**
 * A free port whose successor is free, too: the server needs both. Below those that the system gives to outgoing connections, which could
 * otherwise take the port while the server is down.
 */
async function freePorts(): Promise<number> {
  const isFree = (port: number) =>
    new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
  for (let i = 0; i < 50; i++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error("expected two free ports in a row on loopback, found none in 50 tries");
}
