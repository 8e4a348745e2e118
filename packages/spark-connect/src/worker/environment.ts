/** What Spark passes by environment. Secrets are taken out before any code of the user is loaded. */

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
