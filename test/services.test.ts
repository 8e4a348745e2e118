/** `scripts/services/spark` with a Python and a Java that only pretend: what it prints, what it refuses, and that nothing torn counts. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../scripts/services/spark", import.meta.url));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "axonloom-services-"));
  java("17.0.15");
  python({});
});
afterEach(() => rmSync(root, { recursive: true }));

function program(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

function java(version: string): void {
  program("jdk/bin/java", `echo 'openjdk version "${version}" 2025-04-15' >&2`);
}

/** A python3 whose virtual environments have a pip that does `pip`; by default it leaves the files of Spark after a while. */
function python({
  old = false,
  pip = 'sleep 0.3; mkdir -p "$home/bin" "$home/jars"; : >"$home/jars/spark-connect_2.13-4.1.4.jar"; ln -s /bin/true "$home/bin/spark-submit"',
}): void {
  program("venv-python", `home="$(dirname "$0")/../lib/python3.11/site-packages/pyspark"; ${pip}`);
  program(
    "bin/python3",
    `case "$*" in
      *version_info*) exit ${old ? 1 : 0} ;;
      --version) echo "Python 3.8.1" ;;
      *venv*) mkdir -p "$3/bin" && cp "${root}/venv-python" "$3/bin/python" ;;
      *os.rename*) exec "${process.execPath}" -e 'fs.renameSync(...process.argv.slice(1))' "$3" "$4" ;;
    esac`,
  );
}

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(env: Record<string, string> = {}, killAfterMs?: number): Promise<Outcome> {
  const path = [join(root, "bin"), process.env["PATH"]].join(delimiter);
  const child = spawn(SCRIPT, {
    detached: true,
    env: { ...process.env, PATH: path, JAVA_HOME: join(root, "jdk"), AXONLOOM_CACHE: join(root, "cache"), ...env },
  });
  if (killAfterMs !== undefined) setTimeout(() => process.kill(-child.pid!, "SIGKILL"), killAfterMs);
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (bytes) => (text.stdout += bytes));
  child.stderr.on("data", (bytes) => (text.stderr += bytes));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...text })));
}

test("the folder is all that it prints; the second time nothing is installed", async () => {
  const home = join(root, "cache/spark-4.1.4/lib/python3.11/site-packages/pyspark");
  expect(await run()).toMatchObject({ code: 0, stdout: `${home}\n`, stderr: expect.stringMatching(/installing pyspark 4\.1\.4/) });
  expect(await run()).toEqual({ code: 0, stdout: `${home}\n`, stderr: "" });
});

test("two at once both end well, and leave one installation", async () => {
  const outcomes = await Promise.all([run(), run()]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  expect(outcomes[0]!.stdout).toBe(outcomes[1]!.stdout);
  expect(readdirSync(join(root, "cache"))).toEqual(["spark-4.1.4"]);
});

test("an installation that was killed, or failed, does not count", async () => {
  await run({}, 200);
  expect(existsSync(join(root, "cache/spark-4.1.4"))).toBe(false);
  python({ pip: 'echo "no network" >&2; exit 1' });
  const failed = await run();
  expect(failed).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/no network[\s\S]*expected pip to install/) });
  expect(existsSync(join(root, "cache/spark-4.1.4"))).toBe(false);
  python({});
  expect(await run()).toMatchObject({ code: 0 });
});

test("no Java, another Java, an old Python", async () => {
  const refused = async (what: RegExp, env = {}) =>
    expect(await run(env)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(what) });
  await refused(/expected Java 17 or 21.*nowhere.*apt-get install openjdk-17/, { JAVA_HOME: "/nowhere" });
  java("11.0.2");
  await refused(/expected Java 17 or 21, found: openjdk version "11/);
  java("21.0.1");
  python({ old: true });
  await refused(/expected Python 3\.10 or newer as python3, found Python 3\.8\.1/);
});
