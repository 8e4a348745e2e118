import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { launcherScript, MODULE_NAMES } from "./launcher.ts";

const folder = mkdtempSync(join(tmpdir(), "launcher-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

writeFileSync(
  join(folder, "worker.mjs"),
  "console.log(JSON.stringify([process.argv.slice(2), process.execArgv, process.env.SPARK_CONNECT_AUTHENTICATE_TOKEN ?? null]))",
);
const options = { cwd: folder, env: { ...process.env, SPARK_CONNECT_AUTHENTICATE_TOKEN: "secret" }, encoding: "utf8" } as const;

function install(name: string, launcher = launcherScript("worker.mjs", { nodeOptions: ["--stack-size=900"] })): string {
  writeFileSync(join(folder, name), launcher);
  chmodSync(join(folder, name), 0o711);
  return `./${name}`;
}

test.each([[["-m", "pyspark.worker"]], [["-m", "pyspark.daemon", "pyspark.worker"]]])("as the executable: %j", (args) => {
  const output = execFileSync(install("launcher.sh"), args, options);
  expect(JSON.parse(output)).toEqual([args, ["--stack-size=900"], null]);
});

test.each([[["-m", "pyspark.worker"]], [["-m", "pyspark.daemon", "pyspark.worker"]]])("noexec: /bin/sh with %j", (args) => {
  for (const name of MODULE_NAMES) chmodSync(join(folder, install(name)), 0o644);
  const output = execFileSync("/bin/sh", args, options);
  expect(JSON.parse(output)).toEqual([args, ["--stack-size=900"], null]);
});

test("without Node it says so", () => {
  const path = install("no-node.sh", launcherScript("worker.mjs", { nodePath: "/nowhere/it's node" }));
  const { status, stderr } = spawnSync(path, ["-m", "pyspark.worker"], options);
  expect(status).toBe(127);
  expect(stderr).toMatch(/E_SPARK_VERSION: expected Node.js 20 or newer as \/nowhere\/it's node on host/);
});
