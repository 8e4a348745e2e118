/** What `axonloom doctor` looks at for Spark: the same as a run, without a run. */

import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Check, failedBy, ok } from "../check.ts";
import type { Demand } from "./checks.ts";
import type { SparkEngineFactoryOptions } from "./factory.ts";
import { checkJava, findSpark } from "./find.ts";

/** Starts the server, or connects to the one that runs, and looks at its executors. What fails is a check that failed. */
export async function examineSpark(options: SparkEngineFactoryOptions, demand: Demand): Promise<Check[]> {
  const checks: Check[] = [];
  const look = async (name: string, body: () => Promise<readonly Check[]>) => {
    try {
      checks.push(...(await body()));
    } catch (error) {
      checks.push(failedBy(name, error));
    }
    return checks.at(-1)?.status !== "failed";
  };
  if (options.url === undefined) {
    const found =
      (await look("Java", async () => [ok("Java", String(await checkJava()))])) &&
      (await look("Spark on this machine", async () => {
        const { version, folder } = findSpark(options.sparkHome);
        return [ok("Spark on this machine", `${version} in ${folder}`)];
      }));
    if (!found) return checks;
  }
  await look("Spark", async () => await examineCluster(options, demand));
  return checks;
}

async function examineCluster(options: SparkEngineFactoryOptions, demand: Demand): Promise<Check[]> {
  const [{ openCluster }, { probeExecutors }, { startOwnServer }, { checkCluster }] = await Promise.all([
    import("./connect.ts"),
    import("./probe.ts"),
    import("./own-server.ts"),
    import("./checks.ts"),
  ]);
  const { url, nodePath } = options;
  const server = url === undefined ? await startOwnServer(options, demand.bytesPerTask) : null;
  try {
    const token = server?.token ?? options.token;
    const { session, cores, settings } = await openCluster(url ?? server!.url, {
      ...(token !== undefined && { token }),
      worker: nodePath === undefined ? {} : { nodePath },
      fresh: options.master !== undefined && url === undefined,
    });
    const sharedFolder = join(demand.runFolder, `doctor-${randomUUID()}`);
    const made = await mkdir(sharedFolder, { recursive: true });
    try {
      const probed = await probeExecutors(session, { cores, sharedFolder });
      return checkCluster({ version: session.version, settings, ...probed }, demand);
    } finally {
      await rm(made ?? sharedFolder, { recursive: true, force: true });
      await session.close();
    }
  } finally {
    await server?.stop();
  }
}
