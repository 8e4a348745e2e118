/**
 * One Spark server for all test files that run in this process, one after another: `local[2,3]` on loopback. It hangs on a pipe to this
 * process and ends with it.
 */
import { createServer } from "node:net";
import { type SparkServer, startSparkServer } from "@axonloom/core";

export interface SharedSpark {
  readonly server: SparkServer;
  /** Of Spark's pages. */
  readonly uiPort: number;
}

let shared: Promise<SharedSpark> | null = null;

export function sharedSpark(): Promise<SharedSpark> {
  shared ??= start();
  return shared;
}

async function start(): Promise<SharedSpark> {
  const uiPort = await freePort();
  const conf = {
    "spark.driver.maxResultSize": "64m", // what comes back in one job must stay below it
    "spark.ui.enabled": "true",
    "spark.ui.port": String(uiPort),
    "spark.speculation": "true", // to be warned of; does nothing in `local`
  };
  return { server: await startSparkServer({ master: "local[2,3]", heap: "3g", conf }), uiPort };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
