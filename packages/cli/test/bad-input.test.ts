/** Bad input: the right code and message, exit code 2, and nothing half-written. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { axonloom, temporaryFolder, writeConfig } from "./harness.ts";

/** Holds gray.npy and truth.npy; tests write into folders of their own. */
let data: string;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "axonloom-cli-"));
  const made = await axonloom(["phantom", "--size", "96,96,96", "--seed", "1", "--gray", "gray.npy", "--truth", "truth.npy"], data);
  expect(made).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rmSync(data, { recursive: true, force: true }));

const input = (source: string) => ({ input: { source } });
const gray = () => input(join(data, "gray.npy"));

/** Runs; expects the error, no stack, no output, and nothing under the output's temporary name. */
async function expectRefused(folder: string, expected: RegExp, config = "small.json"): Promise<void> {
  const { code, stdout, stderr } = await axonloom(["run", config], folder);
  const last = stderr.slice(stderr.lastIndexOf("axonloom: "));
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  expect(last).toMatch(expected);
  expect(last).toMatch(/^axonloom: E_[A-Z_]+: /);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(readdirSync(folder).filter((name) => name.startsWith("segmentation"))).toEqual([]);
}

/** As above, and there is not even a run folder. */
async function expectRefusedAtOnce(folder: string, expected: RegExp, config?: string): Promise<void> {
  await expectRefused(folder, expected, config);
  expect(readdirSync(folder).filter((name) => name.endsWith(".run"))).toEqual([]);
}

describe("the input", () => {
  test("a missing file", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, {}, input("nowhere.npy"));
    await expectRefusedAtOnce(folder, /E_SOURCE_NOT_FOUND: .*nowhere\.npy/);
    writeConfig(folder, {}, input("images://no-folder"));
    await expectRefusedAtOnce(folder, /E_SOURCE_NOT_FOUND: .*no-folder/);
  });

  test("a truncated file", async () => {
    const folder = temporaryFolder();
    const bytes = readFileSync(join(data, "gray.npy"));
    writeFileSync(join(folder, "cut.npy"), bytes.subarray(0, 500_000));
    writeConfig(folder, {}, input("cut.npy"));
    await expectRefusedAtOnce(folder, /E_SOURCE_DAMAGED: .*cut\.npy/);
    writeFileSync(join(folder, "cut.raw"), bytes.subarray(0, 1000));
    writeConfig(folder, {}, input("raw://cut.raw?shape=96,96,96&dtype=uint8"));
    await expectRefusedAtOnce(folder, /E_SOURCE_DAMAGED: .*cut\.raw/);
  });

  test("slices of different sizes", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "slices"));
    for (const [name, width] of [
      ["s1", 64],
      ["s2", 64],
      ["s10", 60],
    ] as const) {
      const png = encode({ width, height: 64, data: new Uint8Array(width * 64), channels: 1, depth: 8 });
      writeFileSync(join(folder, "slices", `${name}.png`), png);
    }
    writeConfig(folder, {}, input("images://slices"));
    await expectRefusedAtOnce(folder, /E_SOURCE_DAMAGED: .*s10\.png.*64.*60|E_SOURCE_DAMAGED: .*s10\.png.*60.*64/s);
  });

  test("another data type than uint8", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, {}, input(join(data, "truth.npy")));
    await expectRefusedAtOnce(folder, /E_DTYPE: .*uint8.*found uint\d+/);
  });

  test("a name of an unknown kind", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, {}, input("zarrr://x"));
    await expectRefusedAtOnce(folder, /E_SOURCE_UNKNOWN: .*zarrr/);
  });
});

describe("the region and the cut", () => {
  test("a region outside the volume", async () => {
    const folder = temporaryFolder();
    writeConfig(
      folder,
      {},
      {
        ...gray(),
        roi: {
          box: [
            [200, 0, 0],
            [300, 96, 96],
          ],
        },
      },
    );
    await expectRefusedAtOnce(folder, /E_ROI_INVALID: /);
  });

  test("a file of another kind as the region", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "roi.json"), '{"runs": 3}');
    writeConfig(folder, {}, { ...gray(), roi: { file: "roi.json" } });
    await expectRefusedAtOnce(folder, /E_ROI_INVALID: /);
  });

  test("a chunk size that is no multiple of the block", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, { "chunk-size": 100 }, gray());
    await expectRefusedAtOnce(folder, /E_CONFIG_INVALID: .*chunk-size.*multiple of 32.*100/s);
  });

  test("too little memory for one subvolume", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, {}, gray());
    const { code, stderr } = await axonloom(["run", "small.json", "--memory", "520MiB"], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^axonloom: E_MEMORY: .*smaller chunk-size/);
  });
});

describe("plug-ins", () => {
  const step = (reference: string, more = {}) => ({
    segmentor: { configuration: { "predict-voxels": { function: reference, ...more } } },
  });

  test("an unknown one, with a suggestion", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, step("naive_membrane_prediction"), gray());
    await expectRefusedAtOnce(folder, /E_PLUGIN_NOT_FOUND: .*naive_membrane_prediction.*naive_membrane_predictions/s);
    writeConfig(folder, step("./none.mjs:f"), gray());
    await expectRefusedAtOnce(folder, /E_PLUGIN_NOT_FOUND: .*none\.mjs/s);
  });

  test("one of the original that is not here yet, named by its key", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, step("DVIDSparkServices.reconutils.plugins.ilastik_multicut"), gray());
    await expectRefusedAtOnce(folder, /E_CONFIG_UNSUPPORTED: .*predict-voxels.*ilastik_multicut/s);
  });

  test.each([
    ["the wrong shape", "({ data: new Float32Array(7), shape: [1, 1, 7, 1] })"],
    ["the wrong type", "({ data: [0, 1], shape: [...shape, 1] })"],
    ["numbers that are none", "({ data: new Float32Array(shape[0] * shape[1] * shape[2]).fill(NaN), shape: [...shape, 1] })"],
    ["nothing", "undefined"],
  ])("one that returns %s", async (_, result) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "plugin.mjs"), `export const nonsense = ({ shape }) => ${result};`);
    writeConfig(folder, step("./plugin.mjs:nonsense"), gray());
    await expectRefused(folder, /E_PLUGIN_RESULT: .*nonsense.*subvolume \d+/s);
  });
});

describe("the destination", () => {
  test("exists, with another shape", async () => {
    const folder = temporaryFolder();
    expect(
      await axonloom(
        ["phantom", "--size", "64,64,64", "--seed", "1", "--gray", "g.npy", "--truth", "precomputed://segmentation"],
        folder,
      ),
    ).toMatchObject({ code: 0 });
    const before = await axonloom(["digest", "segmentation"], folder);
    writeConfig(folder, {}, gray());
    const { code, stderr } = await axonloom(["run", "small.json"], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^axonloom: E_DESTINATION_EXISTS: .*segmentation/m);
    expect(await axonloom(["digest", "segmentation"], folder)).toEqual(before);
    const converted = await axonloom(["convert", join(data, "truth.npy"), "precomputed://segmentation"], folder);
    expect(converted.code).toBe(2);
    expect(converted.stderr).toMatch(/^axonloom: E_DESTINATION_EXISTS: /);
  });

  test("cannot be written by this program", async () => {
    const folder = temporaryFolder();
    writeConfig(folder, {}, { ...gray(), output: { destination: "images://segmentation" } });
    await expectRefusedAtOnce(folder, /E_SOURCE_UNSUPPORTED: .*read only/);
  });
});

describe("the configuration", () => {
  test.each([
    ["a list", "small.json", "[1, 2]", /E_CONFIG_INVALID: .*object/s],
    ["a number", "small.json", "3", /E_CONFIG_INVALID: .*object/s],
    ["nothing", "small.yml", "", /E_CONFIG_(INVALID|READ): /],
    ["no JSON", "small.json", "{", /E_CONFIG_READ: .*small\.json/],
    ["no YAML", "small.yml", "a: [", /E_CONFIG_READ: .*small\.yml/],
    ["of another kind", "small.txt", "{}", /E_CONFIG_READ: .*\.txt/],
    [
      "text for a number",
      "small.json",
      '{"input": {"source": "g"}, "output": {"destination": "d"}, "options": {"chunk-size": "big"}}',
      /E_CONFIG_INVALID: .*chunk-size.*big/s,
    ],
    [
      "an unknown key",
      "small.json",
      '{"input": {"source": "g"}, "output": {"destination": "d"}, "options": {"chunksize": 64}}',
      /E_CONFIG_INVALID: .*chunksize.*did you mean chunk-size/s,
    ],
    [
      "a DVID server without a version",
      "small.json",
      '{"dvid-info": {"dvid-server": "emdata:8000", "roi": "r", "grayscale": "g", "segmentation-name": "s"}, "options": {}}',
      /E_CONFIG_INVALID: .*dvid-info\.uuid: is missing/s,
    ],
  ])("%s", async (_, name, text, expected) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, name), text);
    await expectRefusedAtOnce(folder, expected, name);
  });

  test("a missing one", async () => {
    await expectRefusedAtOnce(temporaryFolder(), /E_CONFIG_READ: .*nothing\.json/, "nothing.json");
  });
});

describe("other commands", () => {
  test.each([
    [["status", "."], /E_RUN_FOLDER: /],
    [["restitch", ".", "--stitch-algorithm", "none"], /E_RUN_FOLDER: /],
    [["info", "nowhere"], /E_SOURCE_NOT_FOUND: .*nowhere/],
    [["digest", "nowhere.npy"], /E_SOURCE_NOT_FOUND: .*nowhere\.npy/],
    [["convert", "nowhere.npy", "x.npy"], /E_SOURCE_NOT_FOUND: .*nowhere\.npy/],
  ])("%j", async (args, expected) => {
    const { code, stdout, stderr } = await axonloom(args, temporaryFolder());
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("volumes without a common voxel are not compared; of different sizes, their common part is, and that is said", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "nothing.raw"), new Uint8Array(64 ** 3));
    const evaluate = (name: string) =>
      axonloom(["evaluate", "--segmentation", name, "--ground-truth", join(data, "truth.npy")], folder);
    const nothing = await evaluate("raw://nothing.raw?shape=64,64,64&dtype=uint8");
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toMatch(/^axonloom: E_EVALUATE: /m);
    writeFileSync(join(folder, "one.raw"), new Uint8Array(64 ** 3).fill(1));
    const smaller = await evaluate("raw://one.raw?shape=64,64,64&dtype=uint8");
    expect(smaller.code).toBe(0);
    expect(smaller.stderr).toMatch(/^warning: the volumes differ in extent: .*0\.\.96.*0\.\.64/);
  });

  test("a truncated chunk of a precomputed volume is named", async () => {
    const folder = temporaryFolder();
    expect(await axonloom(["convert", join(data, "truth.npy"), "precomputed://labels"], folder)).toMatchObject({ code: 0 });
    const scale = readdirSync(join(folder, "labels"), { withFileTypes: true }).find((entry) => entry.isDirectory())!.name;
    truncateSync(join(folder, "labels", scale, "0-64_0-64_0-64"), 40);
    const { code, stderr } = await axonloom(["digest", "labels"], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^axonloom: E_SOURCE_DAMAGED: .*0-64_0-64_0-64/);
  });
});

/** A file system of a few hundred kilobytes; null where this user may not mount one. */
function smallDisk(bytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
  onTestFinished(() => {
    execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

describe("a full disk", () => {
  test("under the output", async (context) => {
    const disk = smallDisk(300_000);
    if (disk === null) return context.skip("needs the right to mount a file system");
    const folder = temporaryFolder();
    const output = { destination: `precomputed://${join(disk, "segmentation")}`, encoding: "raw" };
    writeConfig(folder, {}, { ...gray(), output });
    await expectRefused(folder, /E_WRITE_FAILED: .*(ENOSPC|full|space)/s);
    expect(existsSync(join(disk, "segmentation"))).toBe(false);
    // With room for it, the same run goes on.
    writeConfig(folder, {}, { ...gray() });
    const { code, stdout } = await axonloom(["run", "small.json"], folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/27 from checkpoints/);
  });

  test("under the run folder", async (context) => {
    const disk = smallDisk(100_000);
    if (disk === null) return context.skip("needs the right to mount a file system");
    const folder = temporaryFolder();
    writeConfig(folder, { "checkpoint-dir": join(disk, "run") }, gray());
    await expectRefused(folder, /E_WRITE_FAILED: .*(ENOSPC|full|space)/s);
  });

  test("under a converted volume", async (context) => {
    const disk = smallDisk(300_000);
    if (disk === null) return context.skip("needs the right to mount a file system");
    const { code, stderr } = await axonloom(["convert", join(data, "gray.npy"), `precomputed://${join(disk, "gray")}`], data);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^axonloom: E_WRITE_FAILED: /);
    expect(readdirSync(disk)).toEqual([]);
  });
});
