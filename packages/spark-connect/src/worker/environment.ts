/** What Spark passes by environment. Secrets are taken out before any code of the user is loaded. */

import { SparkConnectError } from "../errors.ts";

/** The secret of the executor's connections; gone from the environment afterwards. */
export function takeSecret(): string {
  const secret = process.env["PYTHON_WORKER_FACTORY_SECRET"] ?? "";
  delete process.env["PYTHON_WORKER_FACTORY_SECRET"];
  return secret;
}

/** A server's access token is inherited when executor and server are one process. The launcher removes it too. */
export function removeServerToken(): void {
  delete process.env["SPARK_CONNECT_AUTHENTICATE_TOKEN"];
}

export function loopbackHost(): string {
  return /^true$/i.test(process.env["SPARK_PREFER_IPV6"] ?? "") ? "::1" : "127.0.0.1";
}

/** How long a daemon without workers stays. */
export function daemonIdleMs(): number {
  const seconds = Number(process.env["SPARK_CONNECT_NODE_IDLE_SECONDS"]);
  return (seconds > 0 ? seconds : 300) * 1000;
}

/** Where to connect back to. */
export function factoryPort(): number {
  const text = process.env["PYTHON_WORKER_FACTORY_PORT"] ?? "";
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new SparkConnectError(
    "E_SPARK_PROTOCOL",
    `expected a port in PYTHON_WORKER_FACTORY_PORT, found "${text}": this program is started by Spark's executors`,
  );
}

/** Off by default in Spark 4.1. */
export function refuseUnixSockets(): void {
  if (!/^true$/i.test(process.env["PYTHON_UNIX_DOMAIN_ENABLED"] ?? "")) return;
  throw new SparkConnectError(
    "E_SPARK_PROTOCOL",
    "expected TCP connections on loopback, found unix domain sockets: start the server with spark.python.unix.domain.socket.enabled=false",
  );
}
