/** What a run folder says of the Spark session that works for it, so that a later process can end what this one leaves behind. No secrets. */
import { rmdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { ConnectionTarget, SparkSession } from "@axonloom/spark-connect";
import { getJson, openKeyValue, putJson } from "../../keyvalue/index.ts";
import type { SessionEnd } from "./engine.ts";

export interface SessionRecord {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly user: string;
  readonly session: string;
  /** Identity of the session in the server's process: another one means that the server has been restarted. */
  readonly server: string;
  /** Every operation of the run carries it. */
  readonly tag: string;
  /** Of a server that was started for the run: the process that guards it, and the machine where it is. null: a server that is not ours. */
  readonly guard: { readonly pid: number; readonly machine: string } | null;
  /** When its operations were interrupted in order, with tasks that Spark may still be ending. null while it works, or when it was killed. */
  readonly ended: string | null;
}

const KEY = "spark/session.json";

export function recordPath(runFolder: string): string {
  return join(runFolder, KEY);
}

/** @param server of our own, or null. */
export function recordOf(
  { host, port, useSsl: tls }: ConnectionTarget,
  session: SparkSession,
  tag: string,
  server: { readonly pid: number } | null,
): SessionRecord {
  const guard = server === null ? null : { pid: server.pid, machine: hostname() };
  return { host, port, tls, user: session.userId, session: session.id, server: session.serverSideId, tag, guard, ended: null };
}

/** null when there is none; `E_RUN_FOLDER` for a damaged one. */
export async function readRecord(runFolder: string): Promise<SessionRecord | null> {
  return await getJson<SessionRecord>(openKeyValue(runFolder), KEY);
}

export async function writeRecord(runFolder: string, record: SessionRecord): Promise<void> {
  await putJson(openKeyValue(runFolder), KEY, record);
}

export async function removeRecord(runFolder: string): Promise<void> {
  await openKeyValue(runFolder).delete(KEY);
  await rmdir(join(runFolder, "spark")).catch(() => {}); // something else may lie there
}

/** After the session was closed: the record stays as long as something of it may work. */
export async function endRecord(runFolder: string, record: SessionRecord, end: SessionEnd): Promise<void> {
  if (end === "quiet") await removeRecord(runFolder);
  else if (end === "ending") await writeRecord(runFolder, { ...record, ended: new Date().toISOString() });
}
