/** Proves that an installation counts only when it is whole: interrupted, failed, or two at once. Python is played; nothing is downloaded. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { installationFolder } from "./find.ts";
import { installSpark } from "./install.ts";

/** Takes its time for the package; fails when a file says so. */
const PYTHON = `#!/bin/sh
case "$*" in
  --version) echo Python 3.11.0 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip install "*)
    [ -e "$AXONLOOM_CACHE/fail" ] && { echo no matching distribution >&2; exit 1; }
    echo Collecting pyspark
    home="$(dirname "$(dirname "$0")")/lib/python3.11/site-packages/pyspark"
    mkdir -p "$home/bin" "$home/jars" && touch "$home/bin/spark-submit" && sleep 0.4 && touch "$home/jars/spark-connect_2.13-4.1.4.jar" ;;
esac
`;

let folder: string;
let said: string[];
const say = (line: string) => void said.push(line);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-install-"));
  said = [];
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "python3"), PYTHON, { mode: 0o755 });
  writeFileSync(join(folder, "bin", "java"), "#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env["PATH"]}`);
  vi.stubEnv("JAVA_HOME", "");
  vi.stubEnv("AXONLOOM_CACHE", join(folder, "cache"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("installs, says what it does, and finds it again", async () => {
  const home = join(installationFolder(), "lib", "python3.11", "site-packages", "pyspark");
  expect(await installSpark(say)).toEqual({ folder: home, version: "4.1.4", java: 17, present: false });
  expect(said).toEqual(["Java 17 found", "Python 3.11.0 found", expect.stringMatching(/pyspark 4\.1\.4/), "Collecting pyspark"]);
  expect(await installSpark(say)).toEqual({ folder: home, version: "4.1.4", java: 17, present: true });
});

test("two at once: both end well, one counts, nothing else stays", async () => {
  const [a, b] = await Promise.all([installSpark(say), installSpark(say)]);
  expect(a.folder).toBe(b.folder);
  expect(readdirSync(join(folder, "cache"))).toEqual(["spark-4.1.4"]);
});

test("interrupted, or failed: nothing counts, and the next one works", async () => {
  const abort = new AbortController();
  const stop = (line: string) => {
    if (line.startsWith("Collecting")) abort.abort(new Error("enough"));
  };
  await expect(installSpark(stop, { signal: abort.signal })).rejects.toThrow("enough");
  expect(readdirSync(join(folder, "cache"))).toEqual([]);
  writeFileSync(join(folder, "cache", "fail"), "");
  await expect(installSpark(say)).rejects.toMatchObject({
    code: "E_SPARK_NOT_FOUND",
    message: expect.stringMatching(/pip install.*pyspark==4\.1\.4.*no matching distribution.*PIP_INDEX_URL/s),
  });
  rmSync(join(folder, "cache", "fail"));
  expect(await installSpark(say)).toMatchObject({ present: false });
});

test("Python that is too old", async () => {
  writeFileSync(join(folder, "bin", "python3"), "#!/bin/sh\necho Python 3.8.1\n", { mode: 0o755 });
  await expect(installSpark(say)).rejects.toMatchObject({
    code: "E_SPARK_NOT_FOUND",
    message: expect.stringMatching(/3\.10.*3\.8\.1/),
  });
});
