/** The address of this machine that a cluster's executors can reach: they connect to Spark's driver, which runs here. */
import { connect } from "node:net";
import { AxonloomError } from "../../errors.ts";

const ANSWER_MS = 10_000;

/**
 * The environment that tells Spark its address: the one from which this machine reaches the standalone master. What the user has set
 * (SPARK_LOCAL_IP, SPARK_LOCAL_HOSTNAME, or `spark.driver.host`, which wins) stays; with YARN and Kubernetes Spark decides.
 * `E_SPARK_UNREACHABLE` when no standalone master answers: Spark itself would be silent about it for minutes.
 */
export async function driverAddress(master: string): Promise<Readonly<Record<string, string>>> {
  if (!master.startsWith("spark://")) return {};
  const address = await addressTowards(master);
  if (process.env["SPARK_LOCAL_IP"] || process.env["SPARK_LOCAL_HOSTNAME"] || address.includes(":")) return {};
  return { SPARK_LOCAL_IP: address };
}

/** @param master one master, or several of which one leads: `spark://host:7077,other:7077`. */
async function addressTowards(master: string): Promise<string> {
  const found: string[] = [];
  for (const place of master.slice("spark://".length).split(",")) {
    const { hostname, port } = new URL(`http://${place}`);
    try {
      return await localAddress(hostname.replace(/^\[|\]$/g, ""), Number(port || 80));
    } catch (error) {
      found.push(`${place}: ${error instanceof Error ? error.message || String((error as { code?: unknown }).code) : error}`);
    }
  }
  throw new AxonloomError(
    "E_SPARK_UNREACHABLE",
    `expected a Spark master at ${master}, found: ${found.join("; ")}; start it, or check host and port (its log names them)`,
    { master, found },
  );
}

function localAddress(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: ANSWER_MS });
    socket.once("connect", () => {
      const address = socket.localAddress ?? "";
      socket.destroy();
      resolve(address.replace(/^::ffff:/, ""));
    });
    socket.once("timeout", () => socket.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    socket.once("error", reject);
  });
}
