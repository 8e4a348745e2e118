/** Each command on tiny data. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { axonloom, BIN, start, temporaryFolder, writeConfig } from "./harness.ts";

/** Holds gray.npy, truth.npy and, after the first test of `run`, small.run and segmentation. */
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-cli-"));
  const made = await axonloom(
    ["phantom", "--size", "96,96,96", "--seed", "1", "--gray", "gray.npy", "--truth", "truth.npy"],
    folder,
  );
  expect(made).toMatchObject({ code: 0 });
  writeConfig(folder);
  expect(await axonloom(["run", "small.json", "--workers", "2"], folder)).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const lastLine = (text: string) => json(text.trimEnd().split("\n").at(-1)!);

describe("run", () => {
  test("plain lines when piped; the result on stdout; a second run resumes", async () => {
    const place = temporaryFolder();
    writeConfig(place, {}, { input: { source: join(folder, "gray.npy") } });
    const first = await axonloom(["run", "small.json", "--workers", "1", "--memory", "4GB"], place);
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/^planned: 27 subvolumes, 1 iteration, 54 faces, 1 worker of /);
    expect(first.stderr).toMatch(/^segment: started, 27 tasks$/m);
    expect(first.stderr).toMatch(/^segment: finished in [\d.]+ s$/m);
    expect(first.stderr).not.toContain("\u001b");
    expect(first.stdout).toMatch(/^digest +[0-9a-f]{64}$/m);
    const checkpoints = /^checkpoints +([\d.]+ KiB), ([\d.]+) bytes a voxel, (\d+):1 against 8 bytes$/m.exec(first.stdout);
    expect(Number(checkpoints?.[2]) * Number(checkpoints?.[3])).toBeCloseTo(8, 0);
    const again = await axonloom(["run", "small.json"], place);
    expect(again.stderr).toMatch(/^resumed: /);
    expect(again.stdout).toMatch(/27 \(27 from checkpoints, 0 quarantined\)/);
    const fresh = await axonloom(["run", "small.json", "--fresh"], place);
    expect(fresh.stderr).toMatch(/^planned: /);
    expect(fresh.stdout).toMatch(/27 \(0 from checkpoints, 0 quarantined\)/);
  });

  test("--json prints events, the last of which is the result", async () => {
    const { code, stdout, stderr } = await axonloom(["run", "small.json", "--json"], folder);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const events = stdout.trimEnd().split("\n").map(json);
    expect(events[0]).toMatchObject({ event: "planned", subvolumes: 27, faces: 54, resumed: true });
    expect(events.map(({ event }) => event)).toContain("stage-finished");
    expect(events.at(-1)).toMatchObject({ event: "finished", status: "complete", subvolumes: 27, restored: 27, voxels: 96 ** 3 });
    const digest = await axonloom(["digest", "segmentation"], folder);
    expect(digest).toEqual({ code: 0, stdout: `${events.at(-1)!["digest"]}\n`, stderr: "" });
  });

  test("a subvolume that fails is a gap: code 3, listed on stderr; when mended, only the gap is computed", async () => {
    const place = temporaryFolder();
    const plugin = (condition: string) =>
      writeFileSync(
        join(place, "plugin.mjs"),
        `import { existsSync } from "node:fs";
         export function mask({ subvolume, gray }) {
           if (subvolume === 5 && ${condition}) throw new Error("no luck with five");
           return null;
         }`,
      );
    plugin(`!existsSync(${JSON.stringify(join(place, "mended"))})`);
    const segmentor = { configuration: { "background-mask": { function: "./plugin.mjs:mask" } } };
    writeConfig(place, { segmentor }, { input: { source: join(folder, "gray.npy") } });
    const { code, stdout, stderr } = await axonloom(["run", "small.json"], place);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /incomplete: 1 subvolume \(32,768 voxels\) could not be segmented:\n {2}subvolume 5 \(x, y, z 64, 32, 0 to 96, 64, 32\): E_PLUGIN_FAILED.*no luck with five/,
    );
    expect(stderr).not.toContain("    at ");
    expect(stdout).toMatch(/1 quarantined/);
    const status = await axonloom(["status", "small.run"], place);
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/^state +incomplete/);
    expect(status.stdout).toMatch(/gap: subvolume 5 \(x, y, z 64, 32, 0 to 96, 64, 32\)/);
    writeFileSync(join(place, "mended"), "");
    const mended = await axonloom(["run", "small.json", "--json"], place);
    expect(mended.code).toBe(0);
    expect(lastLine(mended.stdout)).toMatchObject({ status: "complete", restored: 26, quarantined: 0 });
  });

  test("Ctrl-C leaves a resumable run, code 130; a second run in the same folder is refused", async () => {
    const place = temporaryFolder();
    writeFileSync(
      join(place, "plugin.mjs"),
      `import { existsSync } from "node:fs";
       export async function mask({ subvolume, signal }) {
         for (let i = 0; i < 200 && subvolume > 3 && !signal.aborted && !existsSync(${JSON.stringify(join(place, "go"))}); i++) {
           await new Promise((resolve) => setTimeout(resolve, 100));
         }
         return null;
       }`,
    );
    const segmentor = { configuration: { "background-mask": { function: "./plugin.mjs:mask" } } };
    writeConfig(place, { segmentor }, { input: { source: join(folder, "gray.npy") } });
    const run = start(["run", "small.json", "--workers", "2"], place);
    await expect
      .poll(async () => (await axonloom(["status", "small.run"], place)).stdout, { timeout: 30_000 })
      .toMatch(/segment, [1-4] of 27/);
    const second = await axonloom(["run", "small.json"], place);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/^axonloom: E_RUN_LOCKED: .*in use by process \d+/);
    run.child.kill("SIGINT");
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/^axonloom: E_INTERRUPTED: .*goes on/m);
    expect((await axonloom(["status", "small.run"], place)).stdout).toMatch(/^state +interrupted; run it again to go on/);
    expect(existsSync(join(place, "segmentation"))).toBe(false);
    writeFileSync(join(place, "go"), "");
    const resumed = await axonloom(["run", "small.json", "--json"], place);
    expect(resumed.code).toBe(0);
    expect(lastLine(resumed.stdout)["restored"]).toBeGreaterThanOrEqual(1);
  });
});

test("a reader that has seen enough is no error", async () => {
  const child = spawn("sh", ["-c", `"${process.execPath}" "${BIN}" run small.json --json | head -1; echo done`], { cwd: folder });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (err += data));
  await new Promise((resolve) => child.on("close", resolve));
  expect(err).toBe("");
  expect(out).toMatch(/^\{"event":"planned".*\}\ndone\n$/);
});

describe("plan", () => {
  test("numbers for programs", async () => {
    const { code, stdout } = await axonloom(["plan", "small.json", "--json", "--workers", "2"], folder);
    expect(code).toBe(0);
    const read = (40 + 48 + 40) ** 3; // of the three bordered boxes along an axis, what lies inside the volume
    expect(json(stdout)).toMatchObject({
      subvolumes: 27,
      iterations: 1,
      faces: 54,
      voxels: 96 ** 3,
      "voxels-read": read,
      "bytes-read": read,
      "bytes-written": 8 * 96 ** 3,
      "output-chunk": [32, 32, 32],
      workers: 2,
      sample: { voxels: 48 ** 3 },
    });
    expect(json(stdout)["segment-seconds"]).toBeGreaterThan(0);
    expect(json(stdout)["bytes-per-worker"]).toBeGreaterThan(48 ** 3);
  });

  test("a table for people; nothing is written", async () => {
    const place = temporaryFolder();
    writeConfig(place, {}, { input: { source: join(folder, "gray.npy") } });
    const { code, stdout, stderr } = await axonloom(["plan", "small.json", "--no-sample"], place);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^subvolumes +27 of 32 × 32 × 32, with border 48 × 48 × 48$/m);
    expect(stdout).not.toMatch(/^time/m);
    expect(existsSync(join(place, "small.run"))).toBe(false);
    expect(existsSync(join(place, "segmentation"))).toBe(false);
  });
});

test("status tells the state, the result and the coverage", async () => {
  const { code, stdout } = await axonloom(["status", "small.run"], folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^state +complete$/m);
  expect(stdout).toMatch(/^coverage: 884,736 of 884,736 voxels written$/m);
  const machine = await axonloom(["status", "small.run", "--json"], folder);
  expect(json(machine.stdout)).toMatchObject({ status: "complete", working: false, certificate: { complete: true, gaps: [] } });
});

test("restitch changes what follows from the evidence only", async () => {
  const args = ["restitch", "small.run", "--stitch-algorithm", "none", "--output", "precomputed://apart", "--json"];
  const { code, stdout } = await axonloom(args, folder);
  expect(code).toBe(0);
  const summary = lastLine(stdout);
  const original = json((await axonloom(["status", "small.run", "--json"], folder)).stdout)["summary"] as Record<string, unknown>;
  expect(summary).toMatchObject({ restored: 27, matches: 0, output: `precomputed://${join(folder, "apart")}` });
  expect(summary["segments"]).toBe(original["segments"]);
  expect(summary["bodies"]).toBeGreaterThan(original["bodies"] as number);
  expect((await axonloom(["digest", "apart"], folder)).stdout).toBe(`${summary["digest"]}\n`);
});

describe("evaluate", () => {
  test("a volume compared with itself", async () => {
    const { code, stdout } = await axonloom(
      ["evaluate", "--segmentation", "truth.npy", "--ground-truth", "truth.npy", "--json"],
      folder,
    );
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({ vi: 0, merge_vi: 0, split_vi: 0, rand: 1, adapted_rand_error: 0 });
  });

  test("for people", async () => {
    const { code, stdout } = await axonloom(["evaluate", "--segmentation", "segmentation", "--ground-truth", "truth.npy"], folder);
    expect(code).toBe(0);
    for (const name of ["merge_vi", "split_vi", "vi", "rand", "adapted_rand_error", "voxels"]) {
      expect(stdout).toMatch(new RegExp(`^${name} +[\\d.,]+`, "m"));
    }
  });
});

test("convert keeps the digest; info describes both", async () => {
  const args = ["convert", "truth.npy", "precomputed://converted", "--chunk", "48,32,16", "--encoding", "raw"];
  const converted = await axonloom(args, folder);
  expect(converted).toMatchObject({ code: 0, stdout: `precomputed://${join(folder, "converted")}\n` });
  const digests = await Promise.all(["truth.npy", "converted"].map((name) => axonloom(["digest", name], folder)));
  expect(digests[0]!.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect(digests[1]).toEqual(digests[0]);
  const info = json((await axonloom(["info", "converted", "--json"], folder)).stdout);
  expect(info).toMatchObject({
    kind: "labels",
    "size-xyz": [96, 96, 96],
    "write-grid-xyz": [48, 32, 16],
    details: { encoding: "raw" },
  });
  const text = await axonloom(["info", "gray.npy"], folder);
  expect(text.stdout).toMatch(/^size +96 × 96 × 96 \(x, y, z\): 884,736 voxels, 864 KiB uncompressed$/m);
});

test("phantom: the same seed, the same bytes", async () => {
  const place = temporaryFolder();
  const make = (seed: string, name: string) =>
    axonloom(
      ["phantom", "--size", "64,48,32", "--seed", seed, "--gray", `${name}-gray.npy`, "--truth", `${name}-truth.npy`],
      place,
    );
  for (const made of await Promise.all([make("5", "a"), make("5", "b"), make("6", "c")])) expect(made.code).toBe(0);
  const bytes = (name: string) => readFileSync(join(place, name));
  for (const part of ["gray.npy", "truth.npy"]) {
    expect(bytes(`a-${part}`).equals(bytes(`b-${part}`))).toBe(true);
    expect(bytes(`a-${part}`).equals(bytes(`c-${part}`))).toBe(false);
  }
});

test("defaults and schema belong together", async () => {
  const yaml = await axonloom(["defaults"], folder);
  expect(yaml.stdout).toMatch(/^# /);
  const defaults = json((await axonloom(["defaults", "--format", "json"], folder)).stdout);
  expect(parse(yaml.stdout)).toEqual(defaults);
  const schema = json((await axonloom(["schema"], folder)).stdout) as { properties: object };
  for (const key of Object.keys(defaults)) expect(Object.keys(schema.properties)).toContain(key);
});
