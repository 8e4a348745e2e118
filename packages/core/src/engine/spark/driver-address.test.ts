/** Proves which address of this machine Spark's executors are told, and that a master that is not there is said at once. */
import { type AddressInfo, createServer } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { driverAddress } from "./driver-address.ts";

afterEach(() => vi.unstubAllEnvs());

async function listening(): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test("the address from which the master is reached, of the first master that answers", async () => {
  vi.stubEnv("SPARK_LOCAL_IP", "");
  vi.stubEnv("SPARK_LOCAL_HOSTNAME", "");
  const { port, close } = await listening();
  expect(await driverAddress(`spark://127.0.0.1:${port}`)).toEqual({ SPARK_LOCAL_IP: "127.0.0.1" });
  expect(await driverAddress(`spark://127.0.0.1:1,127.0.0.1:${port}`)).toEqual({ SPARK_LOCAL_IP: "127.0.0.1" });
  vi.stubEnv("SPARK_LOCAL_IP", "10.0.0.7");
  expect(await driverAddress(`spark://127.0.0.1:${port}`)).toEqual({});
  close();
});

test("no master", async () => {
  await expect(driverAddress("spark://127.0.0.1:1")).rejects.toMatchObject({
    code: "E_SPARK_UNREACHABLE",
    message: expect.stringMatching(/Spark master at spark:\/\/127\.0\.0\.1:1, found.*ECONNREFUSED/),
  });
});

test("with YARN and Kubernetes Spark decides", async () => {
  expect(await driverAddress("yarn")).toEqual({});
  expect(await driverAddress("k8s://https://127.0.0.1:1")).toEqual({});
});
