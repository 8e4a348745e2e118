/**
 * Ends what an earlier process of a run has left on Spark. A job outlives the client that has begun it, and would write into the folder of
 * the run that goes on; so whoever goes on, on whatever engine, first
 *
 *   1. interrupts the recorded tag in the recorded session, until nothing is left to interrupt;
 *   2. waits as long as Spark takes to kill the workers of tasks, from the last change of any status object on;
 *   3. releases the session.
 *
 * A server of our own ends by itself, with its process. One that does not answer is passed over, with a warning.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionTarget, SparkSession } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import type { EngineListener } from "../types.ts";
import { KILL_MARGIN_MS, KILL_MS, KILL_TIMEOUT_MS } from "./kill.ts";
import { readRecord, recordPath, removeRecord, type SessionRecord } from "./record.ts";

export interface LeftoverOptions extends CallOptions {
  /** Connection string of the server of the engine to come: its token and headers serve when it is the recorded one. */
  readonly url?: string;
  /** Absent: SPARK_CONNECT_AUTHENTICATE_TOKEN of the environment. */
  readonly token?: string;
  readonly onEvent?: EngineListener;
}

/** Between two looks; without running tasks two that find nothing are enough. */
const LOOK_MS = 500;
const LIMIT_MS = 60_000;
/** The watchdog of a server of our own needs 10 s at most. */
const OWN_SERVER_MS = 15_000;

/**
 * Nothing of an earlier process works in this run folder when it returns; its folders below `spark/` are gone. The caller holds the lock.
 * `E_SPARK_BUSY` when jobs do not end within a minute, `E_SPARK_UNREACHABLE` when the server refuses the token.
 */
export async function endLeftover(runFolder: string, options: LeftoverOptions = {}): Promise<void> {
  const record = await readRecord(runFolder);
  if (record?.ended) await sleep(Math.min(KILL_MS, Math.max(0, Date.parse(record.ended) + KILL_MS - Date.now())));
  else if (record?.guard) await waitForGuard(record.guard, options);
  else if (record) await endForeign(record, runFolder, options);
  await rm(join(runFolder, "spark"), { recursive: true, force: true, maxRetries: 3 });
  await removeRecord(runFolder);
}

/** A process of that number that lives longer is another one. */
async function waitForGuard({ pid, machine }: NonNullable<SessionRecord["guard"]>, { signal }: CallOptions): Promise<void> {
  if (machine !== hostname()) return;
  for (const start = Date.now(); isAlive(pid) && Date.now() - start < OWN_SERVER_MS; ) await pause(signal);
}

async function endForeign(record: SessionRecord, runFolder: string, options: LeftoverOptions): Promise<void> {
  const where = `${record.host}:${record.port}`;
  const say = (level: string, message: string) =>
    options.onEvent?.({ type: "log", label: "spark", key: where, detail: { level, message } });
  const [{ SparkSession, parseConnectionString }, { fromSparkError }] = await Promise.all([
    import("@axonloom/spark-connect"),
    import("./errors.ts"),
  ]);
  const url = recordedUrl(record, options.url === undefined ? null : parseConnectionString(options.url, options.token));
  try {
    const session = await SparkSession.connect(url, { ...connectOptions(options), keepAliveMs: 0, reconnectMs: 10_000 });
    try {
      // Another identity: the server has been restarted, and nothing of before works.
      const interrupted = session.serverSideId === record.server ? await waitUntilQuiet(session, record, runFolder, options) : 0;
      if (interrupted > 0) say("info", `interrupted ${interrupted} operation(s) that an earlier process of this run had left`);
      await session.close();
    } finally {
      session.disconnect();
    }
  } catch (thrown) {
    const error = fromSparkError(thrown);
    if (!(error instanceof AxonloomError) || error.code === "E_SPARK_BUSY" || error.code === "E_INTERRUPTED") throw error;
    // Expired or released a moment ago, perhaps: the server has interrupted its jobs.
    if (error.code === "E_SPARK_LOST") return await waitForKills(runFolder);
    if (error.fields["spark"] !== "E_SPARK_UNREACHABLE") throw refused(where, runFolder, error);
    const message = `an earlier job of this run was left there, and the server does not answer: going on. If the job still works, wait for its end (${error.message})`;
    say("warn", message);
  }
}

async function waitForKills(runFolder: string): Promise<void> {
  if ((await statusOf(runFolder)).running) await sleep(KILL_MS);
}

/** Gives the number of interrupted operations. */
async function waitUntilQuiet(
  session: SparkSession,
  { tag }: SessionRecord,
  runFolder: string,
  { signal }: CallOptions,
): Promise<number> {
  const killMs = (await killTimeoutOf(session)) + KILL_MARGIN_MS;
  const interrupted = new Set<string>();
  const started = Date.now();
  let seen = await statusOf(runFolder);
  let changed = seen.running ? started : Number.NEGATIVE_INFINITY;
  for (let looks = 0; ; looks++) {
    const ids = await session.interruptTag(tag, signal === undefined ? {} : { signal });
    for (const id of ids) interrupted.add(id);
    const now = await statusOf(runFolder);
    if (ids.length > 0 || now.text !== seen.text) changed = Date.now();
    seen = now;
    if (looks > 0 && ids.length === 0 && Date.now() - changed >= killMs) return interrupted.size;
    if (Date.now() - started > LIMIT_MS + killMs) throw busy(session, runFolder);
    await pause(signal);
  }
}

/** All status objects with their times, and whether one is of a running task. */
async function statusOf(runFolder: string): Promise<{ readonly text: string; readonly running: boolean }> {
  const folder = join(runFolder, "spark");
  const names = (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) => /[/\\]status[/\\]/.test(name));
  const lines = await Promise.all(
    names.sort().map(async (name) => `${name} ${(await stat(join(folder, name)).catch(() => null))?.mtimeMs}`),
  );
  return { text: lines.join("\n"), running: names.some((name) => name.endsWith(".running")) };
}

async function killTimeoutOf({ config }: SparkSession): Promise<number> {
  const match = /^(\d+)(ms|s|min|m)?$/.exec((await config.getOption("spark.python.task.killTimeout")) ?? "");
  if (match === null) return KILL_TIMEOUT_MS;
  const unit = match[2] ?? "ms";
  return Number(match[1]) * (unit === "ms" ? 1 : unit === "s" ? 1000 : 60_000);
}

function recordedUrl({ host, port, tls, user, session }: SessionRecord, current: ConnectionTarget | null): string {
  const same = current !== null && current.host === host && current.port === port;
  const parameters = {
    ...(same ? current.headers : {}),
    ...(same && current.token !== null ? { token: current.token } : {}),
    use_ssl: String(tls),
    user_id: user,
    session_id: session,
  };
  const pairs = Object.entries(parameters).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  return `sc://${host.includes(":") ? `[${host}]` : host}:${port}/;${pairs.join(";")}`;
}

function connectOptions({ token, signal }: LeftoverOptions) {
  return { ...(token !== undefined && { token }), ...(signal !== undefined && { signal }) };
}

function refused(where: string, runFolder: string, error: AxonloomError): AxonloomError {
  return new AxonloomError(
    "E_SPARK_UNREACHABLE",
    `an earlier process of this run may have left a job on the Spark server at ${where}, which must be ended before the run goes on: ` +
      `expected the server to let us in, found: ${error.message}; set SPARK_CONNECT_AUTHENTICATE_TOKEN, or delete ${recordPath(runFolder)} when nothing of it runs there`,
    { where },
    error,
  );
}

function busy(session: SparkSession, runFolder: string): AxonloomError {
  const { where } = session.connection.settings;
  return new AxonloomError(
    "E_SPARK_BUSY",
    `expected the job that an earlier process of this run had left on the Spark server at ${where} to end when interrupted, found that it still works after ${LIMIT_MS / 1000} s; ` +
      `end it there (session ${session.id}), or delete ${recordPath(runFolder)} when nothing of it runs any more`,
    { where, session: session.id },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await sleep(LOOK_MS, undefined, signal === undefined ? {} : { signal });
}
